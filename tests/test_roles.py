"""The table of command and role, at the command line: held before anything is asked or done."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from edge_agent import cli
from edge_agent.cli.options import FilePath
from edge_agent.gate.roles import GROUPS, MAY, NO_ROLE, Role, Roles, may
from tests.commands import leaves
from tests.gate.fake_machine import FakeMachine
from tests.system.test_every_command import ARGUMENTS

LAN = 1001

EACH_ROLE = (NO_ROLE, *(frozenset({role}) for role in Role))


@pytest.fixture(params=EACH_ROLE, ids=lambda roles: "".join(roles) or "none")
def roles(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Roles]:
    """Those of Lan, who calls commands of a gate that is not hers."""
    own: Roles = request.param
    machine = FakeMachine(monkeypatch)
    machine.add_user("lan", LAN)
    machine.groups = {GROUPS[role]: ["lan"] if role in own else ["minh"] for role in Role}
    config = tmp_path / "edge-agent.toml"
    config.write_text(
        '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n'
        '[control]\nsocket = "control.sock"\n[sensor]\nport = "sensor"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(config))
    monkeypatch.setattr(os, "geteuid", lambda: LAN)
    return own


@pytest.mark.parametrize("command", [name for name in MAY if MAY[name]])
def test_who_may_not_is_refused_in_their_language(
    roles: Roles, command: str, tmp_path: Path
) -> None:
    """Whoever may goes on to the gate, which was never started, or to what it is asked for."""
    before = sorted(tmp_path.iterdir())
    words = [word for word in ARGUMENTS[command] if word != "--yes"]
    done = CliRunner().invoke(cli.main, ["--lang", "vi", *command.split(), *words])
    refused = f"mới dùng được 'edge-agent {command}'" in done.stderr
    assert refused is not may(roles, command), done.stderr
    assert (done.exit_code == 77) is refused
    if refused:
        assert done.stderr.startswith("edge-agent: Chỉ ")
        assert done.stdout == ""
        assert sorted(tmp_path.iterdir()) == before


def test_the_help_says_who_may() -> None:
    def told(*command: str) -> str:
        return CliRunner().invoke(cli.main, ["--lang", "vi", *command, "--help"]).stdout

    assert "\n\nDành cho kỹ thuật viên; root dùng được mọi lệnh.\n" in told("enroll")
    assert "Dành cho kỹ thuật viên hoặc tổ trưởng; root dùng được mọi lệnh.\n" in told("identify")
    assert "Dành cho" not in told("status")


FILES = [
    (command, place)
    for command in MAY
    if MAY[command]
    for ctx in leaves()
    if ctx.command_path == f"edge-agent {command}"
    for place, one in enumerate(ctx.command.params)
    if isinstance(one.type, FilePath) and not one.type.dir_okay and one.name != "config"
]


@pytest.mark.parametrize(("command", "place"), FILES)
def test_the_role_is_judged_before_a_file_that_cannot_be_used_is_told_of(
    roles: Roles, command: str, place: int, tmp_path: Path
) -> None:
    """What would mend the file is of no use to whoever may not use the command."""
    [ctx] = [one for one in leaves() if one.command_path == f"edge-agent {command}"]
    option = ctx.command.params[place]
    before = [one for one in ctx.command.params[:place] if isinstance(one, click.Argument)]
    words = ["x"] * len(before)
    if isinstance(option, click.Option):
        words = [option.opts[0]]
    words.append(str(tmp_path))
    done = CliRunner().invoke(cli.main, ["--lang", "vi", *command.split(), *words])
    refused = f"mới dùng được 'edge-agent {command}'" in done.stderr
    assert refused is not may(roles, command), done.stderr
    if refused:
        assert (done.exit_code, str(tmp_path) in done.stderr) == (77, False)
    mistyped = CliRunner().invoke(cli.main, ["--lang", "vi", *command.split(), "--no-such-option"])
    assert mistyped.exit_code == (77 if refused else 2)


def test_a_file_of_another_user_is_told_with_the_whole_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with one of three dots, which nobody can type."""
    key, config = tmp_path / "the key.txt", tmp_path / "edge-agent.toml"
    key.touch()
    config.write_text('[gate]\nid = "main-gate"\n[sensor]\nport = "sensor"\n')
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(config))
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    words = ["templates", "restore", "a.age", "--identity", str(key), "--dry-run"]
    done = CliRunner().invoke(cli.main, ["--lang", "vi", *words])
    told = " ".join(done.stderr.split())
    assert "…" not in told
    line = shlex.join([*words[:2], "--config", str(config), *words[2:]])
    assert told.endswith(f": sudo edge-agent {line}"), told
