"""A worker's presses as sessions: by evidence, by shifts, and never by guessing. Pure."""

from collections.abc import Iterable, Sequence

from .planned import read_planned
from .presses import Press, in_order
from .sessions import Paired
from .shifts import Instance
from .unplanned import read_unplanned


def pair(presses: Iterable[Press], shifts: Sequence[Instance] = ()) -> Paired:
    """What one worker's presses come to. ``shifts`` are theirs, day by day (``instances``)."""
    ordered = in_order(presses)
    if not shifts:
        return read_unplanned(ordered)
    return read_planned(ordered, shifts)
