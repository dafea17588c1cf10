"""The gate's own code for a soak: thread, uplink and store are real, the world around it is not."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from edge_agent.contract.errors import StoreFault
from edge_agent.contract.facts import Direction
from edge_agent.contract.messages import Topics
from edge_agent.gate.daemon.loop import GateLoop
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.errors import DiskFull, SensorFault
from edge_agent.gate.events import Event, Outcome, PanelShown
from edge_agent.gate.host.clock_trust import KnownTime
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.people.roster import RosterInbox
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.ports import Broker, Clock, Sensor, SensorInfo
from edge_agent.gate.rules import Hint, Policy
from edge_agent.gate.settings.schema import HomeAssistantSettings, MqttSettings
from edge_agent.gate.uplink.session import UplinkDeps
from edge_agent.gate.uplink.thread import UplinkThread
from tests.gate.fakes import PowerCut
from tests.gate.uplink.gates import GATE, Examiner, gate_status

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TOPICS = Topics("attendance", GATE)


class Clocks(Clock, Protocol):
    def recall(self, known: KnownTime) -> None:
        """A process has begun that knows no more than this."""


class World(Protocol):
    """What is around a gate."""

    clocks: Clocks
    sensor: Sensor
    line: Broker

    def time_passes(self) -> None:
        """A moment."""

    def beat(self) -> bool:
        """The same. Whether all is over."""

    def see(self, shown: PanelShown) -> None:
        """The worker sees a lamp."""

    def disk_now(self) -> str:
        """ "full", "torn", or "" where the disk is sound."""


class Panel:
    """Only the gate's events count here."""

    def touched(self) -> None: ...

    problem: str | None = None

    def show(
        self,
        outcome: Outcome,
        hint: Hint | None = None,
        *,
        direction: Direction | None = None,
        offline: bool = False,
    ) -> None: ...

    def busy(self, present: bool) -> None: ...

    def call(self, present: bool) -> None: ...

    def choose(self, way: Direction | None) -> None: ...

    def fault(self, present: bool) -> None: ...

    def dark(self) -> None: ...

    def close(self) -> None: ...


class SoakedGate:
    """One life of the gate on the database in ``folder``."""

    def __init__(self, folder: Path, world: World, random: Random) -> None:
        self._folder = folder
        self._world = world
        self._random = random

    def live(self, stop: threading.Event) -> None:
        """Until the world is over. Raises PowerCut where the world does."""
        store = self._open_store()
        if (known := store.known_time()) is not None:
            self._world.clocks.recall(known)
        self._may_fail(store)
        uplink = self._uplink()
        activity = self._activity(store, uplink)
        gone = threading.Event()

        def beat() -> None:
            if self._world.beat():
                stop.set()

        with ThreadPoolExecutor(1) as thread:
            publishing = thread.submit(uplink.run, gone, lambda: None)
            try:
                activity.run(stop, beat)
            except PowerCut:
                store.close()
                raise
            finally:
                gone.set()
                for _ in range(2000):  # A goodbye that nobody answers ends by the clock.
                    if wait([publishing], 0.01).done:
                        break
                    self._world.time_passes()
                publishing.result(timeout=0)

    def _open_store(self) -> SqliteStore:
        now = self._world.clocks.stamp()
        return SqliteStore.open(self._folder / "gate.db", GATE, ZONE, now)

    def _uplink(self) -> UplinkThread:
        return UplinkThread(
            UplinkDeps(
                settings=MqttSettings(host="localhost", tls="off"),
                topics=TOPICS,
                broker=self._world.line,
                open_store=self._open_store,
                status=gate_status,
                emit=lambda event: None,
                clock=self._world.clocks,
                leave=lambda receipt: False,
                on_roster=lambda heard: None,
                examiner=Examiner(),
                home_assistant=HomeAssistantSettings(),
            )
        )

    def _activity(self, store: SqliteStore, uplink: UplinkThread) -> GateLoop:
        def told(event: Event) -> None:
            uplink.notify()
            if isinstance(event, PanelShown):
                self._world.see(event)

        gate = Recorder(
            store,
            self._world.clocks,
            told,
            Policy(repeat_window_ms=0, direction=DirectionRule.ALTERNATE, zone=ZONE),
        )
        return GateLoop(
            make_gate=lambda: gate,
            sensor=self._world.sensor,
            first=self._connected(),
            panel=Panel(),
            captures=3,
            offline=lambda: False,
            sealing=AgeSealing(),
            roster=RosterInbox(),
        )

    def _connected(self) -> SensorInfo | SensorFault:
        try:
            return self._world.sensor.connect()
        except SensorFault as fault:
            return fault

    def _may_fail(self, store: SqliteStore) -> None:
        """Have transactions fail as the disk is: before, after, or not at all."""
        changing = store.changing

        @contextmanager
        def failing() -> Iterator[Any]:
            disk = self._world.disk_now()
            if disk == "full":
                raise DiskFull("The disk is full.")
            if disk == "torn" and self._random.random() < 0.5:
                raise StoreFault("The disk reports errors.")
            with changing() as change:
                yield change
            if disk == "torn" and self._random.random() < 0.5:
                raise StoreFault("The disk reports errors, after it has written.")

        def faulty() -> AbstractContextManager[Any]:
            return failing()

        store.changing = faulty  # type: ignore[method-assign]
        store.spend_reserve = lambda: False  # type: ignore[method-assign]
