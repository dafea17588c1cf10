"""Commits that fail: the worker is told the truth, and it goes on as soon as it can."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger

from .ledgers import ALIVE, NOON, Faulty, append, open_store, punch, seqs
from .small_disk import fill, may_mount, small_disk

Reading = Callable[[SqliteStore], object]


@pytest.fixture
def faulty_store(faulty: type[Faulty], tmp_path: Path) -> Iterator[SqliteStore]:
    store = open_store(tmp_path)
    yield store
    store.close()


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """No file may grow beyond ``size``: the kernel refuses the write, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_error_with_nothing_written_is_a_fault(
    faulty: type[Faulty], faulty_store: SqliteStore
) -> None:
    faulty.at_commit = "lost"
    with pytest.raises(StoreFault, match=r"(?i)nothing was recorded"):
        append(faulty_store, punch())
    assert seqs(faulty_store) == [1]
    assert append(faulty_store).seq == 2
    assert verify_ledger(faulty_store).seq == 2


def test_an_error_with_the_entry_durably_in_is_no_fault(
    faulty: type[Faulty], faulty_store: SqliteStore
) -> None:
    faulty.at_commit = "kept"
    assert append(faulty_store, punch()).seq == 2
    assert append(faulty_store).seq == 3
    assert verify_ledger(faulty_store).seq == 3


def test_an_entry_that_is_in_but_not_certainly_on_disk(
    faulty: type[Faulty], faulty_store: SqliteStore, tmp_path: Path
) -> None:
    """Another program's read keeps the log from being copied home: in doubt it is a fault."""
    with closing(sqlite3.connect(tmp_path / "gate.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM ledger").fetchall()
        faulty.at_commit = "kept"
        with pytest.raises(StoreFault):
            append(faulty_store, punch())
    assert faulty_store.last_punches(NOON, 1000)["007"].seq == 2
    assert append(faulty_store).seq == 3


@pytest.mark.parametrize("at_commit", ["lost", "kept"])
def test_a_card_that_comes_back_is_used_again(
    faulty: type[Faulty], faulty_store: SqliteStore, at_commit: str
) -> None:
    faulty.at_commit = at_commit
    faulty.refused_opens = 1
    with pytest.raises(StoreFault):
        append(faulty_store, punch())
    seq = append(faulty_store).seq
    assert seqs(faulty_store) == list(range(1, seq + 1))
    assert verify_ledger(faulty_store).seq == seq


def test_a_card_that_stays_away_is_a_fault_for_whatever_is_asked(
    faulty: type[Faulty], faulty_store: SqliteStore
) -> None:
    faulty.at_commit = "lost"
    faulty.refused_opens = 1000
    with pytest.raises(StoreFault):
        append(faulty_store, punch())
    asked: list[Reading] = [
        append,
        lambda store: store.tail(),
        lambda store: store.hash_of(1),
        lambda store: store.entries(1, 5),
        lambda store: store.last_punches(NOON, 1000),
        lambda store: list(store.newest_first()),
        lambda store: store.complete_until(1),
        lambda store: store.worker("007"),
        lambda store: store.workers(),
        lambda store: store.prints(),
        lambda store: store.next_generation(1),
        lambda store: store.watermarks(),
        lambda store: store.move_watermarks(Watermarks(1, 1)),
        lambda store: store.remembered("sensor"),
        lambda store: store.remember("sensor", "x"),
    ]
    for ask in asked:
        with pytest.raises(StoreFault):
            ask(faulty_store)
    faulty.refused_opens = 0
    assert append(faulty_store).seq == 2
    assert faulty_store.entries(1, 1)


def test_no_place_in_a_commit_is_a_bad_place_for_the_disk_to_be_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that each entry makes the log longer: none goes into room that it had before.
    monkeypatch.setattr("edge_agent.gate.ledger.store.database._CHECKPOINT_PAGES", 100_000)
    store = open_store(tmp_path)
    acknowledged: dict[int, bytes] = {}
    refused = 0
    wal = tmp_path / "gate.db-wal"
    for more in range(0, 40_000, 1357):
        with files_no_longer_than(wal.stat().st_size + more):
            for fact in (punch(), ALIVE, punch("008")):
                try:
                    entry = append(store, fact)
                except StoreFault:
                    refused += 1
                else:
                    acknowledged[entry.seq] = entry.hash
        entry = append(store)
        acknowledged[entry.seq] = entry.hash
    assert refused > 10
    tail = verify_ledger(store)
    # In doubt an entry was refused and is there all the same; the other way round is the lie.
    kept = {entry.seq: entry.hash for entry in store.entries(1, tail.seq)}
    assert acknowledged.items() <= kept.items()
    assert len(kept) <= len(acknowledged) + refused + 1
    store.close()
    with closing(sqlite3.connect(tmp_path / "gate.db")) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(not may_mount(), reason="only root may mount a small disk")
def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path):
        store = open_store(tmp_path)
        append(store)
        ballast = fill(tmp_path)
        refused = 0
        while refused < 5:
            try:
                append(store, punch())
            except StoreFault:
                refused += 1
        ballast.unlink()
        seq = append(store).seq
        assert seqs(store) == list(range(1, seq + 1))
        assert verify_ledger(store).seq == seq
        store.close()


def test_a_database_that_another_program_holds(
    tmp_path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.gate.ledger.store.database._BUSY_S", 0.05)
    impatient = open_store(tmp_path)
    with closing(sqlite3.connect(tmp_path / "gate.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFault, match="locked"):
            append(impatient)
    assert append(impatient).seq == 2
    impatient.close()
