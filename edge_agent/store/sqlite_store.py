"""The Store port on one SQLite connection. One object a thread."""

import logging
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlite_utils import Database

from .. import __version__
from ..domain.chain import Entry, Envelope, Scribe, stamp_of
from ..domain.errors import DamagedLedger, NoLedgerYet, StoreFault
from ..domain.facts import LedgerOpened, PunchRecorded
from ..domain.pairing import Mark
from ..domain.people import Print, Worker
from ..domain.rules import Direction, LastPunch
from ..domain.stamps import Stamp, elapsed, local_time
from ..ports import Tail, Watermarks
from .change import SqliteChange, read_tail
from .database import database_fault, open_database, open_for_reading

log = logging.getLogger(__name__)

_BATCH = 200

_PUNCH = PunchRecorded.__struct_config__.tag


class SqliteStore:
    """Ledger, workers and prints of one gate."""

    def __init__(self, path: Path, database: Database, scribe: Scribe) -> None:
        self._path = path
        self._database: Database | None = database
        self._scribe = scribe

    @classmethod
    def open(cls, path: Path, gate: str, zone: ZoneInfo, now: Stamp) -> "SqliteStore":
        """Open the database at ``path``; at the very first start, open a ledger in it.

        Raises StoreFault where it cannot be used or belongs to another gate.
        """
        with _kept_on_success(open_database(path)) as database:
            ledger = _identity(database)
            if ledger is None:
                return cls._first_start(path, database, gate, zone, now)
            if ledger["gate"] != gate:
                raise StoreFault(
                    f"The ledger in {path} belongs to gate {ledger['gate']!r}, but [gate] id is "
                    f"{gate!r}: set it back, or set [store] path to a new file for the new gate."
                )
            return cls(path, database, Scribe(gate=gate, ledger=ledger["ledger"], zone=zone))

    @classmethod
    def read_only(cls, path: Path, gate: str, zone: ZoneInfo) -> "SqliteStore":
        """Open the database for commands that only look; every write on it fails."""
        with _kept_on_success(open_for_reading(path)) as database:
            ledger = _identity(database)
            if ledger is None:
                raise NoLedgerYet(
                    f"The database at {path} holds no ledger yet: start the daemon once."
                )
            return cls(path, database, Scribe(gate=gate, ledger=ledger["ledger"], zone=zone))

    @classmethod
    def _first_start(
        cls, path: Path, database: Database, gate: str, zone: ZoneInfo, now: Stamp
    ) -> "SqliteStore":
        scribe = Scribe(gate=gate, ledger=str(uuid.uuid4()), zone=zone)
        store = cls(path, database, scribe)
        opened = LedgerOpened(gate=gate, zone=zone.key, version=__version__, why="first-start")
        with store.changing() as change:
            database.table("identity").insert({"one": 1, "ledger": scribe.ledger, "gate": gate})
            database.table("watermarks").insert(
                {"one": 1, "published": 0, "confirmed": 0, "rejected": 0}
            )
            change.append(opened, now)
        log.info("ledger %s opened in %s", scribe.ledger, path)
        return store

    @property
    def gate(self) -> str:
        """The gate's id."""
        return self._scribe.gate

    @property
    def ledger(self) -> str:
        """The ledger's id."""
        return self._scribe.ledger

    @contextmanager
    def changing(self) -> Iterator[SqliteChange]:
        """One durable transaction: all of it or nothing.

        After an I/O error the commit may or may not have happened: the database is opened anew and
        its tail read, so that the worker is told the truth. Raises StoreFault where nothing, or
        nothing certain, was written.
        """
        database = self._open_database()
        try:
            database.conn.execute("BEGIN IMMEDIATE")
            change = SqliteChange(database, self._scribe)
            yield change
        except BaseException as error:
            with suppress(sqlite3.Error):
                database.rollback()
            if isinstance(error, sqlite3.Error):
                raise self._not_written(error) from error
            raise
        try:
            database.conn.execute("COMMIT")
        except sqlite3.Error as error:
            was_committed = self._was_committed(change.tail, error)
            if change.tail == change.began_at:
                # No entry tells it from a transaction that never was.
                fault = database_fault(self._path, error)
                raise StoreFault(f"It is not certain that anything was written. {fault}") from error
            if not was_committed:
                raise self._not_written(error) from error
            log.warning("a commit reported %s, yet the ledger holds it durably", error)

    def _was_committed(self, expected: Tail, error: sqlite3.Error) -> bool:
        """Whether the ledger, opened anew, holds ``expected`` and has been brought to disk.

        Raises StoreFault where that cannot be said.
        """
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None
        try:
            if self.hash_of(expected.seq) != expected.hash:
                return False
            # What a failed fsync left in the page cache reads well and is gone after a power cut.
            # A checkpoint writes it to the database file and syncs that, or says that it cannot.
            [(busy, in_log, copied)] = self._rows("PRAGMA wal_checkpoint(PASSIVE)")
        except StoreFault as fault:
            raise StoreFault(f"It is not certain that anything was recorded. {fault}") from error
        if busy or in_log != copied:
            raise StoreFault(
                "It is not certain that anything was recorded, although the ledger shows it. "
                f"{database_fault(self._path, error)}"
            )
        return True

    def tail(self) -> Tail:
        """The last entry's place and hash."""
        with self._faults_told():
            return read_tail(self._open_database())

    def hash_of(self, seq: int) -> bytes | None:
        """The hash of an entry, or None where there is no such entry."""
        rows = self._rows("SELECT hash FROM ledger WHERE seq = ?", seq)
        return rows[0][0] if rows else None

    def entries(self, first: int, limit: int) -> list[Entry]:
        """At most ``limit`` entries from ``first`` on, in order."""
        rows = self._rows(
            "SELECT seq, kind, hash, wire FROM ledger WHERE seq >= ? ORDER BY seq LIMIT ?",
            first,
            limit,
        )
        return [Entry(seq=row[0], kind=row[1], hash=row[2], wire=row[3]) for row in rows]

    def newest_first(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Kind and data of the entries, the last one first."""
        before = self.tail().seq + 1
        # In batches: a read left open would keep the write-ahead log from being copied home.
        while rows := self._rows(
            "SELECT seq, kind, wire FROM ledger WHERE seq < ? ORDER BY seq DESC LIMIT ?",
            before,
            _BATCH,
        ):
            for _, kind, wire in rows:
                yield kind, _data(wire)
            before = rows[-1][0]

    def last_punches(self, now: Stamp, horizon_ms: int) -> dict[str, LastPunch]:
        """Each worker's last recorded punch that may be younger than ``horizon_ms``."""
        found: dict[str, LastPunch] = {}
        for kind, data in self.newest_first():
            stamp = stamp_of(data)
            if elapsed(stamp, now).least > horizon_ms:
                break
            if kind == _PUNCH and data["worker"] not in found:
                direction = Direction(data["direction"]) if data["direction"] else None
                found[data["worker"]] = LastPunch(data["seq"], stamp, direction)
        return found

    def complete_until(self, confirmed: int) -> str | None:
        """A time before which every entry is among the first ``confirmed`` and has its time."""
        [(pending,)] = self._rows("SELECT min(seq) FROM pending_times")
        sure = confirmed if pending is None else min(confirmed, pending - 1)
        for (wire,) in self._rows(
            "SELECT wire FROM ledger WHERE seq <= ? ORDER BY seq DESC LIMIT ?", sure, _BATCH
        ):
            stamp = stamp_of(_data(wire))
            if stamp.trusted:
                # What was written later happened later, but the clock may say so only within its
                # uncertainty.
                return local_time(stamp.wall_ms - (stamp.uncertainty_ms or 0), self._scribe.zone)
        return None

    def worker(self, code: str) -> Worker | None:
        """The worker with this code."""
        rows = self._rows("SELECT code, name, active FROM workers WHERE code = ?", code)
        return _worker(rows[0]) if rows else None

    def workers(self) -> list[Worker]:
        """All workers, by code."""
        rows = self._rows("SELECT code, name, active FROM workers ORDER BY code")
        return [_worker(row) for row in rows]

    def prints(self) -> list[Print]:
        """All prints, by slot."""
        rows = self._rows(
            "SELECT worker, finger, slot, generation FROM prints WHERE removed = 0 ORDER BY slot"
        )
        return [Print(worker=r[0], finger=r[1], slot=r[2], generation=r[3]) for r in rows]

    def next_generation(self, slot: int) -> int:
        """The generation of the next print in ``slot``, from 1."""
        [(last,)] = self._rows("SELECT max(generation) FROM prints WHERE slot = ?", slot)
        return (last or 0) + 1

    def digests(self) -> dict[tuple[int, int], bytes]:
        """The digests that are known of the prints' templates, by slot and generation."""
        rows = self._rows(
            "SELECT slot, generation, digest FROM prints WHERE removed = 0 AND digest IS NOT NULL"
        )
        return {(slot, generation): value for slot, generation, value in rows}

    def mark(self) -> Mark | None:
        """Which module the prints are in."""
        rows = self._rows("SELECT token, counter FROM sensor_mark")
        return Mark(*rows[0]) if rows else None

    def announced(self) -> list[int]:
        """The slots whose change was announced and not settled."""
        return [slot for (slot,) in self._rows("SELECT slot FROM announced_slots")]

    def watermarks(self) -> Watermarks:
        """How far the ledger was published and confirmed."""
        [row] = self._rows("SELECT published, confirmed, rejected FROM watermarks")
        return Watermarks(*row)

    def move_watermarks(self, marks: Watermarks) -> None:
        """Remember the watermarks; losing the last move is harmless (entries go out twice)."""
        with self._faults_told():
            self._open_database().table("watermarks").update(1, msgspec.structs.asdict(marks))

    def remembered(self, key: str) -> str | None:
        """A small fact about this installation."""
        rows = self._rows("SELECT value FROM remembered WHERE key = ?", key)
        return rows[0][0] if rows else None

    def remember(self, key: str, value: str) -> None:
        """Keep such a fact."""
        with self._faults_told():
            remembered = self._open_database().table("remembered")
            remembered.upsert({"key": key, "value": value}, pk="key")

    def close(self) -> None:
        """Close the database for good."""
        if self._database is not None:
            self._database.close()

    def _open_database(self) -> Database:
        """The database; opened anew where a fault has closed it."""
        if self._database is None:
            self._database = open_database(self._path)
        return self._database

    def _rows(self, sql: str, *parameters: Any) -> list[Any]:
        with self._faults_told():
            return self._open_database().conn.execute(sql, parameters).fetchall()

    @contextmanager
    def _faults_told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise database_fault(self._path, error) from error

    def _not_written(self, error: sqlite3.Error) -> StoreFault:
        return StoreFault(f"Nothing was recorded. {database_fault(self._path, error)}")


@contextmanager
def _kept_on_success(database: Database) -> Iterator[Database]:
    try:
        yield database
    except BaseException:
        database.close()
        raise


def _identity(database: Database) -> dict[str, Any] | None:
    row = database.conn.execute("SELECT ledger, gate FROM identity").fetchone()
    return {"ledger": row[0], "gate": row[1]} if row else None


def _worker(row: Any) -> Worker:
    return Worker(code=row[0], name=row[1], active=bool(row[2]))


def _data(wire: bytes) -> dict[str, Any]:
    try:
        envelope = msgspec.json.decode(wire, type=Envelope)
        data: dict[str, Any] = msgspec.json.decode(envelope.data, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise DamagedLedger(
            f"An entry of the ledger cannot be read ({error}): see 'edge-agent ledger verify', and "
            "keep the database as it is."
        ) from error
    return data
