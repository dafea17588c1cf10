"""Checking the ledger: the first entry that is not as it was written is named."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec import Struct, structs, to_builtins

from edge_agent.contract.chain import Scribe
from edge_agent.gate.errors import DamagedLedger
from edge_agent.gate.evidence import Evidence, Opening
from edge_agent.gate.ledger.store.ledger_rows import Tail
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger

from .ledgers import GATE, NOON, ZONE, append, open_store, punch

LAST = 8


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    store = open_store(tmp_path)
    while append(store, punch()).seq < LAST:
        pass
    store.move_watermarks(Watermarks(LAST, 3))
    store.close()
    return tmp_path


def alter(folder: Path, *statements: tuple[str, Any]) -> None:
    with closing(sqlite3.connect(folder / "gate.db")) as plain:
        for sql, parameters in statements:
            assert plain.execute(sql, parameters).rowcount > 0
        plain.commit()


def verify(folder: Path) -> int:
    store = open_store(folder)
    try:
        return verify_ledger(store).seq
    finally:
        store.close()


def wire_of(folder: Path, seq: int) -> bytes:
    with closing(sqlite3.connect(folder / "gate.db")) as plain:
        found: bytes = plain.execute("SELECT wire FROM ledger WHERE seq = ?", (seq,)).fetchone()[0]
        return found


def test_a_sound_ledger(ledger: Path) -> None:
    assert verify(ledger) == LAST


@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", "gate.alive"), ("hash", bytes(32)), ("wire", b"{}"), ("wire", b"\xff" * 900)],
)
@pytest.mark.parametrize("seq", [1, 5, LAST])
def test_a_column_was_altered(ledger: Path, seq: int, column: str, value: Any) -> None:
    alter(ledger, (f"UPDATE ledger SET {column} = ? WHERE seq = ?", (value, seq)))
    with pytest.raises(DamagedLedger, match=f"(?i)entry {seq} .*altered"):
        verify(ledger)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"worker":"007"', b'"worker":"008"'),
        (b'"method":"finger"', b'"method":"finder"'),
        (b'"subject":"007"', b'"subject":"008"'),
        (b'"time":"2026', b'"time":"2025'),
        (b"punch.recorded.v1", b"punch.repeated.v1"),
        (b'"prevhash":"', b'"prevhash":"00'),
        (b'"source":"/attendance/gates/main', b'"source":"/attendance/gates/east'),
        (b':5",', b':6",'),
        (b'"specversion":"1.0"', b'"specversion":"2.0"'),
    ],
)
def test_a_piece_of_the_wire_was_altered(ledger: Path, old: bytes, new: bytes) -> None:
    wire = wire_of(ledger, 5)
    assert wire.count(old) == 1
    alter(ledger, ("UPDATE ledger SET wire = ? WHERE seq = 5", (wire.replace(old, new),)))
    with pytest.raises(DamagedLedger, match=r"(?i)entry 5 .*altered"):
        verify(ledger)


@pytest.mark.parametrize("seq", [1, 5, LAST])
def test_an_entry_is_missing(ledger: Path, seq: int) -> None:
    alter(ledger, ("DELETE FROM ledger WHERE seq = ?", (seq,)))
    named = f"entry {seq} is missing" if seq < LAST else f"entries after {LAST - 1} are missing"
    with pytest.raises(DamagedLedger, match=f"(?i){named}"):
        verify(ledger)


def test_two_entries_changed_places(ledger: Path) -> None:
    places = [(100, 4), (4, 5), (5, 100)]
    alter(ledger, *(("UPDATE ledger SET seq = ? WHERE seq = ?", place) for place in places))
    with pytest.raises(DamagedLedger, match=r"(?i)entry 4 .*altered"):
        verify(ledger)


def test_an_entry_stands_twice(ledger: Path) -> None:
    copy = "INSERT INTO ledger SELECT 9, kind, hash, wire FROM ledger WHERE seq = 8"
    alter(ledger, (copy, ()))
    with pytest.raises(DamagedLedger, match=r"(?i)entry 9 .*altered"):
        verify(ledger)


def test_an_entry_of_another_ledger(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    store = open_store(tmp_path / "other")
    entry = append(store, punch())
    store.close()
    alter(ledger, ("UPDATE ledger SET wire = ?, hash = ? WHERE seq = 2", (entry.wire, entry.hash)))
    with pytest.raises(DamagedLedger, match=r"(?i)entry 2 .*altered"):
        verify(ledger)


def test_an_entry_forged_with_a_hash_that_fits(ledger: Path) -> None:
    """Whoever forges one entry has to forge all that follow, and payroll knows their hashes."""
    true = json.loads(wire_of(ledger, 5))
    scribe = Scribe(gate=GATE, ledger=true["data"]["ledger"], zone=ZONE)
    forged = scribe.write(punch("666"), NOON, 5, bytes.fromhex(true["prevhash"]))
    alter(
        ledger,
        ("UPDATE ledger SET wire = ?, hash = ? WHERE seq = 5", (forged.wire, forged.hash)),
    )
    with pytest.raises(DamagedLedger, match=r"(?i)entry 6 .*altered"):
        verify(ledger)


def test_entries_that_come_while_it_looks_are_no_damage(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, writing = open_store(ledger), open_store(ledger)
    read = SqliteStore.entries

    def read_while_the_daemon_works(store: SqliteStore, first: int, limit: int) -> Any:
        found = read(store, first, limit)
        if not found:
            seq = append(writing).seq
            writing.move_watermarks(Watermarks(seq, seq))
        return found

    monkeypatch.setattr(SqliteStore, "entries", read_while_the_daemon_works)
    assert verify_ledger(looking).seq == LAST
    looking.close()
    writing.close()


def test_payrolls_receipt_tells_a_tail_that_was_cut_off(ledger: Path) -> None:
    """Even where the database's own record of what was sent has been cut with it."""
    whole = open_store(ledger)
    tail = whole.tail()
    assert verify_ledger(whole, tail) == tail
    assert verify_ledger(whole, Tail(5, whole.hash_of(5) or b"")) == tail
    with pytest.raises(DamagedLedger, match="entry 5 is not the one that payroll's receipt covers"):
        verify_ledger(whole, Tail(5, bytes(32)))
    whole.close()
    alter(
        ledger,
        ("DELETE FROM ledger WHERE seq > ?", (6,)),
        ("UPDATE watermarks SET published = ?1, confirmed = ?1", (3,)),
    )
    cut = open_store(ledger)
    assert verify_ledger(cut).seq == 6
    with pytest.raises(DamagedLedger, match=f"entries after 6 are missing: payroll holds {LAST}"):
        verify_ledger(cut, tail)
    cut.close()


def test_an_entry_from_before_the_checkpoint(ledger: Path) -> None:
    first = wire_of(ledger, 1)
    store = open_store(ledger)
    row = (1, "ledger.opened", store.hash_of(1), first)
    with store.changing() as change:
        change.forget_through(3)
    assert verify_ledger(store).seq == LAST
    alter(ledger, ("INSERT INTO ledger VALUES (?, ?, ?, ?)", row))
    with pytest.raises(DamagedLedger, match="entry 1 is there, although the entries up to 3 were"):
        verify_ledger(store)
    store.close()


def test_a_receipt_for_the_last_entry_that_was_pruned_is_compared(ledger: Path) -> None:
    store = open_store(ledger)
    last = store.hash_of(3)
    assert last is not None
    with store.changing() as change:
        change.forget_through(3)
    assert verify_ledger(store, Tail(3, last)).seq == LAST
    with pytest.raises(DamagedLedger, match="entry 3 is not the one"):
        verify_ledger(store, Tail(3, bytes(32)))
    store.close()


def opening(worker: str = "007", score: int = 99) -> Opening:
    evidence = Evidence(finger="right-index", slot=1, generation=1, score=score)
    return Opening(worker=worker, evidence=evidence, salt=bytes(16))


@pytest.mark.parametrize("kept", [opening(score=98), opening(worker="008")])
def test_evidence_is_what_its_entry_says(tmp_path: Path, kept: Opening) -> None:
    with open_store(tmp_path).changing() as change:
        said = structs.replace(punch(), evidence_hash=opening().hash)
        seq = change.append(said, NOON).seq
        change.put_opening(seq, opening())
    assert verify(tmp_path) == seq

    row = [kept.worker, kept.evidence.score]
    alter(tmp_path, ("UPDATE evidence_openings SET worker = ?, score = ?", row))
    with pytest.raises(DamagedLedger, match=f"the finger kept for entry {seq}"):
        verify(tmp_path)

    alter(tmp_path, ("DELETE FROM evidence_openings", []))
    assert verify(tmp_path) == seq


def test_evidence_goes_with_its_entry(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for _ in range(3):
        with store.changing() as change:
            change.put_opening(change.append(punch(), NOON).seq, opening())
    with store.changing() as change:
        change.forget_through(3)
    assert list(store.openings(1, 10)) == [4]


class OldPunch(Struct, frozen=True, kw_only=True, tag_field="kind", tag="punch.recorded"):
    """As it was written before its evidence became a hash."""

    answers_touch: ClassVar[bool] = True
    worker: str = "007"
    direction: None = None
    direction_source: None = None
    method: str = "finger"
    evidence: Evidence = opening().evidence


def test_entries_of_before_stay_what_they_are(ledger: Path) -> None:
    store = open_store(ledger)
    with store.changing() as change:
        old = change.append(OldPunch(), NOON)  # type: ignore[arg-type]
    append(store, punch())
    assert store.data_of(old)["evidence"] == to_builtins(opening().evidence)
    assert verify_ledger(store).seq == LAST + 2
    assert store.last_punches(NOON, 1000)["007"].seq == LAST + 2
    store.close()
