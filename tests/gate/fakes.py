"""Stand-ins for the ports, so that a flow can be led anywhere."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.contract.chain import GENESIS, Entry, Scribe, read_wire, stamp_of
from edge_agent.contract.errors import BadRequest, EdgeAgentError, StoreFault
from edge_agent.contract.facts import Direction, DirectionRule, Fact, PunchRecorded
from edge_agent.contract.people import Print, Worker
from edge_agent.contract.roster import Applied, Listing
from edge_agent.contract.stamps import ClockState, Stamp, elapsed
from edge_agent.contract.true_times import Bounds, Landmark
from edge_agent.gate.errors import SensorRefused
from edge_agent.gate.events import Event, Outcome
from edge_agent.gate.ledger.gate import Gate
from edge_agent.gate.pairing_mark import PAGE_BYTES, PairingMark
from edge_agent.gate.people.requests import What
from edge_agent.gate.ports import (
    Buffer,
    FingerImage,
    Gap,
    OpenTime,
    PendingTimes,
    SensorInfo,
    Tail,
    Watermarks,
)
from edge_agent.gate.rules import Hint, LastPunch, Match, Policy
from edge_agent.gate.sensor.pairing import Pairing, digest

INFO = SensorInfo(system_id=0, capacity=10, security_level=3, baud=57600)
LAN = Worker(code="007", name="Lan")
HOA = Worker(code="008", name="Hoa", active=False)
LANS = Print(worker="007", finger="right-index", slot=0, generation=1)
HOAS = Print(worker="008", finger="right-thumb", slot=1, generation=1)
LANS_FINGER, HOAS_FINGER = "lan's index", "hoa's thumb"
NOTES_PAGE = 15
TEMPLATE_BYTES = 512


ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def stamp(self) -> Stamp:
        ms = int(self.now * 1000)
        return Stamp(
            boot="b",
            boottime_ms=ms,
            wall_ms=1_795_000_000_000 + ms,
            state=ClockState.SYNCED,
            uncertainty_ms=1,
        )

    def monotonic(self) -> float:
        return self.now

    def hardware_clock_held(self, synced: Stamp) -> None: ...


_NOT_ON_DISK = ("faults", "on_change", "_scribe")


class MemoryStore:
    """The Store port in memory. ``faults`` says how the next transactions end."""

    gate = "main-gate"
    ledger = "0f3a"

    def __init__(self) -> None:
        self.faults: list[str] = []
        """``""``: none. ``"lost"``: nothing was written. ``"kept"``: it was, though it says not."""
        self.all: list[Entry] = []
        self.people: dict[str, Worker] = {}
        self.in_force = Applied()
        self.gap: Gap | None = None
        self.listings: list[tuple[int, Listing]] = []
        self.enrolled: dict[tuple[int, int], Print] = {}
        self.removed: set[tuple[int, int]] = set()
        self.known: dict[tuple[int, int], bytes] = {}
        self.backed_up: set[tuple[int, int]] = set()
        self.paired: PairingMark | None = None
        self.under_change: set[int] = set()
        self.on_change: Callable[[], None] = lambda: None
        """Called before a transaction begins and after it was committed."""
        self._scribe = Scribe(gate=self.gate, ledger=self.ledger, zone=ZoneInfo("UTC"))

    @contextmanager
    def changing(self) -> Iterator["MemoryStore"]:
        self.on_change()
        before = self.contents()
        fault = self.faults.pop(0) if self.faults else ""
        try:
            yield self
            if fault == "lost":
                raise StoreFault("The disk is full.")
        except BaseException:
            self.take(before)
            raise
        self.on_change()
        if fault == "kept":
            raise StoreFault("The disk was full for a moment.")

    def contents(self) -> dict[str, Any]:
        """A copy of all that is on the disk, for ``take``."""
        return {name: copy(value) for name, value in vars(self).items() if name not in _NOT_ON_DISK}

    def take(self, contents: dict[str, Any]) -> None:
        """Have what was on the disk when the copy was made."""
        for name, value in contents.items():
            setattr(self, name, copy(value))

    def keep_reserve(self) -> bool:
        return True

    def spend_reserve(self) -> bool:
        return False

    def note_gap(self, gap: Gap | None) -> None:
        self.gap = gap

    def noted_gap(self) -> Gap | None:
        return self.gap

    def append(self, fact: Fact, stamp: Stamp) -> Entry:
        tail = self.tail()
        entry = self._scribe.write(fact, stamp, tail.seq + 1, tail.hash)
        self.all.append(entry)
        return entry

    def put_worker(self, worker: Worker) -> None:
        self.people[worker.code] = worker

    def forget_listings(self, in_force: int) -> None:
        self.listings = [(v, one) for v, one in self.listings if v <= in_force]

    def prepare(self, version: int, listings: Iterable[Listing]) -> None:
        self.listings += [(version, listing) for listing in listings]

    def settle_listing(self, worker: Worker) -> None:
        self.put_worker(worker)
        self.listings = [(v, one) for v, one in self.listings if one.worker.code != worker.code]

    def unsettled(self, most: int) -> list[Listing]:
        return [one for v, one in self.listings if v == self.in_force.version][:most]

    def roster(self) -> Applied:
        return self.in_force

    def put_roster(self, roster: Applied) -> None:
        self.in_force = roster

    def put_print(self, print_: Print, digest: bytes) -> None:
        if any(held.slot == print_.slot for held in self.prints()):
            raise StoreFault("The slot is taken.")
        fingers = {(held.worker, held.finger) for held in self.prints()}
        if (print_.worker, print_.finger) in fingers:
            raise StoreFault("The finger is enrolled.")
        self.enrolled[print_.slot, print_.generation] = print_
        self.known[print_.slot, print_.generation] = digest

    def put_digest(self, print_: Print, digest: bytes) -> None:
        self.known[print_.slot, print_.generation] = digest

    def put_mark(self, mark: PairingMark) -> None:
        self.paired = mark

    def put_backed_up(self, print_: Print) -> None:
        self.backed_up.add((print_.slot, print_.generation))

    def announce(self, *slots: int) -> None:
        self.under_change.update(slots)
        self.paired = self.paired and self.paired.raised()

    def settle(self, slot: int) -> None:
        self.under_change.discard(slot)

    def drop_print(self, print_: Print) -> None:
        self.removed.add((print_.slot, print_.generation))

    def tail(self) -> Tail:
        return Tail(self.all[-1].seq, self.all[-1].hash) if self.all else Tail(0, GENESIS)

    def hash_of(self, seq: int) -> bytes | None:
        return self.all[seq - 1].hash if 0 < seq <= len(self.all) else None

    def entries(self, first: int, limit: int) -> list[Entry]:
        return self.all[first - 1 : first - 1 + limit]

    def newest_first(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for entry in reversed(self.all):
            yield entry.kind, read_wire(entry.wire)[1]

    def last_punches(self, now: Stamp, horizon_ms: int) -> dict[str, LastPunch]:
        found: dict[str, LastPunch] = {}
        for kind, data in self.newest_first():
            stamp = stamp_of(data)
            if kind != PunchRecorded.__struct_config__.tag or data["worker"] in found:
                continue
            if elapsed(stamp, now).least <= horizon_ms:
                direction = Direction(data["direction"]) if data["direction"] else None
                found[data["worker"]] = LastPunch(data["seq"], stamp, direction)
        return found

    def complete_until(self, confirmed: int) -> str | None:
        return None

    def landmarks(self) -> list[Landmark]:
        return [Landmark(entry.seq, stamp_of(read_wire(entry.wire)[1])) for entry in self.all[-1:]]

    def known_time(self) -> None: ...

    def open_times(self, after: int, limit: int) -> list[OpenTime]:
        return []

    def doubted(self) -> None: ...

    def pending_times(self) -> PendingTimes:
        return PendingTimes(0, None)

    def is_voided(self, seq: int) -> bool:
        return False

    def state_time(self, of: int, bounds: Bounds, by: int) -> None: ...

    def close_time(self, seq: int) -> None: ...

    def doubt_time(self, seq: int, stated: Bounds) -> None: ...

    def looked_again(self, doubted: range, through: int) -> None: ...

    def forget_times(self, confirmed: int, before: int) -> None: ...

    def worker(self, code: str) -> Worker | None:
        return next((worker for worker in self.workers() if worker.code == code), None)

    def workers(self) -> list[Worker]:
        listed = {one.worker.code: one.worker for one in self.unsettled(10**6)}
        return list((self.people | listed).values())

    def prints(self) -> list[Print]:
        return [print_ for key, print_ in self.enrolled.items() if key not in self.removed]

    def next_generation(self, slot: int) -> int:
        return max((lives for place, lives in self.enrolled if place == slot), default=0) + 1

    def digests(self) -> dict[tuple[int, int], bytes]:
        return {
            key: self.known[key] for key in self.enrolled.keys() - self.removed if key in self.known
        }

    def finger_of(self, digest: bytes) -> tuple[str, str] | None:
        for key, print_ in self.enrolled.items():
            if self.known.get(key) == digest:
                return print_.worker, print_.finger
        return None

    def not_backed_up(self) -> int:
        return len(self.enrolled.keys() - self.removed - self.backed_up)

    def mark(self) -> PairingMark | None:
        return self.paired

    def announced(self) -> list[int]:
        return sorted(self.under_change)

    def watermarks(self) -> Watermarks:
        return Watermarks(0, 0)

    def move_watermarks(self, marks: Watermarks) -> None: ...

    def remembered(self, key: str) -> str | None:
        return None

    def remember(self, key: str, value: str) -> None: ...

    def close(self) -> None: ...

    def data(self) -> list[dict[str, Any]]:
        """The ``data`` of all entries, in order."""
        return [read_wire(entry.wire)[1] for entry in self.all]

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.all]


class PanelBook:
    """A panel that writes down what it was told; ``ledger`` was that long at the time."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.told: list[tuple[Any, ...]] = []
        self.ledger: list[int] = []

    def _tell(self, *what: Any) -> None:
        self.told.append(what)
        self.ledger.append(self._store.tail().seq)

    def touched(self) -> None:
        self._tell("touched")

    def show(self, outcome: Outcome, hint: Hint | None = None, *, offline: bool = False) -> None:
        self._tell("show", outcome, hint, offline)

    def fault(self, present: bool) -> None:
        self._tell("fault", present)

    def dark(self) -> None:
        self._tell("dark")

    def close(self) -> None:
        self._tell("dark")


class Site:
    """A gate on fakes: the worker 007 may pass, 008 no longer may."""

    def __init__(
        self, repeat_window_s: int = 60, direction: DirectionRule = DirectionRule.NONE
    ) -> None:
        self.clock = HandClock()
        self.store = MemoryStore()
        for worker, print_, finger in ((LAN, LANS, LANS_FINGER), (HOA, HOAS, HOAS_FINGER)):
            self.store.put_worker(worker)
            self.store.put_print(print_, digest(template_of(finger)))
        self.panel = PanelBook(self.store)
        self.events: list[Event] = []
        policy = Policy(repeat_window_ms=repeat_window_s * 1000, direction=direction, zone=ZONE)
        self.gate = Gate(self.store, self.clock, self.events.append, policy)


class ScriptedSensor:
    """Answers each instruction with the next line of its script; then the glass stays empty.

    A line that is an exception is raised. It insists on what the port asks for: after a fault
    nothing may be asked before ``recover``, and only a fresh capture may be searched for.
    """

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self.captures: list[Any] = []
        self.extracts: list[Any] = []
        self.searches: list[Any] = []
        self.recovers: list[Any] = []
        self.connects: list[Any] = []
        self.asked: list[str] = []
        self.found: list[Any] = []
        self.fault_s = 0.0
        """How long a fault takes more than an answer."""
        self._doubtful = False
        self._image = self._features = False

    def _next(self, name: str, script: list[Any], otherwise: Any) -> Any:
        self.asked.append(name)
        self._clock.now += 0.1
        answer = script.pop(0) if script else otherwise
        if isinstance(answer, BaseException):
            self._clock.now += self.fault_s
            self._doubtful = True
            self._image = self._features = False
            raise answer
        return answer

    def capture(self) -> bool | None:
        assert not self._doubtful
        self._features = False
        self._image = self._next("capture", self.captures, False)
        return self._image

    def extract(self, buffer: Buffer = Buffer.ONE) -> Hint | None:
        assert not self._doubtful
        assert self._image
        hint = self._next("extract", self.extracts, None)
        self._features = hint is None
        return hint

    def search(self) -> Match | None:
        assert not self._doubtful
        assert self._features
        found = self._next("search", self.searches, None)
        self.found.append(found)
        return found

    def recover(self) -> None:
        self._next("recover", self.recovers, None)
        self._doubtful = False

    def connect(self) -> SensorInfo:
        info = self._next("connect", self.connects, INFO)
        self._doubtful = False
        return info

    def close(self) -> None:
        self.asked.append("close")


class Pocket:
    """Passwords, kept in memory."""

    def __init__(self) -> None:
        self.kept: tuple[int, ...] = ()

    def known(self) -> tuple[int, ...]:
        return self.kept

    def keep(self, *passwords: int) -> None:
        self.kept = passwords


class PowerCut(BaseException):
    """The power fails: nothing catches it, and nothing that it interrupts goes on."""


def template_of(finger: str) -> bytes:
    """What a sensor makes of a finger."""
    return finger.encode().ljust(TEMPLATE_BYTES, b".")


def same_finger(one: str, other: str) -> bool:
    """What stands behind a # tells captures of one finger apart."""
    return one.partition("#")[0] == other.partition("#")[0]


class Library:
    """A sensor with templates, and a glass that a person presses.

    Fingers are words; a poor scan is a Hint. ``failing`` maps an instruction to the faults that it
    raises next; None is no fault. ``keeps_notes``: whether it has a notepad.
    """

    def __init__(self) -> None:
        self.glass: str | Hint | None = None
        self.templates: dict[int, str] = {}
        self.pages: dict[int, bytes] = {}
        self.keeps_notes = True
        self.switched = False
        """Whether a pin switches its power."""
        self.asked: list[str] = []
        self.on_ask: Callable[[str], None] = lambda name: None
        """Told of every instruction before it is carried out; what it raises, is raised."""
        self.tearing = False
        """Whether the power fails in the middle of the next write to the flash."""
        self.buffers: dict[Buffer, str] = {}
        self.failing: dict[str, list[EdgeAgentError | None]] = {}
        self.erased: list[int] = []
        self.tried: tuple[int, ...] = ()
        self.password = 0
        self._image: str | Hint | None = None

    def _asked(self, name: str) -> None:
        self.asked.append(name)
        self.on_ask(name)

    def _write(self, memory: dict[int, Any], key: int, value: Any, half: Any) -> None:
        memory[key] = half if self.tearing else value
        if self.tearing:
            raise PowerCut

    def _may_fail(self, name: str) -> None:
        faults = self.failing.get(name)
        fault = faults.pop(0) if faults else None
        if fault is not None:
            raise fault

    def connect(self) -> SensorInfo:
        self._asked("connect")
        self._may_fail("connect")
        return INFO

    def recover(self) -> None:
        self._asked("recover")
        self._may_fail("recover")

    def hasten(self) -> bool:
        self._asked("hasten")
        self._may_fail("hasten")
        return True

    def slow_down(self) -> None:
        self._asked("slow_down")
        self._may_fail("slow_down")

    def close(self) -> None:
        self._asked("close")

    def restart(self) -> bool:
        self._asked("restart")
        return self.switched

    def sleep(self) -> None:
        self._asked("sleep")
        self._may_fail("sleep")

    def check(self) -> None:
        self._asked("check")
        self._may_fail("check")

    def capture(self) -> bool:
        self._asked("capture")
        self._may_fail("capture")
        self._image = self.glass
        return self._image is not None

    def extract(self, buffer: Buffer = Buffer.ONE) -> Hint | None:
        self._asked("extract")
        self._may_fail("extract")
        assert self._image is not None
        if isinstance(self._image, Hint):
            return self._image
        self.buffers[buffer] = self._image
        return None

    def search(self) -> Match | None:
        self._asked("search")
        self._may_fail("search")
        for slot, finger in sorted(self.templates.items()):
            if same_finger(finger, self.buffers[Buffer.ONE]):
                return Match(slot, 100)
        return None

    def merge(self) -> bool:
        self._asked("merge")
        self._may_fail("merge")
        return self.buffers[Buffer.ONE] == self.buffers[Buffer.TWO]

    def store(self, slot: int) -> None:
        self._asked("store")
        self._write(self.templates, slot, self.buffers[Buffer.ONE], "torn")
        self._may_fail("store")  # written, yet the answer was lost

    def erase(self, slot: int) -> None:
        self._asked("erase")
        self._may_fail("erase")
        self._write(self.templates, slot, None, "torn")
        self.templates.pop(slot, None)
        self.erased.append(slot)

    def slots(self) -> frozenset[int]:
        self._asked("slots")
        self._may_fail("slots")
        return frozenset(self.templates)

    def read_template(self, slot: int) -> bytes:
        self._asked("read_template")
        self._may_fail("read_template")
        if slot not in self.templates:
            raise SensorRefused("no template", 0x0C)
        return template_of(self.templates[slot])

    def read_notepad(self, page: int) -> bytes:
        self._asked("read_notepad")
        self._may_fail("read_notepad")
        self._insist_on_notes()
        return self.pages.get(page, bytes(PAGE_BYTES))

    def write_notepad(self, page: int, data: bytes) -> None:
        self._asked("write_notepad")
        self._insist_on_notes()
        assert len(data) == PAGE_BYTES
        self._write(self.pages, page, data, data[:26].ljust(PAGE_BYTES, b"\xff"))
        self._may_fail("write_notepad")  # written, yet the answer was lost

    def _insist_on_notes(self) -> None:
        if not self.keeps_notes:
            raise SensorRefused("no notepad", 0x1C)

    def write_template(self, slot: int, template: bytes) -> None:
        self._asked("write_template")
        if len(template) != TEMPLATE_BYTES:
            raise BadRequest("The sensor takes no template such as this one.")
        self._write(self.templates, slot, template.rstrip(b".").decode(), "torn")
        self._may_fail("write_template")  # written, yet the answer was lost

    def twin_of(self, slot: int, others: Sequence[int]) -> int | None:
        self._asked("twin_of")
        self._may_fail("twin_of")
        mine = self.templates[slot]
        there = (other for other in others if other in self.templates)
        return next((other for other in there if same_finger(self.templates[other], mine)), None)

    def read_image(self) -> FingerImage:
        self._asked("read_image")
        return FingerImage(2, 2, b"\x00\x40\x80\xff")

    def try_passwords(self, *passwords: int) -> None:
        self.tried = passwords

    def has_password(self) -> bool:
        return self.password != 0

    def set_password(self, new: int) -> None:
        self._asked("set_password")
        self._may_fail("set_password")
        self.password = new


def pair(site: Site, sensor: Library) -> Pairing:
    """The gate has adopted this sensor; the ledger begins afterwards."""
    pairing = Pairing(site.gate, sensor, beat=lambda: None)
    assert pairing.check() is None
    site.store.all.clear()
    site.events.clear()
    sensor.asked.clear()
    return pairing


class Person:
    """Follows the steps of a dialogue, pressing one finger after the other.

    ``presses`` that is used up, or None in it, means that no finger comes. With ``leaves_at`` the
    command goes away at that step.
    """

    def __init__(
        self,
        clock: HandClock,
        sensor: Library,
        presses: Sequence[str | Hint | None],
        leaves_at: What | None = None,
        lifts: bool = True,
    ) -> None:
        self._clock = clock
        self._sensor = sensor
        self._presses = list(presses)
        self._leaves_at = leaves_at
        self._lifts = lifts
        self._gone = False
        self.steps: list[What] = []
        self.hints: list[str | None] = []

    def step(self, what: What, hint: str | None = None) -> None:
        self.steps.append(what)
        self.hints.append(hint)
        self._gone = self._gone or what is self._leaves_at
        self.beat()
        if what in (What.PRESS, What.PRESS_AGAIN, What.PROVE):
            self._press()
        elif what in (What.LIFT, What.TRY_AGAIN) and self._lifts:
            self._sensor.glass = None

    def beat(self) -> None:
        self._clock.now += 1.0
        if self._gone:
            raise BadRequest("The command that asked has gone.")
        if self.steps and self.steps[-1] is What.TRY_AGAIN:
            self._press()

    def go_on(self) -> None:
        self.beat()

    def _press(self) -> None:
        if self._sensor.glass is None:
            self._sensor.glass = self._presses.pop(0) if self._presses else None
