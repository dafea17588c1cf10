"""Remember the watermarks without wearing out the card."""

import logging
from math import inf

from ...domain.errors import StoreFault
from ...ports import Store, Watermarks

log = logging.getLogger(__name__)

_EVERY_S = 30.0
"""While they move. What a power cut takes away only makes some entries go out twice, and written
at every receipt they would cost the card almost as much as the punches themselves."""


class KeepWatermarks:
    """Writes the watermarks at intervals. A store that cannot be written does not stop us."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.kept = store.watermarks()
        self._due = -inf
        self._failing = False

    def keep(self, now: float, marks: Watermarks, *, at_once: bool) -> None:
        """Write ``marks`` where they moved and it is time, or ``at_once``."""
        if marks == self.kept or not (now >= self._due or (at_once and not self._failing)):
            return
        self._due = now + _EVERY_S
        try:
            self._store.move_watermarks(marks)
        except StoreFault as fault:
            if not self._failing:
                log.warning("how far the ledger is confirmed cannot be written down: %s", fault)
            self._failing = True
        else:
            self.kept = marks
            self._failing = False
