"""Stamps: the raw clock readings of a moment, and what may be concluded from them.

No time is ever guessed. A moment has a true time only where the clock was trusted when it was
stamped; everything else is an interval or unknown.
"""

from datetime import UTC, datetime
from enum import StrEnum
from math import inf
from zoneinfo import ZoneInfo

from msgspec import Struct

DAY_MS = 86_400_000


class ClockState(StrEnum):
    """How far the wall clock could be trusted at a moment."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    UNSYNCED = "unsynced"


class Stamp(Struct, frozen=True, kw_only=True):
    """The raw clock readings of a moment.

    ``boot`` is the kernel's boot id; ``boottime_ms`` is CLOCK_BOOTTIME (it runs on through suspend
    and never steps) and ``wall_ms`` is CLOCK_REALTIME, both in milliseconds; ``uncertainty_ms``
    bounds the wall clock's error and is None where nothing bounds it.
    """

    boot: str
    boottime_ms: int
    wall_ms: int
    state: ClockState
    uncertainty_ms: int | None

    @property
    def trusted(self) -> bool:
        """Whether ``wall_ms`` is the true time within ``uncertainty_ms``."""
        return self.state is not ClockState.UNSYNCED and self.uncertainty_ms is not None


class Elapsed(Struct, frozen=True):
    """Bounds, in milliseconds, on the time between two stamps."""

    least: float
    most: float


def elapsed(earlier: Stamp, later: Stamp) -> Elapsed:
    """Bound the time from one stamp to a later one, never trusting an untrusted wall clock."""
    if earlier.boot == later.boot:
        between = later.boottime_ms - earlier.boottime_ms
        return Elapsed(between, between)
    # The earlier boot ended before this one began, so this boot's whole running time has passed.
    least: float = later.boottime_ms
    most = inf
    if earlier.trusted and later.trusted:
        slack = (earlier.uncertainty_ms or 0) + (later.uncertainty_ms or 0)
        between = later.wall_ms - earlier.wall_ms
        if between + slack >= least:
            least, most = max(least, between - slack), between + slack
        # Otherwise one of the clocks was wrong, and neither may be believed here.
    return Elapsed(least, most)


def true_time(stamp: Stamp, zone: ZoneInfo) -> str | None:
    """RFC 3339 local time with offset, or None where the moment's time is not known."""
    return local_time(stamp.wall_ms, zone) if stamp.trusted else None


def local_time(wall_ms: int, zone: ZoneInfo) -> str:
    """RFC 3339 with the zone's offset and milliseconds."""
    return datetime.fromtimestamp(wall_ms / 1000, zone).isoformat(timespec="milliseconds")


def local_date(wall_ms: int, zone: ZoneInfo) -> str:
    """The day on which a moment falls, as "2026-11-30": such texts sort as the days do."""
    return datetime.fromtimestamp(wall_ms / 1000, zone).date().isoformat()


def utc_time(wall_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, ending in Z."""
    return local_time(wall_ms, UTC).replace("+00:00", "Z")  # type: ignore[arg-type]


def parse_time(text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time. Raises ValueError where it has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset")
    return round(moment.timestamp() * 1000)
