"""What a touch means."""

from itertools import combinations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.attendance import SHIFT_MS
from edge_agent.contract.facts import Direction, DirectionRule
from edge_agent.contract.people import Employment, Print, Worker
from edge_agent.contract.stamps import ClockState, Stamp, parse_time
from edge_agent.gate.rules import (
    Accepted,
    LastPunch,
    Match,
    Policy,
    Reason,
    Refused,
    Repeat,
    judge,
    recognised,
)
from tests.contract.made_up import Moment, moments

IN, OUT = Direction.IN, Direction.OUT
MATCH = Match(17, 112)
OWNER = Print(worker="007", finger="right-index", slot=17, generation=2)
WORKER = Worker(code="007", name="Lan")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MINUTE = Policy(repeat_window_ms=60_000, direction=DirectionRule.NONE, zone=ZONE)
ALTERNATE = Policy(repeat_window_ms=0, direction=DirectionRule.ALTERNATE, zone=ZONE)
FIRST = Stamp(boot="a", boottime_ms=0, wall_ms=10**12, state=ClockState.SYNCED, uncertainty_ms=1000)


def later(ms: int, **other: object) -> Stamp:
    return structs.replace(FIRST, **{"boottime_ms": ms, "wall_ms": 10**12 + ms, **other})


def after_power_cut(ms: int, **other: object) -> Stamp:
    return structs.replace(later(ms), boot="b", boottime_ms=1, **other)


@pytest.mark.parametrize(
    ("owner", "worker", "expected"),
    [
        (None, None, Refused(Reason.UNKNOWN)),
        (OWNER, None, Refused(Reason.UNKNOWN)),
        (OWNER, structs.replace(WORKER, active=False), Refused(Reason.DEACTIVATED, worker="007")),
        (OWNER, WORKER, Accepted(OWNER, MATCH, None)),
    ],
)
def test_whose_finger_it_is(owner: Print | None, worker: Worker | None, expected: object) -> None:
    assert judge(MATCH, owner, worker, None, FIRST, MINUTE) == expected


@pytest.mark.parametrize(
    ("now", "window_ms", "repeat"),
    [
        (later(0), 60_000, True),
        (later(60_000), 60_000, True),
        (later(60_001), 60_000, False),
        (later(0), 0, False),
        # A stepped wall clock changes nothing within a boot.
        (later(59_000, wall_ms=0), 60_000, True),
        (later(61_000, wall_ms=10**12), 60_000, False),
        # Across a power cut both clocks' uncertainty counts.
        (after_power_cut(58_000), 60_000, True),
        (after_power_cut(58_001), 60_000, False),
        (after_power_cut(10, state=ClockState.UNSYNCED, uncertainty_ms=None), 60_000, False),
        (after_power_cut(10, uncertainty_ms=None), 60_000, False),
    ],
)
def test_a_repeat_must_be_certain(now: Stamp, window_ms: int, repeat: bool) -> None:
    policy = structs.replace(MINUTE, repeat_window_ms=window_ms)
    verdict = judge(MATCH, OWNER, WORKER, LastPunch(5, FIRST, None), now, policy)
    assert verdict == (Repeat(OWNER, MATCH, 5) if repeat else Accepted(OWNER, MATCH, None))


@given(moments(), st.integers(0, 86_400_000))
def test_no_punch_outside_the_window_is_ever_taken_for_a_repeat(
    history: list[Moment], window_ms: int
) -> None:
    policy = structs.replace(MINUTE, repeat_window_ms=window_ms)
    for before, now in combinations(history, 2):
        last = LastPunch(5, before.stamp, None)
        verdict = judge(MATCH, OWNER, WORKER, last, now.stamp, policy)
        since = now.true_ms - before.true_ms
        if isinstance(verdict, Repeat):
            assert since <= window_ms
        elif before.stamp.boot == now.stamp.boot:
            assert since > window_ms or window_ms == 0


@pytest.mark.parametrize("rule", [DirectionRule.NONE, DirectionRule.IN, DirectionRule.OUT])
@pytest.mark.parametrize("last", [None, LastPunch(5, FIRST, IN)])
def test_a_fixed_direction_heeds_no_history(rule: DirectionRule, last: LastPunch | None) -> None:
    policy = Policy(repeat_window_ms=0, direction=rule, zone=ZONE)
    verdict = judge(MATCH, OWNER, WORKER, last, later(10), policy)
    expected = None if rule is DirectionRule.NONE else Direction(rule.value)
    assert verdict == Accepted(OWNER, MATCH, expected)


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (None, later(0), IN),
        (IN, later(1), OUT),
        (OUT, later(1), IN),
        (IN, later(SHIFT_MS), OUT),
        (IN, later(SHIFT_MS + 1), IN),
        (OUT, later(SHIFT_MS + 1), IN),
        (IN, after_power_cut(SHIFT_MS - 2000), OUT),
        (IN, after_power_cut(SHIFT_MS + 2001), IN),
        # It may or may not be the same shift: the gate does not know, and says so.
        (IN, after_power_cut(SHIFT_MS), None),
        (IN, after_power_cut(1, state=ClockState.UNSYNCED, uncertainty_ms=None), None),
    ],
)
def test_alternate(last: Direction | None, now: Stamp, expected: Direction | None) -> None:
    before = LastPunch(5, FIRST, last) if last else None
    verdict = judge(MATCH, OWNER, WORKER, before, now, ALTERNATE)
    assert verdict == Accepted(OWNER, MATCH, expected)


def test_alternate_after_a_direction_that_was_not_known() -> None:
    before = LastPunch(5, FIRST, None)
    assert judge(MATCH, OWNER, WORKER, before, later(5), ALTERNATE) == Accepted(OWNER, MATCH, None)


@given(moments(), st.sampled_from(Direction))
def test_alternate_is_never_wrong_about_the_shift(
    history: list[Moment], direction: Direction
) -> None:
    for before, now in combinations(history, 2):
        last = LastPunch(5, before.stamp, direction)
        verdict = judge(MATCH, OWNER, WORKER, last, now.stamp, ALTERNATE)
        assert isinstance(verdict, Accepted)
        other = OUT if direction is IN else IN
        true = other if now.true_ms - before.true_ms <= SHIFT_MS else IN
        assert verdict.direction in (None, true)


def listed(**dates: str | None) -> Worker:
    return structs.replace(WORKER, listed=Employment(active=True, **dates))


def at(text: str, **other: object) -> Stamp:
    return structs.replace(FIRST, wall_ms=parse_time(f"{text}+07:00"), **other)


def refused(worker: Worker, now: Stamp, last: LastPunch | None = None) -> bool:
    verdict = judge(MATCH, OWNER, worker, last, now, ALTERNATE)
    assert verdict == Refused(Reason.NOT_VALID, worker="007") or isinstance(verdict, Accepted)
    return isinstance(verdict, Refused)


UNSURE = {"state": ClockState.UNSYNCED, "uncertainty_ms": None}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-02-28T23:59:57", True),
        ("2026-02-28T23:59:59.500", False),  # within the uncertainty of one second
        ("2026-03-01T00:00:00", False),
        ("2026-11-30T23:59:59", False),
        ("2026-12-01T00:00:00.500", False),
        ("2026-12-01T00:00:02", True),
    ],
)
def test_validity_dates_are_inclusive_days_at_the_gate(now: str, expected: bool) -> None:
    seasonal = listed(valid_from="2026-03-01", valid_to="2026-11-30")
    assert refused(seasonal, at(now)) is expected
    assert not refused(seasonal, at(now, **UNSURE))
    assert not refused(listed(), at(now))


@pytest.mark.parametrize(
    ("came", "direction", "leaves", "expected"),
    [
        ("2026-11-30T21:55:00", IN, "2026-12-01T06:03:00", False),
        ("2026-11-30T21:55:00", None, "2026-12-01T06:03:00", False),
        ("2026-11-30T16:00:00", OUT, "2026-12-01T06:00:00", True),  # has gone home before
        ("2026-11-30T06:00:00", IN, "2026-12-01T06:00:00", True),  # longer ago than any shift
        ("2026-12-01T06:00:00", None, "2026-12-01T06:05:00", True),  # came in after the last day
    ],
)
def test_who_came_in_on_the_last_day_may_still_go_out(
    came: str, direction: Direction | None, leaves: str, expected: bool
) -> None:
    start, end = at(came), at(leaves)
    end = structs.replace(end, boottime_ms=end.wall_ms - start.wall_ms)
    last = LastPunch(1, start, direction)
    assert refused(listed(valid_to="2026-11-30"), end, last) is expected


def test_payroll_s_word_is_as_good_as_the_gate_s() -> None:
    dismissed = structs.replace(WORKER, listed=Employment(active=False))
    verdict = judge(MATCH, OWNER, dismissed, None, FIRST, MINUTE)
    assert verdict == Refused(Reason.DEACTIVATED, worker="007")


@pytest.mark.parametrize(
    ("score", "least", "known"),
    [(0, 0, True), (59, 60, False), (60, 60, True), (61, 60, True), (1, 0, True)],
)
def test_a_score_of_its_own(score: int, least: int, known: bool) -> None:
    policy = Policy(repeat_window_ms=0, direction=DirectionRule.NONE, min_score=least, zone=ZONE)
    match = Match(3, score)
    assert recognised(match, policy) == (match if known else Refused(Reason.UNKNOWN))
    assert recognised(None, policy) == Refused(Reason.UNKNOWN)
