"""The database of one gate, put together of its parts.

A change is one durable transaction: all of it or nothing, and the truth about it after a fault.
"""

from __future__ import annotations

import logging
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from .... import __version__
from ....contract.chain import Scribe
from ....contract.errors import StoreFault
from ....contract.facts import LedgerOpened, OldEntry, WhyOpened
from ....contract.stamps import Stamp
from ...errors import DamagedLedger, DiskFull, NoLedgerYet
from . import people_snapshot, reserve
from .backup_rows import BackupRows
from .claim_rows import ClaimChange, ClaimRows
from .database import StoreConnection, open_database, open_for_reading
from .erasure_rows import ErasureChange, ErasureRows
from .evidence_rows import EvidenceChange, EvidenceRows
from .ledger_rows import CheckpointChange, CheckpointRows, LedgerChange, LedgerRows, Tail
from .metadata import MetadataRows, Watermarks, put_watermarks
from .notes import Gap, gap_note, leaving_note
from .people_rows import PairingChange, PairingRows, PeopleChange, PeopleRows
from .retention_rows import RetentionChange, RetentionRows
from .score_rows import ScoreRows

if TYPE_CHECKING:
    from sqlite_utils import Database


log = logging.getLogger(__name__)


class SqliteStore(
    LedgerRows,
    CheckpointRows,
    EvidenceRows,
    ErasureRows,
    BackupRows,
    PeopleRows,
    PairingRows,
    MetadataRows,
    RetentionRows,
    ClaimRows,
    ScoreRows,
):
    """Ledger, workers and prints of one gate. One object a thread."""

    @classmethod
    def open(
        cls,
        path: Path,
        gate: str,
        zone: ZoneInfo,
        now: Stamp,
        on_damage: Callable[[DamagedLedger], None] = lambda fault: None,
    ) -> SqliteStore:
        """Open the database at ``path``; at the very first start, open a ledger in it.

        ``on_damage`` is told, on this thread, where it turns out to be damaged later.
        Raises StoreFault where it cannot be used or belongs to another gate.
        """
        with _kept_on_success(open_database(path)) as database:
            ledger = identity(database.conn)
            if ledger is None:
                return cls._first_start(path, database, gate, zone, now)
            if ledger["gate"] != gate:
                raise StoreFault("store.other-gate", path=path, owner=ledger["gate"], gate=gate)
            scribe = Scribe(gate=gate, ledger=ledger["ledger"], zone=zone)
            return cls(StoreConnection(path, database.conn, on_damage), scribe)

    @classmethod
    def read_only(cls, path: Path, gate: str, zone: ZoneInfo) -> SqliteStore:
        """Open the database for commands that only look; every write on it fails."""
        with _kept_on_success(open_for_reading(path)) as conn:
            ledger = identity(conn)
            if ledger is None:
                raise NoLedgerYet("store.no-ledger-yet", path=path)
            scribe = Scribe(gate=gate, ledger=ledger["ledger"], zone=zone)
            return cls(StoreConnection(path, conn), scribe)

    @classmethod
    def _first_start(
        cls, path: Path, database: Database, gate: str, zone: ZoneInfo, now: Stamp
    ) -> SqliteStore:
        scribe = Scribe(gate=gate, ledger=str(uuid.uuid4()), zone=zone)
        connection = StoreConnection(path, database.conn)
        with changing(connection, scribe):
            begin_ledger(database, scribe, "first-start", now)
        log.info("ledger %s opened in %s", scribe.ledger, path)
        return cls(connection, scribe)

    def changing(self) -> AbstractContextManager[SqliteChange]:
        """One durable transaction: all of it or nothing. Raises StoreFault where that failed."""
        return changing(self._connection, self._scribe)

    def keep_reserve(self) -> bool:
        """Make the reserve where it is missing and there is room. Returns whether it is there.

        So is made what else is to lie beside the database, and could not be when it was its turn.
        """
        path = self._connection.path
        for note in (gap_note, leaving_note):
            note.prepare(path)
        kept = reserve.keep(path)
        if kept and not people_snapshot.snapshot_of(path).exists():
            with suppress(StoreFault), self._connection.use() as database:
                people_snapshot.keep(path, database, self.gate, self.ledger)
        return kept

    def spend_reserve(self) -> bool:
        """Give the reserve's room to the database. False where there is no reserve any more."""
        return self._connection.spend_reserve()

    def has_spent_reserve(self) -> bool:
        """Whether that was done since this was last asked, by a commit of its own accord too."""
        return self._connection.has_spent_reserve()

    def note_gap(self, gap: Gap | None) -> None:
        """Remember, beside the database, what it does not take; None: it has taken it."""
        if gap is None:
            gap_note.take_back(self._connection.path)
        else:
            gap_note.put(self._connection.path, self.ledger, gap)

    def noted_gap(self) -> Gap | None:
        """What was noted and never taken back: the power failed before it could be written."""
        return gap_note.read(self._connection.path, self.ledger)

    def close(self) -> None:
        """Close the database for good."""
        self._connection.close()


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


def identity(conn: sqlite3.Connection) -> dict[str, Any] | None:
    """The ids of the ledger and its gate; None where no ledger was opened yet."""
    row = conn.execute("SELECT ledger, gate FROM identity").fetchone()
    return {"ledger": row[0], "gate": row[1]} if row else None


_Opened = TypeVar("_Opened", "Database", sqlite3.Connection)


@contextmanager
def _kept_on_success(opened: _Opened) -> Iterator[_Opened]:
    try:
        yield opened
    except BaseException:
        opened.close()
        raise
