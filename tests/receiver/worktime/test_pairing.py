"""What presses mean, case by case."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from edge_agent.receiver.worktime.pairing import pair
from edge_agent.receiver.worktime.presses import Press
from edge_agent.receiver.worktime.sessions import Paired, Session
from edge_agent.receiver.worktime.shifts import Break, Instance, Shift, instances

from . import test_properties
from .months import at_ms, press

DAY = Shift(
    code="N", begin="06:00", end="18:00", breaks=(Break(begin="11:30", end="12:30", pressed=True),)
)
SHORT = Shift(code="S", begin="06:00", end="14:00")
LATE = Shift(code="C", begin="14:00", end="22:00")
NIGHT = Shift(code="D", begin="22:00", end="06:00")
WEEK = [f"{day} {time}" for day in range(23, 29) for time in ("06:00", "11:30", "12:30", "18:00")]
FORGOTTEN = "23 11:30"


def at(short: str) -> int:
    day, time = short.split()
    hours, _, minutes = time.partition(":")
    return at_ms(date(2026, 11, int(day)), int(hours) * 60 + float(minutes))


def presses(*said: str) -> list[Press]:
    """ "23 06:00", with ``>`` or ``<`` before it by evidence, and ``@gate`` behind."""
    found = []
    for n, text in enumerate(said, 1):
        moment, _, gate = text.partition("@")
        way = {">": "in", "<": "out"}.get(moment[0])
        found.append(press(at(moment.lstrip("<>")), n, way, gate or "main"))
    return found


def plan(*shifts: Shift) -> list[Instance]:
    return instances(shifts, date(2026, 11, 20), date(2026, 12, 2))


def short(session: Session) -> tuple[Any, ...]:
    came, left = (one and (one.at or "?")[8:16] for one in (session.came, session.left))
    return (came, left, session.status, session.seconds and session.seconds // 60)


def read(found: Paired) -> list[tuple[Any, ...]]:
    return [short(session) for session in found.sessions]


def complete(found: Paired) -> list[tuple[Any, ...]]:
    return [row for row in read(found) if row[2] == "complete"]


def of_day(found: Paired, day: int) -> set[str]:
    return {one.status for one in found.sessions if one.date == f"2026-11-{day}"}


@pytest.mark.parametrize("gates", [("main",), ("main", "north")], ids=["one-gate", "two-gates"])
@pytest.mark.parametrize("guess", [None, "in"], ids=["none", "alternate"])
def test_one_forgotten_noon_makes_one_day_doubtful(
    gates: tuple[str, ...], guess: str | None
) -> None:
    """What the gate guessed plays no part, whichever gate it was."""
    said = [one for one in WEEK if one != FORGOTTEN]
    week = presses(*(f"{one}@{gates[n % len(gates)]}" for n, one in enumerate(said)))
    week = [_guessed(one, guess) for one in week]
    found = pair(week, plan(DAY))
    assert of_day(found, 23) == {"manual"}
    assert all(of_day(found, day) == {"complete"} for day in range(24, 29))
    assert sum(one.seconds or 0 for one in found.sessions) == 5 * 660 * 60
    [doubt] = found.doubts
    assert (doubt.date, len(doubt.presses)) == ("2026-11-23", 3)
    likeliest = doubt.readings[0]
    assert [(one.way, one.about_ms) for one in likeliest.missing] == [("out", at(FORGOTTEN))]

    without = pair(week)
    true = {(one[0], one[1]) for one in read(pair(presses(*WEEK), plan(DAY)))}
    assert {(one[0], one[1]) for one in complete(without)} <= true
    assert of_day(without, 23) == {"manual"}


def _guessed(one: Press, guess: Any) -> Press:
    import msgspec

    return msgspec.structs.replace(one, guess=guess)


@pytest.mark.parametrize("shifts", [(DAY,), ()], ids=["shifts", "no-shifts"])
def test_putting_it_right_restores_the_week(shifts: tuple[Shift, ...]) -> None:
    week = [one for one in WEEK if one != FORGOTTEN]
    whole = read(pair(presses(*WEEK), plan(*shifts)))
    assert [row[3] for row in whole] == [330] * 12
    assert read(pair(presses(*week, FORGOTTEN), plan(*shifts))) == whole


UNSHRUNK = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.generate],  # That it is found is enough: the smallest month takes long.
    suppress_health_check=list(HealthCheck),
)


def test_the_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pair them as they come: a twelve hours' night for each day of the week."""

    def as_they_come(presses: list[Press], *_: object) -> Paired:
        ordered = sorted(presses, key=lambda one: one.place_ms)
        pairs = zip(ordered[::2], ordered[1::2], strict=False)
        return Paired(
            [
                Session(
                    came=came, left=left, date=came.day, status="complete",
                    seconds=(left.place_ms - came.place_ms) // 1000,
                )
                for came, left in pairs
            ],
            [],
        )  # fmt: skip

    monkeypatch.setattr(test_properties, "pair", as_they_come)
    for holds in (test_properties.taken_away, test_properties.added):
        with pytest.raises((AssertionError, BaseExceptionGroup)):
            test_properties.try_months(holds, UNSHRUNK)


CASES: dict[str, tuple[list[str], tuple[Shift, ...], list[tuple[Any, ...]]]] = {
    "a tie is settled by evidence": (
        [">23 06:00", ">23 12:00", "<23 12:00@north", "<23 18:00"], (),
        [("23T06:00", "23T12:00", "complete", 360), ("23T12:00", "23T18:00", "complete", 360)],
    ),
    "a tie without anybody inside": (
        [">23 12:00", "<23 12:00@north", "<23 18:00"], (),
        [(None, "23T12:00", "manual", None), ("23T12:00", "23T18:00", "complete", 360)],
    ),
    "presses at two gates within a minute are one": (
        ["23 06:00", "23 06:00.5@north", "23 18:00"], (),
        [("23T06:00", "23T18:00", "complete", 719)],
    ),
    "but not where evidence says in and out": (
        [">23 06:00", "<23 06:00.5@north"], (),
        [("23T06:00", "23T06:00", "manual", None)],
    ),
    "three presses of a day": (
        ["23 06:00", "23 12:30", "23 18:00", "25 06:00"], (),
        [("23T06:00", "23T12:30", "manual", None), ("23T18:00", None, "manual", None),
         ("25T06:00", None, "open", None)],
    ),
    "fourteen hours, and a minute more": (
        ["23 06:00", "23 20:00", "25 06:00", "25 20:01"], (),
        [("23T06:00", "23T20:00", "complete", 840), ("25T06:00", None, "manual", None),
         ("25T20:01", None, "open", None)],
    ),
    "two days of twelve hours, or the night between": (
        ["23 06:00", "23 18:00", "24 06:00", "24 18:00"], (),
        [("23T06:00", "23T18:00", "manual", None), ("24T06:00", "24T18:00", "manual", None)],
    ),
    "the same with a shift": (
        ["23 06:00", "23 18:00", "24 06:00", "24 18:00"],
        (Shift(code="N", begin="06:00", end="18:00"),),
        [("23T06:00", "23T18:00", "complete", 720), ("24T06:00", "24T18:00", "complete", 720)],
    ),
    "evidence goes on with what is unknown": (
        [">23 07:00", "23 11:00", "23 12:00", "<23 16:00"], (),
        [("23T07:00", "23T11:00", "complete", 240), ("23T12:00", "23T16:00", "complete", 240)],
    ),
    "noon was not pressed where it should be": (
        [">23 06:00", "<23 18:00", "25 06:00"], (DAY,),
        [("23T06:00", None, "manual", None), (None, "23T18:00", "manual", None),
         ("25T06:00", None, "open", None)],
    ),
    "the afternoon is certain by evidence": (
        [">23 06:00", ">23 12:30", "<23 18:00", "25 06:00"], (DAY,),
        [("23T06:00", None, "manual", None), ("23T12:30", "23T18:00", "complete", 330),
         ("25T06:00", None, "open", None)],
    ),
    "a morning alone": (
        ["23 06:00", "23 11:34"], (DAY,), [("23T06:00", "23T11:34", "complete", 334)],
    ),
    "two shifts in a day": (
        ["23 06:00", "23 14:00", "23 22:00", "24 06:00"], (SHORT, LATE, NIGHT),
        [("23T06:00", "23T14:00", "complete", 480), ("23T22:00", "24T06:00", "complete", 480)],
    ),
    "sixteen hours are nobody's": (
        ["23 06:00", "23 22:00"], (SHORT, LATE),
        [("23T06:00", None, "manual", None), (None, "23T22:00", "manual", None)],
    ),
    "a press that fits two": (
        ["23 14:00", "25 06:00"], (SHORT, LATE),
        [("23T14:00", None, "manual", None), ("25T06:00", None, "open", None)],
    ),
    "presses that fit two, pressed as for both": (
        ["23 09:50", "23 12:10"],
        (SHORT, Shift(code="M", begin="09:00", end="13:00")),
        [("23T09:50", "23T12:10", "complete", 140)],
    ),
    "presses that fit no shift, without evidence and with it": (
        ["23 23:00", "24 00:30", ">25 23:00", "<26 00:30"], (SHORT,),
        [("23T23:00", "24T00:30", "manual", None), ("25T23:00", "26T00:30", "complete", 90)],
    ),
    "overtime that nobody has said": (
        ["23 06:00", "23 14:00", "23 15:00", "23 17:00"], (SHORT,),
        [("23T06:00", "23T14:00", "manual", None), ("23T15:00", "23T17:00", "manual", None)],
    ),
    "overtime by evidence": (
        [">23 06:00", "<23 14:00", ">23 15:00", "<23 17:00"], (SHORT,),
        [("23T06:00", "23T14:00", "complete", 480), ("23T15:00", "23T17:00", "complete", 120)],
    ),
    "seconds are not cut": (
        ["23 06:00.5", "23 11:30.75"], (), [("23T06:00", "23T11:30", "complete", 330)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_case(name: str) -> None:
    said, shifts, expected = CASES[name]
    found = pair(presses(*said), plan(*shifts) if shifts else [])
    assert read(found) == expected


def test_seconds_are_those_between_the_times_shown() -> None:
    [session] = pair(presses("23 06:00.5", "23 11:30.75")).sessions
    assert session.seconds == 330 * 60 + 15


def test_lateness_is_told_and_not_deducted() -> None:
    found = pair(presses("23 06:10", "23 11:30", "23 12:40", "23 17:30"), plan(DAY))
    assert [(one.seconds, one.late_seconds, one.early_seconds) for one in found.sessions] == [
        (320 * 60, 600, 0),
        (290 * 60, 0, 1800),
    ]


def test_a_day_of_rest_worked_is_one() -> None:
    office = Shift(code="H", begin="07:00", end="16:00", weekdays=(1, 2, 3, 4, 5))
    found = pair(presses("27 07:00", "27 16:00", "29 07:00", "29 16:00"), plan(office))
    assert [(one.status, one.shift and one.shift.rest_day) for one in found.sessions] == [
        ("complete", False),
        ("complete", True),
    ]


def test_an_unpaid_break_that_nobody_presses_is_told() -> None:
    breaks = (Break(begin="11:30", end="12:30"), Break(begin="15:00", end="15:15", paid=True))
    office = Shift(code="H", begin="07:00", end="16:00", breaks=breaks)
    [session] = pair(presses("27 07:00", "27 16:00"), plan(office)).sessions
    assert (session.seconds, session.break_seconds) == (540 * 60, 3600)
