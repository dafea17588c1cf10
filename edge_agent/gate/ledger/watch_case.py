"""Notice that the gate's case was opened, and say so; who opens it has the module in hand."""

import logging

from ...contract.errors import StoreFault
from ...contract.facts import CaseClosed, CaseOpened
from ...contract.stamps import local_time
from ..ports import Panel, Tamper
from .recorder import Recorder
from .store.metadata import CASE_OPEN

log = logging.getLogger(__name__)

_CLOSED_FOR_S = 5.0
"""A contact that flutters, or a hand that tries, comes to a few entries a minute at most."""


class WatchCase:
    """Asked between two looks at the glass, on the gate's thread."""

    def __init__(self, gate: Recorder, panel: Panel, tamper: Tamper, *, lamp: bool) -> None:
        self._gate = gate
        self._panel = panel
        self._tamper = tamper
        self._lamp = lamp
        self._open = gate.store.remembered(CASE_OPEN) not in (None, "")
        """As the ledger has it."""
        self._closed_since: float | None = None
        self._begins = True
        self._call()

    def look(self) -> None:
        """Write what has changed; where the database does not take it, again at the next look."""
        begins, self._begins = self._begins, False
        try:
            if self._tamper.is_open:
                self._closed_since = None
                if not self._open:
                    self._opened(at_start=begins)
            elif self._open:
                self._closed(at_start=begins)
        except StoreFault as fault:
            self._begins = begins
            log.error("that the case was opened or closed could not be written: %s", fault)

    def _opened(self, *, at_start: bool) -> None:
        stamp = self._gate.clock.stamp()
        self._gate.record(CaseOpened(at_start=at_start), stamp)
        log.error("the case of this gate is open: look who is there")
        self._is(True, local_time(stamp.wall_ms, self._gate.policy.zone))

    def _closed(self, *, at_start: bool) -> None:
        now = self._gate.clock.monotonic()
        if self._closed_since is None:
            self._closed_since = now
        if at_start or now - self._closed_since >= _CLOSED_FOR_S:
            self._gate.record(CaseClosed())
            log.warning("the case of this gate is closed again")
            self._is(False, "")

    def _is(self, is_open: bool, since: str) -> None:
        self._open = is_open
        self._call()
        self._gate.store.remember(CASE_OPEN, since)

    def _call(self) -> None:
        if self._lamp:
            self._panel.call(self._open)
