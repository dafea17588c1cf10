"""Prune the oldest entries, where the technician has asked for it: none that payroll may miss."""

import logging
from math import inf

from ...contract.chain import stamp_of
from ...contract.errors import StoreFault
from ...contract.stamps import Stamp
from .recorder import Recorder

log = logging.getLogger(__name__)

_MONTH_MS = 31 * 86_400_000

_BATCH = 100
"""Entries a turn: a transaction of about 30 ms on a slow card, between two looks at the glass."""

_LOOK_AHEAD = 2_000
"""Entries that a gate may write without ever knowing the time before they are kept for good."""

_EVERY_S = 60.0


class Pruner:
    """Lives on the gate's thread, for that alone writes the ledger."""

    def __init__(self, gate: Recorder, after_months: int | None) -> None:
        """``after_months`` None: nothing is ever pruned."""
        self._gate = gate
        self._after_ms = after_months * _MONTH_MS if after_months else inf
        self._due = -inf

    def turn(self) -> None:
        """Prune a few entries, if it is time to and there are any."""
        if self._after_ms == inf or self._gate.clock.monotonic() < self._due:
            return
        self._due = self._gate.clock.monotonic() + _EVERY_S
        try:
            if through := self._prunable():
                with self._gate.store.changing() as change:
                    change.forget_through(through)
        except StoreFault as fault:
            log.error("old entries could not be pruned: %s", fault)

    def _prunable(self) -> int | None:
        """The last of the next entries that are certainly old enough and that payroll holds."""
        store, now = self._gate.store, self._gate.clock.stamp()
        if not now.trusted:
            return None
        confirmed, first = store.watermarks().confirmed, store.checkpoint().seq + 1
        # Where a whole batch has no time of its own, the entries after it may tell.
        for start in range(first, min(confirmed + 1, first + _LOOK_AHEAD), _BATCH):
            found = None
            for entry in store.entries(start, _BATCH):
                stamp = stamp_of(store.data_of(entry))
                if entry.seq <= confirmed and stamp.trusted:
                    if not self._is_old(stamp, now):
                        return found
                    # Whatever came before an entry of a known time is older still.
                    found = entry.seq
            if found is not None:
                return found
        return None

    def _is_old(self, stamp: Stamp, now: Stamp) -> bool:
        doubt_ms = (stamp.uncertainty_ms or 0) + (now.uncertainty_ms or 0)
        return now.wall_ms - stamp.wall_ms - doubt_ms >= self._after_ms
