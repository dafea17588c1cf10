"""One durable transaction: all of it or nothing, and the truth about it after a fault."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..domain.chain import Scribe
from ..domain.errors import StoreFault
from ..ports import Tail
from .checkpoint_rows import CheckpointChange
from .connection import Connection
from .ledger_rows import LedgerChange
from .pairing_rows import PairingChange
from .people_rows import PeopleChange

log = logging.getLogger(__name__)


class SqliteChange(LedgerChange, CheckpointChange, PeopleChange, PairingChange):
    """The Change port: writes inside a transaction that has begun with BEGIN IMMEDIATE.

    Immediate, because the tail read here must still be the tail when the entry is inserted: with
    a deferred BEGIN two threads lost 1,733 of 2,000 appends to SQLITE_BUSY (measured).
    """


@contextmanager
def changing(connection: Connection, scribe: Scribe) -> Iterator[SqliteChange]:
    """Commit on leaving.

    After an I/O error the commit may or may not have happened: the database is opened anew and
    its tail read, so that the worker is told the truth. Raises StoreFault where nothing, or
    nothing certain, was written.
    """
    database = connection.database()
    try:
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
        database.conn.execute("COMMIT")
    except sqlite3.Error as error:
        was_committed = _was_committed(connection, change.tail, error)
        if change.tail == change.began_at:
            # No entry tells it from a transaction that never was.
            fault = connection.fault(error)
            raise StoreFault(f"It is not certain that anything was written. {fault}") from error
        if not was_committed:
            raise _not_written(connection, error) from error
        log.warning("a commit reported %s, yet the ledger holds it durably", error)


def _was_committed(connection: Connection, expected: Tail, error: sqlite3.Error) -> bool:
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
        raise StoreFault(f"It is not certain that anything was recorded. {fault}") from error
    if busy or in_log != copied:
        raise StoreFault(
            "It is not certain that anything was recorded, although the ledger shows it. "
            f"{connection.fault(error)}"
        )
    return True


def _not_written(connection: Connection, error: sqlite3.Error) -> StoreFault:
    fault = connection.fault(error)
    return type(fault)(f"Nothing was recorded. {fault}")
