"""What a correct payroll makes of the week: known from who worked when, not from the entries."""

from collections import Counter

from msgspec import Struct

from .ledger import WrittenWeek
from .plan import FORGETS_FRIDAY, SUPERVISOR_ADDS, Shift


class Sums(Struct, frozen=True, kw_only=True):
    """``punches`` are those to be paid: voided and repeated ones are none of them."""

    punches: int
    repeated: int
    voided: int
    added: int
    resolved: int
    refused: int
    forks: int
    complete: int
    minutes: int
    open: list[str]
    missing_out: list[str]


def account(worked: list[Shift], weeks: list[WrittenWeek], forks: int) -> Sums:
    """Add the week up. Minutes are whole ones of each session, as the receiver counts them."""
    kinds = Counter(entry.kind for week in weeks for entry in week.entries)
    ends = [_known_end(shift) for shift in worked]
    whole = [(shift, end) for shift, end in zip(worked, ends, strict=True) if end is not None]
    half = [shift for shift, end in zip(worked, ends, strict=True) if end is None]
    last = {shift.worker: shift for shift in sorted(worked, key=lambda shift: shift.began)}
    return Sums(
        punches=2 * len(whole) + len(half),
        repeated=kinds["punch.repeated"],
        voided=kinds["punch.voided"],
        added=kinds["punch.added"],
        resolved=kinds["punch.time-resolved"],
        refused=kinds["attempt.refused"],
        forks=forks,
        complete=len(whole),
        minutes=sum((end - shift.began) // 60_000 for shift, end in whole),
        open=[shift.worker for shift in half if last[shift.worker] is shift],
        missing_out=[shift.worker for shift in half if last[shift.worker] is not shift],
    )


def lines(sums: Sums, weeks: list[WrittenWeek]) -> list[str]:
    """The account for people."""
    ledgers = [
        f"  {week.gate}: ledger {week.ledger}, entries 1 to {len(week.entries)}, last hash "
        f"{week.entries[-1].hash.hex()[:16]}…"
        for week in weeks
    ]
    return [
        "A correct payroll now holds:",
        *ledgers,
        f"  {sums.punches} punches to be paid ({sums.added} of them a supervisor's), "
        f"{sums.voided} voided, {sums.repeated} repeated",
        f"  {sums.resolved} of them had no time at first and have one now; none is without",
        f"  {sums.refused} refused attempts, {sums.forks} forked entries kept apart",
        f"  {sums.complete} complete sessions with {sums.minutes} minutes",
        f"  still inside: {', '.join(sums.open)}",
        f"  an in whose out nobody knows: {', '.join(sums.missing_out)}",
    ]


def _known_end(shift: Shift) -> int | None:
    """When a shift ended, as far as anybody says so."""
    forgot = shift.ended is None and shift.worker == FORGETS_FRIDAY[0]
    return SUPERVISOR_ADDS if forgot else shift.ended
