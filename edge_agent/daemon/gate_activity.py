"""The gate's own thread: it alone talks to the sensor and writes the ledger.

Between two looks at the glass it carries out what technicians ask and writes the hourly entry, so
that every entry's place in the ledger is also its place in time.
"""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from .. import __version__
from ..control.server import Conversation
from ..domain.errors import EdgeAgentError, GateBusy, SensorFault, StoreFault
from ..domain.facts import GateAlive
from ..domain.requests import (
    Enroll,
    GateWork,
    Identify,
    ModuleWork,
    SensorWork,
    TakeImage,
    TemplateWork,
    What,
)
from ..flows.custodian import Custodian
from ..flows.enroll import Dialogue
from ..flows.gate import Gate
from ..flows.keep_roster import KeepRoster, RosterInbox
from ..flows.keep_sensor import KeepSensor
from ..flows.pairing import Pairing
from ..flows.prune_ledger import PruneLedger
from ..flows.resolve_times import ResolveTimes
from ..flows.take_punch import Look, TakePunch
from ..flows.technician import Technician
from ..flows.watch_clock import WatchClock
from ..flows.watch_recording import WatchRecording
from ..flows.when_to_look import BETWEEN_LOOKS_S, WhenToLook
from ..ports import Panel, Passwords, Sealing, Sensor, SensorInfo, Touch

log = logging.getLogger(__name__)

_ALIVE_EVERY_S = 3600.0

_MOST_FAILURES = 3
"""Looks at the glass that fail one after the other: a link that can be mended is no sensor yet."""

Job = tuple[GateWork, Conversation]
"""What a technician asks for, and who."""


class GateActivity:
    """The body of the gate's thread. ``first`` is what connecting the sensor at start came to."""

    def __init__(
        self,
        make_gate: Callable[[], Gate],
        sensor: Sensor,
        panel: Panel,
        captures: int,
        offline: Callable[[], bool],
        first: SensorInfo | SensorFault,
        sealing: Sealing,
        passwords: Passwords,
        roster: RosterInbox,
        prune_after_months: int | None = None,
        touch: Touch | None = None,
        sleeps: bool = False,
    ) -> None:
        """``touch``: the sensor's touch output, which may work only while the sensor ``sleeps``."""
        self._roster = roster
        self._make_gate = make_gate
        self._sensor = sensor
        self._panel = panel
        self._captures = captures
        self._offline = offline
        self._first = first
        self._sealing = sealing
        self._passwords = passwords
        self._prune_after_months = prune_after_months
        self._touch = touch
        self._sleeps = sleeps
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        """None ends a pause and asks for nothing."""
        self.capacity = first.capacity if isinstance(first, SensorInfo) else None

    def submit(self, request: GateWork, conversation: Conversation) -> None:
        """Have a request carried out between two looks. Safe from any thread."""
        self._jobs.put((request, conversation))

    def wake(self) -> None:
        """End a pause between two looks. Safe from any thread."""
        self._jobs.put(None)

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Watch the glass until ``stop`` is set; a punch in hand is finished first."""
        gate = self._make_gate()
        pairing = Pairing(gate, self._sensor, beat)
        keeper = KeepSensor(gate, self._sensor, self._panel, pairing)
        taker = TakePunch(
            gate,
            self._sensor,
            self._panel,
            self._captures,
            pairing.recover,
            self._offline,
            stop.is_set,
        )
        technician = Technician(gate, self._sensor, self._panel, pairing, lambda: keeper.info)
        # Before anything is written in this boot: what the ledger knows is of the one before.
        clock = WatchClock(gate)
        times = ResolveTimes(gate)
        recording = WatchRecording(gate)
        custodian = Custodian(
            gate,
            self._sensor,
            self._panel,
            pairing,
            lambda: keeper.info,
            self._sealing,
            self._passwords,
        )

        def perform(request: GateWork, dialogue: Dialogue, actor: str) -> dict[str, Any]:
            if isinstance(request, TemplateWork | ModuleWork):
                return custodian.perform(request, dialogue, actor)
            return technician.perform(request, dialogue, actor)

        looking = WhenToLook(self._sensor, self._touch, gate.clock, self.wake, sleeps=self._sleeps)
        if isinstance(self._first, SensorInfo):
            keeper.began(self._first)
        else:
            keeper.lost(self._first)
        prune = PruneLedger(gate, self._prune_after_months)
        roster = KeepRoster(gate, self._roster)
        alive_due = gate.clock.monotonic()
        failures = 0
        while not stop.is_set():
            beat()
            if gate.clock.monotonic() >= alive_due:
                alive_due += _ALIVE_EVERY_S
                _write_alive(gate, keeper)
            gate.keep_store()
            prune.turn()
            roster.look()
            if clock.look():
                times.begin()
            busy = times.work()
            recording.look(vouched=keeper.vouched)
            pause = looking.pause() if keeper.recording and not busy else BETWEEN_LOOKS_S
            if self._carry_out(perform, taker, keeper, pairing, _Pacing(stop, beat), pause):
                looking.anew()
            if not keeper.recording:
                keeper.try_again()
                self.capacity = keeper.info.capacity if keeper.info else self.capacity
                looking.anew()
                continue
            keeper.stayed()
            if stop.is_set() or not looking.due():
                continue
            try:
                if looking.began():
                    taker.felt()
                look = taker.poll(looking.felt())
                if look is not Look.UNSURE:
                    failures = 0
                looking.saw(look)
                keeper.noted(looking.problem)
            except SensorFault as fault:
                failures += 1
                taker.disturbed()
                looking.anew()
                if failures >= _MOST_FAILURES:
                    keeper.lost(fault)
                elif not stop.is_set():
                    _mend(keeper, pairing, fault)
        keeper.ended()
        self._refuse_waiting()
        gate.store.close()

    def _carry_out(
        self,
        perform: Callable[[GateWork, Dialogue, str], dict[str, Any]],
        taker: TakePunch,
        keeper: KeepSensor,
        pairing: Pairing,
        pacing: "_Pacing",
        within_s: float,
    ) -> bool:
        """Wait for a request and carry it out. Returns whether there was one."""
        try:
            job = self._jobs.get(timeout=within_s)
        except queue.Empty:
            return False
        if job is None:
            return False
        request, conversation = job
        slot = None
        try:
            conversation.beat()  # It may have been given up while it waited.
            result = perform(request, _Guided(conversation, pacing), conversation.actor)
        except EdgeAgentError as error:
            conversation.failed(error)
            if isinstance(error, SensorFault) and keeper.recording:
                _mend(keeper, pairing, error)
                taker.disturbed()
        else:
            conversation.done(result)
            slot = result.get("slot")
            if isinstance(request, SensorWork):
                self._look_after(keeper, pairing, taker)
        if isinstance(request, Enroll | Identify | TakeImage):
            taker.ignore_finger(slot)
        return True

    @staticmethod
    def _look_after(keeper: KeepSensor, pairing: Pairing, taker: TakePunch) -> None:
        try:
            keeper.looked_at()
        except SensorFault as fault:
            _mend(keeper, pairing, fault)
            taker.disturbed()

    def _refuse_waiting(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return
            if job is None:
                continue
            _, conversation = job
            conversation.failed(GateBusy("The daemon is stopping: ask again when it is back."))


class _Pacing:
    """Leaves the sensor some air between two looks, shows that the thread lives, obeys a stop."""

    def __init__(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        self._stop = stop
        self._beat = beat

    def pause(self) -> None:
        self._beat()
        if self._stop.wait(BETWEEN_LOOKS_S):
            raise GateBusy(
                "The daemon is stopping: nothing was changed. Ask again when it is back."
            )


class _Guided:
    """The dialogue with the person at the sensor, paced by the gate's thread."""

    def __init__(self, conversation: Conversation, pacing: _Pacing) -> None:
        self._conversation = conversation
        self._pacing = pacing

    def step(self, what: What, hint: str | None = None) -> None:
        self._conversation.step(what, hint)

    def beat(self) -> None:
        self._conversation.beat()
        self._pacing.pause()


def _mend(keeper: KeepSensor, pairing: Pairing, fault: SensorFault) -> None:
    """Prove the link sound again, or give the sensor up for now."""
    try:
        pairing.recover()
    except SensorFault:
        keeper.lost(fault)
    else:
        log.warning("the sensor's link was mended: %s", fault)


def _write_alive(gate: Gate, keeper: KeepSensor) -> None:
    try:
        gate.record(GateAlive(recording=keeper.vouched, version=__version__))
    except StoreFault as fault:
        log.error("gate.alive could not be written: %s", fault)
