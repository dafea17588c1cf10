"""Take a punch: from a finger on the glass to a lamp that tells the truth.

One touch gives exactly one outcome and at most one punch, faults on the line included. What is
done about a look or a scan stands in ``decide``, what is remembered of them in ``state``.
"""

from collections.abc import Callable

from ...contract.errors import StoreFault
from ...contract.stamps import Stamp
from ..errors import SensorFault
from ..events import PanelShown
from ..ledger.recorder import Recorder
from ..ports import Panel, Sensor
from ..rules import Hint, Match, Reason, Refused, is_weak
from .credit import Credit
from .decide import NO_PIN, Do, Last, Look, PinReading, Seen, decide, look_of
from .glass import Glass, Reading
from .state import TouchState, seen_again
from .token_bucket import TokenBucket
from .way_keys import WayKeys

_MOST_GHOSTS = 3
_GHOST_EVERY_S = 300.0
"""Touches without features are answered as long as they are as rare as a worker's. A ghost, such
as sunlight on the glass, gives no features ever; so may a real finger, and where there is no touch
pin to tell them apart, a worker who pressed badly is owed an answer."""


class TakePunch:
    """Looks at the glass and answers each touch. Lives on the gate's thread."""

    def __init__(
        self,
        gate: Recorder,
        sensor: Sensor,
        panel: Panel,
        captures: int,
        recover: Callable[[], None],
        offline: Callable[[], bool],
        stopping: Callable[[], bool] = lambda: False,
        keys: WayKeys | None = None,
    ) -> None:
        """``captures``: scans a touch may take; ``recover`` makes the link sound again after a
        fault, or raises; ``offline``: whether payroll is out of reach; ``stopping``: whether the
        daemon is about to leave, and a fault is no longer mended; ``keys``: where a key says which
        way a punch leads.
        """
        self._gate = gate
        self._clock = gate.clock
        self._panel = panel
        self._glass = Glass(sensor, gate.clock, captures, gate.policy, recover, stopping)
        self.credit = Credit(gate, panel, offline, keys)
        """Whoever else has a touch answered does so by this."""
        self._ghosts = TokenBucket(_MOST_GHOSTS, _GHOST_EVERY_S)
        self._state = TouchState()

    def poll(self, pin: PinReading = NO_PIN) -> Look:
        """Look at the glass once, and see a new touch through to its answer.

        Raises SensorFault when the sensor cannot be used any longer; a touch that was under way
        has been answered by then. After that, as after any fault of the sensor, ``disturbed``.
        """
        if pin.began:
            if self._state.last is Last.NOBODY:
                self._panel.touched()  # Before anything else is done.
            self._state = self._state.touch_began()
        seen = self._look(pin.felt)
        match decide(seen, self._state.last):
            case Do.CLEAR:
                self._clear()
            case Do.DOUBT:
                self._state = self._state.disturbed()
            case Do.ANSWER:
                self._answer(self._clock.stamp(), felt=bool(pin.felt))
            case Do.SCAN:
                seen = self._scan(self._clock.stamp(), pin.felt)
        return look_of(seen)

    def disturbed(self) -> None:
        """The line failed, and with it perhaps the look at the empty glass between two fingers."""
        self._state = self._state.disturbed()

    def seen_bare(self) -> None:
        """Nobody was on the glass when the sensor was connected anew; somebody may be by now."""
        now = self._clock.monotonic()
        self._state = self._state.saw(False, now).failed_to_see(now)
        self._clear()

    def ignore_finger(self, slot: int | None) -> None:
        """The finger of the print in ``slot`` took part in something else than a punch.

        None: whose it was is not known. Another finger is answered at the next look.
        """
        self._state = self._state.ignoring(slot, self._clock.monotonic())

    def punch_in_between(self, match: Match, stamp: Stamp) -> PanelShown:
        """Answer, and say how, a worker who pressed while the gate waited for somebody else.

        A second look would cost that one's enrolment its features: a weak match counts for nobody.
        """
        if is_weak(match, self._gate.policy):
            return self.credit.refuse(Refused(Reason.POOR_SCAN, hint=Hint.PRESS_FLAT), stamp)
        return self.credit.match(match, stamp)

    def _look(self, felt: bool | None) -> Seen:
        began = self._clock.monotonic()
        self._state = self._state.before_look(began)
        try:
            present = self._glass.look()
        except SensorFault:
            self._state = self._state.failed_to_see(began)
            raise
        now = self._clock.monotonic()
        self._state = self._state.saw(present, now)
        return self._state.sees(present, felt, now)

    def _scan(self, stamp: Stamp, felt: bool | None) -> Seen:
        """A second scan, where a look alone does not tell whose the finger is, or whether."""
        scan = self._glass.scan()
        seen = self._state.scans(scan, felt, self._clock.monotonic(), self._is_held)
        match decide(seen, self._state.last), scan.found:
            case Do.CLEAR, _:
                self._clear()
            case Do.SETTLE, _:
                self._state = self._state.settled()
            case Do.DARKEN, _:
                self._panel.dark()
            case Do.HUSH, _:
                self._ghosts.empty()
            case Do.ANSWER, _:
                self._answer(stamp, felt=False)
            case Do.CREDIT, Match() as match:
                self._panel.touched()
                self._credit_match(match, stamp)
            case Do.CONFIRM, Match() as match:
                self._panel.touched()
                self._confirm(match, stamp, self._clock.monotonic())
        return seen

    def _is_held(self, slot: int) -> bool:
        try:
            return self._gate.known.owner_of(slot)[0] is not None
        except StoreFault:
            return True  # Then it is answered with that.

    def _clear(self) -> None:
        lit = self._state.lit
        self._state = self._state.cleared()
        if lit:
            self._panel.dark()

    def _answer(self, stamp: Stamp, *, felt: bool) -> None:
        if not self._state.lit:
            self._panel.touched()
        since = self._state.there_since(self._clock.monotonic())
        self._state = self._state.answering()
        reading = self._read(stamp, since)
        if isinstance(reading.found, Match):
            if reading.weak and decide(Seen.WEAK, self._state.last) is Do.CONFIRM:
                self._confirm(reading.found, reading.stamp, since)
            else:
                self._credit_match(reading.found, reading.stamp)
        elif reading.featureless and not felt:
            now = self._clock.monotonic()
            self._state = self._state.answered(Last.GHOST, now)
            self._answer_ghost(reading.found, reading.stamp, now)
        else:
            self._refuse(reading.found, reading.stamp)
        if reading.lifted:
            self._clear()

    def _confirm(self, weak: Match, stamp: Stamp, since: float) -> None:
        """A second look; nothing is written before it. The score is the first one's."""
        second = self._read(stamp, since, again=True)
        match decide(seen_again(weak, second.found), self._state.last), second.found:
            case Do.CREDIT, _:
                self._credit_match(weak, second.stamp)
            case Do.REFUSE, Refused() as refused:
                self._refuse(refused, second.stamp)
            case Do.REFUSE, _:
                self._refuse(Refused(Reason.UNKNOWN), second.stamp)
        if second.lifted:
            self._clear()

    def _read(self, stamp: Stamp, since: float, *, again: bool = False) -> Reading:
        try:
            reading = self._glass.read(stamp, since, again=again)
        except SensorFault:
            # A finger that stays through the fault has had its answer.
            self._state = self._state.answered(Last.TOLD, self._clock.monotonic())
            self.credit.refuse(Refused(Reason.SENSOR_FAULT), stamp)
            raise
        self._state = self._state.saw(True, self._clock.monotonic())
        return reading

    def _refuse(self, refused: Refused, stamp: Stamp) -> None:
        self._ghosts.fill()  # Somebody is there.
        self._state = self._state.answered(Last.REFUSED, self._clock.monotonic())
        self.credit.refuse(refused, stamp)

    def _credit_match(self, match: Match, stamp: Stamp) -> None:
        self._ghosts.fill()  # Somebody is there.
        self._state = self._state.answered(Last.SLOT, self._clock.monotonic(), match.slot)
        self.credit.match(match, stamp)

    def _answer_ghost(self, refused: Refused, stamp: Stamp, now: float) -> None:
        if self._ghosts.take(now):
            self.credit.refuse(refused, stamp)
        else:
            self._panel.dark()
