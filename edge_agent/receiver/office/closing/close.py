"""Close a period: its numbers stay as they were signed, and what comes later goes into supplements.

A closing is rows of ``corrections``: a ``closed`` one for each worker (or several, where one would
be too long for a cell of a spreadsheet), and ``close`` at the end, which says how many they are. A
closing whose rows were not all written down before a power cut is none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct

from ....contract.errors import BadRequest
from ....contract.language import Message
from ....contract.stamps import local_date, parse_time
from ...databases.database import Database
from ...worktime.shifts import ZONE
from ..delivered import not_delivered
from ..journal import MOST_DETAILS, Correction, Who, enter, standing, turn
from ..period import Period
from ..settle.items import Item
from ..settle.settle import settle
from .differences import Difference, differences
from .numbers import COLUMNS, ClosedLeave, ClosedSession, Numbers, numbers


class Closing(Struct, frozen=True, kw_only=True):
    """A period as it was closed (``number`` 0), or a supplement to that.

    ``left`` are the items that nobody had settled. ``workers``: of a supplement, those whose
    numbers had changed.
    """

    number: int
    period: Period
    who: Who
    left: list[str]
    workers: dict[str, Numbers]

    def overlaps(self, period: Period) -> bool:
        """Whether any day is of both."""
        return self.period.first <= period.last and period.first <= self.period.last


class _Closed(Struct, frozen=True):
    """``sessions``: rows of ``columns``, a third of what they take by name."""

    to: str
    number: int
    columns: tuple[str, ...]
    sessions: list[list[Any]] = []
    leave: list[ClosedLeave] = []


class _Close(Struct, frozen=True):
    to: str
    number: int
    rows: int
    left: list[str] = []


def close(database: Database, who: Who, period: Period, *, force: bool) -> Closing:
    """Close a period. Raises BadRequest where it is closed, not over, or, unless that is forced,
    something is left to settle or nobody has worked in it.
    """
    with turn(database):
        for other in every_closing(database):
            if other.period == period:
                by, on = other.who.actor, local_date(parse_time(other.who.made_at), ZONE)
                raise BadRequest("clerk.closed", period=period.name, actor=by, on=on)
            if other.overlaps(period):
                raise BadRequest("clerk.overlaps", period=period.name, other=other.period.name)
        if not is_over(period, who.made_at):
            raise BadRequest("clerk.not-over", period=period.name, on=period.last.isoformat())
        items = _left(database, period, who, force)
        workers = numbers(database, period)
        if not workers and not force:
            raise BadRequest("clerk.nobody", period=period.name)
        return _enter(database, Closing(number=0, period=period, who=who, left=items,
                                        workers=workers))  # fmt: skip


def not_to_sign(database: Database, period: Period, now: str) -> Message | None:
    """Why a period in which nothing is left to settle cannot be signed all the same."""
    if not is_over(period, now):
        return Message("clerk.none-left-not-over", name=period.name, on=period.last.isoformat())
    if not numbers(database, period):
        return Message("clerk.none-left-nobody", name=period.name, database=database.name)
    if not_delivered(database, period, gaps=False):  # A gap is for a person to decide.
        return Message("clerk.none-left-not-delivered", name=period.name)
    return None


def is_over(period: Period, now: str) -> bool:
    """Whether its last day is past, by the office's clock."""
    return period.last < date.fromisoformat(local_date(parse_time(now), ZONE))


def supplement(
    database: Database, who: Who, period: Period, *, force: bool
) -> tuple[Closing, list[Difference]]:
    """What has come of a closed period since, as a supplement; returns also who and how much.

    Raises BadRequest where the period is not closed, nothing has come, or something is left to
    settle and that is not forced.
    """
    with turn(database):
        before, now = closed_numbers(closings(database, period)), numbers(database, period)
        found = differences(before, now)
        if not found:
            raise BadRequest("clerk.no-change", period=period.name)
        items = _left(database, period, who, force)
        workers = {one.code: now.get(one.code, Numbers()) for one in found}
        number = len(closings(database, period))
        added = Closing(number=number, period=period, who=who, left=items, workers=workers)
        return _enter(database, added), found


def closings(database: Database, period: Period) -> list[Closing]:
    """The closing of a period and its supplements, in order.

    Raises BadRequest where it is not closed.
    """
    found = [one for one in every_closing(database) if one.period == period]
    if not found:
        raise BadRequest("clerk.not-closed", period=period.name)
    return found


def check_details(row: Correction) -> None:
    """Raises ValueError where a row of a closing cannot be read."""
    if row.what in ("closed", "close"):
        date.fromisoformat(row.day or "")
        kind: type[_Closed | _Close] = _Closed if row.what == "closed" else _Close
        date.fromisoformat(msgspec.json.decode(row.details or "", type=kind).to)


def every_closing(database: Database) -> list[Closing]:
    """All closings and supplements, by period and number."""
    # After a restore the end of one may stand before some of its rows.
    rows = standing(database, "closed", "close")
    parts: dict[tuple[object, ...], list[tuple[Correction, _Closed]]] = defaultdict(list)
    for row in rows:
        if row.what == "closed":
            part = msgspec.json.decode(row.details or "", type=_Closed)
            parts[row.day, part.to, part.number, row.made_at, row.actor].append((row, part))
    found = []
    for row in rows:
        if row.what == "close":
            end = msgspec.json.decode(row.details or "", type=_Close)
            own = parts[row.day, end.to, end.number, row.made_at, row.actor]
            if len(own) == end.rows:
                found.append(_closing(row, end, own))
    return sorted(found, key=lambda one: (one.period.first, one.number))


def closed_on(database: Database, days: Iterable[str | None]) -> list[Period]:
    """The closed periods that any of these days is of."""
    closed = [one.period for one in every_closing(database) if one.number == 0]
    asked = {date.fromisoformat(day) for day in days if day is not None}
    return [one for one in closed if any(one.first <= day <= one.last for day in asked)]


def closed_numbers(found: list[Closing], through: int | None = None) -> dict[str, Numbers]:
    """By code: the closing with its supplements, or with those up to the number ``through``."""
    whole: dict[str, Numbers] = {}
    for one in found:
        if through is None or one.number <= through:
            whole |= one.workers
    return whole


def shown_numbers(database: Database, period: Period) -> dict[str, Numbers]:
    """What a sheet or a file of a period shows: of days that are closed, what was closed.

    Supplements are not in it: they are shown, signed and paid by themselves.
    """
    whole = dict(numbers(database, period))
    for one in every_closing(database):
        if one.number == 0 and one.overlaps(period):
            whole = _with_closed(whole, one, period)
    return whole


def _with_closed(
    open_numbers: Mapping[str, Numbers], closing: Closing, period: Period
) -> dict[str, Numbers]:
    first, last = closing.period.first.isoformat(), closing.period.last.isoformat()
    begin, end = period.first.isoformat(), period.last.isoformat()
    mixed = {}
    for code in sorted(open_numbers.keys() | closing.workers.keys()):
        was, now = closing.workers.get(code, Numbers()), open_numbers.get(code, Numbers())
        sessions = [one for one in now.sessions if not first <= one["date"] <= last]
        sessions += [one for one in was.sessions if begin <= one["date"] <= end]
        leave = [one for one in now.leave if not first <= one.day <= last]
        leave += [one for one in was.leave if one not in leave]
        if sessions or leave:
            mixed[code] = Numbers(sorted(sessions, key=_when), leave)
    return mixed


def _when(session: ClosedSession) -> tuple[str, str]:
    return session["date"], session["in_at"] or session["out_at"] or ""


def _left(database: Database, period: Period, who: Who, force: bool) -> list[str]:
    items: list[Item] = settle(database, period, who.made_at)
    if items and not force:
        raise BadRequest("clerk.left-over", period=period.name, count=len(items))
    return [item.key for item in items]


def _enter(database: Database, closing: Closing) -> Closing:
    day, to = closing.period.first.isoformat(), closing.period.last.isoformat()
    rows = [
        (code, part)
        for code, one in sorted(closing.workers.items())
        for part in _parts(_Closed(to, closing.number, COLUMNS, _rows(one.sessions), one.leave))
    ]
    for code, part in rows:
        enter(database, closing.who, "closed", code=code, day=day, details=part)
    end = _Close(to, closing.number, len(rows), closing.left)
    enter(database, closing.who, "close", day=day, details=_json(end))
    return closing


def _parts(whole: _Closed) -> Iterator[str]:
    text = _json(whole)
    if len(text) <= MOST_DETAILS or len(whole.sessions) < 2:
        yield text
        return
    half = len(whole.sessions) // 2
    for rows, leave in ((whole.sessions[:half], whole.leave), (whole.sessions[half:], [])):
        yield from _parts(_Closed(whole.to, whole.number, whole.columns, rows, leave))


def _rows(sessions: list[ClosedSession]) -> list[list[Any]]:
    return [[session[column] for column in COLUMNS] for session in sessions]


def _json(details: Struct) -> str:
    return msgspec.json.encode(details).decode()


def _closing(row: Correction, end: _Close, rows: list[tuple[Correction, _Closed]]) -> Closing:
    workers: dict[str, Numbers] = {}
    for part_row, part in rows:
        before = workers.get(part_row.code or "", Numbers())
        sessions = [dict(zip(part.columns, cells, strict=True)) for cells in part.sessions]
        workers[part_row.code or ""] = Numbers(
            [*before.sessions, *sessions], [*before.leave, *part.leave]
        )
    period = Period(date.fromisoformat(row.day or ""), date.fromisoformat(end.to))
    who = Who(row.made_at, row.actor, row.reason)
    return Closing(number=end.number, period=period, who=who, left=end.left, workers=workers)
