"""Nothing that was kept can be changed or removed, whichever program tries."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from edge_agent.receiver.office.correct import add
from edge_agent.receiver.office.journal import Who
from edge_agent.receiver.store import PayrollStore

from .running import rows
from .test_effects import AT, Ledger, judged

TABLES = ("entries", "forks", "corrections")


@pytest.fixture
def store(database: str) -> Iterator[PayrollStore]:
    """One entry that two cards contradict each other about, and a correction."""
    with closing(PayrollStore(database)) as store:
        card = Ledger("a")
        card.punch("23 06:00")
        clone = card.branch()
        card.punch("23 07:00")
        clone.punch("23 08:00")
        store.take([*card.arrivals, *clone.arrivals], AT)
        add(store._database, Who(AT, "office-1", "x"), "0007", "2026-11-23T07:00",
            zone="Asia/Ho_Chi_Minh", force=True)  # fmt: skip
        yield store


def kept(database: str) -> list[list[tuple[object, ...]]]:
    return [rows(database, f"SELECT * FROM {table} ORDER BY 1, 2, 7") for table in TABLES]


def attempt(database: str, sql: str) -> None:
    """As a clerk's tool does, with all the rights there are."""
    if database.startswith("postgresql://"):
        import psycopg

        with psycopg.connect(database, options="-csearch_path=attendance") as connection:
            connection.execute(sql)
        return
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(sql)


ATTEMPTS = {
    "sqlite": [
        "DELETE FROM {table}",
        "UPDATE {table} SET seq = 7",
        "UPDATE {table} SET ledger = 'b' WHERE 1 = 1",
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "REPLACE INTO {table} SELECT * FROM {table}",
    ],
    "postgresql": [
        "DELETE FROM {table}",
        "UPDATE {table} SET seq = 7",
        "UPDATE {table} SET ledger = 'b' WHERE 1 = 1",
        "TRUNCATE {table}",
    ],
}


@pytest.mark.parametrize("table", TABLES)
def test_what_is_kept_stays_as_it_is(store: PayrollStore, database: str, table: str) -> None:
    before = kept(database)
    for sql in ATTEMPTS["postgresql" if "://" in database else "sqlite"]:
        with pytest.raises(Exception, match=f"{table} is append-only"):
            attempt(database, sql.format(table=table))
    assert kept(database) == before


def test_no_other_row_opens_the_way(store: PayrollStore, database: str) -> None:
    columns = "ledger, seq, gate, kind, worker, at, prevhash, wire, received_at"
    attempt(
        database,
        f"INSERT INTO forks (hash, {columns}) SELECT 'another', {columns} FROM entries"
        " WHERE seq = 1",
    )
    with pytest.raises(Exception, match="entries is append-only"):
        attempt(database, "DELETE FROM entries WHERE seq = 1")


def test_the_receiver_itself_goes_on(store: PayrollStore, database: str) -> None:
    """A stray moves to the forks and, having proved to be ours, back: it is never nowhere."""
    ours = Ledger("b")
    ours.punch("23 06:00")
    theirs = ours.branch()
    ours.punch("23 07:00")
    theirs.punch("23 07:30")
    theirs.punch("23 08:30")
    store.take([ours.arrivals[0], theirs.arrivals[2]], AT)
    store.take(ours.arrivals, AT)
    assert rows(database, "SELECT seq FROM forks WHERE ledger = 'b'") == [(3,)]
    store.take([theirs.arrivals[2]], AT)
    assert rows(database, "SELECT seq FROM forks WHERE ledger = 'b'") == [(3,)]
    assert [row for row in judged(database) if row[0] == "b"] == [
        ("b", 1, "valid"),
        ("b", 2, "valid"),
    ]
