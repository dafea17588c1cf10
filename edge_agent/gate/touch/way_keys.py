"""Which way a worker passes, by the keys beside the glass: before the finger, or soon after it."""

import logging
from math import inf

from msgspec import Struct

from ...contract.errors import StoreFault
from ...contract.facts import Direction, DirectionSource, PunchDirected
from ..events import Outcome, PunchLed
from ..ledger.recorder import Recorder
from ..ports import Keys, Panel
from ..rules import by_hours

log = logging.getLogger(__name__)

HOLDS_S = 10.0
"""Seconds for which a key that was pressed waits for a finger."""

AFTER_S = 5.0
"""Seconds after a punch of which nobody knows the way, in which a key still says it."""

_HOURS_EVERY_S = 5.0


class _Punched(Struct, frozen=True):
    worker: str
    seq: int
    at: float


class WayKeys:
    """What the keys mean for the punch before them or behind them. Lives on the gate's thread."""

    def __init__(self, gate: Recorder, panel: Panel, keys: Keys) -> None:
        self._gate = gate
        self._panel = panel
        self._keys = keys
        self._pressed: Direction | None = None
        self._pressed_at = -inf
        self._open: _Punched | None = None
        """The last punch, as long as a key may say which way it led."""
        self._by_hours: Direction | None = None
        self._hours_due = -inf
        self._lit: Direction | None = None

    def turn(self) -> None:
        """Heed the keys that were pressed since, and show what would be recorded now."""
        now = self._gate.clock.monotonic()
        for way, at in self._keys.pressed():
            if self._open is not None and 0 <= at - self._open.at <= AFTER_S:
                self._say(self._open, way)
            else:
                self._pressed, self._pressed_at = way, at
        if now - self._pressed_at > HOLDS_S:
            self._pressed = None
        if now >= self._hours_due:
            self._hours_due = now + _HOURS_EVERY_S
            self._by_hours = by_hours(self._gate.policy, self._gate.clock.stamp())
        stands = self._pressed or self._by_hours
        if stands is not self._lit:
            self._lit = stands
            self._panel.choose(stands)

    def chosen(self) -> Direction | None:
        """The key that was pressed for the finger on the glass."""
        self.turn()
        return self._pressed

    def spent(self) -> None:
        """The key has done its duty, whatever it came to."""
        self._pressed = None
        self.turn()

    def credited(self, worker: str, seq: int, source: DirectionSource | None) -> None:
        """A punch was recorded: the key has done its duty, and may still be pressed where none
        was."""
        by_key = source is DirectionSource.KEY
        self._open = None if by_key else _Punched(worker, seq, self._gate.clock.monotonic())
        self.spent()

    def _say(self, punch: _Punched, way: Direction) -> None:
        self._open = None
        try:
            fact = PunchDirected(worker=punch.worker, of=punch.seq, direction=way)
            entry = self._gate.record(fact)
        except StoreFault as fault:
            # The punch itself is safe, without a direction.
            log.error("the direction of a punch could not be written: %s", fault)
            return
        self._panel.show(Outcome.REPEATED, direction=way)
        self._gate.emit(PunchLed(worker=punch.worker, seq=entry.seq, of=punch.seq, direction=way))
