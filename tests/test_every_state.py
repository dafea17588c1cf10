"""Every command of a gate as each role, with the daemon in each state: no trace, no English where
Vietnamese is asked for, a documented exit code, and whoever may not is told who may.

The whole product is long; by default each command meets each state once, in turns of the roles.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.gate.roles import MAY, Role, may
from tests.english import english
from tests.gate.fake_machine import FakeMachine
from tests.line import (
    LAN,
    ROLES,
    assert_well_ended,
    documented_codes,
    in_the_place_of_a_daemon,
    make_gate,
    patience_of,
    take_role,
    typed,
)
from tests.system.test_every_command import ARGUMENTS

STATES = {
    "hung": None,
    "older": b'{"answer":"done","result":{"daemon":"running","gate":"t"}}\n',
    "newer": b'{"answer":"no-such-answer"}\n',
    "unknown message": b'{"answer":"failed","error":"NN","exit_code":65,"name":"no.such"}\n',
    "another program": b"HTTP/1.1 400\r\n\r\n",
    "stopping": b"",
}
"""What listens at the socket in the place of this version's daemon, and what it answers."""

_NOT_HERE = ("run", "display", "demo", "simulate", "panel demo", "upgrade")
"""What does not end by itself, is no gate's, or changes the machine."""

_FOR_PROGRAMS = ("metrics",)
"""What is English in any language."""

COMMANDS = [name for name in MAY if name not in _NOT_HERE]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    """Of a gate that has recorded, in the folder where commands are typed."""
    fake = FakeMachine(monkeypatch)
    fake.add_user("lan", LAN)
    fake.add_user("root", 0)
    make_gate(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(tmp_path / "edge-agent.toml"))
    patience_of(0.02, monkeypatch)
    take_role("root", fake, monkeypatch)
    assert typed(["workers", "add", "NV001", "Lò Thị Mây"]).exit_code == 0
    return fake


def check(command: str, role: Role | str, codes: set[int]) -> None:
    words = [*command.split(), *ARGUMENTS[command]]
    done = typed(words)
    assert_well_ended(done, (role, *words), codes)
    told = done.stdout + done.stderr
    assert command in _FOR_PROGRAMS or english(told) == [], (role, words, told)
    roles = frozenset({role} if isinstance(role, Role) else ())
    allowed = role == "root" or may(roles, command)
    refused = f"mới dùng được 'edge-agent {command}'" in done.stderr
    assert refused is not allowed, (role, words, told)
    assert done.exit_code == 77 or not refused, (role, words, told)


def roles_of(turn: int, whole: bool) -> Iterator[tuple[str, Role | str]]:
    for at, command in enumerate(COMMANDS):
        for role in ROLES if whole else (ROLES[(at + turn) % len(ROLES)],):
            yield command, role


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize("state", ["down", "left behind", *STATES])
def test_every_command_ends_well(
    machine: FakeMachine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    whole: bool,
) -> None:
    codes, path = documented_codes(), tmp_path / "control.sock"
    turn = [*STATES, "down", "left behind"].index(state)
    for command, role in roles_of(turn, whole):
        if (state, command) == ("stopping", "watch"):  # It waits for the next daemon.
            continue
        take_role(role, machine, monkeypatch)
        path.unlink(missing_ok=True)
        if state in STATES:
            with in_the_place_of_a_daemon(path, STATES[state]):
                check(command, role, codes)
        else:
            if state == "left behind":
                with in_the_place_of_a_daemon(path, b""):
                    pass
            check(command, role, codes)
