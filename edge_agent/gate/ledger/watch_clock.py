"""Watch the wall clock: note when it becomes trusted, and when somebody sets it."""

import logging

from ...contract.errors import StoreFault
from ...contract.facts import ClockStepped, ClockSynced, Fact
from ...contract.stamps import ClockState, Stamp, utc_time
from ...contract.true_times import Landmark, Timeline, contradict
from ..events import ClockChanged
from .recorder import Recorder

log = logging.getLogger(__name__)

_LOOK_S = 1.0

_STEP_MS = 500
"""A smaller step is what time services do all day, and puts no time in doubt (SLEWED_MS)."""

_STEPS_APART_S = 60.0
"""A clock that is set all the time is told of once a minute, with the sum of its steps."""

_LIES_APART_S = 10.0
"""A sync that proves an earlier one wrong is told sooner: what it knows is lost with the power."""


class WatchClock:
    """Looks at the clock between two looks at the glass, on the gate's thread."""

    def __init__(self, gate: Recorder) -> None:
        """Begin where the ledger ends: a boot that was synchronised before is not told again."""
        self._gate = gate
        self._next_look = self._next_step = self._next_lie = 0.0
        self._sure: Stamp | None = None
        """The last trusted stamp of this boot that no later one has proved wrong yet."""
        now = gate.clock.stamp()
        self._told = now.trusted
        """What those who follow the gate know; whoever comes later asks for the status."""
        landmarks = gate.store.landmarks()
        last = landmarks[-1].stamp if landmarks else None
        if last is None or last.boot != now.boot:
            self._before = _as_it_should_be(Timeline(landmarks, gate.policy.drift_ppm), last, now)
            self._trusted = False
        else:
            self._before = last.wall_ms - last.boottime_ms
            self._trusted = last.state is ClockState.SYNCED
            self._sure = last if last.trusted else None

    def look(self) -> bool:
        """Look if it is time to. True: the clock was synchronised or set, and it was recorded."""
        monotonic = self._gate.clock.monotonic()
        if monotonic < self._next_look:
            return False
        self._next_look = monotonic + _LOOK_S
        now = self._gate.clock.stamp()
        if now.trusted is not self._told:
            self._told = now.trusted
            self._gate.emit(ClockChanged(trusted=now.trusted))
        lied = self._proves_wrong(now)
        due = self._next_lie if lied else self._next_step
        stepped = monotonic >= due and self._note_step(now)
        if stepped:
            self._next_step = monotonic + _STEPS_APART_S
            if lied:
                self._next_lie = monotonic + _LIES_APART_S
        if now.trusted and (stepped or not lied):
            self._sure = now
        return self._note_sync(now) or stepped

    def _proves_wrong(self, now: Stamp) -> bool:
        sure = self._sure
        return sure is not None and contradict(sure, now, self._gate.policy.drift_ppm)

    def _note_step(self, now: Stamp) -> bool:
        offset = now.wall_ms - now.boottime_ms
        step = offset - self._before if self._before is not None else 0
        if abs(step) < _STEP_MS:
            # What moves slowly is no step.
            self._before = offset
            return False
        fact = ClockStepped(
            before=utc_time(now.wall_ms - step),
            after=utc_time(now.wall_ms),
            step_ms=step,
            state=now.state,
        )
        if not self._write(fact, now):
            return False
        log.warning("the clock was set from %s to %s", fact.before, fact.after)
        self._before = offset
        return True

    def _note_sync(self, now: Stamp) -> bool:
        if now.state is not ClockState.SYNCED:
            if self._trusted:
                log.warning("the clock is no longer synchronised")
            self._trusted = False
            return False
        if self._trusted:
            return False
        held = self._hardware_clock_held(now)
        fact = ClockSynced(
            offset_ms=now.wall_ms - now.boottime_ms,
            hardware_clock=None if held is None else "held" if held else "lost",
        )
        known = self._gate.store.known_time()
        self._trusted = self._write(fact, now)
        if self._trusted:
            log.info("the clock is synchronised")
        if self._trusted and held is False and known is not None and known.hardware_clock_held:
            log.warning(
                "the battery-backed clock has lost the time, and what rested on it is taken back: "
                "replace its battery"
            )
        return self._trusted

    def _hardware_clock_held(self, now: Stamp) -> bool | None:
        """What this boot has found of the battery-backed clock.

        The first sync has found it: later ones see a clock that was set by that, within wider
        bounds. Where nobody has compared it, it may still have led a boot past this one's start.
        """
        ledger = self._gate.store.landmarks()
        marks = [*ledger, Landmark(ledger[-1].seq + 1, now)] if ledger else []
        found = Timeline(marks, self._gate.policy.drift_ppm).hardware_clock_held
        return self._gate.clock.hardware_clock_held(now) if found is None else found

    def _write(self, fact: Fact, now: Stamp) -> bool:
        try:
            self._gate.record(fact, now)
        except StoreFault as fault:
            log.error("%s could not be written: %s", type(fact).__name__, fault)
            return False
        return True


def _as_it_should_be(timeline: Timeline, last: Stamp | None, now: Stamp) -> int | None:
    """The least offset that the wall clock of a new boot can have: a leap into the past is a step.

    None where that cannot be said, or where the clock is not before it.
    """
    if last is None:
        return None
    ended = timeline.place(last).low
    offset = now.wall_ms - now.boottime_ms
    if ended is None or offset + _STEP_MS >= ended:
        return None
    return ended
