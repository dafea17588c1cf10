"""What hashes in the entries open to: kept here alone, for a time, and erased with the worker."""

from ...evidence import AttemptOpening, Evidence, Opening
from .database import ChangePart, Part


class EvidenceRows(Part):
    """Reads the openings."""

    def openings(self, first: int, limit: int) -> dict[int, Opening]:
        """At most ``limit`` openings from entry ``first`` on, by the entry's ``seq``, in order."""
        rows = self._connection.rows(
            "SELECT seq, worker, finger, slot, generation, score, salt FROM evidence_openings"
            " WHERE seq >= ? ORDER BY seq LIMIT ?",
            first,
            limit,
        )
        return {
            seq: Opening(
                worker=worker,
                evidence=Evidence(finger=finger, slot=slot, generation=generation, score=score),
                salt=salt,
            )
            for seq, worker, finger, slot, generation, score, salt in rows
        }

    def count_openings(self, worker: str | None = None) -> int:
        """Of how many entries the evidence is still here, or of how many of a worker's."""
        [(count,)] = self._connection.rows(
            "SELECT count(*) FROM evidence_openings WHERE ?1 IS NULL OR worker = ?1", worker
        )
        return int(count)

    def attempts(self, first: int, limit: int) -> dict[int, AttemptOpening]:
        """Whose refused touches were: at most ``limit`` from entry ``first`` on, by ``seq``."""
        rows = self._connection.rows(
            "SELECT seq, worker, salt FROM attempt_openings WHERE seq >= ? ORDER BY seq LIMIT ?",
            first,
            limit,
        )
        return {seq: AttemptOpening(worker=worker, salt=salt) for seq, worker, salt in rows}

    def attempts_of(self, worker: str) -> list[int]:
        """The entries of the refused touches that are known to have been a worker's."""
        rows = self._connection.rows(
            "SELECT seq FROM attempt_openings WHERE worker = ? ORDER BY seq", worker
        )
        return [seq for (seq,) in rows]

    def count_attempts(self) -> int:
        """Of how many refused touches it is still here whose they were."""
        [(count,)] = self._connection.rows("SELECT count(*) FROM attempt_openings")
        return int(count)


class EvidenceChange(ChangePart):
    """Writes the openings."""

    def put_opening(self, seq: int, opening: Opening) -> None:
        """Keep what entry ``seq`` has committed the gate to."""
        evidence = opening.evidence
        self._database.conn.execute(
            "INSERT INTO evidence_openings VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(seq, opening.worker, evidence.finger, evidence.slot),
                *(evidence.generation, evidence.score, opening.salt),
            ),
        )

    def put_attempt(self, seq: int, opening: AttemptOpening) -> None:
        """Keep whose the refused touch of entry ``seq`` was."""
        self._database.conn.execute(
            "INSERT INTO attempt_openings VALUES (?, ?, ?)", (seq, opening.worker, opening.salt)
        )
