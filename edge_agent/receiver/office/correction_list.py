"""What was corrected, by whom and why, for a person who asks later."""

from msgspec import Struct

from ...contract.stamps import local_date, parse_time
from ..databases.database import Database
from ..worktime.shifts import ZONE
from .journal import PAYROLL, Correction, everything


class Wanted(Struct, frozen=True, kw_only=True):
    """Which corrections: None asks for all. ``since`` is a date, as ``2026-11-25``.

    ``since``: made on that day, by the office's clock, or later; ``month``: about punches or leave
    of it.
    """

    what: str | None = None
    code: str | None = None
    actor: str | None = None
    since: str | None = None
    month: str | None = None


class ListedCorrection(Struct, frozen=True):
    """A correction, and what it is about: whose punch, and what the gate had written of it.

    ``made_at`` is in UTC, ``undone_by`` the number of the correction that took it back.
    """

    number: int
    made_at: str
    actor: str
    reason: str
    what: str
    code: str | None
    at: str | None
    was: str | None
    day: str | None
    direction: str | None
    gate: str | None
    ledger: str | None
    seq: int | None
    undone_by: int | None

    @property
    def made_on(self) -> str:
        """The day on which it was made, by the office's clock."""
        return local_date(parse_time(self.made_at), ZONE)


def listed(database: Database, wanted: Wanted) -> list[ListedCorrection]:
    """The corrections that are asked for, by number; a closing is one of them, its numbers not."""
    every = everything(database)
    undone = {row.seq: row.id for row in every if row.what == "undo"}
    known = {(PAYROLL, row.id): (row.code, row.at) for row in every}
    known |= {
        (ledger, seq): (code, at)
        for ledger, seq, code, at in database.query(
            "SELECT m.ledger, m.seq, m.code, m.at FROM marks m WHERE EXISTS"
            " (SELECT 1 FROM corrections c WHERE c.ledger = m.ledger AND c.seq = m.seq)"
        )
    }
    return [
        found
        for row in every
        if row.what != "closed"
        for found in [_listed(row, known, undone)]
        if _is_wanted(found, wanted)
    ]


def _listed(
    row: Correction,
    known: dict[tuple[str, int], tuple[str | None, str | None]],
    undone: dict[int | None, int],
) -> ListedCorrection:
    code, was = known.get((row.ledger or "", row.seq or 0), (None, None))
    day = row.day or (was or "")[:10] or None
    return ListedCorrection(
        *(row.id, row.made_at, row.actor, row.reason, row.what, row.code or code, row.at, was, day),
        *(row.direction, row.gate, row.ledger, row.seq, undone.get(row.id)),
    )


def _is_wanted(row: ListedCorrection, wanted: Wanted) -> bool:
    return (
        wanted.what in (None, row.what)
        and wanted.code in (None, row.code)
        and wanted.actor in (None, row.actor)
        and (wanted.since is None or row.made_on >= wanted.since)
        and (wanted.month is None or (row.day or "").startswith(wanted.month))
    )
