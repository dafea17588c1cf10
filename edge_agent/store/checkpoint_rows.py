"""Where the ledger begins: after the entries that were pruned, if any were."""

from ..domain.chain import GENESIS
from ..ports import Tail
from .part import ChangePart, Part


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
