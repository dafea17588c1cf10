"""What holds for every command: lost output, a reader that has gone, Ctrl-C, character sets.

One row for each command of the tree; a new one fails here until it has its own.
"""

import errno
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile

import click
import pytest
from click.testing import CliRunner

from edge_agent import cli
from tests.everyday import one_in
from tests.gate.ledger.small_disk import disk_like, fill
from tests.patience import PATIENCE_S

from .gate import OWN, Gate, Result, name_of

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "audit list": (),
    "carry in": ("stick.receipts",),
    "carry out": ("stick.entries",),
    "config check": (),
    "consent list": (),
    "consent print": ("NV001", "--output", "slip.html"),
    "consent record": ("NV001", "--text", "vi-1", "--signed", "2026-11-23", "--paper"),
    "consent withdraw": ("NV005", "--yes"),
    "credentials add": ("NV001", "--card", "--stdin"),
    "credentials allow": ("NV001",),
    "credentials disallow": ("NV001",),
    "credentials list": (),
    "credentials qr": ("NV001", "--output", "qr.png"),
    "credentials remove": ("NV001", "--card", "--yes"),
    "demo": ("--fast",),
    "display": ("--listen", "127.0.0.1:0"),
    "doctor": (),
    "enroll": ("NV001", "--finger", "right-index"),
    "identify": (),
    "ledger backup": ("copy.db",),
    "ledger export": ("ledger.jsonl",),
    "ledger readable": (),
    "ledger verify": (),
    "metrics": (),
    "panel demo": (),
    "prints list": (),
    "prints health": (),
    "prints remove": ("NV002", "--finger", "right-index", "--yes"),
    "privacy erased": ("--nobody",),
    "privacy answer": ("1",),
    "privacy certificate": ("NV007", "--output", "certificate.html"),
    "privacy dossier": ("--output", "dossier.html"),
    "privacy methods": (),
    "privacy overdue": (),
    "privacy report": ("NV001",),
    "privacy request": ("NV001", "--what", "access"),
    "privacy requests": (),
    "privacy verify": ("certificate.html",),
    "privacy retention": (),
    "punches add": ("NV001", "--at", "2026-11-23T06:00", "--reason", "no-power"),
    "punches list": (),
    "punches void": ("1", "--reason", "wrong-worker"),
    "receive": ("--host", "127.0.0.1", "--port", "1", "--database", "/nowhere/payroll.db"),
    "receive carry in": ("stick.entries", "--receipts", "stick.receipts"),
    "receive close": ("--month", "2026-10", "--actor", "a", "--reason", "b"),
    "receive closings": (),
    "receive correct add": ("NV001", "2026-11-23T07:00", "--actor", "a", "--reason", "b"),
    "receive correct choose": ("x", "1", "--month", "2026-11", "--actor", "a", "--reason", "b"),
    "receive correct import": ("people.csv",),
    "receive correct keep": ("x", "--month", "2026-11", "--actor", "a", "--reason", "b"),
    "receive correct list": (),
    "receive correct move": ("x", "1", "--direction", "in", "--actor", "a", "--reason", "b"),
    "receive correct undo": ("1", "--actor", "a", "--reason", "b"),
    "receive correct void": ("x", "1", "--actor", "a", "--reason", "b"),
    "receive coverage": ("--gate", "g", "--from", "2026-11-23", "--to", "2026-11-24"),
    "receive diff": ("--month", "2026-10"),
    "receive export": ("--month", "2026-11", "--output", "month.xlsx"),
    "receive key new": ("new.key",),
    "receive key show": ("payroll.key",),
    "receive leave add": ("NV001", "P", "2026-11-23", "--actor", "a", "--reason", "b"),
    "receive leave import": ("leave.csv", "--actor", "a", "--reason", "b"),
    "receive leave list": (),
    "receive leave remove": ("1", "--actor", "a", "--reason", "b"),
    "receive retention": (),
    "receive roster forget": ("NV001", "--yes"),
    "receive roster import": ("people.csv", "--version", "1", "--dry-run"),
    "receive roster show": (),
    "receive settle": ("--month", "2026-11"),
    "receive shifts import": ("shifts.toml",),
    "receive shifts show": (),
    "receive sheet": ("--month", "2026-11", "--output", "sheet.xlsx"),
    "receive site import": ("site.toml", "--actor", "a", "--reason", "b"),
    "receive site show": (),
    "receive stolen": ("main-gate",),
    "retire": ("--name", "main-gate", "--within", "0"),
    "run": (),
    "sensor adopt": ("--yes",),
    "sensor image": ("finger.png", "--yes"),
    "sensor info": (),
    "setup": ("--id", "main-gate", "--port", "/nowhere"),
    "simulate": ("--list-faults",),
    "status": (),
    "support": ("support.zip",),
    "templates backup": ("prints.age", "-r", "age1none"),
    "templates destroyed": ("abcdef", "--yes"),
    "templates lost": ("abcdef", "--yes"),
    "templates list": (),
    "templates reseal": ("prints.age", "--output", "next.age", "--identity", "key.txt"),
    "templates restore": ("prints.age", "--identity", "key.txt", "--yes"),
    "upgrade": ("--back",),
    "watch": (),
    "workers activate": ("NV001",),
    "workers add": ("NV900", "Lò Thị Mây"),
    "workers deactivate": ("NV003",),
    "workers export": ("workers.csv",),
    "workers forget": ("NV003", "--yes"),
    "workers import": ("people.csv", "--dry-run"),
    "workers leave": ("NV006", "--yes"),
    "workers list": (),
    "workers merge": ("NV001", "NV002"),
    "workers rename": ("NV004", name_of("NV004")),
    "workers show": ("NV001",),
}
"""Command → arguments with which it comes to an end by itself, one way or the other."""

SHOWS = (
    "workers list",
    "prints list",
    "prints health",
    "punches list",
    "status",
    "ledger verify",
    "doctor",
)
"""What prints names and numbers of a gate that is well, and ends with 0 but for lost output."""


def commands(
    group: click.Command = cli.main, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by the words that call it."""
    if isinstance(group, click.Group):
        context = click.Context(group)
        if group.invoke_without_command:
            yield " ".join(path), group
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from commands(command, (*path, name))
    else:
        yield " ".join(path), group


LEAVES = [
    name
    for name, _ in commands()
    if name not in ("run", "watch", "display", "enroll", "identify", "sensor image", "panel demo")
]
"""Those that need no finger and no end from outside."""


def test_each_has_its_row() -> None:
    assert sorted(name for name, _ in commands()) == sorted(ARGUMENTS)


def line(command: str, gate: Gate, *flags: str) -> list[str]:
    config = ("--config", str(gate.config)) if needs_gate(command) else ()
    return [*command.split(), *config, *flags, *ARGUMENTS[command]]


def needs_gate(command: str) -> bool:
    return command.split(maxsplit=1)[0] not in ("demo", "simulate", "receive")


def ended(arguments: list[str], gate: Gate, stdout: int, **environment: str) -> Result:
    """How a command ends whose standard output is ``stdout``."""
    assert Gate.forks is not None
    with TemporaryFile("w+") as err:
        process = Gate.forks.start(
            arguments,
            stdout=stdout,
            stderr=err.fileno(),
            cwd=gate.folder,
            environment={**os.environ, **environment},
        )
        code = process.wait(PATIENCE_S)
        err.seek(0)
        return Result(code, "", err.read())


@pytest.fixture
def recorded(gate: Gate) -> Gate:
    """A gate that is stopped, with what commands of every kind take."""
    assert gate.cli("punches", "add", *ARGUMENTS["punches add"]).code == 0
    (gate.folder / "people.csv").write_text("code,name\nNV001,Mây\n")
    (gate.folder / "shifts.toml").write_text(
        '[[shift]]\ncode = "S"\nbegin = "06:00"\nend = "14:00"\n'
    )
    (gate.folder / "leave.csv").write_text("code,symbol,from\nNV001,P,2026-11-23\n")
    (gate.folder / "site.toml").write_text("day_hours = 8\n")
    return gate


FORMS = pytest.mark.parametrize(
    "flags", one_in(3, [(), ("--json",), ("--help",)]), ids=["plain", "json", "help"]
)

each_half = pytest.mark.parametrize("half", one_in(2, range(2)))
"""One command in two each day."""


@FORMS
@each_half
def test_output_that_is_lost(recorded: Gate, flags: tuple[str, ...], half: int) -> None:
    """A full disk that stdout goes to: no success, no trace, and one sentence that says so."""
    known = dict(commands())
    with Path("/dev/full").open("wb") as full:
        for command in LEAVES[half::2]:
            options = {name for option in known[command].params for name in option.opts}
            if flags == ("--json",) and "--json" not in options:
                continue
            told = ended(line(command, recorded, *flags), recorded, full.fileno())
            assert "Traceback" not in told.err, (command, told)
            assert "Exception ignored" not in told.err, (command, told)
            silent = command == "ledger readable" and not flags
            assert (told.code == 0) is silent, (command, told)
            assert told.err or silent, command
            if command in SHOWS or flags == ("--help",):
                sentences = [said for said in told.err.splitlines() if "No space left" in said]
                assert len(sentences) == 1, (command, told)
                assert told.code == 74, (command, told)
    told = ended(["--version"], recorded, os.open("/dev/full", os.O_WRONLY))
    assert (told.code, told.err.count("\n")) == (74, 1)


@FORMS
@each_half
def test_a_reader_that_has_gone(recorded: Gate, flags: tuple[str, ...], half: int) -> None:
    """``| head -1``: nothing is said of it."""
    known = dict(commands())
    for command in LEAVES[half::2]:
        options = {name for option in known[command].params for name in option.opts}
        if flags == ("--json",) and "--json" not in options:
            continue
        reading, writing = os.pipe()
        os.close(reading)
        told = ended(line(command, recorded, *flags), recorded, writing)
        os.close(writing)
        for word in ("Traceback", "Broken pipe", "BrokenPipe", "Exception ignored"):
            assert word not in told.err, (command, told)
        if command in SHOWS or flags == ("--help",):
            assert told.err == "", (command, told)


def ended_in_shell(typed: Sequence[str], streams: str) -> int:
    told = f"{shlex.join(typed)} {streams}"
    return subprocess.run(["/bin/sh", "-c", told], check=False, timeout=PATIENCE_S).returncode


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_command_ends_alike_where_streams_are_closed(
    recorded: Gate, closed: str, tmp_path: Path
) -> None:
    """As some crontabs do; nothing is said of it, where there is anything left to say it to."""
    for command in ("status", "workers list"):
        typed = [*OWN, *line(command, recorded)]
        out, err = tmp_path / "out", tmp_path / "err"
        code = ended_in_shell(typed, f"</dev/null >{out} 2>{err}")
        lines = len(out.read_text().splitlines())
        assert (lines > 0, err.read_text()) == (True, ""), command
        assert ended_in_shell(typed, f"</dev/null >{out} 2>{err} {closed}") == code, command
        if ">&-" not in closed.split():
            assert len(out.read_text().splitlines()) == lines, command
        assert err.read_text() == "", command


_NEXT = """
import os, sys
from pathlib import Path
from edge_agent import __main__

def opens_one():
    there = os.open("/", os.O_RDONLY)
    inherited = [os.get_inheritable(number) for number in range(3)]
    Path(sys.argv[1]).write_text(f"{there} {inherited}")

__main__._run = opens_one
__main__.main()
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_what_is_opened_is_never_one_of_the_streams(closed: str, tmp_path: Path) -> None:
    """Whoever writes to a stream would write to the database; a child's are not closed either."""
    typed = [sys.executable, "-c", _NEXT, str(tmp_path / "opened")]
    assert ended_in_shell(typed, closed) == 0
    there, _, inherited = (tmp_path / "opened").read_text().partition(" ")
    assert (int(there) > 2, inherited) == (True, str([True] * 3))


def test_stderr_that_is_lost_breaks_nothing_off(recorded: Gate) -> None:
    with Path("/dev/full").open("wb") as full, TemporaryFile("w+") as out:
        assert Gate.forks is not None
        process = Gate.forks.start(
            ["status", "--config", str(recorded.config)],
            stdout=out.fileno(),
            stderr=full.fileno(),
            cwd=recorded.folder,
            environment=os.environ,
        )
        assert process.wait(PATIENCE_S) == 3
        out.seek(0)
        assert "daemon    stopped" in out.read()


def test_ctrl_c_is_silent_everywhere(recorded: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recorded.folder)
    for name, command in commands():
        if name == "simulate":  # Its arguments are answered before it is called.
            continue

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(command, "invoke", interrupted)
            done = CliRunner().invoke(cli.main, line(name, recorded))
        assert (name, done.exit_code, done.output) == (name, 130, "")


_ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""As a locale is that has no UTF-8: en_US over SSH, where the machine has it."""


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        (_ASCII, "Lò Thị Mây"),
        ({"PYTHONIOENCODING": "latin-1"}, "Lò Thi Mây"),
        ({"PYTHONIOENCODING": "latin-1", **_ASCII}, "Lò Thi Mây"),
    ],
    ids=["locale", "output", "both"],
)
def test_vietnamese_under_any_locale(gate: Gate, environment: dict[str, str], shown: str) -> None:
    """A name comes in, is stored, and is shown as far as the output can; JSON escapes the rest."""

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*OWN, *arguments, "--config", str(gate.config)],
            env={**os.environ, **environment},
            capture_output=True,
            check=False,
        )

    added = run("workers", "add", "NV900", "Lò Thị Mây")
    assert added.returncode == 0, added.stderr
    charset = "latin-1" if "PYTHONIOENCODING" in environment else "utf-8"
    assert shown in added.stdout.decode(charset)
    listed = run("workers", "list", "--json")
    assert "Lò Thị Mây" in [one["name"] for one in json.loads(listed.stdout.decode(charset))]
    refused = run("workers", "add", "NV900", "Lò Thị Mây")
    assert refused.returncode == 65
    assert b"Traceback" not in refused.stderr
    assert gate.cli("workers", "list", "--json").json[-1]["name"] == "Lò Thị Mây"
    missing = run("ledger", "export", "/nowhere/Mây.jsonl")
    assert missing.returncode != 0
    assert b"Traceback" not in missing.stderr


@pytest.mark.parametrize("command", ["ledger export", "ledger backup"])
def test_a_file_that_the_disk_has_no_room_for(gate: Gate, command: str) -> None:
    """One sentence with the file and what is the matter, and no half of it stays."""
    disk = gate.folder / "small"
    disk.mkdir()
    with disk_like("tmpfs", disk, "1m"):
        fill(disk)
        before = sorted(disk.iterdir())
        told = gate.cli(*command.split(), str(disk / "copy.jsonl"))
        assert told.code == 74
        assert str(disk) in told.sentence
        assert os.strerror(errno.ENOSPC) in told.sentence
        assert sorted(disk.iterdir()) == before


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("enrol",), "enroll"),
        (("statu",), "status"),
        (("worker", "list"), "workers"),
        (("workers", "ad"), "add"),
        (("receive", "roster", "imprt"), "import"),
        (("status", "--jsn"), "--json"),
    ],
)
def test_what_is_nearly_a_command_names_it(typed: tuple[str, ...], meant: str) -> None:
    done = CliRunner().invoke(cli.main, typed)
    assert done.exit_code == 2
    assert f"'{meant}'" in done.output.splitlines()[-1]


def test_why_a_command_failed_has_its_priority_in_the_journal(gate: Gate) -> None:
    """A unit that does not start for its settings is found by `journalctl -p warning`."""
    assert Gate.forks is not None
    with TemporaryFile("w+") as err:
        file = os.fstat(err.fileno())
        gate.config.write_text("[gate]\nid = 7\ncolour = 'red'\n")
        process = Gate.forks.start(
            ["run", "--config", str(gate.config)],
            stdout=err.fileno(),
            stderr=err.fileno(),
            cwd=gate.folder,
            environment={**os.environ, "JOURNAL_STREAM": f"{file.st_dev}:{file.st_ino}"},
        )
        assert process.wait(PATIENCE_S) == 78
        err.seek(0)
        lines = err.read().splitlines()
    assert len(lines) > 1
    assert all(line.startswith("<3>") for line in lines)


@pytest.mark.parametrize(
    ("command", "code", "language", "question"),
    [
        ("add", "NV900", "en", "Name of worker NV900: "),
        ("rename", "NV004", "vi", "Họ tên công nhân NV004: "),
    ],
)
def test_a_name_that_is_left_out_is_asked_for_and_in_no_list_of_processes(
    gate: Gate, command: str, code: str, language: str, question: str
) -> None:
    """And stdout is JSON all the same; with nobody to type it, nothing happens."""
    words = [*OWN, "workers", command, code, "--force", "--json", "--config", str(gate.config)]
    environment = {**os.environ, "LANGUAGE": language}
    done = subprocess.run(
        words,
        input="\n Lò Thị Mây \n",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "Lò Thị Mây"
    assert done.stderr.startswith(question)
    nobody = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert nobody.returncode == 1
    assert nobody.stdout == ""
