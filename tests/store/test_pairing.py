"""Which module the prints are in, what their templates are, and which slots are being changed."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlite_utils import Database

from edge_agent.domain.errors import StoreFault
from edge_agent.domain.pairing import TOKEN_BYTES, Mark
from edge_agent.domain.people import Print, Worker
from edge_agent.ports import Watermarks
from edge_agent.store import SqliteStore, verify_ledger
from edge_agent.store.schema import migrations

from .ledgers import ALIVE, NOON, Faulty, open_store, punch, seqs

LAN = Worker(code="007", name="Lan")
LANS = Print(worker="007", finger="right-index", slot=3, generation=1)
DIGEST = bytes(range(32))
MARK = Mark(b"t" * TOKEN_BYTES, 1)


def pair(store: SqliteStore) -> None:
    with store.changing() as change:
        change.put_mark(MARK)
        change.put_worker(LAN)
        change.put_print(LANS, DIGEST)
        change.append(ALIVE, NOON)


def test_a_new_store_is_paired_with_nothing(store: SqliteStore) -> None:
    assert store.mark() is None
    assert store.announced() == []
    assert store.digests() == {}


def test_each_announcement_raises_the_counter(store: SqliteStore) -> None:
    pair(store)
    assert store.mark() == MARK
    for slot, expected in ((5, [5]), (3, [3, 5]), (5, [3, 5])):
        before = store.mark()
        with store.changing() as change:
            change.announce(slot)
        assert before
        assert store.mark() == before.raised()
        assert store.announced() == expected
    with store.changing() as change:
        change.settle(5)
        change.settle(9)
    assert store.announced() == [3]
    assert store.mark() == Mark(MARK.token, 4)
    with store.changing() as change:
        change.put_mark(Mark(b"u" * TOKEN_BYTES, 1))
    assert store.mark() == Mark(b"u" * TOKEN_BYTES, 1)


def test_digests_are_those_of_the_prints_of_now(store: SqliteStore) -> None:
    pair(store)
    assert store.digests() == {(3, 1): DIGEST}
    with store.changing() as change:
        change.put_digest(LANS, bytes(32))
    assert store.digests() == {(3, 1): bytes(32)}
    with store.changing() as change:
        change.drop_print(LANS)
    assert store.digests() == {}
    again = Print(worker="007", finger="right-index", slot=3, generation=2)
    with store.changing() as change:
        change.put_print(again, DIGEST)
    assert store.digests() == {(3, 2): DIGEST}


def test_pairing_outlives_a_restart(tmp_path: Path) -> None:
    first = open_store(tmp_path)
    pair(first)
    with first.changing() as change:
        change.announce(4)
    first.close()
    again = open_store(tmp_path)
    assert again.mark() == MARK.raised()
    assert again.announced() == [4]
    assert again.digests() == {(3, 1): DIGEST}
    again.close()


def test_half_a_transaction_is_none(store: SqliteStore) -> None:
    pair(store)
    with suppress(StoreFault), store.changing() as change:
        change.announce(4)
        change.put_print(LANS, DIGEST)  # which is there already
    assert store.mark() == MARK
    assert store.announced() == []


@pytest.mark.parametrize("how", ["lost", "kept"])
def test_an_announcement_that_may_be_lost_is_a_fault(
    faulty: type[Faulty], tmp_path: Path, how: str
) -> None:
    """No entry of the ledger tells whether it was written, so nobody may rely on it."""
    with closing(open_store(tmp_path)) as store:
        pair(store)
        faulty.at_commit = how
        with pytest.raises(StoreFault, match="not certain"), store.changing() as change:
            change.announce(4)
        assert store.announced() == ([4] if how == "kept" else [])
        with store.changing() as change:
            change.announce(4)
        assert store.announced() == [4]


def test_a_database_from_before_pairing(tmp_path: Path) -> None:
    """Everything in it stays, and it is paired with nothing yet."""
    path = tmp_path / "gate.db"
    store = open_store(tmp_path)
    pair(store)
    with store.changing() as change:
        change.append(punch(), NOON)
    store.move_watermarks(Watermarks(2, 1, 0))
    last = store.tail()
    store.close()
    go_back(path)

    store = open_store(tmp_path)
    assert store.tail() == last == verify_ledger(store)
    assert seqs(store) == [1, 2, 3]
    assert (store.workers(), store.prints()) == ([LAN], [LANS])
    assert store.watermarks() == Watermarks(2, 1, 0)
    assert (store.mark(), store.announced(), store.digests()) == (None, [], {})
    with store.changing() as change:
        change.put_digest(LANS, DIGEST)
        change.put_mark(MARK)
    assert (store.mark(), store.digests()) == (MARK, {(3, 1): DIGEST})
    store.close()


def go_back(path: Path) -> None:
    """Give a database the schema of the version before."""
    with closing(sqlite3.connect(path)) as old:
        for table in columns(Database(old)).keys() - columns_before().keys():
            old.execute(f"DROP TABLE {table}")
        old.execute("ALTER TABLE prints DROP COLUMN digest")
        old.execute("ALTER TABLE prints DROP COLUMN backed_up")
        old.execute("DELETE FROM _sqlite_migrations WHERE name >= 'm004'")
        old.commit()
        assert columns(Database(old)) == columns_before()


def columns_before() -> dict[str, list[str]]:
    before = Database(memory=True)
    migrations.apply(before, stop_before="m004_pairing")
    return columns(before)


def columns(database: Database) -> dict[str, list[str]]:
    return {
        name: [column.name for column in database.table(name).columns]
        for name in sorted(database.table_names())
    }
