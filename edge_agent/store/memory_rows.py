"""What is not the ledger's: how far payroll has it, and small facts about this installation."""

import msgspec

from ..ports import Watermarks
from .part import Part


class MemoryRows(Part):
    """Reads and writes the watermarks and what is remembered."""

    def watermarks(self) -> Watermarks:
        """How far the ledger was published and confirmed."""
        [row] = self._connection.rows("SELECT published, confirmed, rejected FROM watermarks")
        return Watermarks(*row)

    def move_watermarks(self, marks: Watermarks) -> None:
        """Remember the watermarks; losing the last move is harmless (entries go out twice)."""
        with self._connection.use() as database:
            database.table("watermarks").update(1, msgspec.structs.asdict(marks))

    def remembered(self, key: str) -> str | None:
        """A small fact about this installation."""
        rows = self._connection.rows("SELECT value FROM remembered WHERE key = ?", key)
        return rows[0][0] if rows else None

    def remember(self, key: str, value: str) -> None:
        """Keep such a fact."""
        with self._connection.use() as database:
            database.table("remembered").upsert({"key": key, "value": value}, pk="key")
