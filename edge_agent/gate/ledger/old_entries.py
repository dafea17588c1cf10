"""Which entries are certainly old: what is kept for months goes by it, and never too early."""

from ...contract.chain import stamp_of
from ...contract.stamps import DAY_MS, Stamp
from .recorder import Recorder

MONTH_MS = 31 * DAY_MS
"""The longest: nothing goes a day before its months are over."""

_BATCH = 100

_LOOK_AHEAD = 2_000
"""Entries that a gate may write without ever knowing the time before they are kept for good."""


def last_old(
    gate: Recorder, first: int, last: int, age_ms: float, now: Stamp, at_once: int = 1
) -> int | None:
    """The last of the entries ``first`` to ``last`` that are certainly as old as ``age_ms``.

    Not much beyond ``at_once`` of them, for what is done with them keeps presses waiting. None:
    none is, or nobody knows the time. Raises StoreFault.
    """
    if not gate.known.is_sure(now):
        return None
    found = None
    # Where a whole batch has no time of its own, the entries after it may tell.
    for start in range(first, min(last + 1, first + _LOOK_AHEAD), _BATCH):
        for entry in gate.store.entries(start, _BATCH):
            stamp = stamp_of(gate.store.data_of(entry))
            if entry.seq <= last and gate.known.is_believed(stamp):
                if not _is_old(stamp, now, age_ms):
                    return found
                # Whatever came before an entry of a known time is older still.
                found = entry.seq
        if found is not None and found - first + 1 >= at_once:
            return found
    return found


def _is_old(stamp: Stamp, now: Stamp, age_ms: float) -> bool:
    doubt_ms = (stamp.uncertainty_ms or 0) + (now.uncertainty_ms or 0)
    return now.wall_ms - stamp.wall_ms - doubt_ms >= age_ms
