"""What is not the ledger's: how far payroll has it, and small facts about this installation."""

import zlib
from typing import Literal

from sqlite_utils import Database

from ..ports import Watermarks
from .part import Part
from .succession.binding import Disowned, put_disowned


class MemoryRows(Part):
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

    def disown(self, why: Literal["payroll-is-ahead", "forked"], through: int) -> None:
        """Remember that this ledger is to be left: payroll has another history of it."""
        with self._connection.use() as database:
            put_disowned(database, Disowned(ledger=self._scribe.ledger, why=why, through=through))

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
