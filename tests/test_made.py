"""What is made of help and catalogues is what it was made of; and shells complete by it."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from edge_agent import cli
from edge_agent.cli.complete import finger_named
from edge_agent.contract.language import use
from edge_agent.contract.people import Worker
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.settings.load import load_settings
from tests.gate.control.serving import serving
from tests.test_spoken import commands

from .made import ROOT
from .made.__main__ import made
from .made.manual import PAGES
from .patience import PATIENCE_S


def test_it_is_made_anew() -> None:
    for path, text in made().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path}: make pages"


@pytest.mark.parametrize("path", PAGES)
def test_the_man_page_has_every_command_of_a_gate(path: str) -> None:
    page = (ROOT / path).read_text(encoding="utf-8").replace("\\-", "-")
    for words in commands(cli.main):
        command: click.Command = cli.main
        for word in words:
            assert isinstance(command, click.Group)
            found = command.get_command(click.Context(command), word)
            assert found is not None
            command = found
        aside = words[:1] in ((), ("demo",), ("receive",), ("run",), ("simulate",))
        if not aside and not isinstance(command, click.Group):
            assert f"\n.SS {' '.join(words)} " in page, words


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed")
@pytest.mark.parametrize("path", PAGES)
def test_man_shows_it_without_complaint(path: str) -> None:
    shown = subprocess.run(
        ["man", "--warnings", "-l", str(ROOT / path)],
        env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "edge-agent status --watch" in shown.stdout
    assert shown.stderr == ""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a gate with two workers, and no daemon."""
    config = tmp_path / "edge-agent.toml"
    config.write_text(
        f'[gate]\nid = "main-gate"\n[store]\npath = "{tmp_path}/gate.db"\n'
        f'[control]\nsocket = "{tmp_path}/control.sock"\n'
    )
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(config))
    store = Assembly(load_settings(config)).store()
    with store.changing() as change:
        for code, name in (("NV0042", "Hoa"), ("NV0043", "Lan")):
            change.put_worker(Worker(code=code, name=name))
    store.close()
    return config


def completed(*words: str) -> dict[str, str | None]:
    """What a Tab offers behind these words, the last of them half typed."""
    shell = ShellComplete(cli.main, {}, "edge-agent", "_EDGE_AGENT_COMPLETE")
    return {one.value: one.help for one in shell.get_completions(list(words[:-1]), words[-1])}


def test_tab_completes_commands_without_loading_them() -> None:
    assert list(completed("w")) == ["watch", "workers"]
    assert {"activate", "add", "deactivate", "list", "rename"} <= completed("workers", "").keys()
    use("vi")
    told = completed("doctor", "--pro")
    assert told == {"--problems": "Chỉ hiện những gì có vấn đề."}


def test_tab_completes_codes_and_fingers(config: Path) -> None:
    use("vi")
    assert completed("enroll", "nv") == {"NV0042": "Hoa", "NV0043": "Lan"}
    assert completed("punches", "add", "NV0043") == {"NV0043": "Lan"}
    assert completed("enroll", "NV0042", "--finger", "left-i") == {"left-index": "ngón trỏ trái"}
    with serving(config.with_name("control.sock"), names=lambda: {"NV0099": "Mai"}):
        assert completed("enroll", "nv") == {"NV0099": "Mai"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("right-index", "right-index"),
        ("ngón trỏ phải", "right-index"),
        ("ap ut trai", "left-ring"),
        ("tro-phai", "right-index"),
        ("toe", "toe"),
    ],
)
def test_a_finger_may_be_called_by_its_words(typed: str, meant: str) -> None:
    assert finger_named(typed) == meant


def test_tab_is_silent_where_nothing_can_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(tmp_path / "none.toml"))
    assert completed("enroll", "nv") == {}


@pytest.mark.slow
def test_bash_completes(config: Path, tmp_path: Path) -> None:
    """With the script that is installed, which asks a command of that name."""
    environment = installed(tmp_path)
    script = ROOT / "config" / "share" / "bash-completion" / "completions" / "edge-agent"
    typed = "COMP_WORDS=(edge-agent workers rename nv0042) COMP_CWORD=3"
    told = subprocess.run(
        [
            "bash",
            "-c",
            f'. {script}; {typed}; _edge_agent_completion edge-agent; echo "$COMPREPLY"',
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (told.stdout, told.stderr) == ("NV0042\n", "")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("sta", "status"),
        ("workers rename nv0042", "workers rename NV0042"),
        ("prints remove NV0042 --finger left-i", "prints remove NV0042 --finger left-index"),
        ("doctor --pro", "doctor --problems"),
    ],
)
def test_zsh_completes(config: Path, tmp_path: Path, typed: str, completed: str) -> None:
    """Its own completion, in a shell that somebody types in."""
    functions = ROOT / "config" / "share" / "zsh" / "site-functions"
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["zsh", "-f", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env={**installed(tmp_path), "TERM": "dumb", "PS1": "", "HOME": str(tmp_path)},
        start_new_session=True,
    )
    os.close(theirs)
    begin = f"fpath=({functions} $fpath); autoload -Uz compinit && compinit -u -D"
    os.write(ours, f"{begin}; print -r -- be''gun\n".encode())
    heard(ours, "\nbegun\r\n")
    # The line as Tab has left it, printed by the shell: what is typed behind waits for it.
    os.write(ours, f"edge-agent {typed}\t\x01print -r -- '<'\x05'>'\n".encode())
    told = heard(ours, ">\r\n").rpartition("\n<edge-agent ")[2]
    os.write(ours, b"exit\n")
    assert shell.wait(PATIENCE_S) == 0
    os.close(ours)
    assert told.partition(">\r\n")[0].strip() == completed


def installed(folder: Path) -> dict[str, str]:
    """The environment of a shell that finds the command by its name."""
    command = folder / "edge-agent"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m edge_agent "$@"\n')
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def heard(terminal: int, end: str) -> str:
    """What a shell says up to there, and perhaps its next prompt."""
    told = ""
    while end not in told:
        told += os.read(terminal, 4096).decode(errors="replace")
    return told
