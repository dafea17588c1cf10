"""Stand-ins for the ports, so that a flow can be led anywhere."""

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.contract.errors import BadRequest, EdgeAgentError
from edge_agent.contract.facts import Direction
from edge_agent.contract.people import Print, Worker
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.errors import SensorRefused
from edge_agent.gate.events import Event, Outcome
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.ledger.store.change import SqliteChange
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.pairing_mark import PAGE_BYTES
from edge_agent.gate.people.answers import StepKind
from edge_agent.gate.ports import Buffer, FingerImage, GoOn, SensorInfo, give_up
from edge_agent.gate.rules import Hint, Match, Policy
from edge_agent.gate.sensor.pairing import Pairing, digest
from tests.power_cut import PowerCut

from .staged_store import StagedStore

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
        self.boot = "b"
        self.state = ClockState.SYNCED

    def lives_on_a_battery(self) -> None:
        """A boot without network: a battery-backed clock that proved itself says the time."""
        self.boot, self.state = "c", ClockState.HOLDOVER

    def stamp(self) -> Stamp:
        ms = int(self.now * 1000)
        return Stamp(
            boot=self.boot,
            boottime_ms=ms,
            wall_ms=1_795_000_000_000 + ms,
            state=self.state,
            uncertainty_ms=1,
        )

    def monotonic(self) -> float:
        return self.now

    def hardware_clock_held(self, synced: Stamp) -> None: ...


class PanelBook:
    """A panel that writes down what it was told; ``ledger`` was that long at the time."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.told: list[tuple[Any, ...]] = []
        self.ledger: list[int] = []

    def _tell(self, *what: Any) -> None:
        self.told.append(what)
        self.ledger.append(self._store.tail().seq)

    def touched(self) -> None:
        self._tell("touched")

    problem: str | None = None

    def show(
        self,
        outcome: Outcome,
        hint: Hint | None = None,
        *,
        direction: Direction | None = None,
        offline: bool = False,
    ) -> None:
        self._tell("show", outcome, hint, offline)

    def call(self, present: bool) -> None:
        self._tell("call", present)

    def choose(self, way: Direction | None) -> None:
        self._tell("choose", way)

    def busy(self, present: bool) -> None:
        self._tell("busy", present)

    def fault(self, present: bool) -> None:
        self._tell("fault", present)

    def dark(self) -> None:
        self._tell("dark")

    def close(self) -> None:
        self._tell("dark")


def _put_both(change: SqliteChange) -> None:
    for worker, print_, finger in ((LAN, LANS, LANS_FINGER), (HOA, HOAS, HOAS_FINGER)):
        change.put_worker(worker)
        change.put_print(print_, digest(template_of(finger)))


class Site:
    """A gate on a real store: the worker 007 may pass, 008 no longer may."""

    def __init__(
        self,
        repeat_window_s: int = 60,
        direction: DirectionRule = DirectionRule.NONE,
        confirm_below: int = 0,
    ) -> None:
        self.clock = HandClock()
        self.store = StagedStore.fresh(_put_both)
        self.panel = PanelBook(self.store)
        self.events: list[Event] = []
        policy = Policy(
            repeat_window_ms=repeat_window_s * 1000,
            direction=direction,
            zone=ZONE,
            confirm_below=confirm_below,
        )
        self.gate = Recorder(self.store, self.clock, self.events.append, policy)


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

    def search(self, buffer: Buffer = Buffer.ONE, only: int | None = None) -> Match | None:
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


def template_of(finger: str) -> bytes:
    """What a sensor makes of a finger."""
    return finger.encode().ljust(TEMPLATE_BYTES, b".")


def same_finger(one: str, other: str) -> bool:
    """What stands behind a # tells captures of one finger apart; + joins two that were merged."""
    fingers = (set(text.partition("#")[0].split("+")) for text in (one, other))
    return bool(set.intersection(*fingers))


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
        self.merges_anything = False
        """Whether two different fingers make one template, in which either is found."""
        self.finds_anyway: Match | None = None
        """What is found where nothing is."""
        self.match_tells = True
        """Whether two templates of one finger are ever said to be of one."""
        self.likenesses: list[int] = []
        """Of the next captures of one finger; then 100."""
        self.failing: dict[str, list[EdgeAgentError | None]] = {}
        self.erased: list[int] = []
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

    def search(self, buffer: Buffer = Buffer.ONE, only: int | None = None) -> Match | None:
        self._asked("search")
        self._may_fail("search")
        found = (
            Match(slot, 100)
            for slot, finger in sorted(self.templates.items())
            if only in (None, slot) and same_finger(finger, self.buffers[buffer])
        )
        return next(found, self.finds_anyway)

    def likeness(self) -> int:
        self._asked("likeness")
        self._may_fail("likeness")
        if not (self.match_tells and same_finger(*self.buffers.values())):
            return 0
        return self.likenesses.pop(0) if self.likenesses else 100

    def merge(self) -> bool:
        self._asked("merge")
        self._may_fail("merge")
        one, two = self.buffers[Buffer.ONE], self.buffers[Buffer.TWO]
        if one != two and self.merges_anything:
            self.buffers = dict.fromkeys(Buffer, f"{one}+{two}")
            return True
        return one == two

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

    def slots(self, go_on: GoOn = give_up) -> frozenset[int]:
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
        if not self.match_tells:
            return None
        mine = self.templates[slot]
        there = (other for other in others if other in self.templates)
        return next((other for other in there if same_finger(self.templates[other], mine)), None)

    def read_image(self) -> FingerImage:
        self._asked("read_image")
        return FingerImage(2, 2, b"\x00\x40\x80\xff")

    def try_passwords(self, *passwords: int) -> None:
        """All that is asked for opens this one."""


def pair(site: Site, sensor: Library) -> Pairing:
    """The gate has adopted this sensor; the ledger begins afterwards."""
    pairing = Pairing(site.gate, sensor, beat=lambda: None)
    assert pairing.check() is None
    site.store.forget_entries()
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
        leaves_at: StepKind | None = None,
        lifts: bool = True,
    ) -> None:
        self._clock = clock
        self._sensor = sensor
        self._presses = list(presses)
        self._leaves_at = leaves_at
        self._lifts = lifts
        self._gone = False
        self.steps: list[StepKind] = []
        self.hints: list[str | None] = []
        self.scores: list[int | None] = []

    def step(
        self,
        what: StepKind,
        hint: str | None = None,
        score: int | None = None,
        worker: str | None = None,
    ) -> None:
        self.steps.append(what)
        self.hints.append(hint)
        self.scores.append(score)
        self._gone = self._gone or what is self._leaves_at
        self.beat()
        if what in (StepKind.PRESS, StepKind.PRESS_AGAIN, StepKind.PROVE):
            self._press()
        elif what in (StepKind.LIFT, StepKind.TRY_AGAIN) and self._lifts:
            self._sensor.glass = None

    def beat(self) -> None:
        self._clock.now += 1.0
        if self._gone:
            raise BadRequest("The command that asked has gone.")
        if self.steps and self.steps[-1] is StepKind.TRY_AGAIN:
            self._press()

    def go_on(self) -> None:
        self.beat()

    def _press(self) -> None:
        if self._sensor.glass is None:
            self._sensor.glass = self._presses.pop(0) if self._presses else None
