"""The command line in this process: what is typed, in which role, at a gate in which state."""

import os
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from edge_agent import cli
from edge_agent.contract.language import VIETNAMESE
from edge_agent.gate.control import client
from edge_agent.gate.roles import GROUPS, Role
from tests.gate.fake_machine import FakeMachine

from .patience import PATIENCE_S

ROOT, LAN = 0, 1001

ROLES: tuple[Role | str, ...] = ("root", *Role, "none")

_SETTINGS = """
[gate]
id = "main-gate"
[store]
path = "gate.db"
[clock]
trust = "always"
[control]
socket = "control.sock"
[sensor]
port = "sensor"
"""

FILES = {
    "people.csv": "code,name\nNV001,Lò Thị Mây\n",
    "shifts.toml": '[[shift]]\ncode = "S"\nbegin = "06:00"\nend = "14:00"\n',
    "leave.csv": "code,symbol,from\nNV001,P,2026-11-23\n",
    "site.toml": "day_hours = 8\n",
}


def documented_codes() -> set[int]:
    """The exit codes that docs/cli.md tells."""
    page = Path(__file__).parent.parent / "docs" / "cli.md"
    _, _, table = page.read_text().partition("## Exit codes")
    return {int(code) for code in re.findall(r"^\| (\d+) \|", table.partition("\n## ")[0], re.M)}


def make_gate(folder: Path) -> None:
    """A gate with a worker in a folder, and files that commands take; no daemon, no sensor."""
    (folder / "edge-agent.toml").write_text(_SETTINGS)
    for name, text in FILES.items():
        (folder / name).write_text(text)


def typed(words: Sequence[str], answers: bytes = b"", language: str = VIETNAMESE) -> Result:
    """How a command ends, and all that it says; ``answers`` are typed to it."""
    return CliRunner().invoke(cli.main, ["--lang", language, *words], input=answers)


def take_role(role: Role | str, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on commands are called by root, or by Lan, who has this role."""
    machine.groups = {GROUPS[one]: ["lan"] if one == role else ["minh"] for one in Role}
    monkeypatch.setattr(os, "geteuid", lambda: ROOT if role == "root" else LAN)


def assert_well_ended(
    done: Result, words: Sequence[object], codes: set[int], echoed: str = ""
) -> None:
    """No trace, a documented exit code, a reason where it failed, nothing that a terminal obeys.

    ``echoed``: an answer that stands in the output once, as a terminal shows what is typed.
    """
    told = done.stdout + done.stderr.replace(echoed, "", 1)
    assert isinstance(done.exception, SystemExit | None), (words, done.exc_info)
    assert "Traceback" not in told, (words, told)
    assert done.exit_code in codes, (words, done.exit_code, told)
    assert done.exit_code == 0 or told.strip(), (words, done.exit_code)
    obeyed = [char for char in told if not char.isprintable() and char not in "\n\t"]
    assert not obeyed, (words, told)


@contextmanager
def in_the_place_of_a_daemon(path: Path, answers: bytes | None) -> Iterator[None]:
    """Something at the socket that answers every request so; None: it takes no call, and hangs."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1000)
        if answers is None:
            yield
            return
        thread = Thread(target=_answer_all, args=(listener, answers))
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_S)


def _answer_all(listener: socket.socket, answers: bytes) -> None:
    with suppress(OSError):  # It is shut down.
        while True:
            channel, _ = listener.accept()
            with channel, suppress(OSError):
                if channel.recv(100_000):
                    channel.sendall(answers)


def patience_of(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long commands wait for a daemon that hangs."""
    for name in ("PATIENCE_S", "_QUIET_S", "_PROGRAMS_WAIT_S"):
        monkeypatch.setattr(client, name, seconds)
    # Who has taken it over already.
    monkeypatch.setattr("edge_agent.cli.status.PATIENCE_S", seconds)
    monkeypatch.setattr(client.ask_status, "__defaults__", (seconds,))
