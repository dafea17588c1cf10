"""Keep the sensor in use: notice when it goes, show it, bring it back, and say so in the ledger.

Behind a loose plug it has to stay for a while before presses are vouched for again.
"""

import logging
from collections import deque
from typing import Literal

from ...contract.errors import EdgeAgentError, StoreFault
from ...contract.facts import (
    Fact,
    RecordingResumed,
    RecordingStopped,
    SensorReconnected,
    SensorRestarted,
)
from ...contract.language import Message, together
from ..errors import (
    SPOILED,
    GateBusy,
    SensorDoubted,
    SensorFault,
    SensorForbidden,
    SensorGarbled,
    SensorSilent,
    SensorUnplugged,
)
from ..events import SensorChanged, as_detail
from ..ledger.recorder import Recorder
from ..pairing_mark import Doubt, adopting
from ..ports import Panel, Sensor, SensorInfo
from .comparison import TemplateState
from .pairing import Pairing

log = logging.getLogger(__name__)

_STATES = {
    SensorUnplugged: "unplugged",
    SensorForbidden: "forbidden",
    GateBusy: "busy",
    SensorSilent: "silent",
    SensorGarbled: "garbled",
}

_TOLD: dict[TemplateState | None, Literal["agree", "differ"]] = {
    TemplateState.AGREES: "agree",
    TemplateState.DIFFERS: "differ",
}

_DUMB = (SensorSilent, SensorGarbled)
"""Faults of a sensor that may have got stuck: power off and on is what helps."""

_SEEN_IN_VAIN = 3
"""Captures without an answer, before a sensor that has just been connected is given up for now."""

_RESTART_AFTER = 3
_LONGEST_RESTART_AFTER = 700
"""Tries in vain before the sensor's power is switched off and on; twice as many each time."""

_RECONNECTED_EVERY_S = 600.0
"""Reconnections are told this often at most, with their number: a cable that flaps tells no more
than that."""

_CALM_S = 60.0
"""Nobody has pressed for so long: then a template is compared that is due."""

_OVERDUE_S = 3600.0
"""So late, it is compared at any bare glass: a gate may never be calm."""

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 2.0
"""A sensor is back in use at most this long after it answers again."""


class SensorLifecycle:
    """The sensor's state, and whether presses can be recorded."""

    def __init__(self, gate: Recorder, sensor: Sensor, panel: Panel, pairing: Pairing) -> None:
        self._gate = gate
        self._sensor = sensor
        self._panel = panel
        self._pairing = pairing
        self._next_try = 0.0
        self._pause = _FIRST_PAUSE_S
        self._told_doubt: Doubt | None = None
        """What the ledger has of why nobody is credited, until they are again."""
        self._hold = Hold()
        self._dumb = 0
        self._restart_after = _RESTART_AFTER
        self._restarts = 0
        self._reconnected = 0
        """Times that the ledger does not tell yet."""
        self._next_told = 0.0
        self._pin_problem: Message | None = None
        self._vouched_at: float | None = None
        """When presses are vouched for again; None where they are, or nobody can press."""
        self._told_problem: Message | None = None
        self._own_problem: Message | None = None
        """What the technician should know of a sensor that is in use, a loose plug aside."""
        self.state = "starting"
        self.info: SensorInfo | None = None
        self.vouched = False
        """Whether the ledger says that presses are recorded: never while they are not."""

    @property
    def recording(self) -> bool:
        """Whether a press can be recorded now."""
        return self.info is not None

    @property
    def missing(self) -> Message | None:
        """Why the sensor is not in use; None where it is, or where nobody knows yet."""
        return None if self.recording else self._told_problem

    def began(self, info: SensorInfo) -> None:
        """The sensor was connected at start-up."""
        try:
            self._see()
        except SensorFault as fault:
            self.lost(fault)
        else:
            self._admit(info, "started")

    def try_again(self) -> bool:
        """Connect to the sensor if it is time to; whether the glass was seen bare on the way."""
        if self._gate.clock.monotonic() < self._next_try:
            return False
        try:
            info = self._sensor.connect()
            self._pairing.beat()
            present = self._see()
            self._pairing.beat()
        except (SensorFault, GateBusy) as fault:
            self._put_off(fault)
            return False
        self._admit(info, "sensor-back")
        return not present

    def lost(self, fault: SensorFault) -> None:
        """The sensor cannot be used any longer."""
        self._sensor.close()
        self._next_try = self._gate.clock.monotonic() + self._pause
        self._panel.fault(True)
        if self.recording:
            self.info = None
            self._hold.lost(self._gate.clock.monotonic())
            self._no_longer("sensor-fault")
        self._changed(_STATES.get(type(fault), "fault"), fault.message)

    def stayed(self) -> None:
        """The sensor is still there: once it has been for long enough, that is vouched for."""
        if self._vouched_at is not None and self._gate.clock.monotonic() >= self._vouched_at:
            self._vouch("sensor-back")
            self._changed("ready", self._ready_problem())
        self._tell_reconnected()

    def compare(self, calm_s: float) -> bool:
        """Compare one template, if it is time to and nobody has pressed for ``calm_s`` seconds.

        Whether the sensor was asked for one.
        Raises SensorFault, also where it is another than was enrolled: all are compared then,
        before anybody is credited again.
        """
        comparison, now = self._pairing.comparison, self._gate.clock.monotonic()
        wait = 0.0 if calm_s >= _CALM_S else _OVERDUE_S
        if not comparison.is_due(now - wait):
            return False
        try:
            agrees = comparison.one(self._pairing.token)
        except StoreFault as fault:
            log.error("no template was compared: %s", fault)
            return True
        if not agrees:
            raise SensorDoubted(adopting(Doubt.TEMPLATES_DIFFER))
        return True

    def noted(self, pin_problem: Message | None) -> None:
        """What there is to say of the touch pin."""
        if pin_problem != self._pin_problem:
            self._pin_problem = pin_problem
            self._changed("ready", self._ready_problem())

    def looked_at(self) -> None:
        """Somebody has worked with the sensor: it may be another one, or fuller or emptier.

        Raises SensorFault.
        """
        if not self.recording:
            # Whoever has just adopted it goes on at once, with a restore perhaps.
            self._next_try = self._gate.clock.monotonic()
            self.try_again()
            return
        if (doubt := self._pairing.doubt) is not None:
            self.lost(SensorDoubted(adopting(doubt)))
        elif self.info is not None:
            self._own_problem = self._pairing.problem(self.info)
            self._changed("ready", self._ready_problem())

    def ended(self) -> None:
        """The daemon stops; from now on nobody records here."""
        self._sensor.close()
        self._next_told = 0.0
        self._tell_reconnected()
        if self.recording:
            self.info = None
            self._no_longer("stopping")

    def _see(self) -> bool:
        """Take an image, as a module may answer well and be blind; whether a finger is there.

        Raises SensorFault.
        """
        for _ in range(_SEEN_IN_VAIN - 1):
            try:
                return self._capture()
            except SPOILED:
                self._sensor.recover()
                self._pairing.beat()
        return self._capture()

    def _capture(self) -> bool:
        while (present := self._sensor.capture()) is None:
            pass  # The sensor itself bounds how often it may fail to tell.
        return present

    def _admit(self, info: SensorInfo, reason: Literal["started", "sensor-back"]) -> None:
        """Use the sensor that was connected, if it is the one that the prints are in."""
        try:
            doubt = self._pairing.check()
            problem = self._pairing.problem(info) if doubt is None else adopting(doubt)
        except (SensorFault, StoreFault) as fault:
            self._sensor.close()
            self._panel.fault(True)
            self._put_off(fault)
            return
        # One that is in doubt is tried again and again.
        if reason == "sensor-back" and (doubt is None or doubt is not self._told_doubt):
            self._reconnected += 1
        if doubt is None:
            self._resume(info, reason, problem)
            return
        self._sensor.close()
        self._panel.fault(True)
        self._next_try = self._gate.clock.monotonic() + _LONGEST_PAUSE_S
        if self._told_doubt is not doubt:
            self._told_doubt = doubt
            self._write(RecordingStopped(reason=doubt.value))
            self._tell_reconnected()
        self._changed(doubt.value, problem)

    def _put_off(self, fault: EdgeAgentError) -> None:
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_S)
        self._next_try = self._gate.clock.monotonic() + self._pause
        self._changed(_STATES.get(type(fault), "fault"), fault.message)
        self._dumb = self._dumb + 1 if isinstance(fault, _DUMB) else 0
        if self._dumb >= self._restart_after:
            self._restart()

    def _restart(self) -> None:
        """Switch its power off and on, where a pin does that; less and less often."""
        self._dumb = 0
        if not self._sensor.restart():
            return
        self._restarts += 1
        self._restart_after = min(2 * self._restart_after, _LONGEST_RESTART_AFTER)
        self._next_try = self._gate.clock.monotonic()
        log.warning("the sensor stayed silent: its power was switched off and on")
        self._write(SensorRestarted(times=self._restarts))

    def _resume(
        self, info: SensorInfo, reason: Literal["started", "sensor-back"], problem: Message | None
    ) -> None:
        self._pause = _FIRST_PAUSE_S
        self._told_doubt = None
        self._dumb, self._restart_after, self._restarts = 0, _RESTART_AFTER, 0
        self.info = info
        self._panel.fault(False)
        if hold := self._hold.seconds:
            # Punches are taken meanwhile; only an absence must not be judged by this gate.
            self._vouched_at = self._gate.clock.monotonic() + hold
        else:
            self._vouch(reason)
        log.info("sensor ready: %d slots at %d baud", info.capacity, info.baud)
        self._own_problem = problem
        self._changed("ready", self._ready_problem())
        self._tell_reconnected()

    def _tell_reconnected(self) -> None:
        now = self._gate.clock.monotonic()
        if not self._reconnected or now < self._next_told:
            return
        self._next_told = now + _RECONNECTED_EVERY_S
        found = _TOLD.get(self._pairing.comparison.last)
        self._write(SensorReconnected(times=self._reconnected, templates=found))
        self._reconnected = 0

    def _vouch(self, reason: Literal["started", "sensor-back"]) -> None:
        self._vouched_at = None
        self.vouched = True
        self._write(RecordingResumed(reason=reason))

    def _no_longer(self, reason: Literal["sensor-fault", "stopping"]) -> None:
        """Say that nobody can be recorded, unless that is the last that was said anyway."""
        self._vouched_at = None
        if self.vouched:
            self.vouched = False
            self._write(RecordingStopped(reason=reason))

    def _ready_problem(self) -> Message | None:
        loose = Message("sensor.loose", losses=self._hold.losses, seconds=float(self._hold.seconds))
        moved = self.info.moved if self.info is not None else None
        held_back = loose if self._vouched_at else None
        return together(held_back, moved, self._own_problem, self._pin_problem)

    def _changed(self, state: str, problem: Message | None) -> None:
        # How one and the same fault is put may differ from try to try.
        if state == self.state and (state != "ready" or problem == self._told_problem):
            return
        if problem:
            # What can be lived with is no error: punches are recorded.
            log.log(logging.WARNING if state == "ready" else logging.ERROR, "%s", problem)
        elif self.state == "ready":
            log.info("what was said of the sensor is mended")
        self._told_problem = problem
        self.state = state
        self._gate.emit(SensorChanged(state=state, **as_detail(problem)))

    def _write(self, fact: Fact) -> None:
        try:
            self._gate.record(fact)
        except StoreFault as fault:
            log.error("%s could not be written: %s", type(fact).__name__, fault)


class Mends:
    """How often the link was made sound again lately. Pure: time is passed in.

    Noted on the gate's thread, counted on any.
    """

    WITHIN_S = 600.0

    def __init__(self) -> None:
        # One a second is the most that is told apart: a line that bad is bad enough.
        self._at: deque[float] = deque(maxlen=round(self.WITHIN_S))

    def note(self, now: float) -> None:
        """It was mended at ``now`` (monotonic seconds)."""
        self._at.append(now)

    def lately(self, now: float) -> int:
        """How often within the last ten minutes."""
        return sum(now - at < self.WITHIN_S for at in list(self._at))


_FREE = 3
"""A sensor that was pulled, looked at and plugged in again is believed at once, as often."""

_FIRST_S = 10.0
_LONGEST_S = 640.0
_FORGIVEN_AFTER_S = 600.0
_MOST = 10.0


class Hold:
    """Each loss doubles the hold, each ten minutes without one halve it. Pure: time is passed in.

    A plug that makes and breaks contact once a second would otherwise write two entries a second,
    on the card and over the line.
    """

    def __init__(self) -> None:
        self._losses = 0.0
        self._lost_at = 0.0

    def lost(self, now: float) -> None:
        """The sensor went away at ``now`` (monotonic seconds) while it was in use."""
        forgiven = (now - self._lost_at) / _FORGIVEN_AFTER_S
        self._losses = min(_MOST, max(0.0, self._losses - forgiven) + 1.0)
        self._lost_at = now

    @property
    def losses(self) -> int:
        """How many there were lately."""
        return round(self._losses)

    @property
    def seconds(self) -> float:
        """How long the sensor has to stay, counted from its coming back; 0 for an occasional loss.

        At most about ten pairs of entries an hour come of that.
        """
        beyond = round(self._losses) - _FREE
        return min(_LONGEST_S, _FIRST_S * 2.0 ** (beyond - 1)) if beyond > 0 else 0.0
