"""Seven days at a gate in minutes: the daemon's own threads and database on a clock set by hand.

Real: the gate's thread (looks, verdicts, ledger, clock, coverage), the uplink's flow, SQLite in a
file. Made up: time, the sensor's bytes, the broker and payroll. Everything fails at random.
"""

import json
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.daemon.gate_activity import GateActivity
from edge_agent.daemon.gate_parts import GateParts
from edge_agent.domain.errors import (
    BrokerFault,
    DiskFull,
    SensorFault,
    SensorGarbled,
    SensorUnplugged,
    StoreFault,
)
from edge_agent.domain.events import Event, Outcome, PanelShown
from edge_agent.domain.people import Print, Worker
from edge_agent.domain.rules import DirectionRule, Hint, Policy
from edge_agent.domain.topics import Topics
from edge_agent.flows.gate import Gate
from edge_agent.flows.keep_roster import RosterInbox
from edge_agent.flows.pairing import digest
from edge_agent.flows.publish_ledger import PublishLedger
from edge_agent.flows.uplink_parts import UplinkParts
from edge_agent.ports import (
    Acknowledged,
    BrokerDown,
    BrokerEvent,
    BrokerUp,
    Buffer,
    Received,
    SensorInfo,
    Subscribed,
)
from edge_agent.sealing import AgeSealing
from edge_agent.settings.schema import HomeAssistantSettings, MqttSettings
from edge_agent.store import SqliteStore
from tests.flows.fakes import Library, Pocket, PowerCut, template_of
from tests.flows.test_times import Clocks
from tests.uplink.gates import GATE, Examiner, gate_status

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TOPICS = Topics("attendance", GATE)
LOOK_MS = 100
IDLE_MS = 14_000
"""Between two looks while nobody comes: less than after what a gate notes that it was away."""


PATIENCE_MS = 10_000


class Payroll:
    """Holds what it gets once, answers with receipts, asks for what is missing.

    Its books are hashes in one array, so that it is the gate's memory that a test measures.
    """

    def __init__(self) -> None:
        self._hashes = bytearray()
        self.contradictions: list[int] = []
        self.through = 0
        self.told = 0
        """The last entry that it has ever heard of; the gate's status says so too."""
        self.down = False

    def hash_of(self, seq: int) -> bytes:
        """The entry's hash; 32 zero bytes where it does not hold it."""
        return bytes(self._hashes[32 * seq : 32 * seq + 32]).ljust(32, b"\0")

    def take(self, wire: bytes) -> None:
        entry = json.loads(wire)
        seq, digest = entry["data"]["seq"], bytes.fromhex(entry["hash"])
        self.told = max(self.told, seq)
        held = self.hash_of(seq)
        if held not in (_NOT_HELD, digest):
            self.contradictions.append(seq)
        self._hashes.extend(bytes(max(0, 32 * (seq + 1) - len(self._hashes))))
        self._hashes[32 * seq : 32 * seq + 32] = digest
        while self.hash_of(self.through + 1) != _NOT_HELD:
            self.through += 1

    def restore(self, lost: int) -> None:
        """Its own backup is put back: the last entries are gone."""
        self.through = max(0, self.through - lost)
        del self._hashes[32 * (self.through + 1) :]

    def receipt(self, ledger: str) -> bytes:
        whole = {"ledger": ledger, "through": self.through}
        return json.dumps(whole | {"hash": self.hash_of(self.through).hex()}).encode()

    def missing(self) -> tuple[int, int] | None:
        if self.through >= self.told:
            return None
        return self.through + 1, min(self.told, self.through + 200)


_NOT_HELD = bytes(32)


class Lamps:
    """What workers saw, in the order of the presses."""

    def __init__(self, codes: list[str]) -> None:
        self._codes = [None, *codes]
        self._rows = array("q")

    def add(self, pressed_ms: int, shown: PanelShown) -> None:
        outcome = list(Outcome).index(shown.outcome)
        self._rows.extend((pressed_ms, outcome, self._codes.index(shown.worker), shown.seq or 0))

    def __iter__(self) -> Iterator[tuple[int, PanelShown]]:
        """True time of the press, and what was shown."""
        for place in range(0, len(self._rows), 4):
            pressed_ms, outcome, worker, seq = self._rows[place : place + 4]
            shown = PanelShown(
                outcome=list(Outcome)[outcome], worker=self._codes[worker], seq=seq or None
            )
            yield pressed_ms, shown


class Line:
    """The Broker port, and payroll behind it. ``wake`` is for any thread."""

    def __init__(self, payroll: Payroll, random: Random) -> None:
        self.payroll = payroll
        self.up = True
        self._random = random
        self._woken = threading.Event()
        self._events: deque[BrokerEvent] = deque()
        self._connected = self._opened = False
        self._tokens = 0
        self._ledger: str | None = None
        self._asked = 0

    def open(self, versions: Sequence[str], will_topic: str, will: bytes) -> None:
        self._opened, self._connected = True, False

    def poll(self, seconds: float) -> list[BrokerEvent]:
        if self._opened and self.up and not self._connected:
            self._connected = True
            return [BrokerUp("5", 20)]
        if self._connected and not self.up:
            self._connected = False
            self._events.clear()
            return [BrokerDown("The line is down.")]
        if not self._events:
            self._woken.wait(0.002)
            self._woken.clear()
            if self._connected and not self.payroll.down:
                self._ask()
        found = [self._events.popleft() for _ in range(min(50, len(self._events)))]
        if self._connected and self._random.random() < 0.0005:
            self._connected = False  # … and what was under way is lost
            self._events.clear()
            return [BrokerDown("The modem was reset.")]
        return found

    def subscribe(self, topics: Mapping[str, int]) -> None:
        self._events.append(Subscribed({}))
        [receipts] = [topic for topic in topics if "/receipts/" in topic]
        self._ledger = receipts.rpartition("/")[2]
        self._say_receipt(retained=True)

    def publish(
        self, topic: str, payload: bytes, *, content_type: str | None = None, retain: bool = False
    ) -> int:
        if not self._connected:
            raise BrokerFault("published while disconnected")
        self._tokens += 1
        if topic == TOPICS.ledger and not self.payroll.down and self._random.random() > 0.001:
            self.payroll.take(payload)
            if self._random.random() < 0.05:
                self.payroll.take(payload)  # twice, as QoS 1 may
            self._say_receipt()
        self._events.append(Acknowledged(self._tokens, 0, None))
        return self._tokens

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self._connected = self._opened = False

    def _say_receipt(self, *, retained: bool = False) -> None:
        if self._ledger and self.payroll.through:
            receipt = self.payroll.receipt(self._ledger)
            self._events.append(Received(TOPICS.receipts(self._ledger), receipt, retained))

    def _ask(self) -> None:
        """Payroll asks for what is missing, now and then."""
        gap = self.payroll.missing()
        self._asked += 1
        if gap is not None and self._asked % 10 == 0:
            ask = {"command": "resend", "id": str(self._asked), "ledger": self._ledger}
            whole = json.dumps(ask | {"from": gap[0], "to": gap[1]}).encode()
            self._events.append(Received(TOPICS.commands, whole, False))


class Panel:
    """Only the gate's events count here."""

    def touched(self) -> None: ...

    def show(
        self, outcome: Outcome, hint: Hint | None = None, *, offline: bool = False
    ) -> None: ...

    def fault(self, present: bool) -> None: ...

    def dark(self) -> None: ...

    def close(self) -> None: ...


class Week:
    """The gate, and what befalls it: a press about every ``every_ms``, and faults between."""

    def __init__(self, folder: Path, presses: int, seed: int, workers: int = 60) -> None:
        self.random = Random(seed)
        self.folder = folder
        self.left = presses
        self.clocks = Clocks()
        self.payroll = Payroll()
        self.line = Line(self.payroll, Random(seed + 1))
        self.sensor = Glass(self)
        self.pressed_ms = 0
        self.unanswered = 0
        self.faults: dict[str, int] = {}
        self.disk: str = ""
        self.stop = threading.Event()
        self.on_press: Callable[[int], None] = lambda left: None
        self.codes = [f"NV{number:03}" for number in range(workers)]
        self.shown = Lamps(self.codes)
        self._people()

    def _people(self) -> None:
        with self._store() as store, store.changing() as change:
            for slot, code in enumerate(self.codes):
                self.sensor.templates[slot] = code
                change.put_worker(Worker(code=code, name=code))
                print_ = Print(worker=code, finger="right-index", slot=slot, generation=1)
                change.put_print(print_, digest(template_of(code)))

    @contextmanager
    def _store(self) -> Iterator[SqliteStore]:
        store = self.open_store()
        yield store
        store.close()

    def open_store(self) -> SqliteStore:
        return SqliteStore.open(self.folder / "gate.db", GATE, ZONE, self.clocks.stamp())

    def run(self) -> None:
        """Until all have pressed and payroll has everything."""
        while not self.stop.is_set():
            self._one_life()

    def _one_life(self) -> None:
        """One process: it ends by a power cut, a kill -9, or when the week is over."""
        with self._store() as store:
            if (known := store.known_time()) is not None:
                self.clocks.trust.recall(known, None)
        uplink = PublishLedger(
            UplinkParts(
                settings=MqttSettings(host="localhost", tls="off"),
                topics=TOPICS,
                broker=self.line,
                open_store=self.open_store,
                status=gate_status,
                tell=lambda event: None,
                clock=self.clocks,
                leave=lambda receipt: False,
                on_roster=lambda heard: None,
                examiner=Examiner(),
                home_assistant=HomeAssistantSettings(),
            )
        )
        gone = threading.Event()
        thread = threading.Thread(target=uplink.run, args=(gone, lambda: None))
        store = self.open_store()
        self._may_fail(store)
        gate = Gate(
            store,
            self.clocks,
            lambda event: self._told(event, uplink),
            Policy(repeat_window_ms=0, direction=DirectionRule.ALTERNATE, zone=ZONE),
        )
        parts = GateParts(
            make_gate=lambda: gate,
            sensor=self.sensor,
            panel=Panel(),
            captures=3,
            offline=lambda: False,
            sealing=AgeSealing(),
            passwords=Pocket(),
            roster=RosterInbox(),
        )
        activity = GateActivity(parts, self._connected())
        thread.start()
        try:
            activity.run(self.stop, self._beat)
        except PowerCut:
            store.close()
            if self.random.random() < 0.5:
                self.clocks.true_ms += self.random.randint(10_000, 3_600_000)
                self.clocks.start(wall=self.random.choice([0, self.clocks.true_ms]))
            else:
                self.clocks.trust = type(self.clocks.trust)(f"boot-{self.clocks.boots}", 500)
        finally:
            gone.set()
            thread.join(20)
            assert not thread.is_alive()

    def _beat(self) -> None:
        """Time passes while nobody asks the sensor, too."""
        self.clocks.true_ms += 10
        if self.sensor.glass is not None and self.clocks.true_ms > self.pressed_ms + PATIENCE_MS:
            self.unanswered += 1  # Nothing lights up: the worker gives up.
            self.sensor.answered()

    def _connected(self) -> SensorInfo | SensorFault:
        try:
            return self.sensor.connect()
        except SensorFault as fault:
            return fault

    def _told(self, event: Event, uplink: PublishLedger) -> None:
        uplink.notify()
        if isinstance(event, PanelShown):
            self.shown.add(self.pressed_ms, event)
            self.sensor.answered()

    def _may_fail(self, store: SqliteStore) -> None:
        """Have transactions fail as ``disk`` says: before, after, or not at all."""
        changing = store.changing

        @contextmanager
        def failing() -> Iterator[Any]:
            if self.disk == "full":
                raise DiskFull("The disk is full.")
            if self.disk == "torn" and self.random.random() < 0.5:
                raise StoreFault("The disk reports errors.")
            with changing() as change:
                yield change
            if self.disk == "torn" and self.random.random() < 0.5:
                raise StoreFault("The disk reports errors, after it has written.")

        def faulty() -> AbstractContextManager[Any]:
            return failing()

        store.changing = faulty  # type: ignore[method-assign]
        store.spend_reserve = lambda: False  # type: ignore[method-assign]

    def befalls(self) -> None:
        """Between two presses."""
        chance = self.random.random()
        self.disk = ""
        for limit, name in _FAULTS:
            if chance < limit:
                self.faults[name] = self.faults.get(name, 0) + 1
                getattr(self, f"_{name}")()
                return

    def _power_cut(self) -> None:
        self.sensor.cut = self.random.randint(1, 12)

    def _unplug(self) -> None:
        self.sensor.unplugged_until = self.clocks.true_ms + self.random.randint(1000, 600_000)

    def _garble(self) -> None:
        name = self.random.choice(["capture", "extract", "search", "recover"])
        count = self.random.randint(1, 3)
        self.sensor.failing[name] = [SensorGarbled("noise") for _ in range(count)]

    def _fill_disk(self) -> None:
        self.disk = "full"

    def _tear_disk(self) -> None:
        self.disk = "torn"

    def _line(self) -> None:
        self.line.up = not self.line.up

    def _payroll_down(self) -> None:
        self.payroll.down = not self.payroll.down

    def _payroll_restored(self) -> None:
        self.payroll.restore(self.random.randint(1, 300))

    def _sync(self) -> None:
        self.clocks.sync()

    def _lose(self) -> None:
        self.clocks.lose()

    def _step(self) -> None:
        self.clocks.step(self.random.randint(-48, 48) * 3_600_000)

    def over(self) -> None:
        """The week is over: everything is mended, and payroll gets the rest."""
        self.disk, self.payroll.down, self.line.up = "", False, True
        self.sensor.unplugged_until = 0
        self.sensor.failing.clear()
        self.clocks.sync()


_FAULTS = [
    (0.004, "power_cut"),
    (0.010, "unplug"),
    (0.030, "garble"),
    (0.034, "fill_disk"),
    (0.040, "tear_disk"),
    (0.050, "line"),
    (0.056, "payroll_down"),
    (0.057, "payroll_restored"),
    (0.075, "sync"),
    (0.080, "lose"),
    (0.085, "step"),
]


class Glass(Library):
    """The sensor: time passes with every look, and somebody comes from time to time."""

    def __init__(self, week: Week) -> None:
        super().__init__()
        self._week = week
        self._wait_ms = 0
        self._bare = 2
        self._draining = 0
        self.cut: int | None = None
        self.unplugged_until = 0

    def answered(self) -> None:
        """The worker has seen a lamp, and lifts the finger."""
        self.glass = None
        self._bare = 2

    def _asked(self, name: str) -> None:
        if self.cut is not None:
            self.cut -= 1
            if self.cut <= 0:
                self.cut = None
                if self.glass is not None:
                    self._week.unanswered += 1
                    self.answered()
                raise PowerCut
        if name != "close" and self._week.clocks.true_ms < self.unplugged_until:
            self._week.clocks.true_ms += LOOK_MS
            raise SensorUnplugged("It has vanished.")

    def capture(self) -> bool:
        self.erased.clear()
        self.asked.clear()
        self._passes()
        return super().capture()

    def extract(self, buffer: Buffer = Buffer.ONE) -> Hint | None:
        self._week.clocks.true_ms += LOOK_MS
        return super().extract(buffer)

    def _passes(self) -> None:
        week = self._week
        week.clocks.true_ms += LOOK_MS
        if self.glass is not None:
            return
        if self._bare:
            self._bare -= 1
            if not self._bare:
                self._wait_ms = int(week.random.expovariate(1 / 42_000))
        elif self._wait_ms > 0:
            step = min(self._wait_ms, IDLE_MS)
            self._wait_ms -= step
            week.clocks.true_ms += step
        elif week.left:
            week.left -= 1
            week.on_press(week.left)
            week.befalls()
            week.pressed_ms = week.clocks.true_ms
            code = week.random.choice(week.codes)
            self.glass = code if week.random.random() < 0.97 else "nobody's"
        else:
            self._drain()

    def _drain(self) -> None:
        week = self._week
        week.over()
        time.sleep(0.005)  # Time runs on by the hour here, and the uplink's thread is real.
        self._draining += 1
        self._wait_ms = 14_000
        with suppress(Exception), week._store() as store:
            done = week.payroll.through == store.tail().seq and not store.pending_times().count
            if done and self._draining > 10:
                week.stop.set()
        assert self._draining < 5000, "payroll never got everything"
