"""What a worker has pressed on the working day that goes on, for the worker's own eyes."""

from zoneinfo import ZoneInfo

from msgspec import Struct

from ...contract.attendance import Attendance, attendance
from ...contract.kinds import CREDITS
from ...contract.stamps import parse_time
from .store.sqlite_store import SqliteStore

_MOST_ENTRIES = 3000
"""How many of the last entries are looked through: a week of eighty workers, and a moment's work
also on a gate that has never known the time. An older *in* without an *out* is payroll's to see."""


class DayPress(Struct, frozen=True):
    """A punch that counts: its local time and the way it led, each None where it is not known."""

    at: str | None
    direction: str | None


class WorkerDay(Struct, frozen=True, kw_only=True):
    """The punches of the day in order, and what they come to.

    ``worked_min``: minutes from each *in* to the *out* after it; None where directions or times do
    not tell. ``open_day``: the working day before, as 2026-11-28, whose last punch was an *in*:
    its *out* is missing, and nobody invents it.
    """

    presses: list[DayPress]
    worked_min: int | None = None
    open_day: str | None = None


def worker_day(store: SqliteStore, code: str, zone: ZoneInfo) -> WorkerDay:
    """The working day of a worker's last punch. Raises StoreFault."""
    entries = store.punches_of(code, _MOST_ENTRIES)
    punches = [
        punch
        for punch in attendance(entries, zone)
        if punch.kind in CREDITS and punch.voided is None
    ]
    if not punches:
        return WorkerDay(presses=[])
    day = punches[-1].working_day
    today = [one for one in punches if one.working_day == day]
    before = [one for one in punches if one.working_day and day and one.working_day < day]
    return WorkerDay(
        presses=[DayPress(one.at, one.direction) for one in today],
        worked_min=_worked_min(today),
        open_day=_open_day(before, today),
    )


def _worked_min(today: list[Attendance]) -> int | None:
    """None too where two punches in a row lead the same way: one is missing."""
    total_ms, came_ms = 0, None
    for punch in today:
        if punch.at is None or punch.direction is None:
            return None
        at_ms = parse_time(punch.at)
        if punch.direction == "in" and came_ms is None:
            came_ms = at_ms
        elif punch.direction == "out" and came_ms is not None:
            total_ms += at_ms - came_ms
            came_ms = None
        else:
            return None
    return total_ms // 60_000


def _open_day(before: list[Attendance], today: list[Attendance]) -> str | None:
    """The last working day before, where it ended with an *in*.

    Not where today begins with an *out*: that may be its end, after a shift of more than 14 hours.
    """
    ended_in = bool(before) and before[-1].direction == "in"
    return before[-1].working_day if ended_in and today[0].direction != "out" else None
