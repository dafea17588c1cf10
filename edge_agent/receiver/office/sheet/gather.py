"""Everybody's days in a period, from the database: roster, sessions and leave.

Of days that are closed it is what was closed.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from math import inf
from typing import Any

from msgspec import Struct

from ....contract.errors import BadRequest
from ....contract.stamps import local_date, parse_time
from ...databases.database import Database
from ...roster.known_workers import holders
from ...worktime.known_shifts import Plans, plans_in_force
from ...worktime.shifts import ZONE
from ..closing.close import Closing, every_closing, shown_numbers
from ..export import period_rows
from ..journal import everything
from ..leave import Entered, decoded, entered, leave_of_days
from ..limits import warnings_of
from ..period import Period
from ..site import Site, site_in_force
from .roll import Day, Person, Roll, SheetLeave, SheetPress, SheetSession

_Days = dict[date | None, list[SheetSession]]
"""Somebody's sessions by day; under None those that no day can be given."""

_Leaves = dict[tuple[str, date], Entered]


class _Listed(Struct, frozen=True):
    """A row of ``known_workers``."""

    code: str
    name: str
    team: str | None
    listed: int | None
    active: int | None
    valid_from: str | None
    valid_to: str | None

    def works_in(self, period: Period) -> bool:
        """Whether the roster in force has them at work on some day of the period."""
        begins, ends = self.valid_from or "", self.valid_to or "9999"
        return (
            self.listed != 0
            and self.active != 0
            and begins <= period.last.isoformat()
            and ends >= period.first.isoformat()
        )


def gather(database: Database, period: Period, team: str | None = None) -> Roll:
    """All that a sheet of this period shows: who is on the roster, and whoever pressed beside it;
    with ``team`` only its workers.

    A code that was another person's before has a row for each of the two. Raises BadRequest where
    there is no such team.
    """
    closed = [one for one in every_closing(database) if one.number == 0 and _meet(one, period)]
    whole = next((one for one in closed if one.period == period), None)
    site = site_in_force(database, whole.who.made_at if whole else None)
    roster = {one.code: one for one in _roster(database)}
    people: dict[tuple[str, str], _Days] = {
        (one.code, one.name): {} for one in roster.values() if one.works_in(period)
    }
    had_by, plans = holders(database), plans_in_force(database)
    for row in _sessions(database, period):
        when = row["in_at"] or row["out_at"] or row["not_before"] or row["not_after"]
        name = had_by.at(row["code"], inf if when is None else parse_time(when))
        days = people.setdefault((row["code"], name or ""), {})
        on = None if row["date"] is None else date.fromisoformat(row["date"])
        days.setdefault(on, []).append(_session(row, plans))
    leaves = _leaves(database, period, site, closed)
    for code in sorted({code for code, _ in leaves} - {code for code, _ in people}):
        people[code, roster[code].name if code in roster else ""] = {}
    teams = {one.code: one.team or "" for one in roster.values()}
    if team is not None and team not in teams.values():
        known = sorted({one for one in teams.values() if one})
        if not known:
            raise BadRequest("sheet.no-teams", team=team)
        raise BadRequest("sheet.no-team", team=team, teams=", ".join(known))
    shown = [
        _person(code, name, teams.get(code, ""), days, leaves)
        for (code, name), days in sorted(people.items())
        if team is None or teams.get(code) == team
    ]
    codes = {one.code for one in shown}
    return Roll(
        period,
        site,
        shown,
        team or "",
        _told_day(whole.who.made_at) if whole else "",
        [one for one in warnings_of(database, period) if one.code in codes],
    )


def _roster(database: Database) -> Iterator[_Listed]:
    for row in database.query(
        "SELECT code, name, team, listed, active, valid_from, valid_to FROM known_workers"
    ):
        yield _Listed(*row)


def _sessions(database: Database, period: Period) -> Iterator[dict[str, Any]]:
    """Those of days that are closed as they were closed, and those that may be of any day."""
    for _, numbers in sorted(shown_numbers(database, period).items()):
        yield from numbers.sessions
    for row in period_rows(database, period, "sessions"):
        if row["date"] is None:
            yield row


def _leaves(database: Database, period: Period, site: Site, closed: Iterable[Closing]) -> _Leaves:
    found = leave_of_days(entered(database), site, period.first, period.last)
    numbers = {(row.code, row.day, row.details): row.id for row in everything(database)}
    for closing in closed:
        found = {
            key: one
            for key, one in found.items()
            if not closing.period.first <= key[1] <= closing.period.last
        }
        then = []
        for code, worker in closing.workers.items():
            for leave in worker.leave:
                number = numbers.get((code, leave.day, leave.details), 0)
                then.append(decoded(number, code, leave.day, leave.details, closing.who))
        first, last = _common(closing, period)
        found |= leave_of_days(then, site, first, last)
    return found


def _meet(closing: Closing, period: Period) -> bool:
    return closing.period.first <= period.last and period.first <= closing.period.last


def _common(closing: Closing, period: Period) -> tuple[date, date]:
    return max(closing.period.first, period.first), min(closing.period.last, period.last)


def _told_day(made_at: str) -> str:
    return local_date(parse_time(made_at), ZONE)


def _person(code: str, name: str, team: str, days: _Days, leaves: _Leaves) -> Person:
    dated = {on: Day(sessions) for on, sessions in days.items() if on is not None}
    for (whose, on), one in leaves.items():
        if whose == code:
            leave = SheetLeave(one.leave.symbol, one.leave.half, one.number)
            dated[on] = Day(dated[on].sessions if on in dated else [], leave)
    return Person(code, name, team, dated, days.get(None, []))


def _session(row: dict[str, Any], plans: Plans) -> SheetSession:
    return SheetSession(
        begin=_press(row, "in"),
        end=_press(row, "out"),
        status=row["status"],
        seconds=row.get("seconds") or 0,
        break_seconds=row.get("break_seconds") or 0,
        breaks=tuple(_breaks(row, plans)) if row.get("break_seconds") else (),
        shift=row.get("shift"),
        rest_day=None if row.get("rest_day") is None else bool(row["rest_day"]),
        late=row.get("late_seconds") or 0,
        early=row.get("early_seconds") or 0,
        why=row.get("why"),
        not_before=_local(row["not_before"]),
        not_after=_local(row["not_after"]),
    )


def _breaks(row: dict[str, Any], plans: Plans) -> Iterator[tuple[datetime, datetime]]:
    """The unpaid ones of its shift."""
    on = date.fromisoformat(row["date"])
    for planned in plans.of(row["code"], on, on):
        if planned.shift == row["shift"]:
            for pause in planned.pauses:
                if not pause.paid:
                    yield _from_ms(pause.begin_ms), _from_ms(pause.end_ms)


def _from_ms(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, ZONE).replace(tzinfo=None)


def _press(row: dict[str, Any], way: str) -> SheetPress | None:
    ledger, seq = row[f"{way}_ledger"], row[f"{way}_seq"]
    if ledger is None:
        return None
    return SheetPress(ledger, seq, _local(row[f"{way}_at"]), row[f"{way}_gate"])


def _local(moment: str | None) -> datetime | None:
    """What the gate's wall clock showed: Excel knows no zones."""
    return None if not moment else datetime.fromisoformat(moment).replace(tzinfo=None)
