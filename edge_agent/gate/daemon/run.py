"""Start the daemon, watch over its threads, and stop it: one visible list, and its mirror.

A ledger is left by leaving the process. Why is noted beside the database, everything stops once,
and the process ends with an exit code of its own; whoever starts it again, the service manager or
the command that replaces itself, goes the way of any start, and that begins the new ledger.
"""

import logging
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from ...contract.facts import RecordingStopped
from ...contract.language import Message
from ...contract.messages import GateStatus
from ...contract.stamps import true_time
from ..control.server import ControlServer
from ..errors import BadSettings, Retired, SensorFault
from ..events import (
    Event,
    EventBus,
    LedgerGrew,
    RosterChanged,
    SensorChanged,
    StoreChanged,
    UplinkChanged,
)
from ..host.board import board_below
from ..host.examiner import ProcessExaminer
from ..host.memory import give_back, share_one_heap, write_no_core
from ..host.service_manager import ServiceManager
from ..host.who_may import WhoMay
from ..ledger.damage.readable import begin_readable
from ..ledger.store.sqlite_store import SqliteStore
from ..ledger.worker_day import worker_day
from ..people.erase import ErasedInbox
from ..people.roster import RosterInbox
from ..ports import SensorInfo
from ..settings.in_use import SettingsInUse
from ..settings.schema import Settings
from .assembly import Assembly
from .departure import LEAVES, Departure
from .loop import GateLoop
from .print_keeper import PrintKeeper
from .running_status import Vitals, running_status
from .signals import STOP_SIGNALS, Signals, tell_stacks
from .status import Circumstances, backup_of, gate_status, gate_time, glance_of
from .supervised_thread import SupervisedThread
from .wired import Wired, first_connection, open_wired

log = logging.getLogger(__name__)

_SOFTWARE = 70
"""EX_SOFTWARE: an activity ended unexpectedly; systemd starts the daemon again."""

_LOCK_PATIENCE_S = 10.0
"""How long a starting daemon waits for a command that owns the gate to finish."""

_LOOK_S = 1.0
"""How often the activities are looked after when nothing happens on the control socket."""

_GATE_STOPS_WITHIN_S = 3.6
_UPLINK_STOPS_WITHIN_S = 1.2
"""Together below the five seconds in which the daemon promises to leave."""


def run_daemon(settings: Settings, config: Path) -> int:
    """Run until SIGTERM or SIGINT and return the exit code; ``config`` is the settings' file.

    Where the ledger is left and no service manager is there to start it again, this process
    replaces itself. Raises an EdgeAgentError where the gate cannot be started; nothing is damaged
    then.
    """
    signal.signal(signal.SIGUSR1, tell_stacks)
    # What came while the process replaced itself counts from here on.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*STOP_SIGNALS, signal.SIGUSR1})
    write_no_core()
    share_one_heap()
    assembly, manager = Assembly(settings), ServiceManager()
    lock = assembly.lock()
    lock.acquire("daemon", _LOCK_PATIENCE_S)
    stop = Signals(reloads=manager.listens)
    try:
        code = _run(assembly, config, manager, stop)
    finally:
        lock.release()
    if code == LEAVES and not manager.listens:
        signal.pthread_sigmask(signal.SIG_BLOCK, {*stop.numbers, signal.SIGUSR1})
        # Blocked in this thread alone. One that a library has left behind would take a signal and
        # nobody would learn of it: there it ends the process, and nothing is under way.
        for number in stop.numbers:
            signal.signal(number, signal.SIG_DFL)
        if stop.asked:
            return 0
        os.execv(sys.executable, sys.orig_argv)
    for number in stop.numbers:  # Whoever asks once more, while Python ends, changes nothing.
        signal.signal(number, signal.SIG_IGN)
    return code


class _StopAsked(Exception):
    """Somebody wants the daemon to end, and it has yet to begin."""


def _run(assembly: Assembly, config: Path, manager: ServiceManager, stop: Signals) -> int:
    def beat() -> None:
        if stop.asked:
            raise _StopAsked
        manager.starting()

    with ExitStack() as mirror:
        try:
            begun = mirror.enter_context(assembly.open_or_succeed(beat))
        except _StopAsked:
            log.info("the start was stopped, and the ledger is as it was")
            return 0
        departure = Departure(assembly)
        store = assembly.store(departure.damaged)
        mirror.callback(store.close)
        if store.retired:
            raise Retired("retire.retired")
        assembly.recall_last_sync(store)
        wired = mirror.enter_context(open_wired(assembly))
        first: SensorInfo | SensorFault | None = None
        try:
            first = None if stop.asked else first_connection(assembly, store, wired.sensor)
        except SensorFault:
            if not stop.asked:
                raise
        if first is None or stop.asked:  # Meanwhile: to look for a silent one takes four seconds.
            if begun or store.tail().seq == 1:
                _say_stopped(assembly, store)
            return 0
        daemon = _Daemon(assembly, departure, stop, store, wired, first, config)
        mirror.callback(daemon.close)
        return daemon.run(manager)


def _say_stopped(assembly: Assembly, store: SqliteStore) -> None:
    """Of a ledger that was begun and never used: payroll should not wait for anything in it.

    The very first start's, too, or one that the power has cut off right after it.
    """
    with store.changing() as change:
        change.append(RecordingStopped(reason="stopping"), assembly.clock.stamp())


def _prune_after_months(settings: Settings) -> int | None:
    """Only payroll's own word that it holds an entry lets go of it."""
    months = settings.store.prune_after_months
    return None if months == "never" or settings.mqtt.confirm_by == "broker" else months


class _Daemon:
    """The main thread: signals, watchdog, control socket, supervision."""

    def __init__(
        self,
        assembly: Assembly,
        departure: Departure,
        stop: Signals,
        store: SqliteStore,
        wired: Wired,
        first: SensorInfo | SensorFault,
        config: Path,
    ) -> None:
        self._assembly = assembly
        self._departure = departure
        self._stop = stop
        self._store = store
        self._started_at = true_time(assembly.clock.stamp(), assembly.zone)
        self._up_at = self._way_since = assembly.clock.monotonic()
        self._way = "disconnected"
        self._bus = EventBus()
        self._wired = wired
        roster, erased = RosterInbox(), ErasedInbox()
        self._gate = GateLoop(
            make_gate=lambda: assembly.gate(self._bus.emit, departure.damaged),
            sensor=wired.sensor,
            first=first,
            panel=wired.panel,
            captures=assembly.settings.sensor.captures,
            offline=lambda: self._bus.offline,
            sealing=assembly.sealing(),
            roster=roster,
            erased=erased,
            prune_after_months=_prune_after_months(assembly.settings),
            privacy=assembly.settings.privacy,
            touch=wired.touch,
            keys=wired.keys,
            readers=wired.readers,
            tamper=wired.tamper,
            tamper_lamp=assembly.settings.panel.tamper_lamp,
            named_only=assembly.settings.reader.allow == "named",
            receipts=assembly.carried_receipts(self._count_receipt),
            sleeps=wired.touch is not None and assembly.settings.sensor.touch_sleep,
        )
        self._examiner = ProcessExaminer(config, self._wake_uplink)
        self._config = config
        self._settings = SettingsInUse(assembly.settings, config)
        self._readable: subprocess.Popen[bytes] | None = None
        self._uplink = assembly.uplink(
            self._uplink_status,
            self._bus.emit,
            departure.payroll_disowns,
            departure.damaged,
            roster.put,
            self._examiner,
            erased.put,
        )
        self._server = ControlServer(
            assembly.control_socket,
            self._gate.requests.submit,
            self._status,
            self._names,
            self._day,
            WhoMay(assembly.settings.roles.groups),
        )
        self._prints = PrintKeeper(
            store, assembly.settings.sensor, self._bus.emit, assembly.clock.monotonic
        )
        self._threads = (
            SupervisedThread("gate", self._gate.run, wake=self._gate.requests.wake),
            SupervisedThread("uplink", self._uplink.run, wake=self._uplink.notify),
        )
        self._bus.listen(self._server.emit)
        self._bus.listen(self._nudge_uplink)
        self._bus.listen(self._note_way)
        self._bus.listen(self._prints.heard)

    def run(self, manager: ServiceManager) -> int:
        """Start the threads, serve until there is a reason to end, stop them again.

        Returns the exit code.
        """
        gate, uplink = self._threads
        signal.set_wakeup_fd(self._server.wake_fd)
        for thread in self._threads:
            thread.start()
        manager.ready()
        log.info("gate %s is up", self._assembly.settings.gate.id)
        self._readable = begin_readable(self._assembly.database, self._config)
        crashed = self._supervise(manager)
        manager.stopping()
        if self._stop.by == signal.SIGHUP:
            log.warning("the terminal has gone (SIGHUP), and the gate with it: run it as a service")
        elif self._stop.by:
            log.info("asked to stop (%s)", self._stop.by.name)
        # The gate first: what it writes last still goes to payroll.
        for thread, within_s in ((gate, _GATE_STOPS_WITHIN_S), (uplink, _UPLINK_STOPS_WITHIN_S)):
            if not thread.stop(within_s):
                log.error("the %s thread did not end in time and is left behind", thread.name)
                crashed = True
        signal.set_wakeup_fd(-1)
        self._server.close()
        log.info("gate %s is down", self._assembly.settings.gate.id)
        if self._departure.decided and not self._stop.asked:
            return LEAVES
        return _SOFTWARE if crashed else 0

    def close(self) -> None:
        """Leave no process behind."""
        self._examiner.close()
        if self._readable is not None:
            self._readable.kill()
            self._readable.wait()

    def _supervise(self, manager: ServiceManager) -> bool:
        """Serve until the daemon is to end. Returns whether a thread ended by itself."""
        self._server.serve_for(_LOOK_S)  # Meanwhile the threads have begun.
        give_back()
        while not (self._stop.asked or self._departure.decided):
            self._server.serve_for(_LOOK_S)
            if self._stop.reload:
                self._stop.reload = False
                self._reload()
            if self._prints.turn():
                self._uplink.status_changed()
            if not all(thread.alive for thread in self._threads):
                return True
            # A thread that hangs starves the watchdog: systemd then starts everything anew.
            if all(thread.beating for thread in self._threads):
                manager.alive()
            if self._readable is not None and self._readable.poll() is not None:
                self._readable = None
        return False

    def _count_receipt(self, payload: bytes) -> None:
        self._uplink.count(payload)

    def _reload(self) -> None:
        """Take from the settings' file what can be taken while the gate records."""
        try:
            settings, taken, left = self._settings.reload()
        except BadSettings:
            log.error("the settings cannot be used, and none were taken: edge-agent config check")
            return
        self._server.who_may = WhoMay(settings.roles.groups)
        self._gate.renew(Assembly(settings).policy())
        log.info("settings taken anew: %s", ", ".join(taken) or "none has changed")
        if left:
            log.warning("these settings count after a restart: %s", ", ".join(left))

    def _wake_uplink(self) -> None:
        self._uplink.notify()

    def _nudge_uplink(self, event: Event) -> None:
        if isinstance(event, LedgerGrew):
            self._uplink.notify()
        elif isinstance(event, SensorChanged | StoreChanged | RosterChanged):
            self._uplink.status_changed()

    def _note_way(self, event: Event) -> None:
        if isinstance(event, UplinkChanged) and event.state != self._way:
            self._way, self._way_since = event.state, self._assembly.clock.monotonic()

    def _status(self) -> dict[str, Any]:
        status, problems = gate_status(self._assembly, self._store, self._circumstances())
        told = running_status(status, self._bus.uplink, self._bus.awaited, self._vitals(), problems)
        told |= glance_of(self._assembly, self._store, status)
        told |= {"backup": backup_of(self._assembly, self._store)}
        told |= {"board": to_builtins(board_below())}
        told["pins"]["messages"] = {key: why.plain() for key, why in self._pin_problems().items()}
        return told | {"settings": self._settings.told(), "time": gate_time(self._assembly)}

    def _vitals(self) -> Vitals:
        now, pause = self._assembly.clock.monotonic(), self._uplink.pause
        tried = pause.tried if pause else None
        return Vitals(
            up_s=now - self._up_at,
            away_s=now - self._way_since if self._bus.offline else None,
            away_since_start=self._way_since == self._up_at,
            tried_s=None if tried is None else now - tried,
            next_try_s=max(0.0, pause.until - now) if pause else None,
            mended=self._gate.mends.lately(now),
            clock_refused=self._assembly.clock.refused() is not None,
            clock_believed=self._assembly.settings.clock.trust == "always",
            silent_s={thread.name: thread.silent_s for thread in self._threads},
        )

    def _names(self) -> dict[str, str]:
        return {worker.code: worker.name for worker in self._store.workers()}

    def _day(self, code: str) -> dict[str, Any]:
        day: dict[str, Any] = to_builtins(worker_day(self._store, code, self._assembly.zone))
        return day

    def _uplink_status(self) -> GateStatus:
        # Called on the uplink's thread, and a store connection belongs to one thread.
        with closing(self._assembly.store(self._departure.damaged)) as store:
            status, _ = gate_status(self._assembly, store, self._circumstances())
            return status

    def _circumstances(self) -> Circumstances:
        bus, capacity = self._bus, self._gate.capacity
        return Circumstances(
            state="online",
            started_at=self._started_at,
            sensor=bus.sensor,
            store=bus.store,
            capacity=capacity,
            confirmed=bus.confirmed,
            uplink=self._uplink.standing,
            pins=self._pin_problems(),
            prints=self._prints.standing,
        )

    def _pin_problems(self) -> dict[str, Message]:
        told = {"panel": self._wired.panel.problem}
        if (readers := self._wired.readers) is not None:
            told["readers"] = readers.problem
        return {key: why for key, why in told.items() if why} | self._assembly.pin_problems
