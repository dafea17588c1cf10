"""The gate's own thread: it alone talks to the sensor and writes the ledger.

What happens between two looks at the glass, and in which order, stands in ``GateLoop.run``. So
every entry's place in the ledger is also its place in time.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from ... import __version__
from ...contract.errors import BadRequest, EdgeAgentError, StoreFault
from ...contract.facts import GateAlive
from ..control.prompt import SocketPrompt
from ..credentials import CardInbox
from ..errors import SPOILED, GateBusy, SensorDoubted, SensorFault
from ..events import FingerAwaited
from ..ledger.expire import Expirer, Pruner
from ..ledger.recorder import Recorder
from ..ledger.resolve_times import ResolveTimes
from ..ledger.watch_case import WatchCase
from ..ledger.watch_clock import WatchClock
from ..ledger.watch_recording import WatchRecording
from ..people.context import not_in_use
from ..people.erase import ErasedInbox, Eraser
from ..people.handlers import HANDLERS, Dispatcher
from ..people.requests import Enroll
from ..people.roster import RosterInbox, RosterKeeper
from ..people.templates.sealing import AgeSealing
from ..ports import Keys, Panel, Readers, Sensor, SensorInfo, Tamper, Touch
from ..rules import Policy
from ..sensor.lifecycle import Mends, SensorLifecycle
from ..sensor.pairing import Pairing
from ..settings.schema import PrivacySettings
from ..touch.decide import Look
from ..touch.poll_schedule import BETWEEN_LOOKS_S, PollSchedule
from ..touch.take_punch import TakePunch
from ..touch.take_typed import TakeTyped
from ..touch.way_keys import WayKeys
from ..uplink.carried import CarriedReceipts
from .request_queue import RequestQueue

log = logging.getLogger(__name__)

_ALIVE_EVERY_S = 3600.0

_AS_USUAL = PrivacySettings()

_MOST_FAILURES = 3
_FAILING_FOR_S = 3.0
"""So many looks at the glass fail one after the other, and for so long: a link that can be mended
is no sensor yet, and a line that spoils a few answers in a row still has one at its end."""

_MEND_FOR_S = 2.0
"""How long the link is mended where the line goes on spoiling answers; a sensor that is gone has
taken longer by the first try."""


class GateLoop:
    """The body of the gate's thread.

    Made on the main thread, for ``requests``, ``renew``, ``capacity`` and ``mends``; all else
    happens in ``run``.
    """

    def __init__(
        self,
        *,
        make_gate: Callable[[], Recorder],
        sensor: Sensor,
        first: SensorInfo | SensorFault,
        panel: Panel,
        captures: int,
        offline: Callable[[], bool],
        sealing: AgeSealing,
        roster: RosterInbox,
        erased: ErasedInbox | None = None,
        prune_after_months: int | None = None,
        privacy: PrivacySettings = _AS_USUAL,
        touch: Touch | None = None,
        sleeps: bool = False,
        keys: Keys | None = None,
        readers: Readers | None = None,
        named_only: bool = False,
        receipts: CarriedReceipts | None = None,
        tamper: Tamper | None = None,
        tamper_lamp: bool = True,
    ) -> None:
        """``first`` is what connecting the sensor at the start came to.

        ``make_gate`` is called on the thread, to which a store's connection belongs; ``offline``
        tells whether payroll is out of reach; ``privacy`` says what is kept how long; ``touch`` is
        the sensor's touch output, which may work only while the sensor ``sleeps``; ``keys`` are
        those for in and out; ``readers`` read cards, of the named workers ``named_only``;
        ``receipts`` is where those count that were carried here by hand; ``tamper`` is the
        contact in the case, ``tamper_lamp`` whether the panel tells of it.
        """
        self._make_gate = make_gate
        self._sensor = sensor
        self._first = first
        self._panel = panel
        self._captures = captures
        self._offline = offline
        self._sealing = sealing
        self._roster_inbox = roster
        self._erased_inbox = erased
        self._prune_after_months = prune_after_months
        self._privacy = privacy
        self._touch = touch
        self._sleeps = sleeps
        self._keys = keys
        self._readers = readers
        self._named_only = named_only
        self._tamper = tamper
        self._tamper_lamp = tamper_lamp
        self._receipts = receipts
        self.requests = RequestQueue()
        self._renewed: deque[Policy] = deque()
        self.capacity = first.capacity if isinstance(first, SensorInfo) else None
        """Of the sensor that was last in use."""
        self.mends = Mends()
        """Of the sensor's link."""

    def renew(self, policy: Policy) -> None:
        """Have the rules be these, from the next look on. Safe from any thread."""
        self._renewed.append(policy)
        self.requests.wake()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Watch the glass until ``stop`` is set; a punch in hand is finished first.

        ``beat`` is called again and again, to show that the thread lives.
        """
        self._begin(stop, beat)
        while not stop.is_set():
            beat()
            if self._renewed:
                self._gate.renew(self._renewed.popleft())
            self._write_alive_if_due()
            self._gate.keep_store()
            if self._case is not None:
                self._case.look()
            self._prune.turn()
            self._expire.turn(self._gate.clock.monotonic() - self._pressed_at)
            self._roster.look()
            if self._eraser.turn(usable=self._lifecycle.vouched, beat=beat):
                self._look_after_sensor()
            if self._clock.look():
                self._times.begin()
            busy = self._times.work()
            self._recording.look(vouched=self._lifecycle.vouched)
            self._carry_out_next(within_s=self._pause(busy=busy))
            if self._way_keys is not None:
                self._way_keys.turn()
            if self._typed is not None:
                self._typed.turn()
            self._look_at_glass()
            if (info := self._lifecycle.info) is not None:
                self.capacity = info.capacity
        self._lifecycle.ended()
        self.requests.refuse_all(GateBusy("The daemon is stopping: ask again when it is back."))
        self._gate.store.close()

    def _begin(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Make what lives on this thread, and use the sensor that was connected at the start."""
        self._stop = stop
        self._beat = beat
        self._gate = gate = self._make_gate()
        self._pairing = pairing = Pairing(gate, self._sensor, beat)
        self._lifecycle = SensorLifecycle(gate, self._sensor, self._panel, pairing)
        self._way_keys = None
        if self._keys is not None:
            self._way_keys = WayKeys(gate, self._panel, self._keys)
            self._keys.listen(self.requests.wake)
        self._taker = TakePunch(
            gate,
            self._sensor,
            self._panel,
            self._captures,
            self._recover,
            self._offline,
            stop.is_set,
            self._way_keys,
        )
        self._typed = inbox = None
        if self._readers is not None:
            inbox = CardInbox()
            self._typed = TakeTyped(
                gate,
                self._panel,
                self._taker.credit,
                self._readers,
                inbox,
                named_only=self._named_only,
            )
            self._readers.listen(self.requests.wake)
        self._dispatcher = Dispatcher(
            gate,
            self._sensor,
            self._panel,
            pairing,
            self._sealing,
            self._taker.punch_in_between,
            lambda: not_in_use(self._lifecycle.missing),
            inbox,
            self._receipts,
        )
        # Before anything is written in this boot: what the ledger knows is of the one before.
        self._clock = WatchClock(gate)
        self._times = ResolveTimes(gate)
        self._recording = WatchRecording(gate)
        self._schedule = PollSchedule(
            self._sensor, self._touch, gate.clock, self.requests.wake, sleeps=self._sleeps
        )
        self._prune = Pruner(gate, self._prune_after_months)
        self._expire = Expirer(gate, self._privacy)
        self._eraser = Eraser(gate, self._sensor, pairing, self._erased_inbox)
        self._roster = RosterKeeper(gate, self._roster_inbox, beat)
        # Before the sensor is looked at: a print that is erased again needs no template there.
        self._eraser.turn(usable=False, beat=beat)
        self._case = None
        if self._tamper is not None:
            self._case = WatchCase(gate, self._panel, self._tamper, lamp=self._tamper_lamp)
        self._alive_due = gate.clock.monotonic()
        self._failures = 0
        self._failing_since: float | None = None
        self._pressed_at = gate.clock.monotonic()
        if isinstance(self._first, SensorInfo):
            self._lifecycle.began(self._first)
        else:
            self._lifecycle.lost(self._first)

    def _write_alive_if_due(self) -> None:
        if self._gate.clock.monotonic() < self._alive_due:
            return
        self._alive_due += _ALIVE_EVERY_S
        try:
            vouched = self._lifecycle.vouched and not self._recording.told_away
            self._gate.record(GateAlive(recording=vouched, version=__version__))
        except StoreFault as fault:
            log.error("gate.alive could not be written: %s", fault)

    def _pause(self, *, busy: bool) -> float:
        """Seconds that may be waited for a request."""
        if busy or not self._lifecycle.recording:
            return BETWEEN_LOOKS_S
        return self._schedule.pause()

    def _carry_out_next(self, within_s: float) -> None:
        """Do what a technician asks for, if somebody does in time, and answer."""
        waiting = self.requests.next(self._gate.clock.monotonic, within_s)
        if waiting is None:
            return
        request, conversation = waiting
        handler, slot = HANDLERS[type(request)], None
        prompt = SocketPrompt(conversation, self._stop, self._beat_and_read)
        began = self._gate.clock.stamp()
        if handler.takes_finger:
            awaited = str(type(request).__struct_config__.tag)
            self.requests.took_glass(awaited)
            whose = self._known(getattr(request, "code", None))
            self._gate.emit(FingerAwaited(request=awaited, worker=whose))
            self._panel.busy(isinstance(request, Enroll))
        try:
            conversation.beat()
            info = self._lifecycle.info
            result = self._dispatcher.carry_out(request, info, prompt, conversation.actor)
        except EdgeAgentError as error:
            conversation.failed(error)
            if isinstance(error, SensorFault) and self._lifecycle.recording:
                self._mend(error)
        except Exception as error:
            # Whoever may speak to the socket must not end the gate by what they say.
            log.error("a request could not be carried out: %s", type(error).__name__)
            conversation.failed(BadRequest("control.not-foreseen", kind=type(error).__name__))
        else:
            if handler.tells_of_sensor:
                self._look_after_sensor()
            conversation.done(result)
            slot = result.get("slot")
            if isinstance(request, Enroll):
                self.requests.enrolled()
        if handler.takes_finger:
            self.requests.gave_glass_back(self._gate.clock.monotonic())
            self._panel.busy(False)
            self._gate.emit(FingerAwaited(request=None))
            self._taker.ignore_finger(slot)
            self._recording.taken(began, self._gate.clock.stamp())
        else:
            # Nobody had an eye on the glass: one finger may have gone and another one come.
            self._taker.disturbed()
        self._schedule.look_soon()

    def _beat_and_read(self) -> None:
        """Whoever has a card does not wait for an enrolment to end."""
        self._beat()
        if self._typed is not None:
            self._typed.turn()

    def _known(self, code: str | None) -> str | None:
        """A code that is a worker's: what else was typed there may be a name."""
        with suppress(StoreFault):
            return code if code is not None and self._gate.store.worker(code) else None
        return None

    def _look_after_sensor(self) -> None:
        """A technician has asked for the sensor, and it may have turned out to be another one; or
        templates were erased from it."""
        try:
            self._lifecycle.looked_at()
        except SensorFault as fault:
            self._mend(fault)

    def _look_at_glass(self) -> None:
        """See to a touch where it is time to; without a sensor, to the sensor."""
        if not self._lifecycle.recording:
            if self._lifecycle.try_again():
                self._taker.seen_bare()
            self._schedule.look_soon()
            return
        self._lifecycle.stayed()
        if self._stop.is_set():
            return
        try:
            pin = self._schedule.next_look()
            if pin is None:
                return
            look = self._taker.poll(pin)
            if look is not Look.UNSURE:
                self._failing_since = None
            self._schedule.saw(pin, look)
            self._lifecycle.noted(self._schedule.problem)
            self._compare_if_calm(look)
        except SensorFault as fault:
            self._look_failed(fault)

    def _compare_if_calm(self, look: Look) -> None:
        """Presses come first: a template is read right after nobody was seen."""
        now = self._gate.clock.monotonic()
        if look is not Look.NOBODY:
            self._pressed_at = now
            return
        try:
            if self._lifecycle.compare(now - self._pressed_at):
                self._schedule.look_soon()  # A module that slept is awake, and feels nothing.
        except SensorDoubted as fault:
            self._taker.disturbed()
            self._lifecycle.lost(fault)

    def _look_failed(self, fault: SensorFault) -> None:
        now = self._gate.clock.monotonic()
        if self._failing_since is None:
            self._failing_since, self._failures = now, 0
        self._failures += 1
        self._schedule.look_soon()
        if self._failures >= _MOST_FAILURES and now - self._failing_since >= _FAILING_FOR_S:
            self._failing_since = None
            self._taker.disturbed()
            self._lifecycle.lost(fault)
        elif self._stop.is_set():
            self._taker.disturbed()
        else:
            self._mend(fault)

    def _mend(self, fault: SensorFault) -> None:
        """Prove the link sound again, or give the sensor up for now."""
        self._taker.disturbed()
        give_up = self._gate.clock.monotonic() + _MEND_FOR_S
        while True:
            try:
                self._recover()
            except SensorFault as still:
                if isinstance(still, SPOILED) and self._gate.clock.monotonic() < give_up:
                    continue
                self._lifecycle.lost(fault)
            else:
                log.warning("the sensor's link was mended: %s", fault)
            return

    def _recover(self) -> None:
        """Raises SensorFault where the link cannot be made sound."""
        self._pairing.recover()
        self.mends.note(self._gate.clock.monotonic())
