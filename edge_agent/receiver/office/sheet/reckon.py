"""What a day counts for in the sheet: its symbol, its hours of each kind, and what is doubtful."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct

from ..site import Site
from .roll import Day, Roll, SheetSession

_EVENING, _MORNING = time(22), time(6)
"""Night work: from ten in the evening to six in the morning (Labour Code 2019, article 106)."""


class DayKind(StrEnum):
    """Which rate of overtime a day may have; the form's own symbols."""

    WORKING = "NT"
    REST = "NN"
    HOLIDAY = "NL"


class Reckoned(Struct, frozen=True, kw_only=True):
    """One day of one person, in seconds. ``day_over`` and ``night_over`` are overtime by day and by
    night; ``doubts`` are reasons by name, none where the day is clear.
    """

    kind: DayKind
    symbol: str
    worked: int
    night: int
    day_over: int
    night_over: int
    doubts: tuple[str, ...]


def reckon(day: Day, on: date, site: Site) -> Reckoned:
    """Add up one day, by complete sessions only."""
    kind = _kind(day, on, site)
    spans = list(_worked_spans(day.sessions))
    worked = sum(session.worked for session in day.sessions)
    normal = 0 if kind is not DayKind.WORKING else round(site.day_hours * 3600)
    over = max(0, worked - normal)
    night = min(worked, sum(map(_night, spans)))
    night_over = min(over, sum(map(_night, _after(spans, normal))))
    symbol, doubts = _symbol(day, kind, worked, site)
    return Reckoned(
        kind=kind,
        symbol=symbol,
        worked=worked,
        night=night,
        day_over=over - night_over,
        night_over=night_over,
        doubts=doubts,
    )


def doubtful_cells(roll: Roll) -> int:
    """How many days, and people with presses that have no day, a person has to decide on."""
    days = [
        reckon(day, on, roll.site).doubts
        for person in roll.people
        for on, day in person.days.items()
    ]
    return sum(map(bool, days)) + sum(bool(person.undated) for person in roll.people)


def _kind(day: Day, on: date, site: Site) -> DayKind:
    """A shift says for its worker whether a day is one of rest; without one the site does."""
    if site.is_holiday(on):
        return DayKind.HOLIDAY
    said = [session.rest_day for session in day.sessions if session.rest_day is not None]
    rests = all(said) if said else site.rests_on(on)
    return DayKind.REST if rests else DayKind.WORKING


def _symbol(day: Day, kind: DayKind, worked: int, site: Site) -> tuple[str, tuple[str, ...]]:
    work, leave = site.work, day.leave
    doubts = [why for session in day.sessions for why in doubts_of(session)]
    if worked and kind is not DayKind.WORKING:
        symbol = work.rest
    elif worked >= site.full_hours * 3600:
        symbol = work.full
    elif worked >= site.half_hours * 3600:
        symbol = work.half
    else:
        symbol = ""
        if worked and not doubts:
            doubts.append("short")
    if leave is not None:
        if doubts or (symbol and (symbol != work.half or not leave.half)):
            doubts.append("leave-and-work")
        elif symbol:
            symbol = f"{work.full}/{leave.symbol}"
        else:
            symbol = f"{work.half}{leave.symbol}" if leave.half else leave.symbol
    if doubts and not symbol:
        symbol = work.doubtful
    return symbol, tuple(dict.fromkeys(doubts))


def doubts_of(session: SheetSession) -> list[str]:
    """Why a person has to look at a session; nothing of one that is complete."""
    if session.status == "complete":
        return []
    uncovered = ["not-covered"] if session.status == "not-covered" else []
    return [session.why or session.status, *uncovered]


_Span = tuple[datetime, datetime]


def _worked_spans(sessions: Iterable[SheetSession]) -> Iterator[_Span]:
    """When work was done for certain, without unpaid breaks, in order."""
    for session in sessions:
        if session.status != "complete" or session.begin is None or session.end is None:
            continue
        now, end = session.begin.at, session.end.at
        if now is None or end is None:
            continue
        for begins, ends in sorted(session.breaks):
            if now < begins:
                yield now, min(begins, end)
            now = max(now, min(ends, end))
        if now < end:
            yield now, end


def _after(spans: Iterable[_Span], seconds: int) -> Iterator[_Span]:
    """What is left of the spans once this much was worked."""
    for begin, end in spans:
        normal = min(seconds, _length((begin, end)))
        seconds -= normal
        if begin + timedelta(seconds=normal) < end:
            yield begin + timedelta(seconds=normal), end


def _length(span: _Span) -> int:
    return round((span[1] - span[0]).total_seconds())


def _night(span: _Span) -> int:
    """How much of it lies in the night."""
    begin, end = span
    found = 0
    evening = datetime.combine(begin.date() - timedelta(days=1), _EVENING)
    while evening < end:
        morning = datetime.combine(evening.date() + timedelta(days=1), _MORNING)
        found += max(0, _length((max(begin, evening), min(end, morning))))
        evening += timedelta(days=1)
    return found
