"""Notice when presses were not looked at for a while, and say so.

A process that is stopped or a machine that sleeps writes nothing meanwhile, and goes on as if
nothing had been; and a technician who has finger after finger identified takes the glass from
everybody else. Payroll must not take that time for one in which people could press.
"""

import logging

from ...contract.errors import StoreFault
from ...contract.facts import RecordingResumed, RecordingStopped
from ...contract.stamps import Stamp
from .recorder import Recorder

log = logging.getLogger(__name__)

_AWAY_MS = 20_000
"""Longer than any touch takes, faults and all; an enrolment at the gate's glass is longer."""

_BACK_MS = 5_000
"""The glass is everybody's again once nobody has taken it for so long: more than there is between
two requests of which one follows the other."""


class WatchRecording:
    """Asked between two looks at the glass, on the gate's thread."""

    def __init__(self, gate: Recorder) -> None:
        self._gate = gate
        self._last = gate.clock.stamp()
        self._taken: tuple[Stamp, Stamp] | None = None
        """From when to when requests had the glass, with short pauses in between."""
        self.told_away = False
        """Whether the ledger says that presses are not recorded, for as long as that goes on."""

    def taken(self, since: Stamp, until: Stamp) -> None:
        """A request had the glass; what was pressed was no punch."""
        self._taken = (self._taken[0] if self._taken else since, until)

    def look(self, *, vouched: bool) -> None:
        """``vouched``: but for requests, the ledger says that presses are recorded now."""
        before, self._last = self._last, self._gate.clock.stamp()
        if not vouched:
            self._taken, self.told_away = None, False
            return
        try:
            if self.told_away:
                self._say_back_if_so()
            elif self._last.boottime_ms - before.boottime_ms > _AWAY_MS:
                self._say_away(before)
                self._say_back()
            elif self._taken is not None:
                since, until = self._taken
                if until.boottime_ms - since.boottime_ms > _AWAY_MS:
                    self._say_away(since)
                elif self._passed(until) > _BACK_MS:
                    self._taken = None
        except StoreFault as fault:
            log.error("that presses were not recorded could not be written: %s", fault)

    def _passed(self, since: Stamp) -> int:
        return self._last.boottime_ms - since.boottime_ms

    def _say_away(self, since: Stamp) -> None:
        self._gate.record(RecordingStopped(reason="away"), since)
        self.told_away = True
        log.warning("nobody looked at the glass for %d s", self._passed(since) // 1000)

    def _say_back_if_so(self) -> None:
        if self._taken is None or self._passed(self._taken[1]) > _BACK_MS:
            self._say_back()

    def _say_back(self) -> None:
        self._gate.record(RecordingResumed(reason="back"), self._last)
        self._taken, self.told_away = None, False
