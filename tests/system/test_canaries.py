"""Never a value in a log: a name, a template, a password and a PIN are put into every field of all
that comes in from outside, and searched for in all that comes out.

What may hold them is left out by name: a reply's ``id`` is payroll's own, as the contract has it,
and digits alone are a worker's code, a ledger's id or a number where one belongs.
"""

import base64
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from edge_agent.contract.bounds import LARGEST_ENTRY
from edge_agent.contract.chain import seal
from edge_agent.gate.people.handlers import HANDLERS
from tests.brokers import Mosquitto
from tests.patience import PATIENCE_S
from tests.receiver.gate import write_ledger

from .gate import Gate, rows
from .payroll import Listener

NAME = "Lò Thị Canary"
PASSWORD = "Geheim Canary!7"
PIN = "58210947"
TEMPLATE = bytes(range(0x80, 0x100))
PLANTED = (NAME, PASSWORD, PIN, TEMPLATE.hex(), base64.b64encode(TEMPLATE).decode())

_DIGITS_BELONG = {"code", "worker", "ledger", "id", "kind", "of", "version", "gate"}


def found_in(text: str) -> list[str]:
    """Which canaries are there, in whatever way they are written."""
    ways = {way: planted for planted in PLANTED for way in _ways(planted)}
    piece = TEMPLATE[:12]
    coded = piece.hex(), base64.b64encode(piece).decode(), repr(piece)[2:-1], str([*piece])[1:-1]
    ways |= {way: "template" for one in coded for way in _ways(one)}
    return sorted({planted for way, planted in ways.items() if way in text})


def _ways(text: str) -> set[str]:
    return {text, ascii(text)[1:-1], json.dumps(text)[1:-1], text.replace(" ", "_"), text.lower()}


def planted(sound: Any, field: str = "") -> Iterator[Any]:
    """``sound`` with a canary in each place in turn, and as a field that nobody knows."""
    for canary in PLANTED:
        if not (canary == PIN and field in _DIGITS_BELONG):
            yield canary
    if isinstance(sound, dict):
        for name, value in sound.items():
            for other in planted(value, name):
                yield sound | {name: other}
        for canary in PLANTED:
            yield sound | {canary: canary}
    elif isinstance(sound, list):
        for other in planted(sound[0], field) if sound else ():
            yield [other]


RECEIPT = {"ledger": "x", "through": 1, "hash": "0" * 64, "rejected": [{"seq": 1, "reason": "x"}]}
COMMAND = {"id": "1", "command": "resend", "ledger": "x", "from": 1, "to": 2, "expires": None}
ROSTER = {
    "version": 7,
    "count": 1,
    "workers": [{"code": "NV9", "name": "x", "valid_from": "2026-11-01", "active": True}],
}
WRONG_ROW = {"code": NAME, "name": f"{PASSWORD}\n", "valid_from": PIN, "valid_to": NAME}
STATUS = {"state": "online", "ledger": {"id": "x", "last_seq": 1, "confirmed_seq": 1}}
REPLY = {"id": "1", "command": "resend", "ok": False, "error": "pruned"}


def entries() -> Iterator[bytes]:
    """Such as are what they say by their hash, and such as are not."""
    opened, punch = write_ledger(2, "x", gate="other-gate")
    for sound in (opened, punch):
        envelope = msgspec.json.decode(sound.wire)
        for one in planted(envelope):
            yield msgspec.json.encode(one)
        for data in planted(envelope["data"]):
            try:
                yield msgspec.json.encode(seal("other-gate", data, bytes(32)))
            except (ValueError, TypeError, AttributeError):
                continue
    yield NAME.encode() * LARGEST_ENTRY


def publish(listener: Listener, first: dict[str, Any]) -> None:
    ledger = first["data"]["ledger"]
    for one in planted(RECEIPT | {"ledger": ledger, "hash": first["hash"]}):
        listener.say(f"attendance/main-gate/receipts/{ledger}", one)
    for one in planted(COMMAND | {"ledger": ledger}):
        if not isinstance(one, dict) or one["id"] == "1":
            listener.say("attendance/main-gate/commands", one)
    for one in planted(ROSTER):
        if isinstance(one, dict) and isinstance(one["workers"], list):
            named = one["workers"][:1] and isinstance(one["workers"][0], dict)
            if named and one["workers"][0]["name"] in PLANTED:
                one["workers"][0]["code"] = NAME  # Alone it would be a sound roster.
        listener.say("attendance/roster", one)
    for topic, sound in (("status", STATUS), ("replies", REPLY)):
        for one in planted(sound):
            listener.say(f"attendance/other-gate/{topic}", one)
    for wire in entries():
        listener.say("attendance/other-gate/ledger", wire)
    for where in (NAME, f"{PASSWORD}", TEMPLATE.hex() * 3):
        listener.say(f"attendance/{where}/ledger", b"{}")
        listener.say(f"attendance/other-gate/{where}", b"{}")
        listener.say(f"attendance/main-gate/receipts/{where}", b"{}")


def requests() -> Iterator[dict[str, Any]]:
    """Every request of the control socket that has fields, with what is no use to anybody."""
    for kind in HANDLERS:
        hints = get_type_hints(kind)
        if not hints:
            continue
        sound: dict[str, Any] = {"ask": kind.__struct_config__.tag}
        for name, hint in hints.items():
            plain = (hint, *get_args(hint))
            sound[name] = 1 if int in plain or bool in plain else [] if list in plain else "?"
        found = [one for one in planted(sound) if isinstance(one, dict)]
        # Only five in a row are let at the glass: a third of them, each field among them.
        yield from found[::3] if HANDLERS[kind].takes_finger else found


def ask(gate: Gate) -> int:
    """Ask all of it; returns how many were refused."""
    refused = 0
    for request in [*requests(), *PLANTED]:
        with closing(socket.socket(socket.AF_UNIX)) as asking:
            asking.connect(str(gate.socket))
            with suppress(BrokenPipeError):  # Turned away before it could ask, with a reason.
                asking.sendall(json.dumps(request).encode() + b"\n")
            with asking.makefile() as answers:
                refused += json.loads(answers.readline())["answer"] == "failed"
    return refused


def files(folder: Path) -> Iterator[tuple[str, ...]]:
    """Commands that read a file of somebody's."""
    header = {"format": "edge-agent-templates", "version": 1, "backup": "b", "gate": "g"}
    header |= {"system_id": 9, "prints": 1, "recipients": ["age1"], "at": None}
    for number, one in enumerate([*planted(header)][::11]):
        path = folder / f"backup{number}"
        path.write_bytes(msgspec.json.encode(one) + b"\n" + base64.b64encode(TEMPLATE) + b"\n")
        yield "templates", "restore", str(path), "--identity", str(path), "--yes"
    path = folder / "workers.csv"
    path.write_text(f"code,name,active,valid_from\n{NAME},{PIN}\x00,{PASSWORD},{PIN}{PIN}\n")
    yield "receive", "--config", "gate.toml", "roster", "import", str(path), "--version", "9"


def beside_people(database: Path) -> str:
    """All of the gate's database but for the tables where a worker's name belongs."""
    with closing(sqlite3.connect(database)) as opened:
        lines = [line for line in opened.iterdump() if not line.startswith(_NAMES_BELONG)]
    return "\n".join(lines)


_NAMES_BELONG = ('INSERT INTO "workers"', 'INSERT INTO "former_names"')


def test_no_value_gets_out(gate: Gate, mosquitto: Mosquitto, tmp_path: Path) -> None:
    gate.set(mqtt={"port": mosquitto.port})
    daemon, receiver = gate.start(), gate.receive()
    with closing(gate.watch()) as watch, Listener(mosquitto.port) as listener:
        gate.online(watch)
        [(first,)] = rows(gate.database, "SELECT wire FROM ledger WHERE seq = 1")
        # Of refused rosters one a minute is told: the first has to be one of which rows are wrong.
        listener.say("attendance/roster", ROSTER | {"workers": [WRONG_ROW]})
        watch.until(lambda event: event["event"] == "roster")
        publish(listener, json.loads(first))
        assert ask(gate) > 100
        for command in files(tmp_path):
            assert gate.cli(*command).code != 0
        gate.press("NV001")  # And life goes on, past all of it.
        watch.panel()
        gate.in_step(watch)
        daemon.signal(signal.SIGUSR1)
        gate.status()
        own = heard(listener)
    assert daemon.stop() == 0
    receiver.stop()
    said = daemon.said + receiver.said
    for line in (
        "roster was refused",
        "worker 1: its code is not",
        "receipt ignored",
        "command refused",
        "damaged gate=",
    ):
        assert line in said  # It has all arrived.
    assert "Thread 0x" in said or "Current thread" in said
    assert found_in(said) == []
    assert [text for text in own if found_in(text)] == []
    assert found_in(beside_people(gate.database)) == []
    assert said.count("damaged gate=") < 20  # One line a minute on each matter.
    assert said.count("receipt ignored") < 5


def heard(listener: Listener) -> list[str]:
    """What the gate has sent: all others' topics are the test's own."""
    ours = ("attendance/main-gate/ledger", "attendance/main-gate/status")
    texts = []
    while not listener.messages.empty():
        message = listener.messages.get()
        if message.topic in (*ours, "attendance/main-gate/replies"):
            texts.append(bytes(message.payload).decode(errors="replace"))
    assert texts
    return texts


@pytest.mark.parametrize("text", [NAME, repr(TEMPLATE), f"x{PIN}y", json.dumps(NAME), ascii(NAME)])
def test_what_is_searched_for_would_be_found(text: str) -> None:
    assert found_in(f"damaged gate='x' reason={text}") != []


def settings() -> Iterator[str]:
    """A canary in place of each value."""
    sections = {
        "gate": {"id": "main-gate"},
        "sensor": {"port": "tty"},
        "mqtt": {"host": "h", "port": 1, "tls": "on", "password_file": "f", "root": "r"},
        "payroll": {"public_key": "k"},
        "log": {"format": "plain"},
    }
    for canary in (NAME, PASSWORD, PIN, TEMPLATE.hex()):
        for wrong in (f"[{canary!r}]", f"{{a = {canary!r}}}"):
            yield "\n".join(
                line
                for section, keys in sections.items()
                for line in (f"[{section}]", *(f"{key} = {wrong}" for key in keys))
            )


@pytest.mark.parametrize("on_the_journal", [True, False])
def test_the_journal_hears_of_settings_without_their_values(
    tmp_path: Path, on_the_journal: bool
) -> None:
    """At a terminal whoever has typed them sees them: that is the control."""
    told = ""
    for number, text in enumerate(settings()):
        path = tmp_path / f"gate{number}.toml"
        path.write_text(text)
        with TemporaryFile() as stderr:
            file = os.fstat(stderr.fileno())
            named = f"{file.st_dev}:{file.st_ino}" if on_the_journal else ""
            done = subprocess.run(
                [sys.executable, "-m", "edge_agent", "run", "--config", str(path)],
                env={**os.environ, "JOURNAL_STREAM": named},
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                timeout=PATIENCE_S,
                check=False,
            )
            assert done.returncode == 78
            stderr.seek(0)
            told += stderr.read().decode()
    assert "[mqtt] host" in told
    assert (found_in(told) == []) is on_the_journal
