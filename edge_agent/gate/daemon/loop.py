"""The flows of the gate's thread, and whose turn it is: chores, a request, a look at the glass.

The gate's own thread: it alone talks to the sensor and writes the ledger.

Between two looks at the glass it does its chores and carries out what technicians ask, so that
every entry's place in the ledger is also its place in time.

What the gate's thread is given to work with.

What technicians ask of the gate's thread, and the dialogue with the one at the sensor.
"""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ... import __version__
from ...contract.errors import EdgeAgentError, StoreFault
from ...contract.facts import GateAlive
from ..control.server import Conversation
from ..errors import GateBusy, SensorFault
from ..ledger.gate import Gate
from ..ledger.prune import Pruner
from ..ledger.resolve_times import ResolveTimes
from ..ledger.watch_clock import WatchClock
from ..ledger.watch_recording import WatchRecording
from ..people.custodian import Custodian
from ..people.requests import (
    Enroll,
    GateWork,
    Identify,
    ModuleWork,
    SensorWork,
    TakeImage,
    TemplateWork,
    What,
)
from ..people.roster import RosterInbox, RosterKeeper
from ..people.technician import Technician
from ..ports import Panel, Passwords, Sealing, Sensor, SensorInfo, Touch
from ..sensor.lifecycle import SensorLifecycle
from ..sensor.pairing import Pairing
from ..touch.decide import Look
from ..touch.poll_schedule import BETWEEN_LOOKS_S, PollSchedule
from ..touch.take_punch import TakePunch


@dataclass(frozen=True, kw_only=True)
class GateParts:
    """The ports and settings of the gate's thread.

    ``make_gate`` is called on that thread, to which a store's connection belongs; ``offline`` tells
    whether payroll is out of reach; ``touch`` is the sensor's touch output, which may work only
    while the sensor ``sleeps``.
    """

    make_gate: Callable[[], Gate]
    sensor: Sensor
    panel: Panel
    captures: int
    offline: Callable[[], bool]
    sealing: Sealing
    passwords: Passwords
    roster: RosterInbox
    prune_after_months: int | None = None
    touch: Touch | None = None
    sleeps: bool = False


Job = tuple[GateWork, Conversation]
"""What a technician asks for, and who."""


class Jobs:
    """Requests on their way from the control socket's thread to the gate's."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        """None ends a pause and asks for nothing."""

    def submit(self, request: GateWork, conversation: Conversation) -> None:
        """Have a request carried out between two looks. Safe from any thread."""
        self._waiting.put((request, conversation))

    def wake(self) -> None:
        """End a pause between two looks. Safe from any thread."""
        self._waiting.put(None)

    def next(self, within_s: float) -> Job | None:
        """The next request; None where none came in time, or somebody woke the thread."""
        try:
            return self._waiting.get(timeout=within_s)
        except queue.Empty:
            return None

    def refuse_waiting(self) -> None:
        """The gate's thread ends: nobody who waits is left without an answer."""
        while not self._waiting.empty():
            job = self._waiting.get()
            if job is not None:
                _, conversation = job
                conversation.failed(GateBusy("The daemon is stopping: ask again when it is back."))


class SocketPrompt:
    """The dialogue with the person at the sensor, paced by the gate's thread.

    It leaves the sensor some air between two looks, shows that the thread lives, obeys a stop.
    """

    def __init__(
        self, conversation: Conversation, stop: threading.Event, beat: Callable[[], None]
    ) -> None:
        self._conversation = conversation
        self._stop = stop
        self._beat = beat

    def step(self, what: What, hint: str | None = None) -> None:
        """Tell the person what to do."""
        self._conversation.step(what, hint)

    def beat(self) -> None:
        """Between two looks. Raises GateBusy where the daemon stops."""
        self._pause(BETWEEN_LOOKS_S)

    def go_on(self) -> None:
        """Between two templates. Raises GateBusy where the daemon stops."""
        self._pause(0)

    def _pause(self, seconds: float) -> None:
        self._conversation.beat()
        self._beat()
        if self._stop.wait(seconds):
            raise GateBusy(
                "The daemon is stopping: nothing was changed. Ask again when it is back."
            )


log = logging.getLogger(__name__)

_ALIVE_EVERY_S = 3600.0

_MOST_FAILURES = 3
"""Looks at the glass that fail one after the other: a link that can be mended is no sensor yet."""


class GateTurns:
    """Lives on the gate's thread, from its first moment: what it writes, it writes in order."""

    def __init__(
        self,
        parts: GateParts,
        wake: Callable[[], None],
        stop: threading.Event,
        beat: Callable[[], None],
    ) -> None:
        """``wake`` ends the thread's pause; ``beat`` shows that it lives."""
        self._stop = stop
        self._beat = beat
        self._gate = gate = parts.make_gate()
        self._pairing = pairing = Pairing(gate, parts.sensor, beat)
        self._keeper = keeper = SensorLifecycle(gate, parts.sensor, parts.panel, pairing)
        self._taker = TakePunch(
            gate,
            parts.sensor,
            parts.panel,
            parts.captures,
            pairing.recover,
            parts.offline,
            stop.is_set,
        )
        at_the_sensor = (gate, parts.sensor, parts.panel, pairing, lambda: keeper.info)
        self._technician = Technician(*at_the_sensor)
        self._custodian = Custodian(*at_the_sensor, parts.sealing, parts.passwords)
        # Before anything is written in this boot: what the ledger knows is of the one before.
        self._clock = WatchClock(gate)
        self._times = ResolveTimes(gate)
        self._recording = WatchRecording(gate)
        self._looking = PollSchedule(
            parts.sensor, parts.touch, gate.clock, wake, sleeps=parts.sleeps
        )
        self._prune = Pruner(gate, parts.prune_after_months)
        self._roster = RosterKeeper(gate, parts.roster)
        self._alive_due = gate.clock.monotonic()
        self._failures = 0

    @property
    def info(self) -> SensorInfo | None:
        """The sensor in use."""
        return self._keeper.info

    def begin(self, first: SensorInfo | SensorFault) -> None:
        """Use the sensor that was connected at the start, or wait for it."""
        if isinstance(first, SensorInfo):
            self._keeper.began(first)
        else:
            self._keeper.lost(first)

    def chores(self) -> float:
        """What is due beside presses. Returns the seconds that may now be waited for a request."""
        if self._gate.clock.monotonic() >= self._alive_due:
            self._alive_due += _ALIVE_EVERY_S
            self._write_alive()
        self._gate.keep_store()
        self._prune.turn()
        listing = self._roster.look()
        if self._clock.look():
            self._times.begin()
        busy = self._times.work() or listing
        self._recording.look(vouched=self._keeper.vouched)
        return self._looking.pause() if self._keeper.recording and not busy else BETWEEN_LOOKS_S

    def carry_out(self, request: GateWork, conversation: Conversation) -> None:
        """Do what a technician asks for, and answer."""
        slot = None
        try:
            conversation.beat()  # It may have been given up while it waited.
            result = self._perform(request, conversation)
        except EdgeAgentError as error:
            conversation.failed(error)
            if isinstance(error, SensorFault) and self._keeper.recording:
                self._mend(error)
        else:
            if isinstance(request, SensorWork):
                self._look_after_sensor()
            conversation.done(result)
            slot = result.get("slot")
        if isinstance(request, Enroll | Identify | TakeImage):
            self._taker.ignore_finger(slot)
        self._looking.look_soon()

    def look(self) -> None:
        """See to a touch where it is time to; without a sensor, to the sensor."""
        if not self._keeper.recording:
            self._keeper.try_again()
            self._looking.look_soon()
            return
        self._keeper.stayed()
        if self._stop.is_set():
            return
        try:
            self._custodian.turn()
            pin = self._looking.next_look()
            if pin is None:
                return
            look = self._taker.poll(pin)
            if look is not Look.UNSURE:
                self._failures = 0
            self._looking.saw(pin, look)
            self._keeper.noted(self._looking.problem)
        except SensorFault as fault:
            self._look_failed(fault)

    def end(self) -> None:
        """From now on nobody records here."""
        self._custodian.close()
        self._keeper.ended()

    def close(self) -> None:
        """Let go of the store."""
        self._gate.store.close()

    def _perform(self, request: GateWork, conversation: Conversation) -> dict[str, Any]:
        prompt = SocketPrompt(conversation, self._stop, self._beat)
        if isinstance(request, TemplateWork | ModuleWork):
            return self._custodian.perform(request, prompt, conversation.actor)
        return self._technician.perform(request, prompt, conversation.actor)

    def _look_after_sensor(self) -> None:
        """A technician has asked for the sensor, and it may have turned out to be another one."""
        try:
            self._keeper.looked_at()
        except SensorFault as fault:
            self._mend(fault)

    def _look_failed(self, fault: SensorFault) -> None:
        self._failures += 1
        self._looking.look_soon()
        if self._failures >= _MOST_FAILURES:
            self._taker.disturbed()
            self._keeper.lost(fault)
        elif self._stop.is_set():
            self._taker.disturbed()
        else:
            self._mend(fault)

    def _mend(self, fault: SensorFault) -> None:
        """Prove the link sound again, or give the sensor up for now."""
        self._taker.disturbed()
        try:
            self._pairing.recover()
        except SensorFault:
            self._keeper.lost(fault)
        else:
            log.warning("the sensor's link was mended: %s", fault)

    def _write_alive(self) -> None:
        try:
            self._gate.record(GateAlive(recording=self._keeper.vouched, version=__version__))
        except StoreFault as fault:
            log.error("gate.alive could not be written: %s", fault)


class GateActivity:
    """The body of the gate's thread. ``first`` is what connecting the sensor at start came to."""

    def __init__(self, parts: GateParts, first: SensorInfo | SensorFault) -> None:
        self._parts = parts
        self._first = first
        self._jobs = Jobs()
        self.capacity = first.capacity if isinstance(first, SensorInfo) else None

    def submit(self, request: GateWork, conversation: Conversation) -> None:
        """Have a request carried out between two looks. Safe from any thread."""
        self._jobs.submit(request, conversation)

    def wake(self) -> None:
        """End a pause between two looks. Safe from any thread."""
        self._jobs.wake()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Watch the glass until ``stop`` is set; a punch in hand is finished first."""
        turns = GateTurns(self._parts, self._jobs.wake, stop, beat)
        turns.begin(self._first)
        while not stop.is_set():
            beat()
            job = self._jobs.next(within_s=turns.chores())
            if job is not None:
                turns.carry_out(*job)
            turns.look()
            if turns.info is not None:
                self.capacity = turns.info.capacity
        turns.end()
        self._jobs.refuse_waiting()
        turns.close()
