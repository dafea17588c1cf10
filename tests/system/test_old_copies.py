"""Old copies of a gate's database, and damaged ones, through the real processes."""

import json
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Mosquitto
from tests.patience import PATIENCE_S

from .gate import STAFF, Gate, Part, rows
from .payroll import Listener
from .watch import Watch

pytestmark = pytest.mark.usefixtures("patient")

_ELSEWHERE = """
import edge_agent.gate.host.host_identity
from edge_agent.cli import main
from edge_agent.gate.host.host_identity import HostIdentity
from tests.patience import patient_line
patient_line()
here = HostIdentity(board={{"serial": "{board}"}}, card={{"cid": "{card}"}})
edge_agent.gate.host.host_identity.host_identity = lambda folder: here
main(["run", "--config", "{config}"])
"""


_PAID = "SELECT code FROM punches WHERE state IN ('valid', 'pending-time', 'no-time')"


def start_at(gate: Gate, board: str, card: str) -> Part:
    """Start the daemon on a board and a card of our choice."""
    code = _ELSEWHERE.format(board=board, card=card, config=gate.config)
    return gate.start(sys.executable, "-c", code)


def press(gate: Gate, watch: Watch, *codes: str) -> list[str]:
    """Have these workers press; those who saw green, once for each time."""
    green = []
    for code in codes:
        gate.press(code)
        shown = watch.panel()
        if shown["outcome"] == "recorded":
            green.append(shown["worker"])
    gate.finger("lift")  # one that stays through a restart presses again
    return green


def opened(gate: Gate) -> dict[str, Any]:
    return gate.entries()[0]


def paid(payroll: Path) -> list[str]:
    return sorted(code for (code,) in rows(payroll, _PAID))


def payroll_has(payroll: Path, green: Iterable[str]) -> None:
    """Wait until payroll pays just these."""
    wanted, deadline = sorted(green), time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and paid(payroll) != wanted:
        time.sleep(0.05)  # its database tells nobody that it has changed
    assert paid(payroll) == wanted


def copy_gate(gate: Gate, other: Gate) -> None:
    """As one clones a card: with the log, where there is one."""
    for file in gate.folder.iterdir():
        if file.name.startswith(("gate.db", "flash")) and not file.name.endswith(".lock"):
            shutil.copy(file, other.folder)


@pytest.mark.parametrize("first", ["original", "clone"])
def test_a_cloned_card_and_its_original_both_come_to_payroll(
    gate: Gate, mosquitto: Mosquitto, first: str
) -> None:
    """Every green punch of both is there, none twice."""
    gate.set(punch={"repeat_window_s": 0})
    start_at(gate, "b1", "c1")
    watch = gate.watch()
    green = press(gate, watch, *STAFF[:5])
    with Gate() as clone:
        clone.set(punch={"repeat_window_s": 0})
        copy_gate(gate, clone)  # while it runs, as from a card that is pulled
        clone.simulate("--no-pace")
        start_at(clone, "b2", "c2")
        clone_watch = clone.watch()
        assert opened(clone)["why"] == "cloned-card"
        assert opened(gate)["ledger"] == opened(clone)["previous"]["ledger"]
        green += press(gate, watch, *STAFF[5:12])
        green += press(clone, clone_watch, *STAFF[8:20])
        assert len(green) == 5 + 7 + 12
        gate.stop()
        clone.stop()
        pair = [(gate, "b1", "c1"), (clone, "b2", "c2")]
        payroll = gate.folder / "payroll.db"
        gate.set(mqtt={"port": mosquitto.port, "receipt_timeout_s": 2})
        clone.set(mqtt={"port": mosquitto.port, "receipt_timeout_s": 2})
        gate.receive()
        for one, board, card in pair if first == "original" else pair[::-1]:
            start_at(one, board, card)
            one.in_step(one.watch())
            one.stop()
        payroll_has(payroll, green)


def test_a_restored_backup(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(punch={"repeat_window_s": 0}, mqtt={"port": mosquitto.port, "receipt_timeout_s": 2})
    gate.receive()
    gate.start()
    watch = gate.watch()
    green = press(gate, watch, *STAFF[:4])
    backup = gate.folder / "backup.db"
    gate.cli("ledger", "backup", str(backup))
    assert backup.exists()
    green += press(gate, watch, *STAFF[4:8])
    gate.in_step(watch)
    before = opened(gate)["ledger"]
    gate.stop()
    for suffix in ("", "-wal", "-shm"):
        gate.database.with_name(f"gate.db{suffix}").unlink(missing_ok=True)
    backup.rename(gate.database)
    gate.start()
    assert (opened(gate)["why"], opened(gate)["previous"]["ledger"]) == ("restored-backup", before)
    watch = gate.watch()
    gate.open(watch)
    green += press(gate, watch, *STAFF[8:10])
    gate.in_step(watch)
    payroll_has(gate.payroll, green)


_LEAVES = 80


def until_left(gate: Gate, daemon: Part) -> Part:
    """Wait until the daemon has left its ledger, and start it again, as systemd does."""
    assert daemon.wait() == _LEAVES, daemon.said
    assert "is down" in daemon.said
    return gate.start()


@pytest.mark.parametrize("what", ["older-than-payroll", "forked"])
def test_a_database_that_payroll_does_not_know_by_its_receipt(
    gate: Gate, mosquitto: Mosquitto, what: str
) -> None:
    """An old copy without any mark: only payroll can tell."""
    gate.set(punch={"repeat_window_s": 0}, mqtt={"port": mosquitto.port, "receipt_timeout_s": 2})
    gate.receive()
    gate.start()
    watch = gate.watch()
    green = press(gate, watch, *STAFF[:4])
    gate.in_step(watch)
    gate.stop()
    old = gate.database.read_bytes()
    gate.start()
    watch = gate.watch()
    green += press(gate, watch, *STAFF[4:10])
    gate.in_step(watch)
    before = opened(gate)["ledger"]
    gate.stop()
    gate.database.write_bytes(old)
    port = mosquitto.port
    gate.set(mqtt={"port": 1})
    gate.start()
    watch = gate.watch()
    # A few fewer or a few more than payroll knows of.
    green += press(gate, watch, *STAFF[10 : 12 if what == "older-than-payroll" else 24])
    gate.stop()
    gate.set(mqtt={"port": port})
    until_left(gate, gate.managed())
    why = "payroll-is-ahead" if what == "older-than-payroll" else "forked"
    assert (opened(gate)["why"], opened(gate)["previous"]["ledger"]) == (why, before)
    watch = gate.watch()
    gate.open(watch)
    green += press(gate, watch, *STAFF[30:33])
    gate.in_step(watch)
    payroll_has(gate.payroll, green)


def test_forged_receipts_make_a_gate_begin_one_ledger_and_no_more(
    gate: Gate, mosquitto: Mosquitto
) -> None:
    gate.set(mqtt={"port": mosquitto.port, "receipt_timeout_s": 2})
    daemon = gate.start()
    watch = gate.watch()
    gate.online(watch)
    green = press(gate, watch, *STAFF[:3])
    with Listener(mosquitto.port) as listener:
        for round_ in range(3):
            ledger = gate.status()["ledger"]["id"]
            lie = {"ledger": ledger, "through": 999_999, "hash": "ab" * 32}
            listener.say(f"attendance/main-gate/receipts/{ledger}", lie)
            if round_ == 0:
                daemon = until_left(gate, daemon)
                watch = gate.watch()
                gate.online(watch)
                gate.open(watch)
        green += press(gate, watch, *STAFF[3:6])
        assert gate.status()["ledger"]["id"] == ledger
    daemon.stop()
    assert len(list(gate.folder.glob("gate.db.old-*"))) == 1
    gate.set(mqtt={"port": 1})
    gate.start()  # another process: it is not a day later yet
    assert opened(gate)["ledger"] == ledger
    recovered = [e["worker"] for e in gate.entries() if e["kind"] == "punch.recovered"]
    assert recovered + [worker for _, worker in gate.punches()] == green


def test_a_damaged_database(gate: Gate, mosquitto: Mosquitto) -> None:
    """It is set aside, the gate records on, nobody is enrolled anew, payroll has everything."""
    gate.set(punch={"repeat_window_s": 0})
    daemon = gate.start()
    watch = gate.watch()
    green = press(gate, watch, *STAFF[:12])
    before = opened(gate)["ledger"]
    daemon.kill()
    # Else SQLite would have the first page from the log, and all would be well.
    with closing(sqlite3.connect(gate.database)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = bytearray(gate.database.read_bytes())
    raw[:100] = bytes(100)
    gate.database.write_bytes(raw)
    gate.set(mqtt={"port": mosquitto.port, "receipt_timeout_s": 2})
    gate.receive()
    daemon = gate.start()
    assert (opened(gate)["why"], opened(gate)["previous"]["ledger"]) == ("damaged", before)
    watch = gate.watch()
    gate.open(watch)
    green += press(gate, watch, *STAFF[12:15])
    gate.in_step(watch)
    payroll_has(gate.payroll, green)
    [old] = gate.folder.glob("gate.db.old-1-damaged")
    assert gate.status()["store"]["set_aside"] == [old.name]
    said = gate.cli("status").out
    assert old.name in said
    readable = old.with_name(f"{old.name}.jsonl")
    deadline = time.monotonic() + PATIENCE_S
    while not readable.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    kinds = [json.loads(line)["data"]["kind"] for line in readable.read_text().splitlines()]
    assert kinds.count("punch.recorded") == 12


def test_garbage_for_a_database(gate: Gate) -> None:
    gate.database.write_bytes(b"no database " * 1000)
    gate.start()
    assert opened(gate)["why"] == "damaged"
    watch = gate.watch()
    gate.press("NV001")
    assert watch.panel()["outcome"] == "unknown"  # nobody is known, and nobody is credited


def damage_ledger(gate: Gate) -> None:
    """Overwrite what every entry is looked up by, under a gate that runs."""
    with closing(sqlite3.connect(gate.database)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [(page,)] = other.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ledger'"
        ).fetchall()
    with gate.database.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x77" * 64)


def test_damage_that_shows_while_the_gate_runs(gate: Gate) -> None:
    """The gate's own thread comes upon it, and the next start remembers."""
    gate.set(punch={"repeat_window_s": 0})
    daemon = gate.start()
    watch = gate.watch()
    green = press(gate, watch, *STAFF[:3])
    before = opened(gate)["ledger"]
    damage_ledger(gate)
    deadline = time.monotonic() + PATIENCE_S
    while daemon.runs and time.monotonic() < deadline:
        gate.press("NV009")
        time.sleep(0.2)
    gate.finger("lift")
    until_left(gate, daemon)
    assert opened(gate)["ledger"] != before
    watch = gate.watch()
    gate.open(watch)
    green += press(gate, watch, "NV020")
    recovered = [e["worker"] for e in gate.entries() if e["kind"] == "punch.recovered"]
    kept = recovered + [worker for _, worker in gate.punches()]
    assert [worker for worker in kept if worker != "NV009"] == green


@pytest.mark.parametrize("stopped", ["when it is up again", "between the two"])
def test_started_by_hand_it_replaces_itself(gate: Gate, stopped: str) -> None:
    """The same process under the same id, on another ledger; and a SIGTERM is never lost."""
    daemon = gate.part("run", "--config", str(gate.config))
    deadline = time.monotonic() + PATIENCE_S
    while not gate.socket.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    before = gate.status()["ledger"]["id"]
    damage_ledger(gate)
    for done, pause_s in (("is down", 0.001), ("is up", 0.2)):
        wanted = daemon.said.count(done) + 1
        while daemon.said.count(done) < wanted and time.monotonic() < deadline:
            if done == "is down":
                gate.finger("press NV009\npress NV009")
            time.sleep(pause_s)
        if stopped == "between the two":
            assert daemon.stop() in (0, -signal.SIGTERM)
            gate.finger("lift")
            gate.start()
            break
    assert opened(gate)["why"] == "damaged"
    assert opened(gate)["previous"]["ledger"] == before
    if daemon.runs:
        assert daemon.stop() == 0


def test_another_gate_id_begins_another_ledger(gate: Gate) -> None:
    gate.start()
    green = press(gate, gate.watch(), *STAFF[:3])
    gate.stop()
    before = opened(gate)["ledger"]
    gate.set(gate={"id": "back-gate"})
    gate.start()
    first, *others = gate.entries()
    assert (first["why"], first["gate"]) == ("other-gate-id", "back-gate")
    assert first["previous"]["ledger"] == before
    assert [e["worker"] for e in others if e["kind"] == "punch.recovered"] == green
