"""Prune the oldest entries, where the technician has asked for it: none that payroll may miss."""

import logging
from math import inf

from ...contract.errors import StoreFault
from .old_entries import MONTH_MS, last_old
from .recorder import Recorder

log = logging.getLogger(__name__)

_EVERY_S = 60.0


class Pruner:
    """Lives on the gate's thread, for that alone writes the ledger."""

    def __init__(self, gate: Recorder, after_months: int | None) -> None:
        """``after_months`` None: nothing is ever pruned."""
        self._gate = gate
        self._after_ms = after_months * MONTH_MS if after_months else inf
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
        confirmed, first = store.watermarks().confirmed, store.checkpoint().seq + 1
        return last_old(self._gate, first, confirmed, self._after_ms, now)
