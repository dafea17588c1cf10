"""What changes the database of one gate.

A change is one durable transaction: all of it or nothing, and the truth about it after a fault.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .... import __version__
from ....contract.chain import Scribe
from ....contract.errors import StoreFault
from ....contract.facts import LedgerOpened, OldEntry, WhyOpened
from ....contract.stamps import Stamp
from ...errors import DiskFull
from . import people_snapshot
from .claim_rows import ClaimChange
from .database import StoreConnection
from .erasure_rows import ErasureChange
from .evidence_rows import EvidenceChange
from .ledger_rows import CheckpointChange, LedgerChange, Tail
from .metadata import Watermarks, put_watermarks
from .people_rows import PairingChange, PeopleChange
from .retention_rows import RetentionChange

if TYPE_CHECKING:
    from sqlite_utils import Database

log = logging.getLogger(__name__)


class SqliteChange(
    LedgerChange,
    CheckpointChange,
    EvidenceChange,
    ErasureChange,
    PeopleChange,
    PairingChange,
    RetentionChange,
    ClaimChange,
):
    """Writes inside a transaction that has begun with BEGIN IMMEDIATE.

    Immediate, because the tail read here must still be the tail when the entry is inserted: with
    a deferred BEGIN two threads lost 1,733 of 2,000 appends to SQLITE_BUSY (measured).
    """


@contextmanager
def changing(connection: StoreConnection, scribe: Scribe) -> Iterator[SqliteChange]:
    """Commit on leaving.

    After an I/O error the commit may or may not have happened: the database is opened anew and
    its tail read, so that the worker is told the truth. Raises StoreFault where nothing, or
    nothing certain, was written.
    """
    with connection.telling():
        database = connection.database()
    try:
        with connection.telling():
            database.conn.execute("BEGIN IMMEDIATE")
            change = SqliteChange(database, scribe)
            yield change
    except BaseException as error:
        with suppress(sqlite3.Error):
            database.rollback()
        if isinstance(error, sqlite3.Error):
            raise _not_written(connection, error) from error
        raise
    try:
        _commit(connection, scribe, change)
    except sqlite3.Error as error:
        was_committed = _was_committed(connection, change.tail, error)
        if change.tail == change.began_at:
            # No entry tells it from a transaction that never was.
            fault = connection.fault(error)
            raise StoreFault("store.perhaps-not-written", why=fault) from error
        if not was_committed:
            raise _not_written(connection, error) from error
        log.warning("a commit reported %s, yet the ledger holds it durably", error)


def _commit(connection: StoreConnection, scribe: Scribe, change: SqliteChange) -> None:
    """Commit; what is kept of people beside the database is never of another state than it."""
    database = connection.database()
    if change.people_changed:
        with suppress(OSError):  # Then its place among the entries tells that it is out of date.
            people_snapshot.outdate(connection.path)
    database.conn.execute("COMMIT")
    if change.people_changed:
        people_snapshot.keep(connection.path, database, scribe.gate, scribe.ledger)


def _was_committed(connection: StoreConnection, expected: Tail, error: sqlite3.Error) -> bool:
    """Whether the ledger, opened anew, holds ``expected`` and has been brought to disk.

    Raises StoreFault where that cannot be said.
    """
    connection.drop()
    try:
        if connection.rows("SELECT hash FROM ledger WHERE seq = ?", expected.seq) != [
            (expected.hash,)
        ]:
            return False
        # What a failed fsync left in the page cache reads well and is gone after a power cut.
        # A checkpoint writes it to the database file and syncs that, or says that it cannot.
        [(busy, in_log, copied)] = connection.rows("PRAGMA wal_checkpoint(PASSIVE)")
    except StoreFault as fault:
        if isinstance(fault, DiskFull) and connection.spend_reserve():
            return _was_committed(connection, expected, error)  # There is room to find out.
        raise StoreFault("store.perhaps-not-recorded", why=fault) from error
    if busy or in_log != copied:
        raise StoreFault("store.perhaps-not-durable", why=connection.fault(error))
    return True


def _not_written(connection: StoreConnection, error: sqlite3.Error) -> StoreFault:
    fault = connection.fault(error)
    return type(fault)("store.nothing-recorded", why=fault)


def begin_ledger(
    database: Database, scribe: Scribe, why: WhyOpened, now: Stamp, previous: OldEntry | None = None
) -> None:
    """Write whose the ledger is, and its first entry, inside a transaction that has begun."""
    database.table("identity").insert({"one": 1, "ledger": scribe.ledger, "gate": scribe.gate})
    put_watermarks(database, Watermarks(0, 0))
    opened = LedgerOpened(
        gate=scribe.gate, zone=scribe.zone.key, version=__version__, why=why, previous=previous
    )
    SqliteChange(database, scribe).append(opened, now)


def first_ledger(connection: StoreConnection, scribe: Scribe, now: Stamp) -> None:
    """Open the first ledger of all in a database that has none. Raises StoreFault."""
    with changing(connection, scribe):
        begin_ledger(connection.database(), scribe, "first-start", now)
    log.info("ledger %s opened in %s", scribe.ledger, connection.path)
