"""Every schema that was ever released is still opened, with everything that it holds."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.contract.people import Print, Worker
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.pairing_mark import PairingMark

from .ledgers import GATE, NOON, ZONE, append, open_store, punch
from .released import LEDGER, SCHEMAS, STEPS, make, schema_after


def schema(path: Path) -> set[tuple[str, str]]:
    """Every table's columns, whatever way they came there."""
    with closing(sqlite3.connect(path)) as plain:
        tables = [name for (name,) in plain.execute("SELECT name FROM sqlite_master")]
        return {
            (table, f"{column[1:4]}")
            for table in tables
            for column in plain.execute(f'PRAGMA table_info("{table}")')
        }


@pytest.mark.parametrize("step", STEPS)
def test_a_released_step_was_never_edited(step: str) -> None:
    assert schema_after(step) == (SCHEMAS / f"{step}.sql").read_text()


@pytest.mark.parametrize("step", STEPS)
def test_a_database_of_each_released_schema(step: str, tmp_path: Path) -> None:
    wires = make(tmp_path / "gate.db", step)
    store = SqliteStore.open(tmp_path / "gate.db", GATE, ZONE, NOON)
    found = store.entries(1, 100)
    # What is written at an upgrade comes after what was there, and never in its place.
    assert [entry.wire for entry in found[: len(wires)]] == wires
    assert store.ledger == LEDGER
    assert store.watermarks() == Watermarks(4, 3, 0)
    assert verify_ledger(store) == store.tail()
    assert store.last_punches(NOON, 10_000)["007"].seq == 4
    assert store.complete_until(4) == "2026-11-18T18:06:42.000+07:00"
    if step >= "m002":
        assert store.workers() == [Worker(code="007", name="Nguyễn Thị Lan", active=True)]
        assert store.prints() == [Print(worker="007", finger="left-thumb", slot=3, generation=2)]
        assert store.next_generation(3) == 3
    if step >= "m003":
        assert store.remembered("sensor") == "/dev/serial0 at 57600 baud"
    if step >= "m004":
        assert store.mark() == PairingMark(bytes(16), 7)
    assert append(store, punch()).seq == len(found) + 1
    store.close()

    (tmp_path / "new").mkdir()
    open_store(tmp_path / "new").close()
    assert schema(tmp_path / "gate.db") == schema(tmp_path / "new" / "gate.db")


def test_all_steps_of_the_last_release_are_frozen() -> None:
    assert STEPS[:4] == ["m001_ledger", "m002_people", "m003_remembered", "m004_pairing"]
