"""The true time is inside what the ledger states, whatever the clocks have done."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.contract.true_times import (
    SLEWED_MS,
    Bounds,
    Drift,
    Fix,
    Landmark,
    Timeline,
    contradict,
    overlap,
    own_bounds,
    to_state,
    turns,
)

from .clock_history import DRIFT_PPM, HOUR, MINUTE, NOON, History, SmallLies, Written, naive


def outside(history: History) -> list[Written]:
    """The punches whose true time is not where the ledger finally puts it."""
    timeline = Timeline(history.marks(), DRIFT_PPM)
    return [
        punch
        for punch in history.punches()
        if not within(stated_of(timeline, punch.stamp), punch.true_ms)
    ]


def stated_of(timeline: Timeline, stamp: Stamp) -> Bounds:
    """The last that is said of a punch: its own time, or what was said later."""
    own, bounds = own_bounds(stamp), timeline.place(stamp)
    return bounds if own is None or to_state(bounds, own) else own


def said_last(history: History) -> list[tuple[Bounds | None, Written]]:
    """What is said last by a gate that reckons anew whenever its clock turns, lies included."""
    said: dict[int, tuple[Bounds | None, bool]] = {}
    for entry in history.entries:
        if entry.kind == "punch":
            said[entry.seq] = own_bounds(entry.stamp), False
        if entry.seq not in history.landmarks and entry is not history.entries[-1]:
            continue
        marks = [mark for seq, mark in history.landmarks.items() if seq <= entry.seq]
        timeline = Timeline([*marks, Landmark(entry.seq, entry.stamp)], DRIFT_PPM)
        for seq, (stated, later) in said.items():
            bounds = timeline.place(history.entries[seq - 1].stamp)
            if to_state(bounds, stated, later=later):
                said[seq] = bounds, True
    return [(said[punch.seq][0], punch) for punch in history.punches()]


def within(bounds: Bounds, true_ms: float) -> bool:
    after = bounds.low is None or bounds.low <= true_ms + 1
    return after and (bounds.high is None or true_ms <= bounds.high + 1)


def check(seed: int, *, lies: bool) -> tuple[int, int, int, int]:
    """Punches, those with an exact time, those in an interval, and those naively wrong."""
    history = History(Random(seed), lies=lies).live()
    assert outside(history) == [], f"seed {seed}"
    timeline = Timeline(history.marks(), DRIFT_PPM)
    punches = history.punches()
    fixes: dict[str, list[int]] = {}
    for entry in history.entries:
        if entry.stamp.state is ClockState.SYNCED:
            fixes.setdefault(entry.stamp.boot, []).append(entry.stamp.boottime_ms)
    exact = bounded = wrong = 0
    for punch in punches:
        bounds = stated_of(timeline, punch.stamp)
        in_holdover = punch.stamp.state is ClockState.HOLDOVER  # It has its time at once.
        if punch.stamp.boot in fixes and not lies and not in_holdover:
            at = punch.stamp.boottime_ms
            nearest = min(abs(sync - at) for sync in fixes[punch.stamp.boot])
            assert bounds.exact
            assert bounds.uncertainty_ms is not None
            assert bounds.uncertainty_ms <= 1000 + nearest * DRIFT_PPM // 1_000_000
        exact += bounds.exact
        bounded += not bounds.exact and bounds.middle is not None
        low, high = naive(punch)
        wrong += not low <= punch.true_ms <= high
    return len(punches), exact, bounded, wrong


@pytest.mark.parametrize("lies", [False, True])
def test_the_true_time_is_where_the_ledger_says(lies: bool) -> None:
    told = [check(seed, lies=lies) for seed in range(600)]
    punches, exact, bounded, naively_wrong = map(sum, zip(*told, strict=True))
    assert exact > punches / 4
    assert bounded > 0
    # The control: a gate that believes its wall clock is wrong in this very model.
    assert naively_wrong > punches / 10


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_true_time_is_where_the_ledger_says_in_100_000_histories() -> None:
    told = [check(seed, lies=seed % 4 == 0) for seed in range(100_000)]
    punches, exact, bounded, naively_wrong = map(sum, zip(*told, strict=True))
    print(f"{punches} punches: {exact} exact, {bounded} bounded, naively wrong {naively_wrong}")
    assert naively_wrong > punches / 10


@pytest.mark.parametrize(
    ("kind", "histories"),
    [(History, 600), (SmallLies, 600), pytest.param(SmallLies, 10_000, marks=pytest.mark.long)],
)
def test_what_is_said_last_is_true_whatever_was_said_before(
    kind: type[History], histories: int
) -> None:
    told = 0
    for seed in range(histories):
        for bounds, punch in said_last(kind(Random(seed), lies=True).live()):
            assert bounds is None or within(bounds, punch.true_ms), f"seed {seed}, {punch}"
            told += bounds is not None
    assert told > 5000


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=200)
def test_whatever_seed(seed: int, lies: bool) -> None:
    check(seed, lies=lies)


def stamp(boot: str, at: int, wall: int | None = None, error: int = 0) -> Stamp:
    """A stamp ``at`` ms after the boot's start; with ``wall`` ms after noon it was synchronised."""
    return Stamp(
        boot=boot,
        boottime_ms=at,
        wall_ms=0 if wall is None else NOON + wall,
        state=ClockState.UNSYNCED if wall is None else ClockState.SYNCED,
        uncertainty_ms=None if wall is None else error,
    )


def line(*stamps: Stamp) -> Timeline:
    return Timeline([Landmark(seq, one) for seq, one in enumerate(stamps, 1)], 0)


def test_a_boot_that_was_synchronised_later_gives_each_stamp_its_time() -> None:
    told = line(stamp("a", 0), stamp("a", HOUR, 2 * HOUR)).place(stamp("a", HOUR - MINUTE))
    assert told.middle == NOON + 2 * HOUR - MINUTE
    assert told.uncertainty_ms == SLEWED_MS + 2
    assert told.exact
    assert told.final


def test_a_boot_between_two_others_gives_an_interval() -> None:
    told = line(
        stamp("a", HOUR, HOUR),
        stamp("b", 0),
        stamp("b", 10 * MINUTE),
        stamp("c", MINUTE, 3 * HOUR),
    ).place(stamp("b", 4 * MINUTE))
    room = SLEWED_MS + 2
    assert told.low == NOON + HOUR + 4 * MINUTE - room
    assert told.high == NOON + 3 * HOUR - MINUTE - 6 * MINUTE + 2 * room
    assert not told.exact
    assert told.final


def test_a_boot_that_goes_on_has_no_end_yet() -> None:
    told = line(stamp("a", HOUR, HOUR), stamp("b", 0)).place(stamp("b", MINUTE))
    assert told.low is not None
    assert told.high is None
    assert not told.final


def test_a_sync_in_holdover_may_still_be_bettered() -> None:
    held = structs.replace(stamp("b", MINUTE, HOUR, 5000), state=ClockState.HOLDOVER)
    going_on = [stamp("a", 0), held]
    assert not line(*going_on).place(stamp("a", 0)).final
    assert not line(*going_on).place(stamp("b", 0)).final
    assert line(*going_on, stamp("c", 0)).place(stamp("b", 0)).final
    assert line(*going_on, stamp("b", 2 * MINUTE, HOUR)).place(stamp("b", 0)).final


def test_a_later_sync_proves_an_earlier_one_wrong() -> None:
    told = line(stamp("a", 0, 0), stamp("a", HOUR, 0), stamp("a", 2 * HOUR, 9 * HOUR))
    assert told.place(stamp("a", 0)).middle == NOON + 7 * HOUR


def test_clocks_that_contradict_each_other_across_boots_tell_nothing() -> None:
    told = line(stamp("a", 0, 2 * HOUR), stamp("b", 0), stamp("c", 0, HOUR)).place(stamp("b", 0))
    assert told == Bounds(None, None, False, True)


def test_a_stamp_of_a_boot_that_this_ledger_has_never_seen() -> None:
    assert line(stamp("a", 0, 0)).place(stamp("z", 0)) == Bounds(None, None, False, False)


def bounds(low: int | None, high: int | None, *, final: bool = True) -> Bounds:
    return Bounds(low, high, exact=False, final=final)


@pytest.mark.parametrize(
    ("now", "said", "expected"),
    [
        (bounds(1, 5), None, True),
        (bounds(1, 5, final=False), None, True),
        (bounds(1, None, final=False), None, False),
        (bounds(None, None), None, True),
        (bounds(1, 5), bounds(1, 9, final=False), True),
        (bounds(1, 5, final=False), bounds(1, 9, final=False), False),
        (bounds(1, 5), bounds(4, 9), False),
        (bounds(1, 5), bounds(6, 9), True),
    ],
)
def test_what_is_worth_saying(now: Bounds, said: Bounds | None, expected: bool) -> None:
    assert to_state(now, said) is expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, False), (2, 8, False), (-5, 15, True), (-3, 7, True), (3, 13, True), (11, 20, True)],
)
def test_what_a_lying_time_server_made_the_gate_say_later_is_corrected(
    low: int, high: int, expected: bool
) -> None:
    """Both may be as wide as a clock runs astray: the truth may be anywhere in the second."""
    said = Bounds(0, 10, exact=True, final=True)
    now = Bounds(low, high, exact=True, final=True)
    assert to_state(now, said, later=True) is expected
    # What a punch has said of itself is a matter of milliseconds: it lies in it, or beside it.
    assert to_state(now, said) is (low > 10)


def test_boots_without_a_clock_that_follow_each_other_narrow_each_other() -> None:
    """Each is at least as long as it ran: before the one after it, and after the one before."""
    boots = line(
        stamp("a", HOUR, HOUR),
        stamp("b", 10 * MINUTE),
        stamp("c", 20 * MINUTE),
        stamp("d", 0, 3 * HOUR),
    )
    room = SLEWED_MS + 2
    in_b, in_c = boots.place(stamp("b", 0)), boots.place(stamp("c", 0))
    assert (in_b.low, in_c.low) == (NOON + HOUR, NOON + HOUR + 10 * MINUTE - room)
    assert in_c.high == NOON + 3 * HOUR - 20 * MINUTE + room
    assert in_b.high == NOON + 3 * HOUR - 30 * MINUTE + 2 * room
    assert boots.knows("b")
    assert not boots.knows("z")


def test_how_far_a_clock_runs_astray() -> None:
    drift, fix = Drift(500), Fix(HOUR, NOON - 20, NOON + 20, True)
    slack = HOUR * 500 // 1_000_000 + SLEWED_MS + 2
    assert (drift.low(fix, HOUR), drift.high(fix, HOUR)) == (fix.low, fix.high)
    assert drift.low(fix, 2 * HOUR) == fix.low + HOUR - slack
    assert drift.high(fix, 2 * HOUR) == fix.high + HOUR + slack
    assert drift.low(fix, 0) == fix.low - HOUR - slack
    assert drift.high(fix, 0) == fix.high - HOUR + slack


def test_when_what_times_rest_on_changes() -> None:
    before = stamp("a", 0, 0)
    assert turns(None, before, 500)
    assert turns(before, stamp("b", 1, 1), 500)
    assert turns(before, stamp("a", 1), 500)
    assert not turns(before, stamp("a", MINUTE, MINUTE), 500)
    assert turns(before, stamp("a", MINUTE, 2 * MINUTE), 500)
    # Another boot, or a clock that nobody trusted, contradicts nothing.
    assert not contradict(before, stamp("b", MINUTE, 2 * MINUTE), 500)
    assert not contradict(before, stamp("a", MINUTE), 500)
    assert not contradict(stamp("a", MINUTE), stamp("a", MINUTE, HOUR), 500)


def test_a_boot_in_holdover_rests_on_its_nearest_stamps() -> None:
    def held(at: int, wall: int) -> Stamp:
        return structs.replace(stamp("a", at, wall, 5), state=ClockState.HOLDOVER)

    boot = line(held(0, 0), held(HOUR, HOUR), held(2 * HOUR, 2 * HOUR))
    assert boot.place(stamp("a", HOUR)) == Bounds(NOON + HOUR - 5, NOON + HOUR + 5, True, False)


def test_open_intervals_overlap() -> None:
    assert overlap(bounds(1, 5), bounds(None, None))
    assert overlap(bounds(None, 5), bounds(5, None))
    assert not overlap(bounds(None, 4), bounds(5, None))
