"""Of a worker who was erased no byte is left: where gate and payroll keep, say and send anything.

What stands for the worker is taken down before: parts of the templates, their digests, the salts of
the evidence, card and PIN, and the name, which was asked to go as well. It is searched for as it
is, in hexadecimal digits and in base64, the name as text is written.
"""

import hashlib
import io
import json
import signal
import sys
import unicodedata
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from edge_agent.gate.ledger.damage.readable import write_readable
from edge_agent.gate.people.templates.backup_file import read_backup
from edge_agent.gate.people.templates.sealing import AgeSealing
from tests.brokers import Mosquitto
from tests.patience import PATIENCE_S
from tests.postgresql import BINARIES, Postgresql

from .gate import Gate, Part, Result, name_of, rows
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
    ("privacy", "report", "NV001", "--output", "held.html"),
    ("privacy", "certificate", "NV001", "--output", "erased.html"),
    ("metrics", "edge-agent.prom"),
    ("carry", "out", "stick.entries", "--from", "1"),
    ("ledger", "backup", "copy.db"),
    ("upgrade", "--prove", "proof.db"),
)
"""Commands that tell of the gate and its people, or take something of them along."""

NAME = name_of("NV001")
ROSTER = "attendance/roster"

NOT_OVERWRITTEN = """
import inspect
from edge_agent.gate.ledger.store import database, erasure_rows
source = inspect.getsource(database)
assert "secure_delete=ON" in source
exec(source.replace("secure_delete=ON", "secure_delete=OFF"), database.__dict__)
erasure_rows.ErasureRows.files_with = lambda *_: []
from edge_agent.__main__ import main
main()
"""
"""The control: rows are deleted, and nobody looks."""


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
    forms = {NAME, unicodedata.normalize("NFD", NAME)}
    names = {form.encode() for form in forms} | {json.dumps(form)[1:-1].encode() for form in forms}
    return {PIN.encode(), *names}.union(*map(ways, traces))


def found(traces: set[bytes], places: dict[str, bytes]) -> list[str]:
    return sorted(place for place, held in places.items() if any(one in held for one in traces))


def files(gate: Gate) -> dict[str, bytes]:
    """All that lies in its folder: database, log, copies, reserve, notes, logs, payroll's too.

    But for the simulated module's own memory, which stands for another device.
    """
    names = [path for path in gate.folder.rglob("*") if path.is_file() and path.name != "flash"]
    assert {"gate.db", "gate.db.people"} <= {path.name for path in names}
    return {path.name: path.read_bytes() for path in names}


def sent(listener: Listener) -> bytes:
    """But for payroll's own roster."""
    heard = b""
    while not listener.messages.empty():
        message = listener.messages.get()
        if message.topic != ROSTER:
            heard += message.topic.encode() + b" " + bytes(message.payload) + b"\n"
    return heard


def said(results: list[Result]) -> bytes:
    return "".join(one.out + one.err for one in results).encode()


def of_processes(*parts: Part) -> bytes:
    """What everybody on the machine, or root, sees of them."""
    seen = b""
    for part in parts:
        assert part.runs, part.said
        for what in ("cmdline", "environ", "comm", "status"):
            seen += Path(f"/proc/{part.process.pid}/{what}").read_bytes()
    return seen


def shown(port: int) -> bytes:
    """What a browser that comes now is told by the screen."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as page:
        page.request("GET", "/")
        held = page.getresponse().read()
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as stream:
        stream.request("GET", "/events")
        told = stream.getresponse()
        while b'"tick"' not in held:  # Once a second, after what is to be seen.
            held += told.readline()
    return held


def unzipped(bundle: Path) -> bytes:
    with zipfile.ZipFile(io.BytesIO(bundle.read_bytes())) as parts:
        return b"".join(map(parts.read, parts.namelist()))


class Payroll:
    """Its database, at ``where``, and its files beside those of the gate."""

    def __init__(self, where: str, folder: Path | None) -> None:
        self.where = where
        self.folder = folder

    def files(self) -> dict[str, bytes]:
        """A server's, but for its write-ahead log (docs/receiver.md says what there remains)."""
        if self.folder is None:
            return {}
        import psycopg

        with psycopg.connect(self.where, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        return {
            f"payroll's {path}": path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.parent.name != "pg_wal"
        }


@contextmanager
def payrolls(kind: str, gate: Gate) -> Iterator[Payroll]:
    if kind == "sqlite":
        yield Payroll(str(gate.payroll), None)
        return
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    if BINARIES is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with Postgresql() as cluster:
        yield Payroll(cluster.new_database(), cluster.folder / "data")


def roster(name: str, **row: Any) -> dict[str, Any]:
    return {"code": "NV001", "name": name, **row}


@pytest.mark.parametrize(
    ("every", "kind"),
    [
        pytest.param(8 * PART, "sqlite", id="few"),
        pytest.param(8 * PART, "postgresql", id="few, in PostgreSQL"),
        pytest.param(1, "sqlite", id="all", marks=pytest.mark.long),
    ],
)
def test_nothing_is_left_anywhere(
    gate: Gate, mosquitto: Mosquitto, tmp_path: Path, every: int, kind: str
) -> None:
    gate.set(mqtt={"port": mosquitto.port}, punch={"repeat_window_s": 0})
    gate.traces_are_fine = True  # The daemon is made to abort in the end.
    give_a_pin(gate)
    with payrolls(kind, gate) as payroll:
        database = ("--database", payroll.where)
        daemon, receiver = gate.start(), gate.receive(*database)
        config = ("--config", str(gate.config))
        screen = gate.part("display", *config, "--listen", "127.0.0.1:0")
        port = int(screen.until_said(r"the screen is at http://127.0.0.1:(\d+)/")[1])
        with closing(gate.watch()) as watch, Listener(mosquitto.port) as listener:
            gate.online(watch)
            listener.say(ROSTER, {"version": 1, "workers": [roster(NAME)]}, retain=True)
            receiver.until_said("roster-applied")
            for _ in range(3):
                gate.press("NV001")
                assert watch.panel()["outcome"] == "recorded"
            traces = planted(gate, tmp_path, every)
            held = {**files(gate), **payroll.files()}
            assert {"gate.db.people", "gate.db"} <= set(found(traces, held))
            assert any("payroll" in place for place in found(traces, held))
            left = gate.cli("workers", "leave", "NV001", "--yes", "--json")
            assert (left.code, left.json["erased"]["openings"]) == (0, 3), left
            gone = roster("NV001", active=False)
            listener.say(ROSTER, {"version": 2, "workers": [gone]}, retain=True)
            assert gate.cli("workers", "forget", "NV001", "--yes").code in (0, 65)
            forgotten = gate.cli(
                *("receive", "roster", "forget", "NV001", "--yes", *database),
                environment={"EDGE_AGENT_CONFIG": str(gate.config)},
            )
            assert forgotten.code == 0, forgotten
            gate.press("NV001")
            assert watch.panel()["outcome"] == "unknown"
            answers = []
            for command in ANSWERS:
                answers.append(gate.cli(*command))
                assert answers[-1].code in (0, 1), answers[-1]
            assert gate.cli("support", "support.zip", "--journal").code == 0
            gate.in_step(watch)
            wire = sent(listener)
            processes = of_processes(daemon, receiver, screen)
            page = shown(port)
            at_work = {f"{name}, at work": held for name, held in files(gate).items()}
        assert b"worker.erased" in wire
        daemon.signal(signal.SIGABRT)
        assert daemon.wait() == -signal.SIGABRT
        receiver.stop()
        screen.stop()
        places = {"what is sent": wire, "what is answered": said(answers), **files(gate)}
        places |= {"processes": processes, "the screen": page, **at_work, **payroll.files()}
        places["support"] = unzipped(gate.folder / "support.zip")
        places["log"] = (daemon.said + receiver.said + screen.said).encode()
    wanted = {"held.html", "erased.html", "stick.entries", "copy.db", "proof.db"}
    assert wanted | {"edge-agent.prom", "ledger.jsonl"} <= places.keys()
    assert not [name for name in places if name.startswith("core")]
    assert found(traces, places) == []


def give_a_pin(gate: Gate) -> None:
    (gate.folder / "pin").write_text(f"{PIN}\n")
    added = gate.cli(
        *("credentials", "add", "NV001", "--pin", "--stdin"),
        prefix=("sh", "-c", 'exec "$@" < pin', "sh"),
    )
    assert added.code == 0, added
    (gate.folder / "pin").unlink()


def test_what_is_only_deleted_is_found(gate: Gate, tmp_path: Path) -> None:
    gate.set(punch={"repeat_window_s": 0})
    give_a_pin(gate)
    gate.start(sys.executable, "-c", NOT_OVERWRITTEN, "run", "--config", str(gate.config))
    with closing(gate.watch()) as watch:
        for _ in range(3):
            gate.press("NV001")
            assert watch.panel()["outcome"] == "recorded"
    traces = {one for one in planted(gate, tmp_path, 8 * PART) if NAME.encode() not in one}
    assert gate.cli("workers", "leave", "NV001", "--yes").code == 0
    gate.stop()
    assert "gate.db" in found(traces, files(gate))


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
