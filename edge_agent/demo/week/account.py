"""What a correct payroll makes of the week: known from who worked when, not from the entries."""

from collections import Counter

from msgspec import Struct

from ...contract.stamps import local_time
from .ledger import WrittenWeek
from .plan import FORGETS_FRIDAY, OCTOBER, SUPERVISOR_ADDS, UNPAID_MIN, ZONE, Shift


class Sums(Struct, frozen=True, kw_only=True):
    """``punches`` are those to be paid: voided and repeated ones are none of them.

    ``doubtful`` are sessions with both ends, on a day on which another end is missing: without
    evidence of directions nobody knows which press it was that was forgotten. ``late``: worker →
    minutes of October, which is closed, without the unpaid break of its shift.
    """

    punches: int
    repeated: int
    voided: int
    added: int
    resolved: int
    refused: int
    forks: int
    complete: int
    minutes: int
    doubtful: int
    open: list[str]
    missing_out: list[str]
    late: dict[str, int]


def account(worked: list[Shift], weeks: list[WrittenWeek], forks: int) -> Sums:
    """Add the week up. Minutes are whole ones of the sum of all seconds, as the receiver counts."""
    kinds = Counter(entry.kind for week in weeks for entry in week.entries)
    ends = [_known_end(shift) for shift in worked]
    whole = [(shift, end) for shift, end in zip(worked, ends, strict=True) if end is not None]
    half = [shift for shift, end in zip(worked, ends, strict=True) if end is None]
    last = {shift.worker: shift for shift in sorted(worked, key=lambda shift: shift.began)}
    missing = {(shift.worker, _day(shift)) for shift in half if last[shift.worker] is not shift}
    sure = [(shift, end) for shift, end in whole if (shift.worker, _day(shift)) not in missing]
    return Sums(
        punches=2 * len(whole) + len(half),
        repeated=kinds["punch.repeated"],
        voided=kinds["punch.voided"],
        added=kinds["punch.added"],
        resolved=kinds["punch.time-resolved"],
        refused=kinds["attempt.refused"],
        forks=forks,
        complete=len(sure),
        minutes=sum(end // 1000 - shift.began // 1000 for shift, end in sure) // 60,
        doubtful=len(whole) - len(sure),
        open=[shift.worker for shift in half if last[shift.worker] is shift],
        late={OCTOBER.worker: ((OCTOBER.ended or 0) - OCTOBER.began) // 60_000 - UNPAID_MIN},
        missing_out=sorted(shift.worker for shift in half if last[shift.worker] is not shift),
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
        "  by the shifts of docs/examples/shifts.toml:",
        f"  {sums.complete} complete sessions with {sums.minutes} minutes",
        *(
            f"  one of them of October, which is closed: {worker}, {minutes} minutes without the "
            "unpaid break, for a supplement"
            for worker, minutes in sums.late.items()
        ),
        f"  still inside: {', '.join(sums.open)}",
        f"  an in whose out nobody knows: {', '.join(sums.missing_out)}; of the same days "
        f"{sums.doubtful} more {'is' if sums.doubtful == 1 else 'are'} for a person",
    ]


def _day(shift: Shift) -> str:
    return local_time(shift.began, ZONE)[:10]


def _known_end(shift: Shift) -> int | None:
    """When a shift ended, as far as anybody says so."""
    forgot = shift.ended is None and shift.worker == FORGETS_FRIDAY[0]
    return SUPERVISOR_ADDS if forgot else shift.ended
