"""What of a worker is kept for a time only: how much there is, from when on, and its removal."""

from msgspec import Struct

from .database import ChangePart, Part


class Over(Struct, frozen=True, kw_only=True):
    """What is over by now: what belongs to entries up to these (None: nothing), and the records of
    consents that ended, and of requests that were answered, before a day, ``YYYY-MM-DD``."""

    evidence: int | None
    attempts: int | None
    before: str


class Removed(Struct, frozen=True, kw_only=True):
    """How many of each."""

    evidence: int = 0
    attempts: int = 0
    consents: int = 0
    claims: int = 0

    @property
    def any(self) -> bool:
        """Whether there are any at all."""
        return bool(self.evidence or self.attempts or self.consents or self.claims)


class EndedConsent(Struct, frozen=True, kw_only=True):
    """The record of a consent that lives no more. ``ended``: a day; None: nobody knew which."""

    worker: str
    text: str
    text_hash: bytes
    signed: str
    ended: str | None


class RetentionRows(Part):
    """Reads what is kept for a time."""

    def first_evidence(self) -> int | None:
        """The first entry whose evidence is here."""
        return self._first("evidence_openings")

    def first_attempt(self) -> int | None:
        """The first refused attempt of which it is known here whose it was."""
        return self._first("attempt_openings")

    def _first(self, table: str) -> int | None:
        [(seq,)] = self._connection.rows(f"SELECT min(seq) FROM {table}")
        return None if seq is None else int(seq)

    def ended_consents(self) -> list[EndedConsent]:
        """The records of consents that ended, in the order in which they did."""
        rows = self._connection.rows(
            "SELECT worker, text, text_hash, signed, ended FROM ended_consents ORDER BY rowid"
        )
        return [
            EndedConsent(worker=worker, text=text, text_hash=digest, signed=signed, ended=ended)
            for worker, text, digest, signed, ended in rows
        ]

    def count_over(self, over: Over) -> Removed:
        """How much of what is here is over."""
        [(evidence, attempts, consents, claims)] = self._connection.rows(
            "SELECT (SELECT count(*) FROM evidence_openings WHERE seq <= ?),"
            " (SELECT count(*) FROM attempt_openings WHERE seq <= ?),"
            " (SELECT count(*) FROM ended_consents WHERE ended < ?),"
            " (SELECT count(*) FROM claims WHERE closed < ?)",
            *(over.evidence, over.attempts, over.before, over.before),
        )
        return Removed(evidence=evidence, attempts=attempts, consents=consents, claims=claims)


class RetentionChange(ChangePart):
    """Removes what is over."""

    def remove_over(self, over: Over) -> None:
        """Remove what ``count_over`` has counted."""
        execute = self._database.conn.execute
        execute("DELETE FROM evidence_openings WHERE seq <= ?", (over.evidence,))
        execute("DELETE FROM attempt_openings WHERE seq <= ?", (over.attempts,))
        execute("DELETE FROM ended_consents WHERE ended < ?", (over.before,))
        execute("DELETE FROM claims WHERE closed < ?", (over.before,))

    def end_consent(self, worker: str, on: str | None) -> None:
        """Keep the record of a worker's consent, if there is one, beyond its end."""
        self._database.conn.execute(
            "INSERT INTO ended_consents SELECT worker, text, text_hash, signed, ? FROM consents"
            " WHERE worker = ?",
            (on, worker),
        )

    def date_ends(self, on: str) -> None:
        """Consents that ended while nobody knew the day count from this one on."""
        self._database.conn.execute(
            "UPDATE ended_consents SET ended = ? WHERE ended IS NULL", (on,)
        )
