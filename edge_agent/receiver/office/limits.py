"""The limits of the law, told before they are reached. Nothing is ever cut by them.

Labour Code 2019 (45/2019/QH14), as we read it, to be checked by counsel: articles 105 (8 hours a
day), 107 (12 hours a day with overtime; 40 hours of overtime a month; 200, or 300 in the trades
that the article names, a year) and 110 (12 hours of rest before another shift).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from ...contract.language import Message
from ...contract.stamps import parse_time
from ..databases.database import Database
from .closing.numbers import ClosedSession, Numbers, numbers, worked_seconds
from .period import Period

_HOUR = 3600

NORMAL_DAY_S = 8 * _HOUR
DAY_S, REST_S = 12 * _HOUR, 12 * _HOUR
MONTH_S, YEAR_S, SPECIAL_YEAR_S = 40 * _HOUR, 200 * _HOUR, 300 * _HOUR

_NEAR = 0.9
_NEAR_DAY = 0.95
"""From this part of a limit on it is told; of a day, from a later one: shifts of 11 hours are
common."""

_SUNDAY = 6

What = Literal["day", "month", "year", "special-year", "rest"]


class Warned(Struct, frozen=True, kw_only=True):
    """A worker is near a limit, or over it: seconds that ``are`` and that ``may`` be.

    ``date``: of a day, and of the shift before which the rest was too short; else None. Of
    ``rest``, more is better.
    """

    what: What
    code: str
    date: str | None
    are: int
    may: int

    @property
    def over(self) -> bool:
        """Whether it is beyond the limit."""
        return self.are < self.may if self.what == "rest" else self.are > self.may

    @property
    def told(self) -> Message:
        """For a person, in hours and minutes."""
        return Message(f"clerk.limit-{self.what}", are=_hours(self.are), may=_hours(self.may))


def _hours(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}"


def warnings_of(database: Database, period: Period) -> list[Warned]:
    """What is to be told of a period, by what is held now."""
    begin = min(date(period.last.year, 1, 1), period.first) - timedelta(days=1)
    return warnings(numbers(database, Period(begin, period.last)), period)


def warnings(year: Mapping[str, Numbers], period: Period) -> list[Warned]:
    """What is to be told of a period, by worker.

    ``year``: the numbers of all days of its year until its end, and of the day before it.
    """
    found: list[Warned] = []
    for code, one in sorted(year.items()):
        days = _days(one.sessions)
        within = {day: own for day, own in days.items() if _in(day, period)}
        for day, sessions in sorted(within.items()):
            found += _near("day", code, day, worked_seconds(sessions), DAY_S)
        for month in sorted({day[:7] for day in within}):
            own = [sessions for day, sessions in days.items() if day.startswith(month)]
            found += _near("month", code, None, sum(map(overtime_seconds, own)), MONTH_S)
        if within:
            last = max(within)[:4]
            own = [sessions for day, sessions in days.items() if day.startswith(last)]
            overtime = sum(map(overtime_seconds, own))
            special = overtime > YEAR_S
            limit = SPECIAL_YEAR_S if special else YEAR_S
            found += _near("special-year" if special else "year", code, None, overtime, limit)
            if special:
                found.append(Warned(what="year", code=code, date=None, are=overtime, may=YEAR_S))
        found += _rests(code, one.sessions, period)
    return found


def overtime_seconds(day: Iterable[ClosedSession]) -> int:
    """Of the sessions of one day: beyond the normal hours, or all of them on a day of rest."""
    sessions = list(day)
    worked = worked_seconds(sessions)
    if sessions and _is_rest_day(sessions):
        return worked
    return max(0, worked - NORMAL_DAY_S)


def _is_rest_day(sessions: list[ClosedSession]) -> bool:
    stated = sessions[0].get("rest_day")
    if stated is not None:
        return bool(stated)
    return date.fromisoformat(sessions[0]["date"]).weekday() == _SUNDAY


def _near(what: What, code: str, day: str | None, are: int, may: int) -> list[Warned]:
    if are < (_NEAR_DAY if what == "day" else _NEAR) * may:
        return []
    return [Warned(what=what, code=code, date=day, are=are, may=may)]


def _rests(code: str, sessions: list[ClosedSession], period: Period) -> list[Warned]:
    """Between the out of one working day and the in of another."""
    found = []
    whole = [one for one in sessions if one["status"] == "complete"]
    for before, after in pairwise(whole):
        if before["date"] != after["date"] and _in(after["date"], period):
            rest = int(parse_time(after["in_at"]) - parse_time(before["out_at"])) // 1000
            if rest < REST_S:
                found.append(
                    Warned(what="rest", code=code, date=after["date"], are=rest, may=REST_S)
                )
    return found


def _days(sessions: Iterable[ClosedSession]) -> dict[str, list[ClosedSession]]:
    days: dict[str, list[ClosedSession]] = defaultdict(list)
    for session in sessions:
        days[session["date"]].append(session)
    return days


def _in(day: str, period: Period) -> bool:
    return period.first.isoformat() <= day <= period.last.isoformat()
