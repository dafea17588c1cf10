"""Of a worker who was erased no byte is left: where the gate keeps, says and sends anything.

What stands for the worker is taken down before: parts of the templates, their digests, the salts of
the evidence, card and PIN. It is searched for as it is, in hexadecimal digits and in base64.
"""

import hashlib
import signal
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.gate.ledger.damage.readable import write_readable
from edge_agent.gate.people.templates.backup_file import read_backup
from edge_agent.gate.people.templates.sealing import AgeSealing
from tests.brokers import Mosquitto

from .gate import Gate, Result, rows
from .payroll import Listener

KEYS = AgeSealing().new_keys()
PIN = "58210947"
PART = 24
"""Bytes of a template: what is shorter is told by nobody from chance."""

ANSWERS = (
    ("status", "--json"),
    ("workers", "list", "--json"),
    ("workers", "show", "NV001", "--json"),
    ("prints", "list", "--json"),
    ("prints", "health", "--json"),
    ("credentials", "list", "--json"),
    ("consent", "list", "--json"),
    ("punches", "list", "--json"),
    ("audit", "list", "--json"),
    ("templates", "list", "--json"),
    ("privacy", "overdue", "--json"),
    ("doctor", "--json"),
    ("ledger", "export", "ledger.jsonl"),
)
"""Commands that tell of the gate and its people."""


def ways(trace: bytes) -> set[bytes]:
    """How it may be written; of base64 what is the same wherever it begins."""
    coded = {b64encode(bytes(pad) + trace)[4:-4] for pad in range(3)}
    return {trace, trace.hex().encode(), trace.hex().upper().encode(), *coded}


def parts(template: bytes, every: int) -> Iterator[bytes]:
    for at in range(0, len(template) - PART, every):
        if len(set(part := template[at : at + PART])) >= 8:  # Empty stretches are everywhere.
            yield part


def planted(gate: Gate, folder: Path, every: int) -> set[bytes]:
    """All that stands for NV001, who has pressed and has a PIN."""
    backup = folder / "before.age"
    assert gate.cli("templates", "backup", str(backup), "-r", KEYS.recipient).code == 0
    read = read_backup(
        backup.read_bytes(), lambda sealed: AgeSealing().open(sealed, [KEYS.identity])
    )
    [template] = [one.template for one in read.records if one.worker == "NV001"]
    assert template is not None
    salts = rows(gate.database, "SELECT salt FROM evidence_openings WHERE worker = 'NV001'")
    known = rows(gate.database, "SELECT hash FROM credentials WHERE worker = 'NV001'")
    assert (len(salts), len(known)) == (3, 1)
    digest = hashlib.sha256(template).digest()
    traces = [*parts(template, every), digest, *(one for (one,) in [*salts, *known])]
    assert len(traces) > 5
    return {PIN.encode()}.union(*map(ways, traces))


def found(traces: set[bytes], places: dict[str, bytes]) -> list[str]:
    return sorted(place for place, held in places.items() if any(one in held for one in traces))


def files(gate: Gate) -> dict[str, bytes]:
    """All that lies in its folder: database, log, copies, reserve, notes, logs, payroll's too.

    But for the simulated module's own memory, which stands for another device.
    """
    names = [path for path in gate.folder.rglob("*") if path.is_file() and path.name != "flash"]
    assert {"gate.db", "gate.db.people", "payroll.db"} <= {path.name for path in names}
    return {path.name: path.read_bytes() for path in names}


def sent(listener: Listener) -> bytes:
    heard = b""
    while not listener.messages.empty():
        message = listener.messages.get()
        heard += message.topic.encode() + b" " + bytes(message.payload) + b"\n"
    return heard


def said(results: list[Result]) -> bytes:
    return "".join(one.out + one.err for one in results).encode()


@pytest.mark.parametrize(
    "every", [pytest.param(8 * PART, id="few"), pytest.param(1, id="all", marks=pytest.mark.long)]
)
def test_nothing_is_left_anywhere(
    gate: Gate, mosquitto: Mosquitto, tmp_path: Path, every: int
) -> None:
    gate.set(mqtt={"port": mosquitto.port}, punch={"repeat_window_s": 0})
    gate.traces_are_fine = True  # The daemon is made to abort in the end.
    (gate.folder / "pin").write_text(f"{PIN}\n")
    added = gate.cli(
        *("credentials", "add", "NV001", "--pin", "--stdin"),
        prefix=("sh", "-c", 'exec "$@" < pin', "sh"),
    )
    assert added.code == 0, added
    (gate.folder / "pin").unlink()
    daemon, receiver = gate.start(), gate.receive()
    with closing(gate.watch()) as watch, Listener(mosquitto.port) as listener:
        gate.online(watch)
        for _ in range(3):
            gate.press("NV001")
            assert watch.panel()["outcome"] == "recorded"
        traces = planted(gate, tmp_path, every)
        assert {"gate.db.people"} <= set(found(traces, files(gate)))
        left = gate.cli("workers", "leave", "NV001", "--json")
        assert (left.code, left.json["erased"]["openings"]) == (0, 3), left
        gate.press("NV001")
        assert watch.panel()["outcome"] == "unknown"
        answers = [gate.cli(*command) for command in ANSWERS]
        gate.in_step(watch)
        wire = sent(listener)
    assert b"worker.erased" in wire
    daemon.signal(signal.SIGABRT)
    assert daemon.wait() == -signal.SIGABRT
    receiver.stop()
    places = {"what is sent": wire, "what is answered": said(answers), **files(gate)}
    places["log"] = (daemon.said + receiver.said).encode()
    assert not [name for name in places if name.startswith("core")]
    assert found(traces, places) == []


def test_a_readable_copy_of_a_damaged_database_holds_none_of_it(gate: Gate, tmp_path: Path) -> None:
    """It has entries alone, and in these there is nothing to be erased."""
    gate.start()
    with closing(gate.watch()) as watch:
        for _ in range(3):
            gate.press("NV001")
            watch.panel()
            gate.press("NV002")
            watch.panel()
    salts = rows(gate.database, "SELECT salt FROM evidence_openings WHERE worker = 'NV001'")
    digests = rows(gate.database, "SELECT digest FROM prints WHERE worker = 'NV001'")
    gate.stop()
    aside = gate.database.with_name("gate.db.old-1-damaged")
    gate.database.rename(aside)
    write_readable(gate.database)
    copy = aside.with_name(f"{aside.name}.jsonl").read_bytes()
    assert copy.count(b"punch.recorded") > 3
    traces = set[bytes]().union(*(ways(one) for (one,) in [*salts, *digests]))
    assert found(traces, {"readable": copy, "damaged": aside.read_bytes()}) == ["damaged"]
