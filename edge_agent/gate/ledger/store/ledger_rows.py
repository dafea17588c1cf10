"""The entries of the ledger: reading them, writing the next one, and pruning the first ones.

What was pruned leaves a checkpoint, from whose hash the chain goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from ....contract.chain import GENESIS, Entry, Scribe, is_whole, stamp_of
from ....contract.facts import Fact
from ....contract.kinds import RETIRED
from ....contract.stamps import DAY_MS, Stamp
from ...errors import DamagedLedger
from ...last_punch import LastPunch, last_punches
from .database import ChangePart, Part, read_data
from .time_rows import TimeChange, TimeRows

if TYPE_CHECKING:
    from sqlite_utils import Database

_BATCH = 200

_SET_BACK_MS = DAY_MS
"""A clock that is corrected puts later entries before earlier ones, but hardly by more."""


class Tail(Struct, frozen=True):
    """The end of a ledger: its last ``seq`` and that entry's hash (32 bytes)."""

    seq: int
    hash: bytes


class LedgerRows(TimeRows):
    """Reads the ledger."""

    @property
    def gate(self) -> str:
        """The gate's id."""
        return self._scribe.gate

    @property
    def ledger(self) -> str:
        """The ledger's id."""
        return self._scribe.ledger

    def tail(self) -> Tail:
        """The last entry's place and hash."""
        with self._connection.reading() as conn:
            return read_tail(conn)

    @property
    def retired(self) -> bool:
        """Whether the last entry says that its gate was taken out of service."""
        return [entry.kind for entry in self.entries(self.tail().seq, 1)] == [RETIRED]

    def hash_of(self, seq: int) -> bytes | None:
        """The hash of an entry, the last pruned one's too, or None where there is no such entry."""
        rows = self._connection.rows(
            "SELECT hash FROM ledger WHERE seq = ?1 UNION ALL"
            " SELECT hash FROM checkpoint WHERE seq = ?1",
            seq,
        )
        return rows[0][0] if rows else None

    def entries(self, first: int, limit: int) -> list[Entry]:
        """At most ``limit`` entries from ``first`` on, in order."""
        rows = self._connection.rows(
            "SELECT seq, kind, hash, wire FROM ledger WHERE seq >= ? ORDER BY seq LIMIT ?",
            first,
            limit,
        )
        return [Entry(seq=row[0], kind=row[1], hash=row[2], wire=row[3]) for row in rows]

    def whole_entries(self, first: int, limit: int) -> list[Entry]:
        """The same, to be shown to others. Raises DamagedLedger where a byte of one was altered."""
        entries = self.entries(first, limit)
        with self._connection.telling():
            for entry in entries:
                if not is_whole(entry, self.gate, self.ledger):
                    raise DamagedLedger("store.not-sent", seq=entry.seq)
        return entries

    def data_of(self, entry: Entry) -> dict[str, Any]:
        """What an entry says. Raises DamagedLedger where a byte of it was altered."""
        return self._data(entry.seq, entry.wire)

    def newest_first(
        self, kinds: Collection[str] | None = None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Kind and data of the entries, or of those of some kinds, the last one first."""
        among = None if kinds is None else msgspec.json.encode(sorted(kinds)).decode()
        before = self.tail().seq + 1
        # In batches: a read left open would keep the write-ahead log from being copied home.
        while rows := self._connection.rows(
            "SELECT seq, kind, wire FROM ledger WHERE seq < ?1"
            " AND (?2 IS NULL OR kind IN (SELECT value FROM json_each(?2)))"
            " ORDER BY seq DESC LIMIT ?3",
            before,
            among,
            _BATCH,
        ):
            for seq, kind, wire in rows:
                yield kind, self._data(seq, wire)
            before = rows[-1][0]

    def of_worker(self, code: str, since_ms: int) -> Iterator[dict[str, Any]]:
        """The data of the entries that name a worker, the last one first.

        As far back as one may be of ``since_ms``, in milliseconds since 1970, or later.
        """
        named = b'"worker":' + msgspec.json.encode(code)
        before = self.tail().seq + 1
        while rows := self._connection.rows(
            "SELECT seq, wire FROM ledger WHERE seq < ? ORDER BY seq DESC LIMIT ?", before, _BATCH
        ):
            for seq, wire in rows:
                if named in wire:
                    yield self._data(seq, wire)
            before, oldest = rows[-1]
            stamp = stamp_of(self._data(before, oldest))
            if stamp.trusted and stamp.wall_ms < since_ms - _SET_BACK_MS:
                return

    def naming(self, code: str) -> Iterator[dict[str, Any]]:
        """The data of every entry that names a worker, as a witness too, in order."""
        named = [b'"%s":%s' % (key, msgspec.json.encode(code)) for key in (b"worker", b"witness")]
        after = 0
        while rows := self._connection.rows(
            "SELECT seq, wire FROM ledger WHERE seq > ? AND (instr(wire, ?) OR instr(wire, ?))"
            " ORDER BY seq LIMIT ?",
            *(after, *named, _BATCH),
        ):
            for seq, wire in rows:
                yield self._data(seq, wire)
            after = rows[-1][0]

    def punches_of(self, code: str, among: int) -> list[dict[str, Any]]:
        """The data of the entries about a worker's punches, in order, ``among`` the last ones."""
        # SQLite looks through them by itself: meanwhile a press on another thread goes on.
        rows = self._connection.rows(
            "SELECT seq, wire FROM ledger WHERE seq > ?1 AND kind GLOB 'punch.*'"
            " AND instr(wire, ?2) ORDER BY seq",
            self.tail().seq - among,
            b'"worker":' + msgspec.json.encode(code),
        )
        return [self._data(*row) for row in rows]

    def latest_punches(self, limit: int, among: int) -> list[dict[str, Any]]:
        """The data of the last ``limit`` entries about punches, in order, ``among`` the last."""
        rows = self._connection.rows(
            "SELECT seq, wire FROM ledger WHERE seq > ? AND kind GLOB 'punch.*'"
            " ORDER BY seq DESC LIMIT ?",
            self.tail().seq - among,
            limit,
        )
        return [self._data(*row) for row in reversed(rows)]

    def last_punches(self, now: Stamp, horizon_ms: int) -> dict[str, LastPunch]:
        """Each worker's last punch that counts and may be younger than ``horizon_ms``."""
        return last_punches((data for _, data in self.newest_first()), now, horizon_ms)

    def _data(self, seq: int, wire: bytes) -> dict[str, Any]:
        with self._connection.telling():
            return read_data(seq, wire)


class LedgerChange(TimeChange):
    """Writes the next entries, and knows where the ledger would end after them."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        super().__init__(database, scribe)
        self.tail = self.began_at = read_tail(database.conn)

    def append(self, fact: Fact, stamp: Stamp) -> Entry:
        """Write the next entry of the ledger."""
        entry = self._scribe.write(fact, stamp, self.tail.seq + 1, self.tail.hash)
        self.note_time(fact, stamp, entry.seq)
        # Not through sqlite-utils, which asks the schema at each row.
        self._database.conn.execute(
            "INSERT INTO ledger (seq, kind, hash, wire) VALUES (?, ?, ?, ?)",
            (entry.seq, entry.kind, entry.hash, entry.wire),
        )
        self.tail = Tail(entry.seq, entry.hash)
        return entry


def read_tail(conn: sqlite3.Connection) -> Tail:
    """The last entry's place and hash; (0, 32 zero bytes) for an empty ledger."""
    for seq, digest in conn.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1"):
        return Tail(seq, digest)
    return Tail(0, GENESIS)


class CheckpointRows(Part):
    """Reads the checkpoint."""

    def checkpoint(self) -> Tail:
        """The last pruned entry's place and hash; (0, 32 zero bytes) where none was pruned."""
        rows = self._connection.rows("SELECT seq, hash FROM checkpoint")
        return Tail(*rows[0]) if rows else Tail(0, GENESIS)


class CheckpointChange(ChangePart):
    """Moves the checkpoint."""

    def forget_through(self, seq: int) -> None:
        """Prune the entries up to ``seq``, but none from the first on that has no time yet.

        The last entry stays, and with it the end of the chain.
        """
        conn = self._database.conn
        [(last, pending)] = conn.execute(
            "SELECT (SELECT max(seq) FROM ledger),"
            " (SELECT min(seq) FROM (SELECT min(seq) AS seq FROM times WHERE open = 1"
            " UNION ALL SELECT min(first_seq) FROM time_doubts))"
        )
        through = min(seq, last - 1, seq if pending is None else pending - 1)
        for (digest,) in conn.execute("SELECT hash FROM ledger WHERE seq = ?", (through,)):
            row = {"one": 1, "seq": through, "hash": digest}
            self._database.table("checkpoint").upsert(row, pk="one")
            conn.execute("DELETE FROM ledger WHERE seq <= ?", (through,))
            for table in ("evidence_openings", "attempt_openings"):
                conn.execute(f"DELETE FROM {table} WHERE seq <= ?", (through,))
