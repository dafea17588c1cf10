"""Who comes when, in one week of November, and what goes wrong. All codes are made up."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from ...contract.people import Employment, Worker

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MAIN, NORTH = "sandbox-main", "sandbox-north"
MONDAY = datetime(2026, 11, 16, tzinfo=ZONE)

PERMANENT = tuple(f"NV{number:04}" for number in range(1, 9))
NIGHT = ("NV0009", "NV0010")
SEASONAL = tuple(f"TV{number:04}" for number in range(101, 111))

FORGETS_FRIDAY = ("NV0004", "NV0005")
"""Nobody of these presses on leaving on Friday. For the first a supervisor adds it."""

FORGETS_NOON = "NV0002"
"""Does not press on leaving on Monday noon: what may be paid of that day, no press tells."""

BY_THE_OTHER_GATE = "NV0008"
"""Leaves by the north gate on Thursday: in at one gate, out at the other."""

PRESSES_THE_KEY = "NV0001"
"""On leaving on Saturday, a few seconds after the finger."""

PRESSES_BY_MISTAKE = "NV0003"
PRESSES_TWICE = ("NV0001", "NV0007", "TV0103")

WORKERS = {
    **{code: Worker(code=code, name=code) for code in (*PERMANENT, *NIGHT)},
    **{
        code: Worker(
            code=code,
            name=code,
            listed=Employment(active=True, valid_from="2026-03-01", valid_to="2026-11-20"),
        )
        for code in SEASONAL
    },
}
"""The season ends on Friday: on Saturday the seasonal workers are refused."""


class Boot(Struct, frozen=True):
    """A run of a gate between two power cuts; ``synced`` is when it learns the time. UTC ms.

    ``lied``: it is told a wrong one first.
    """

    name: str
    began: int
    synced: int
    lied: bool = False


class Press(Struct, frozen=True, kw_only=True):
    """A finger on the glass at ``ms``; ``worker`` None: nobody knows it."""

    ms: int
    gate: str
    worker: str | None


class Key(Struct, frozen=True):
    """The key for out, pressed by ``worker`` after the finger."""

    worker: str


class Shift(Struct, frozen=True):
    """Time at work, from an in to its out; None where nobody will ever know of one."""

    worker: str
    began: int
    ended: int | None


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> int:
    """UTC milliseconds of a local time; ``day`` 0 is Monday."""
    moment = MONDAY + timedelta(days=day, hours=hour, minutes=minute, seconds=second)
    return round(moment.timestamp() * 1000)


POWER_CUT = at(2, 2)
SUPERVISOR_ADDS = at(4, 18, 5)
MISTAKE = at(5, 18, 30)

LIED_FOR = 60_000
"""On Wednesday the first time server that is heard is an hour off, until others contradict it."""
LIE = 3_600_000

OCTOBER = Shift(SEASONAL[1], at(-17, 6, 5), at(-17, 16, 30))
SUNDAY = Shift(SEASONAL[0], at(-1, 6, 5), at(-1, 16, 30))
UNPAID_MIN = 30
"""The break of the seasonal workers' shift, as docs/examples/shifts.toml has it."""

OLDER = (OCTOBER, SUNDAY)
"""Pressed into the north gate's older ledger, of which payroll never had anything. October is
closed by now: what comes of it goes into a supplement."""

TECHNICIAN_COMES = at(6, 12)

BOOTS = {
    MAIN: (
        Boot("a", at(0, 4), at(0, 4, 1)),
        # Wednesday: no power from two until twenty past five, no network until ten past eight.
        Boot("b", at(2, 5, 20), at(2, 8, 10), lied=True),
    ),
    NORTH: (Boot("c", at(0, 4), at(0, 4, 1)),),
}


def shifts(rng: random.Random) -> Iterator[Shift]:
    """Everybody's time at work."""
    yield from OLDER
    for day in range(6):
        for code in PERMANENT:
            morning, noon, back, evening = (
                jittered(rng, day, hour, minute)
                for hour, minute in ((5, 55), (11, 30), (12, 25), (18, 0))
            )
            yield Shift(code, morning, None if day == 0 and code == FORGETS_NOON else noon)
            forgets = day == 4 and code in FORGETS_FRIDAY
            yield Shift(code, back, None if forgets else evening)
        for code in SEASONAL if day < 5 else ():
            yield Shift(code, jittered(rng, day, 6, 5), jittered(rng, day, 16, 30))
    for night in range(7):
        for code in NIGHT:
            came, left = jittered(rng, night, 21, 55), jittered(rng, night + 1, 6, 0)
            yield Shift(code, came, left if night < 6 else None)


def presses(worked: list[Shift], rng: random.Random) -> list[Press]:
    """Every finger on a glass, in order."""
    made = [
        Press(ms=ms, gate=gate_of(shift.worker, ms), worker=shift.worker)
        for shift in worked
        if shift not in OLDER
        for ms in (shift.began, shift.ended)
        if ms is not None
    ]
    made += [
        Press(ms=press.ms + 9_000, gate=press.gate, worker=press.worker)
        for press in made
        if press.worker in PRESSES_TWICE and at(1, 0) < press.ms < at(1, 9)
    ]
    made += [Press(ms=jittered(rng, 5, 6, 5), gate=NORTH, worker=code) for code in SEASONAL[:3]]
    made += [Press(ms=at(day, 9, 13), gate=MAIN, worker=None) for day in (0, 3)]
    made.append(Press(ms=MISTAKE, gate=MAIN, worker=PRESSES_BY_MISTAKE))
    return sorted(made, key=lambda press: press.ms)


def gate_of(worker: str, ms: int) -> str:
    """The seasonal workers pass at the north gate."""
    elsewhere = worker == BY_THE_OTHER_GATE and at(3, 15) < ms < at(3, 24)
    return NORTH if worker in SEASONAL or elsewhere else MAIN


def jittered(rng: random.Random, day: int, hour: int, minute: int) -> int:
    """A time of day as people keep it: within four minutes."""
    return at(day, hour, minute) + rng.randrange(-240_000, 240_000)
