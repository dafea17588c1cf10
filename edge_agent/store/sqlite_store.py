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
from ..domain.errors import NoLedgerYet, StoreFault
from ..domain.facts import LedgerOpened, PunchRecorded
from ..domain.people import Print, Worker
from ..domain.rules import Direction, LastPunch
from ..domain.stamps import Stamp, elapsed
from ..ports import Tail, Watermarks
from .change import SqliteChange, read_tail
from .database import open_database, open_for_reading

log = logging.getLogger(__name__)

_PUNCH = PunchRecorded.__struct_config__.tag


class SqliteStore:
    """Ledger, workers and prints of one gate."""

    def __init__(self, path: Path, database: Database, scribe: Scribe) -> None:
        self._path = path
        self._database = database
        self._scribe = scribe

    @classmethod
    def open(cls, path: Path, gate: str, zone: ZoneInfo, now: Stamp) -> "SqliteStore":
        """Open the database at ``path``; at the very first start, open a ledger in it.

        Raises StoreFault where it cannot be used or belongs to another gate.
        """
        database = open_database(path)
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
        database = open_for_reading(path)
        ledger = _identity(database)
        if ledger is None:
            raise NoLedgerYet(f"The database at {path} holds no ledger yet: start the daemon once.")
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
        conn = self._database.conn
        try:
            conn.execute("BEGIN IMMEDIATE")
            change = SqliteChange(self._database, self._scribe)
            yield change
        except BaseException as error:
            with suppress(sqlite3.Error):
                self._database.rollback()
            if isinstance(error, sqlite3.Error):
                raise self._fault(error) from error
            raise
        try:
            conn.execute("COMMIT")
        except sqlite3.Error as error:
            if not self._was_committed(change.tail):
                raise self._fault(error) from error
            log.warning("a commit reported %s, yet the ledger holds it durably", error)

    def _was_committed(self, expected: Tail) -> bool:
        """Whether the ledger, opened anew, ends with ``expected`` and has been brought to disk."""
        with suppress(sqlite3.Error):
            self._database.close()
        try:
            self._database = open_database(self._path)
            if read_tail(self._database) != expected:
                return False
            # What a failed fsync left in the page cache reads well and is gone after a power cut.
            # A checkpoint writes it to the database file and syncs that, or says that it cannot.
            busy, _, _ = self._database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        except (sqlite3.Error, StoreFault) as error:
            log.error("the database cannot be opened again: %s", error)
            return False

    def tail(self) -> Tail:
        """The last entry's place and hash."""
        return read_tail(self._database)

    def hash_of(self, seq: int) -> bytes | None:
        """The hash of an entry, or None where there is no such entry."""
        row = self._one("SELECT hash FROM ledger WHERE seq = ?", seq)
        return row[0] if row else None

    def entries(self, first: int, limit: int) -> list[Entry]:
        """At most ``limit`` entries from ``first`` on, in order."""
        rows = self._database.conn.execute(
            "SELECT seq, kind, hash, wire FROM ledger WHERE seq >= ? ORDER BY seq LIMIT ?",
            (first, limit),
        )
        return [Entry(seq=row[0], kind=row[1], hash=row[2], wire=row[3]) for row in rows]

    def last_punches(self, now: Stamp, horizon_ms: int) -> dict[str, LastPunch]:
        """Each worker's last recorded punch that may be younger than ``horizon_ms``."""
        found: dict[str, LastPunch] = {}
        for seq, kind, wire in self._database.conn.execute(
            "SELECT seq, kind, wire FROM ledger ORDER BY seq DESC"
        ):
            data = _data(wire)
            stamp = stamp_of(data)
            if elapsed(stamp, now).least > horizon_ms:
                break
            if kind == _PUNCH and data["worker"] not in found:
                direction = Direction(data["direction"]) if data["direction"] else None
                found[data["worker"]] = LastPunch(seq, stamp, direction)
        return found

    def newest_first(self, kinds: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Kind and data of the entries of these kinds, the last one first."""
        marks = ", ".join("?" * len(kinds))
        for kind, wire in self._database.conn.execute(
            f"SELECT kind, wire FROM ledger WHERE kind IN ({marks}) ORDER BY seq DESC", kinds
        ):
            yield kind, _data(wire)

    def complete_until(self, confirmed: int) -> str | None:
        """The time before which every entry is among the first ``confirmed`` and has its time."""
        pending = self._one("SELECT min(seq) FROM pending_times")[0]
        sure = confirmed if pending is None else min(confirmed, pending - 1)
        for (wire,) in self._database.conn.execute(
            "SELECT wire FROM ledger WHERE seq <= ? ORDER BY seq DESC", (sure,)
        ):
            at: str | None = _data(wire)["at"]
            if at is not None:
                return at
        return None

    def worker(self, code: str) -> Worker | None:
        """The worker with this code."""
        row = self._one("SELECT code, name, active FROM workers WHERE code = ?", code)
        return _worker(row) if row else None

    def workers(self) -> list[Worker]:
        """All workers, by code."""
        rows = self._database.conn.execute("SELECT code, name, active FROM workers ORDER BY code")
        return [_worker(row) for row in rows]

    def prints(self) -> list[Print]:
        """All prints, by slot."""
        rows = self._database.conn.execute(
            "SELECT worker, finger, slot, generation FROM prints WHERE removed = 0 ORDER BY slot"
        )
        return [Print(worker=r[0], finger=r[1], slot=r[2], generation=r[3]) for r in rows]

    def next_generation(self, slot: int) -> int:
        """The generation of the next print in ``slot``, from 1."""
        row = self._one("SELECT max(generation) FROM prints WHERE slot = ?", slot)
        return (row[0] or 0) + 1

    def watermarks(self) -> Watermarks:
        """How far the ledger was published and confirmed."""
        row = self._one("SELECT published, confirmed, rejected FROM watermarks")
        return Watermarks(*row)

    def move_watermarks(self, marks: Watermarks) -> None:
        """Remember the watermarks; losing the last move is harmless (entries go out twice)."""
        with self._faults_told():
            self._database.table("watermarks").update(1, msgspec.structs.asdict(marks))

    def remembered(self, key: str) -> str | None:
        """A small fact about this installation."""
        row = self._one("SELECT value FROM remembered WHERE key = ?", key)
        return row[0] if row else None

    def remember(self, key: str, value: str) -> None:
        """Keep such a fact."""
        with self._faults_told():
            self._database.table("remembered").upsert({"key": key, "value": value}, pk="key")

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @contextmanager
    def _faults_told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def _fault(self, error: sqlite3.Error) -> StoreFault:
        return StoreFault(
            f"The database at {self._path} could not be written ({error}): nothing was recorded. "
            "Check that the disk is neither full nor read-only nor failing."
        )

    def _one(self, sql: str, *parameters: Any) -> Any:
        return self._database.conn.execute(sql, parameters).fetchone()


def _identity(database: Database) -> dict[str, Any] | None:
    row = database.conn.execute("SELECT ledger, gate FROM identity").fetchone()
    return {"ledger": row[0], "gate": row[1]} if row else None


def _worker(row: Any) -> Worker:
    return Worker(code=row[0], name=row[1], active=bool(row[2]))


def _data(wire: bytes) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.decode(wire, type=Envelope).data)
    return data
