"""Start the daemon, watch over its activities, and stop it: one visible list, and its mirror.

When the daemon goes round again, because its ledger is left for a new one.
"""

import faulthandler
import logging
import signal
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from types import FrameType
from typing import Any

from ...contract.messages import GateStatus
from ...contract.stamps import true_time
from ..control.server import ControlServer
from ..errors import DamagedLedger, SensorFault
from ..events import Event, EventBus, LedgerGrew, RosterChanged, SensorChanged, StoreChanged
from ..host.examiner import ProcessExaminer
from ..host.service_manager import ServiceManager
from ..ledger.store.sqlite_store import SqliteStore
from ..people.roster import RosterInbox
from ..ports import Panel, Sensor, SensorInfo, Touch
from ..settings.schema import Settings
from ..uplink.inbox import ForeignReceipt
from .assembly import Assembly
from .loop import GateLoop
from .status import Circumstances, gate_status, running_status
from .supervised_thread import SupervisedThread

log = logging.getLogger(__name__)


class Rounds:
    """What the rounds of one process know of each other; for any thread."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._damage: str | None = None
        self._disowned = False
        self._payroll_has_had_its_way = False

    @property
    def another(self) -> bool:
        """Whether the ledger in use is to be left."""
        return self._damage is not None or self._disowned

    def take_damage(self) -> str | None:
        """What was found out about the database in the round before; a new round begins."""
        damage, self._damage, self._disowned = self._damage, None, False
        return damage

    def damaged(self, fault: DamagedLedger) -> None:
        """The database cannot be relied on any more."""
        if self._damage is None:
            log.error("the ledger is left: %s", fault)
            self._damage = str(fault)

    def payroll_disowns(self, receipt: ForeignReceipt) -> bool:
        """Have a new ledger begin because of a receipt, once in the life of a process.

        And once in a day of the ledger: a receipt can be forged by whoever the broker lets, and
        each ledger that is left stays on the card.
        """
        if self._payroll_has_had_its_way:
            return False
        with closing(self._assembly.store()) as store:
            if not self._assembly.may_leave(store):
                return False
            store.disown(receipt.why, receipt.through)
        self._payroll_has_had_its_way = self._disowned = True
        return True


_LOCK_PATIENCE_S = 10.0
"""How long a starting daemon waits for a command that owns the gate to finish."""

_LOOK_S = 1.0
"""How often the activities are looked after when nothing happens on the control socket."""

_GATE_STOPS_WITHIN_S = 3.6
_UPLINK_STOPS_WITHIN_S = 1.2
"""Together below the five seconds in which the daemon promises to leave."""


_SOFTWARE = 70
"""EX_SOFTWARE: an activity ended unexpectedly; systemd starts the daemon again."""


def run_daemon(settings: Settings, config: Path) -> int:
    """Run until SIGTERM or SIGINT and return the exit code; ``config`` is the settings' file.

    Raises an EdgeAgentError where the gate cannot be started; nothing is damaged then.
    """
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    assembly = Assembly(settings)
    lock = assembly.lock()
    lock.acquire("daemon", _LOCK_PATIENCE_S)
    try:
        rounds = Rounds(assembly)
        while (code := _one_round(assembly, rounds, config)) is None:
            pass
        return code
    finally:
        lock.release()


def _one_round(assembly: Assembly, rounds: Rounds, config: Path) -> int | None:
    """The daemon on one ledger. None: another ledger is to begin, under the same lock."""
    with ExitStack() as mirror:
        mirror.enter_context(assembly.open_or_succeed(rounds.take_damage()))
        threading.Thread(target=assembly.write_readable, name="readable", daemon=True).start()
        store = assembly.store(rounds.damaged)
        mirror.callback(store.close)
        assembly.recall_last_sync(store)
        panel = assembly.panel()
        mirror.callback(panel.close)
        sensor = assembly.sensor()
        mirror.callback(sensor.close)
        touch = assembly.touch()
        if touch is not None:
            mirror.callback(touch.close)
        first = _first_connection(assembly, store, sensor)
        daemon = _Daemon(assembly, rounds, store, panel, sensor, touch, first, config)
        mirror.callback(daemon.examiner.close)
        return daemon.run()


def _first_connection(
    assembly: Assembly, store: SqliteStore, sensor: Sensor
) -> SensorInfo | SensorFault:
    """Connect the sensor at start-up.

    A sensor that has worked at this port and baud before is a fault to wait out, with the backlog
    still going to payroll meanwhile. One that never has is an installer's mistake: raised.
    """
    wanted = f"{assembly.settings.sensor.port} at {assembly.settings.sensor.baud} baud"
    try:
        info = sensor.connect()
    except SensorFault as fault:
        if store.remembered("sensor") != wanted:
            raise
        return fault
    if store.remembered("sensor") != wanted:
        store.remember("sensor", wanted)
    return info


def _prune_after_months(settings: Settings) -> int | None:
    """Only payroll's own word that it holds an entry lets go of it."""
    months = settings.store.prune_after_months
    return None if months == "never" or settings.mqtt.confirm_by == "broker" else months


class _Daemon:
    """The main thread: signals, watchdog, control socket, supervision."""

    def __init__(
        self,
        assembly: Assembly,
        rounds: Rounds,
        store: SqliteStore,
        panel: Panel,
        sensor: Sensor,
        touch: Touch | None,
        first: SensorInfo | SensorFault,
        config: Path,
    ) -> None:
        self._assembly = assembly
        self._rounds = rounds
        self._store = store
        self._started_at = true_time(assembly.clock.stamp(), assembly.zone)
        self._stopping = False
        self._bus = EventBus()
        roster = RosterInbox()
        self._gate = GateLoop(
            make_gate=lambda: assembly.gate(self._bus.tell, rounds.damaged),
            sensor=sensor,
            first=first,
            panel=panel,
            captures=assembly.settings.sensor.captures,
            offline=lambda: self._bus.offline,
            sealing=assembly.sealing(),
            roster=roster,
            prune_after_months=_prune_after_months(assembly.settings),
            touch=touch,
            sleeps=assembly.settings.sensor.touch_sleep,
        )
        self.examiner = ProcessExaminer(config, self._wake_uplink)
        self._uplink = assembly.uplink(
            self._uplink_status,
            self._bus.tell,
            rounds.payroll_disowns,
            rounds.damaged,
            roster.put,
            self.examiner,
        )
        self._server = ControlServer(assembly.control_socket, self._gate.submit, self._status)
        self._bus.listen(self._server.tell)
        self._bus.listen(self._nudge_uplink)

    def run(self) -> int | None:
        """Start the activities, serve until a signal or a crash, stop them again.

        Returns the exit code, or None where the ledger is left and everything starts again.
        """
        gate = SupervisedThread("gate", self._gate.run, wake=self._gate.wake)
        uplink = SupervisedThread("uplink", self._uplink.run, wake=self._uplink.notify)
        manager = ServiceManager()
        self._heed_signals()
        for activity in (gate, uplink):
            activity.start()
        manager.ready()
        log.info("gate %s is up", self._assembly.settings.gate.id)
        crashed = self._supervise(manager, (gate, uplink))
        again = self._rounds.another and not (crashed or self._stopping)
        if not again:
            manager.stopping()
        # The gate first: what it writes last still goes to payroll.
        for activity, within_s in ((gate, _GATE_STOPS_WITHIN_S), (uplink, _UPLINK_STOPS_WITHIN_S)):
            if not activity.stop(within_s):
                log.error("the %s activity did not end in time and is left behind", activity.name)
                # It could still write where it should not: only a new process is rid of it.
                crashed, again = crashed or again, False
        self._server.close()
        log.info("gate %s is down", self._assembly.settings.gate.id)
        return None if again else _SOFTWARE if crashed else 0

    def _supervise(self, manager: ServiceManager, activities: tuple[SupervisedThread, ...]) -> bool:
        """Serve until told to stop. Returns whether an activity ended by itself."""
        while not (self._stopping or self._rounds.another):
            self._server.serve_for(_LOOK_S)
            if not all(activity.alive for activity in activities):
                return True
            # An activity that hangs starves the watchdog: systemd then starts everything anew.
            if all(activity.beating for activity in activities):
                manager.alive()
        return False

    def _heed_signals(self) -> None:
        signal.set_wakeup_fd(self._server.wake_fd)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _wake_uplink(self) -> None:
        self._uplink.notify()

    def _nudge_uplink(self, event: Event) -> None:
        if isinstance(event, LedgerGrew):
            self._uplink.notify()
        elif isinstance(event, SensorChanged | StoreChanged | RosterChanged):
            self._uplink.status_changed()

    def _status(self) -> dict[str, Any]:
        status = gate_status(self._assembly, self._store, self._circumstances())
        return running_status(status, self._bus.uplink)

    def _uplink_status(self) -> GateStatus:
        # Called on the uplink's thread, and a store connection belongs to one thread.
        with closing(self._assembly.store()) as store:
            return gate_status(self._assembly, store, self._circumstances())

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
        )
