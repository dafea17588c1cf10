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
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import ClassVar

from edge_agent.contract.broker.limits import BrokerLimits
from edge_agent.contract.errors import BrokerFault
from edge_agent.contract.people import Print, Worker
from edge_agent.gate.errors import SensorGarbled, SensorUnplugged
from edge_agent.gate.events import Outcome, PanelShown
from edge_agent.gate.host.clock_trust import ClockTrust
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ports import (
    Acknowledged,
    BrokerDown,
    BrokerEvent,
    BrokerUp,
    Buffer,
    Received,
    Subscribed,
)
from edge_agent.gate.rules import Hint
from edge_agent.gate.sensor.pairing import digest
from tests.gate.fakes import Library, PowerCut, template_of
from tests.gate.ledger.clocked_site import Clocks
from tests.gate.uplink.gates import GATE

from .soaked_gate import TOPICS, ZONE, SoakedGate

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
            return [BrokerUp("5", BrokerLimits(20))]
        if self._connected and not self.up:
            self._connected = False
            self._events.clear()
            return [BrokerDown("The line is down.")]
        if not self._events:
            self._woken.wait(0.01)
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

    def hang_up(self) -> None:
        self._connected = False
        self._events.clear()

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


class Week:
    """The gate, and what befalls it: a press about every ``every_ms``, and faults between."""

    FAULTS: ClassVar = [
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
        (0.089, "lie"),
    ]
    """What befalls it before a press, and how likely that or what stands above it is."""

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
        self.delivered = 0
        """The ledger's last entry when payroll had everything and the week was over."""
        self.faults: dict[str, int] = {}
        self.disk: str = ""
        self.lied = 0
        """For how many presses more a time server's lie may not have been found out."""
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

    def look(self) -> SqliteStore:
        """A connection that writes nothing."""
        return SqliteStore.read_only(self.folder / "gate.db", ZONE)

    def run(self) -> None:
        """Until all have pressed and payroll has everything."""
        while not self.stop.is_set():
            self._one_life()

    def _one_life(self) -> None:
        """One process: it ends by a power cut, a kill -9, or when the week is over."""
        try:
            SoakedGate(self.folder, self, self.random).live(self.stop)
        except PowerCut:
            self.ended()

    def ended(self) -> None:
        """The process is gone, perhaps because the power is."""
        # A boot that ends before a lie is found out has nothing that could find it out.
        if not self.lied and self.random.random() < 0.5:
            self.power_fails()
        else:
            self.forgets()

    def power_fails(self) -> None:
        """The machine is off for a while, and begins another boot."""
        self.clocks.true_ms += self.random.randint(10_000, 3_600_000)
        self.clocks.start(wall=self.random.choice([0, self.clocks.true_ms]))

    def forgets(self) -> None:
        """Another process begins in the same boot."""
        self.clocks.trust = ClockTrust(f"boot-{self.clocks.boots}", 500)

    def time_passes(self) -> None:
        """While nobody asks the sensor, too."""
        self.clocks.true_ms += 10

    def beat(self) -> bool:
        """Time passes, and patience with it. Whether all is over."""
        self.time_passes()
        if self.sensor.glass is not None and self.clocks.true_ms > self.pressed_ms + PATIENCE_MS:
            self.unanswered += 1  # Nothing lights up: the worker gives up.
            self.sensor.answered()
        return self.stop.is_set()

    def see(self, shown: PanelShown) -> None:
        """The worker sees a lamp, and lifts the finger."""
        self.shown.add(self.pressed_ms, shown)
        self.sensor.answered()

    def disk_now(self) -> str:
        return self.disk

    def befalls(self) -> None:
        """Between two presses."""
        chance = self.random.random()
        self.disk = ""
        if self.lied:
            self.lied -= 1
            if self.lied == 2:
                self.clocks.sync()
            if self.lied == 1:  # It tells of a clock that is set all the time once a minute.
                self.clocks.true_ms += 70_000
            return
        for limit, name in self.FAULTS:
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

    def _lie(self) -> None:
        """A time server answers, and is wrong by seconds or hours."""
        off = self.random.choice([2_000, 90_000, 5 * 3_600_000])
        self.clocks.sync(off=self.random.choice([-1, 1]) * self.random.randint(1_500, off))
        self.lied = self.random.randint(3, 7)

    def _lose(self) -> None:
        self.clocks.lose()

    def _step(self) -> None:
        self.clocks.step(self.random.randint(-48, 48) * 3_600_000)

    def over(self) -> None:
        """The week is over: everything is mended, and payroll gets the rest."""
        self.disk, self.payroll.down, self.line.up = "", False, True
        self.sensor.unplugged_until = 0
        self.sensor.failing.clear()
        self.lied = 0
        self.clocks.sync()


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
        if week.stop.is_set():
            return
        week.over()
        time.sleep(0.005)  # Time runs on by the hour here, and the uplink's thread is real.
        self._draining += 1
        self._wait_ms = 14_000
        with suppress(Exception), closing(week.look()) as store:
            week.delivered = store.tail().seq
            said = not store.open_times(0, 1) and store.doubted() is None
            if week.payroll.through == week.delivered and said and self._draining > 10:
                week.stop.set()
        assert self._draining < 5000, "payroll never got everything"
