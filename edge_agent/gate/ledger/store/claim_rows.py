"""The register of what workers have asked for about their data."""

from ...claims import Answer, Claim, What
from .database import ChangePart, Part


class ClaimRows(Part):
    """Reads the register."""

    def claims(self) -> list[Claim]:
        """All of it, in its order."""
        rows = self._connection.rows(
            "SELECT id, worker, what, asked, due, closed, answer FROM claims ORDER BY id"
        )
        return [
            Claim(
                id=number,
                worker=worker,
                what=What(what),
                asked=asked,
                due=due,
                closed=closed,
                answer=None if answer is None else Answer(answer),
            )
            for number, worker, what, asked, due, closed, answer in rows
        ]


class ClaimChange(ChangePart):
    """Writes the register."""

    def put_claim(self, one: Claim, actor: str) -> None:
        """Enter one (``id`` 0), or what came of it; ``actor``: whose deed that is."""
        execute = self._database.conn.execute
        if one.id == 0:
            execute(
                "INSERT INTO claims (worker, what, asked, due, opened_by) VALUES (?, ?, ?, ?, ?)",
                (one.worker, one.what.value, one.asked, one.due, actor),
            )
        else:
            execute(
                "UPDATE claims SET closed = ?, answer = ?, closed_by = ? WHERE id = ?",
                (one.closed, one.answer and one.answer.value, actor, one.id),
            )
