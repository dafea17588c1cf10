"""A stretch of days that is paid at once: a calendar month, or from one day to another."""

from datetime import date, timedelta

from msgspec import Struct

from ...contract.errors import BadRequest
from ...contract.spreadsheet import as_day
from ...contract.typed_times import month_in_full

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

    def may_have(self, earliest: str | None, latest: str | None) -> bool:
        """Whether something between two days, as ``2026-11-25``, may have been in it.

        None: nobody knows since when, or until when. Days that contradict each other (one by a
        gate's clock, one by payroll's, at the turn of a month) are told in both their months.
        """
        first, last = self.first.isoformat(), self.last.isoformat()
        begins, ends = sorted((earliest or first, latest or max(last, earliest or last)))
        return begins <= last and ends >= first

    def days(self) -> list[date]:
        """All of them, in order."""
        return [self.first + timedelta(days=n) for n in range((self.end - self.first).days)]


def period_of(month: str | None, first: str | None, last: str | None) -> Period:
    """The period that was asked for: a month (``2026-11``, ``11/2026``), or a first and a last day.

    Raises BadRequest where it is neither, or both.
    """
    if month is not None and (first is not None or last is not None):
        raise BadRequest("sheet.period-both")
    if month is not None:
        return month_of(month)
    if first is None or last is None:
        raise BadRequest("sheet.period-missing")
    period = Period(day_of(first), day_of(last))
    if period.last < period.first:
        raise BadRequest("sheet.ends-before", first=first, last=last)
    if (period.end - period.first).days > _MOST_DAYS:
        raise BadRequest("sheet.more-than-a-year", first=first, last=last)
    return period


def month_of(text: str) -> Period:
    """A month as a person types it with its year. Raises BadRequest."""
    month = month_in_full(text, None)
    if month is None or not "2000" <= month < "2200":
        raise BadRequest("sheet.no-month", text=text)
    begin = date.fromisoformat(f"{month}-01")
    return Period(begin, _last_day(begin))


def _last_day(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def day_of(text: str) -> date:
    """A day as a person types it: ``2026-11-25``, ``25/11/2026``. Raises BadRequest."""
    written = "" if text.isdecimal() else as_day(text) or ""  # A number would be a day of Excel's.
    try:
        day = date.fromisoformat(written) if len(written) == len("2026-11-25") else None
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year < 2200:
        raise BadRequest("sheet.no-day", text=text)
    return day
