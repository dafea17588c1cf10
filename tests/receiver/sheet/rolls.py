"""Days and people to draw sheets from, written down by hand."""

from datetime import date, datetime, timedelta

from edge_agent.receiver.office.period import Period, period_of
from edge_agent.receiver.office.sheet.roll import (
    Day,
    Person,
    Roll,
    SheetLeave,
    SheetPress,
    SheetSession,
)
from edge_agent.receiver.office.site import Site

NOVEMBER = period_of("2026-11", None, None)
LEDGER = "63bfdb45-c968-4ec6-ade8-90074b17d0b2"


def at(day: int, clock: str) -> datetime:
    """A moment of November 2026; "30:02" is two past six of the next morning."""
    hours, minutes = map(int, clock.split(":"))
    return datetime(2026, 11, day) + timedelta(hours=hours, minutes=minutes)  # noqa: DTZ001


def session(
    day: int, begin: str | None, end: str | None, seq: int = 1, why: str | None = None
) -> SheetSession:
    """Complete where it has both ends and nothing is doubtful."""
    came, left = (clock and at(day, clock) for clock in (begin, end))
    whole = bool(came and left and not why)
    return SheetSession(
        begin=SheetPress(LEDGER, seq, came, "cong-chinh") if came else None,
        end=SheetPress(LEDGER, seq + 1, left, "cong-chinh") if left else None,
        status="complete" if whole else "manual",
        seconds=round((left - came).total_seconds()) if whole and came and left else 0,
        why=why or (None if whole else "missing"),
    )


def usual(day: int, seq: int = 1) -> Day:
    """Eleven hours, with a pressed noon."""
    morning, afternoon = session(day, "6:00", "11:30", seq), session(day, "12:30", "18:00", seq + 2)
    return Day([morning, afternoon])


def month(site: Site | None = None, period: Period = NOVEMBER, people: int = 4) -> Roll:
    """One of each: a day worker, one with doubts, one on leave, one who never came; then more."""
    working = [day for day in period.days() if day.month == 11 and day.weekday() < 6]
    full = {on: usual(on.day, 4 * on.day) for on in working}
    doubtful = {**full, date(2026, 11, 16): Day([session(16, "6:00", None, why="missing")])}
    doubtful[date(2026, 11, 17)] = Day([session(17, "6:00", "11:30"), session(17, None, "18:00")])
    leave = dict(full)
    leave[date(2026, 11, 2)] = Day([], SheetLeave("P", False, 3))
    leave[date(2026, 11, 3)] = Day([session(3, "6:00", "11:30")], SheetLeave("P", True, 4))
    leave[date(2026, 11, 4)] = Day([], SheetLeave("Ô", False, 5))
    leave[date(2026, 11, 5)] = Day([], SheetLeave("KL", True, 6))
    leave[date(2026, 11, 6)] = Day([session(6, "12:30", "16:00")])
    undated = SheetSession(
        begin=SheetPress(LEDGER, 99, None, "cong-chinh"), end=None, status="pending-time"
    )
    named = [
        Person("NV0001", "Nguyễn Thị Ánh", "", full),
        Person("0007", "=1+1", "", doubtful, [undated]),
        Person("NV0003", "Ma Văn Đô", "", leave),
        Person("@SUM(1)", "+84 Lý A Páo", "", {}),
    ]
    more = [Person(f"TV{n:04}", "Hoàng Thị Phương Thảo", "", full) for n in range(people - 4)]
    return Roll(period, site or Site(), [*named, *more])
