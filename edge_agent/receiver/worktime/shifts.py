"""Shifts, and the shift of one day with the window in which a press may belong to it. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
"""Of the site: by which clock shifts begin, and months do."""

EARLY_MIN, LATE_MIN = 120, 240
"""How early before a shift and how late after it a press may belong to it, if nobody says."""

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
_DAY_MIN = 1440
_MINUTE_MS = 60_000


class Break(Struct, frozen=True, kw_only=True):
    """A rest within a shift, "11:30" to "12:30". ``paid``: its time counts as worked. ``pressed``:
    workers go out and in by the sensor, and one who has not is asked about."""

    begin: str
    end: str
    paid: bool = False
    pressed: bool = False


class Shift(Struct, frozen=True, kw_only=True):
    """A row of the table of shifts. An ``end`` that is not after its ``begin`` is on the next day.

    ``weekdays``: 1 Monday to 7 Sunday, by its begin. For whom: ``workers`` by code and ``teams``;
    where both are empty, for all. ``valid_from`` and ``valid_to`` are dates, both inclusive.
    """

    code: str
    name: str = ""
    begin: str
    end: str
    breaks: tuple[Break, ...] = ()
    weekdays: tuple[int, ...] = EVERY_DAY
    early_min: int = EARLY_MIN
    late_min: int = LATE_MIN
    workers: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None

    def is_for(self, code: str, team: str | None) -> bool:
        """Whether this worker may work it."""
        if not self.workers and not self.teams:
            return True
        return code in self.workers or (team is not None and team in self.teams)


class Pause(Struct, frozen=True):
    """A break of one day, in milliseconds since 1970."""

    begin_ms: int
    end_ms: int
    paid: bool
    pressed: bool


class Instance(Struct, frozen=True, kw_only=True):
    """A shift on one day: a press from ``first_ms`` to ``last_ms`` may belong to it.

    ``rest_day``: it is none of the shift's weekdays, and the worker has no other shift on it.
    """

    shift: str
    name: str
    date: str
    begin_ms: int
    end_ms: int
    first_ms: int
    last_ms: int
    pauses: tuple[Pause, ...] = ()
    rest_day: bool = False


def instances(
    shifts: Iterable[Shift], first: date, last: date, zone: ZoneInfo = ZONE
) -> list[Instance]:
    """The shifts of one worker on the days from ``first`` to ``last``, in the order of their begin.

    A day on which the worker has no shift is a day of rest of every shift that holds then.
    """
    found: list[Instance] = []
    rows = list(shifts)
    day = first
    while day <= last:
        iso = day.isoformat()
        held = [
            shift for shift in rows if (shift.valid_from or iso) <= iso <= (shift.valid_to or iso)
        ]
        working = [shift for shift in held if day.isoweekday() in shift.weekdays]
        for shift in working or held:
            found.append(_instance(shift, day, zone, not working))
        day += timedelta(days=1)
    found.sort(key=lambda one: (one.begin_ms, one.end_ms, one.shift))
    return found


def minutes_of(clock: str) -> int:
    """Minutes since midnight of "06:30". Raises ValueError."""
    hours, _, minutes = clock.partition(":")
    found = int(hours) * 60 + int(minutes)
    if not (0 <= found <= _DAY_MIN and 0 <= int(minutes) < 60):
        raise ValueError(f"{clock!r} is no time of day")
    return found


@lru_cache(maxsize=20_000)
def _instance(shift: Shift, day: date, zone: ZoneInfo, rest_day: bool) -> Instance:
    begin = minutes_of(shift.begin)
    end = _after(minutes_of(shift.end), begin)
    pauses = []
    for pause in shift.breaks:
        starts = minutes_of(pause.begin)
        starts += _DAY_MIN if starts < begin else 0
        ends = _after(minutes_of(pause.end), starts)
        pauses.append(
            Pause(_ms(day, starts, zone), _ms(day, ends, zone), pause.paid, pause.pressed)
        )
    begin_ms, end_ms = _ms(day, begin, zone), _ms(day, end, zone)
    return Instance(
        shift=shift.code,
        name=shift.name,
        date=day.isoformat(),
        begin_ms=begin_ms,
        end_ms=end_ms,
        first_ms=begin_ms - shift.early_min * _MINUTE_MS,
        last_ms=end_ms + shift.late_min * _MINUTE_MS,
        pauses=tuple(sorted(pauses, key=lambda one: one.begin_ms)),
        rest_day=rest_day,
    )


def _after(minutes: int, begin: int) -> int:
    """That time of day where it next comes after ``begin``."""
    while minutes <= begin:
        minutes += _DAY_MIN
    return minutes


def _ms(day: date, minutes: int, zone: ZoneInfo) -> int:
    local = datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
    return round(local.timestamp() * 1000)
