"""A stretch of days that is paid at once: a calendar month, or from one day to another."""

import re
from datetime import date, timedelta

from msgspec import Struct

from ...contract.errors import BadRequest

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_MOST_DAYS = 366


class Period(Struct, frozen=True):
    """The days from ``first`` to ``last``, both of them in it."""

    first: date
    last: date

    @property
    def is_month(self) -> bool:
        """Whether it is a calendar month, no more and no less."""
        return self.first.day == 1 and self.last == _last_day(self.first)

    @property
    def name(self) -> str:
        """``2026-11``, or ``2026-10-26_2026-11-25``: also fit for a file."""
        if self.is_month:
            return self.first.isoformat()[:7]
        return f"{self.first.isoformat()}_{self.last.isoformat()}"

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.last + timedelta(days=1)

    def days(self) -> list[date]:
        """All of them, in order."""
        return [self.first + timedelta(days=n) for n in range((self.end - self.first).days)]


def period_of(month: str | None, first: str | None, last: str | None) -> Period:
    """The period that was asked for: a month (``2026-11``), or a first and a last day.

    Raises BadRequest where it is neither, or both.
    """
    if month is not None and (first is not None or last is not None):
        raise BadRequest("Name either --month, or --from and --to.")
    if month is not None:
        if not _MONTH.fullmatch(month) or month.startswith("0000"):
            raise BadRequest(f"{month!r} is no month: write it as 2026-11.")
        begin = date.fromisoformat(f"{month}-01")
        return Period(begin, _last_day(begin))
    if first is None or last is None:
        raise BadRequest("Name a month by --month 2026-11, or days by --from and --to.")
    period = Period(_day(first), _day(last))
    if period.last < period.first:
        raise BadRequest(f"{last} comes before {first}: --to is the last day of the period.")
    if (period.end - period.first).days > _MOST_DAYS:
        raise BadRequest(f"From {first} to {last} is more than a year.")
    return period


def _last_day(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _day(text: str) -> date:
    try:
        if len(text) != 10:
            raise ValueError("not as it is written here")
        day = date.fromisoformat(text)
        if not 2000 <= day.year < 2200:
            raise ValueError("out of range")
    except ValueError:
        raise BadRequest(f"{text!r} is no day: write it as 2026-11-25.") from None
    return day
