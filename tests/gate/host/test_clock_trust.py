"""A battery-backed clock is believed once it has proved itself, and never a leap into the past."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.gate.host.clock_trust import ClockTrust, HardwareClock, KnownTime, that_counts

HOUR = 3_600_000
NOON = 1_795_000_000_000
BEFORE = Stamp(boot="a", boottime_ms=HOUR, wall_ms=NOON, state=ClockState.SYNCED, uncertainty_ms=20)


def synced(boottime_ms: int, wall_ms: int) -> Stamp:
    return Stamp(
        boot="b",
        boottime_ms=boottime_ms,
        wall_ms=wall_ms,
        state=ClockState.SYNCED,
        uncertainty_ms=20,
    )


def started(shows_ms: int, *, held: bool, boottime_ms: int = 30_000) -> ClockTrust:
    """A boot that began with a hardware clock showing ``shows_ms``."""
    trust = ClockTrust("b", 500)
    trust.recall(KnownTime(BEFORE, held), HardwareClock(boottime_ms, shows_ms))
    return trust


def test_one_that_has_proved_itself_counts() -> None:
    trust = started(NOON + HOUR, held=True)
    state, uncertainty = trust.judge(60_000, NOON + HOUR + 30_000, None)
    assert state is ClockState.HOLDOVER
    assert uncertainty is not None
    assert uncertainty <= 20 + 2000 + 500 + 1800 + 20  # an hour at 500 ppm


def test_one_that_has_not_is_only_remembered() -> None:
    trust = started(NOON + HOUR, held=False)
    assert trust.judge(60_000, NOON + HOUR + 30_000, None) == (ClockState.UNSYNCED, None)
    assert trust.hardware_clock_held(synced(90_000, NOON + HOUR + 60_000))


@pytest.mark.parametrize("shows", [0, 946_684_800_000, NOON - HOUR, NOON - 10_000])
def test_a_leap_into_the_past_is_an_empty_battery(shows: int) -> None:
    trust = started(shows, held=True)
    assert trust.judge(60_000, shows + 30_000, None) == (ClockState.UNSYNCED, None)
    assert trust.hardware_clock_held(synced(90_000, NOON + HOUR)) is False


def test_one_that_was_wrong_has_not_held() -> None:
    trust = started(NOON + HOUR, held=False)
    assert trust.hardware_clock_held(synced(90_000, NOON + 3 * HOUR)) is False


def test_a_wall_clock_that_does_not_go_with_it_is_not_believed() -> None:
    trust = started(NOON + HOUR, held=True)
    assert trust.judge(60_000, NOON + 2 * HOUR, None) == (ClockState.UNSYNCED, None)


def test_without_one_nothing_can_be_said() -> None:
    trust = ClockTrust("b", 500)
    trust.recall(KnownTime(BEFORE, True), None)
    assert trust.judge(1, NOON, None) == (ClockState.UNSYNCED, None)
    assert trust.hardware_clock_held(synced(2, NOON)) is None


@pytest.mark.parametrize("off", [93 * 24 * HOUR, 43 * 365 * 24 * HOUR])
def test_a_leap_of_years_is_not_believed_at_all(off: int) -> None:
    trust = started(NOON + off, held=True)
    assert trust.judge(60_000, NOON + off + 30_000, None) == (ClockState.UNSYNCED, None)
    assert trust.hardware_clock_held(synced(90_000, NOON + HOUR)) is False
    # A gate that was in a shed for so long finds out whether it was right all the same.
    assert trust.hardware_clock_held(synced(90_000, NOON + off + 60_000))


@pytest.mark.parametrize(
    ("shows", "wall", "expected"),
    [
        ([], NOON, None),
        ([NOON + HOUR], 0, 0),
        ([0, NOON + HOUR], NOON + HOUR, 1),  # A Pi 5 with a module, and no battery of its own.
        ([0, NOON + HOUR], 0, 1),
        ([NOON + HOUR, 0], NOON + HOUR, 0),
        ([NOON + HOUR, NOON + 9 * HOUR], NOON + 9 * HOUR + 900, 1),
        ([NOON + HOUR, NOON + 9 * HOUR], NOON + HOUR, 0),
        ([NOON + 43 * 365 * 24 * HOUR, NOON + HOUR], NOON + 43 * 365 * 24 * HOUR, 1),
        ([NOON + HOUR, NOON + HOUR], NOON + HOUR, 1),
        ([0, 5000], 0, 1),
    ],
)
def test_the_clock_that_counts(shows: list[int], wall: int, expected: int | None) -> None:
    clocks = [HardwareClock(30_000, one) for one in shows]
    counts = that_counts(clocks, wall, BEFORE)
    assert counts is (None if expected is None else clocks[expected])


def test_in_the_boot_of_the_sync_it_is_the_sync_that_counts() -> None:
    trust = ClockTrust("a", 500)
    trust.recall(KnownTime(BEFORE, True), HardwareClock(2 * HOUR, 0))
    assert trust.judge(2 * HOUR, NOON + HOUR, None) == (ClockState.HOLDOVER, 1821)


@given(
    off_hours=st.integers(0, 1000),
    drift_ppm=st.floats(-499, 499),
    set_late_ms=st.integers(-1000, 1000),
    running=st.integers(0, 100 * HOUR),
)
def test_the_true_time_is_within_what_is_stated(
    off_hours: int, drift_ppm: float, set_late_ms: int, running: int
) -> None:
    off = off_hours * HOUR
    true_at_start = NOON + off + 30_000
    shows = int((NOON + (off + 30_000) * (1 + drift_ppm / 1e6) + set_late_ms) // 1000) * 1000
    trust = started(shows, held=True)
    wall = shows + running
    true = true_at_start + running / (1 + drift_ppm / 1e6)
    state, uncertainty = trust.judge(30_000 + running, wall, None)
    if off_hours == 0 and state is ClockState.UNSYNCED:
        return
    assert state is ClockState.HOLDOVER
    assert uncertainty is not None
    assert abs(wall - true) <= uncertainty + 1


def test_a_difference_too_small_for_a_step_is_doubt() -> None:
    """40 ms at the sync, 1 ms for what a reading cuts off, and the 30 ms that have come up."""
    trust = ClockTrust("b", 0)
    trust.judge(0, 10**12, 40)
    assert trust.judge(1_000, 10**12 + 1_030, None) == (ClockState.HOLDOVER, 71)
    assert trust.judge(1_000, 10**12 + 970, None) == (ClockState.HOLDOVER, 71)
    assert trust.judge(1_000, 10**12 + 1_041, None) == (ClockState.HOLDOVER, 82)
    assert trust.judge(1_000, 10**12 + 1_042, None) == (ClockState.UNSYNCED, None)
