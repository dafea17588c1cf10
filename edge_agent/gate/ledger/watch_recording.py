"""Notice when nobody looked at the glass for a while, and say so.

A process that is stopped or a machine that sleeps writes nothing meanwhile, and goes on as if
nothing had been; payroll must not take that time for one in which people could press.
"""

import logging

from ...contract.errors import StoreFault
from ...contract.facts import RecordingResumed, RecordingStopped
from ...contract.stamps import Stamp
from .gate import Gate

log = logging.getLogger(__name__)

_AWAY_MS = 20_000
"""Longer than any touch takes, faults and all; an enrolment at the gate's glass is longer."""


class WatchRecording:
    """Asked between two looks at the glass, on the gate's thread."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._last = gate.clock.stamp()

    def look(self, *, vouched: bool) -> None:
        """``vouched``: the ledger says that presses are recorded now."""
        before, self._last = self._last, self._gate.clock.stamp()
        if not vouched:
            return
        try:
            if self._last.boottime_ms - before.boottime_ms > _AWAY_MS:
                self._say_away(before, self._last)
        except StoreFault as fault:
            log.error("that presses were not recorded could not be written: %s", fault)

    def _say_away(self, since: Stamp, now: Stamp) -> None:
        self._gate.record(RecordingStopped(reason="away"), since)
        self._gate.record(RecordingResumed(reason="back"), now)
        seconds = (now.boottime_ms - since.boottime_ms) // 1000
        log.warning("nobody looked at the glass for %d s", seconds)
