"""Times and the bounds between them."""

from itertools import combinations
from math import inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.stamps import (
    ClockState,
    Elapsed,
    Stamp,
    elapsed,
    local_time,
    parse_time,
    true_time,
    utc_time,
)

from .made_up import Moment, moments

ZONES = [
    ZoneInfo(name)
    for name in ("Asia/Ho_Chi_Minh", "UTC", "Asia/Kathmandu", "Europe/Berlin", "America/St_Johns")
]
NOON = Stamp(
    boot="a", boottime_ms=60_000, wall_ms=10**12, state=ClockState.SYNCED, uncertainty_ms=40
)


@given(moments())
def test_the_true_time_between_two_moments_is_within_the_bounds(history: list[Moment]) -> None:
    for earlier, later in combinations(history, 2):
        bounds = elapsed(earlier.stamp, later.stamp)
        assert bounds.least <= later.true_ms - earlier.true_ms <= bounds.most
        if earlier.stamp.boot == later.stamp.boot:
            assert bounds.least == bounds.most


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ({"boottime_ms": 61_000, "wall_ms": 0}, Elapsed(1000, 1000)),
        ({"boot": "b", "boottime_ms": 500, "wall_ms": 10**12 + 9000}, Elapsed(8920, 9080)),
        ({"boot": "b", "boottime_ms": 9050, "wall_ms": 10**12 + 9000}, Elapsed(9050, 9080)),
        ({"boot": "b", "boottime_ms": 500, "state": ClockState.UNSYNCED}, Elapsed(500, inf)),
        ({"boot": "b", "boottime_ms": 500, "uncertainty_ms": None}, Elapsed(500, inf)),
        # The clocks contradict each other: one was wrong, and any time may have passed.
        ({"boot": "b", "boottime_ms": 500, "wall_ms": 10**12 - 9000}, Elapsed(500, inf)),
    ],
)
def test_bounds(later: dict[str, object], expected: Elapsed) -> None:
    assert elapsed(NOON, structs.replace(NOON, **later)) == expected


@given(st.integers(0, 7_258_118_400_000), st.sampled_from(ZONES))
@example(1_698_541_200_000, ZoneInfo("Europe/Berlin"))  # the hour that comes twice
@example(1_698_544_800_000, ZoneInfo("Europe/Berlin"))
def test_a_written_time_names_its_millisecond(wall_ms: int, zone: ZoneInfo) -> None:
    assert parse_time(local_time(wall_ms, zone)) == wall_ms
    assert parse_time(utc_time(wall_ms)) == wall_ms
    assert utc_time(wall_ms).endswith("Z")


def test_times_are_rfc_3339_with_milliseconds() -> None:
    assert local_time(1_795_391_883_000, ZONES[0]) == "2026-11-23T06:58:03.000+07:00"
    assert utc_time(0) == "1970-01-01T00:00:00.000Z"


def test_a_time_without_an_offset_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        parse_time("2026-11-23T06:58:03.120")


@pytest.mark.parametrize(
    ("state", "uncertainty", "known"),
    [
        (ClockState.SYNCED, 0, True),
        (ClockState.HOLDOVER, 10**6, True),
        (ClockState.SYNCED, None, False),
        (ClockState.UNSYNCED, 5, False),
        (ClockState.UNSYNCED, None, False),
    ],
)
def test_only_a_trusted_clock_tells_the_time(
    state: ClockState, uncertainty: int | None, known: bool
) -> None:
    stamp = structs.replace(NOON, state=state, uncertainty_ms=uncertainty)
    assert (true_time(stamp, ZONES[0]) is not None) is known


def test_clocks_without_any_doubt_bound_exactly() -> None:
    """No uncertainty is none at all, and a boot as long as all that passed is no contradiction."""
    earlier = structs.replace(NOON, uncertainty_ms=0)
    later = structs.replace(
        NOON, boot="b", boottime_ms=5_000, wall_ms=NOON.wall_ms + 5_000, uncertainty_ms=0
    )
    assert elapsed(earlier, later) == Elapsed(5_000, 5_000)
    assert elapsed(earlier, structs.replace(later, boottime_ms=5_001)) == Elapsed(5_001, inf)
