"""Which module the prints are in, and which slots are being changed."""

from ..domain.pairing import Mark
from .part import ChangePart, Part


class PairingRows(Part):
    """Reads the pairing."""

    def mark(self) -> Mark | None:
        """Which module the prints are in."""
        rows = self._connection.rows("SELECT token, counter FROM sensor_mark")
        return Mark(*rows[0]) if rows else None

    def announced(self) -> list[int]:
        """The slots whose change was announced and not settled."""
        return [slot for (slot,) in self._connection.rows("SELECT slot FROM announced_slots")]


class PairingChange(ChangePart):
    """Writes the pairing."""

    def put_mark(self, mark: Mark) -> None:
        """Remember which module the prints are in."""
        row = {"one": 1, "token": mark.token, "counter": mark.counter}
        self._database.table("sensor_mark").upsert(row, pk="one")

    def announce(self, *slots: int) -> None:
        """Templates are about to be written to, or erased from, ``slots``."""
        for slot in slots:
            self._database.table("announced_slots").upsert({"slot": slot}, pk="slot")
        self._database.conn.execute("UPDATE sensor_mark SET counter = counter + 1")

    def settle(self, slot: int) -> None:
        """What was announced for ``slot`` has been carried out or undone."""
        self._database.conn.execute("DELETE FROM announced_slots WHERE slot = ?", (slot,))
