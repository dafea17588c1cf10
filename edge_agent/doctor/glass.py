"""Whether the glass is clean: what the sensor makes of it bare, and of the fingers on it."""

from contextlib import closing
from itertools import islice

from msgspec import Struct

from ..domain.chain import stamp_of
from ..domain.errors import StoreFault
from ..domain.rules import Reason
from ..domain.stamps import elapsed
from ..ports import Sensor
from .findings import Verdict
from .sentences import sensor as say
from .visit import Glass, Visit

_LOOKS = 5

_DAY_MS = 24 * 3_600_000
_MOST_ENTRIES = 5_000

_FEWEST = 20
"""Touches; of fewer a share says nothing."""

_MANY = 0.2
"""Poor touches: dry fingers alone stay below this on a clean glass."""


class _Touches(Struct):
    """Of the last day, as far as the ledger names them."""

    all: int = 0
    poor: int = 0


def look_at_bare_glass(sensor: Sensor) -> Glass:
    """Look some times while nobody is asked to press. Raises SensorFault."""
    seen = prints = 0
    for _ in range(_LOOKS):
        if sensor.capture():
            seen += 1
            prints += sensor.extract() is None
    return Glass(looks=_LOOKS, seen=seen, prints=prints)


def glass(visit: Visit) -> Verdict | None:
    """The bare glass where no daemon looks at it, else how the last day's touches went."""
    bare, touches = visit.glass, _touches(visit)
    if bare is not None and bare.prints:
        return say.GLASS_TOUCHED()
    if bare is not None and bare.seen:
        return say.GLASS_SEES_THINGS(seen=bare.seen, looks=bare.looks)
    if touches.all >= _FEWEST and touches.poor > _MANY * touches.all:
        return say.GLASS_READS_POORLY(poor=touches.poor, touches=touches.all)
    if touches.all:
        return say.GLASS_READS_WELL(poor=touches.poor, touches=touches.all)
    return say.GLASS_BARE() if bare is not None else None


def _touches(visit: Visit) -> _Touches:
    found = _Touches()
    try:
        store = visit.assembly.store_for_reading()
    except (StoreFault, PermissionError):
        return found  # Another check tells.
    now = visit.assembly.clock.stamp()
    with closing(store):
        for kind, data in islice(store.newest_first(), _MOST_ENTRIES):
            if elapsed(stamp_of(data), now).least > _DAY_MS:
                break
            if kind in ("punch.recorded", "punch.repeated"):
                found.all += 1
            elif kind == "attempt.refused":
                count = 1 + data["suppressed"]
                found.all += count
                found.poor += count * (data["reason"] == Reason.POOR_SCAN.value)
    return found
