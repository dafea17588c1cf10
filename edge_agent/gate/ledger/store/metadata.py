"""What is not the ledger's: how far payroll has it, and what the database remembers of itself.

Where it is, whether it is in use, how its tables look, and small facts about this installation.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from msgspec import Struct

from ...host.host_identity import HostIdentity
from .carry_over import TABLES
from .database import Part
from .schema import migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

COPY = "copy"
"""Remembered by a copy of the database that is not to be continued: ``backup``."""


PEOPLE_LOST = "people-lost"
"""Remembered of a damaged database: who did not come along from it (lost_people.py)."""


ERASURES_UNKNOWN = "erasures-unknown"
"""Remembered of a database that may have come from before an erasure: why its ledger began."""


AT_BROKER = "at-broker"
"""Remembered of a gate out of service: that the broker still keeps its last word; empty: no more.
"""


CASE_OPEN = "case-open"
"""Remembered: since when the gate's case is open, in local time; empty: it is closed."""


class Watermarks(Struct, frozen=True):
    """``published``: the broker took 1…this. ``confirmed``: payroll's receipt covers 1…this."""

    published: int
    confirmed: int
    rejected: int = 0


class Bound(Struct, frozen=True, kw_only=True):
    """Whose a ledger is, as it says itself."""

    gate: str
    copy: str | None
    host_identity: HostIdentity


class MetadataRows(Part):
    """Reads and writes the watermarks and what is remembered."""

    def watermarks(self) -> Watermarks:
        """How far the ledger was published and confirmed."""
        [row] = self._connection.rows("SELECT published, confirmed, rejected FROM watermarks")
        return Watermarks(*row)

    def move_watermarks(self, marks: Watermarks) -> None:
        """Remember the watermarks; losing the last move is harmless (entries go out twice)."""
        with self._connection.use() as database:
            put_watermarks(database, marks)

    def remembered(self, key: str) -> str | None:
        """A small fact about this installation."""
        rows = self._connection.rows("SELECT value FROM remembered WHERE key = ?", key)
        return rows[0][0] if rows else None

    def remember(self, key: str, value: str) -> None:
        """Keep such a fact."""
        with self._connection.use() as database:
            database.table("remembered").upsert({"key": key, "value": value}, pk="key")


def put_watermarks(database: Database, marks: Watermarks) -> None:
    """Write the one row of watermarks, with its checksum.

    A byte that flips in ``confirmed`` would otherwise read as payroll having what it has not.
    """
    row = (marks.published, marks.confirmed, marks.rejected)
    database.conn.execute(
        "INSERT OR REPLACE INTO watermarks (one, published, confirmed, rejected, sum)"
        " VALUES (1, ?, ?, ?, ?)",
        (*row, watermark_sum(*row)),
    )


def watermark_sum(published: int, confirmed: int, rejected: int) -> int:
    """The checksum of a row of watermarks."""
    return zlib.crc32(f"{published} {confirmed} {rejected}".encode())


_PARTS = ("board", "card")


def read_bound(database: Database, gate: str) -> Bound:
    """Whose the ledger is, whose identity says ``gate``."""
    known = {
        part: {
            key.partition(".")[2]: value
            for key, value in database.conn.execute("SELECT key, value FROM remembered")
            if key.startswith(f"{part}.")
        }
        for part in _PARTS
    }
    return Bound(gate=gate, copy=recall(database, COPY), host_identity=HostIdentity(**known))


def bind(database: Database, here: HostIdentity) -> None:
    """Remember where the ledger is, as far as it was not known before."""
    for part, known in zip(_PARTS, (here.board, here.card), strict=True):
        for way, value in known.items():
            database.conn.execute(
                "INSERT OR IGNORE INTO remembered VALUES (?, ?)", (f"{part}.{way}", value)
            )


IN_USE = "in-use"
"""Whether the database has been opened by a gate, and not been left yet: "yes", "no"."""


def in_use(database: Database) -> bool:
    """Whether whoever used it last has never said that it was done."""
    return recall(database, IN_USE) == "yes"


def use(database: Database, *, begins: bool) -> None:
    """Say that it is in use from now on, or no longer."""
    remember(database, IN_USE, "yes" if begins else "no")


def seal_description(database: Database, ledger: str) -> None:
    """Remember the checksum of the tables' descriptions, once for each version of them."""
    key, checksum = _description(database, ledger)
    if recall(database, key) is None:
        remember(database, key, checksum)


def description_altered(database: Database, ledger: str) -> bool:
    """Whether a byte of the tables' descriptions has changed since.

    SQLite itself notices some of them only when it is to write, and others not at all.
    """
    key, checksum = _description(database, ledger)
    return recall(database, key) not in (None, checksum)


def _description(database: Database, ledger: str) -> tuple[str, str]:
    """Of the gate's own tables: what another tool has added to the file is nobody's damage.

    Only a migration alters them, and each has a key of its own, as has each ledger: a release that
    knows nothing of this one would carry it over.
    """
    key = f"tables.{len(migrations().applied(database))}.{ledger}"
    rows = database.conn.execute(
        "SELECT name, CAST(name || coalesce(sql, '') AS BLOB) FROM sqlite_master"
        " WHERE type = 'table'"
    )
    own = sorted(text for name, text in rows if name in TABLES)
    return key, str(zlib.crc32(b"\0".join(own)))


def recall(database: Database, key: str) -> str | None:
    """A remembered fact."""
    row = database.conn.execute("SELECT value FROM remembered WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def remember(database: Database, key: str, value: str) -> None:
    """Keep one."""
    if recall(database, key) != value:
        database.table("remembered").upsert({"key": key, "value": value}, pk="key")
