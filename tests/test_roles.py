"""The table of command and role, at the command line: held before anything is asked or done."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent import cli
from edge_agent.gate.roles import GROUPS, MAY, NO_ROLE, Role, Roles, may
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
