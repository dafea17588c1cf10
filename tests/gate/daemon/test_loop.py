"""The gate's thread: what it does between two looks at the glass, and for whom."""

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from edge_agent.contract.errors import BadRequest, EdgeAgentError
from edge_agent.contract.language import VIETNAMESE, said
from edge_agent.contract.people import Worker
from edge_agent.contract.people_facts import WorkerLeft
from edge_agent.gate.daemon.loop import GateLoop
from edge_agent.gate.errors import GateBusy, SensorGarbled, SensorSilent, SensorUnplugged
from edge_agent.gate.events import FingerAwaited, Outcome, PanelShown, SensorChanged
from edge_agent.gate.people.answers import StepKind
from edge_agent.gate.people.erase import Eraser
from edge_agent.gate.people.requests import (
    AddWorker,
    AskSensor,
    Enroll,
    Identify,
    RemovePrint,
    RenameWorker,
    TakeImage,
)
from tests.gate.fakes import HOAS_FINGER, INFO, LANS, LANS_FINGER, Person
from tests.gate.sensor.test_pairing import Works

MINH = AddWorker(code="0042", name="Minh")
RENAME = RenameWorker(code="0042", name="Mính")
REMOVE = RemovePrint(code="007", finger="right-index")


class Asking:
    """The daemon's end of a conversation; ``gone``: nobody waits for the answer any more."""

    actor = "uid:1000"

    def __init__(self, person: Person | None = None, *, gone: bool = False) -> None:
        self._person: Any = person
        self.given_up = gone
        self.result: dict[str, Any] | None = None
        self.failure: EdgeAgentError | None = None

    def step(
        self,
        what: Any,
        hint: str | None = None,
        score: int | None = None,
        worker: str | None = None,
    ) -> None:
        self._person.step(what, hint, score, worker)

    def beat(self) -> None:
        if self.given_up:
            raise BadRequest("The command that asked has gone.")

    def done(self, result: dict[str, Any]) -> None:
        self.result = result

    def failed(self, error: EdgeAgentError) -> None:
        self.failure = error


class Turns:
    """A loop that is stopped after so many turns, and what it showed until then."""

    def __init__(self, works: Works, **loop: Any) -> None:
        self.works = works
        self.loop: GateLoop = works.loop(**loop)
        self.stop = threading.Event()

    def run(self, each: Callable[[int], None] = lambda turn: None, most: int = 40) -> None:
        """``each`` is called at the beginning of each turn, the first of which is 0."""
        turns = iter(range(most))

        def beat() -> None:
            turn = next(turns, None)
            if turn is None:
                self.stop.set()
            else:
                each(turn)

        self.loop.run(self.stop, beat)

    @property
    def shown(self) -> list[tuple[Outcome, str | None]]:
        events = [event for event in self.works.site.events if isinstance(event, PanelShown)]
        return [(event.outcome, event.worker) for event in events]


@pytest.mark.parametrize("request_", [Identify(), TakeImage()])
def test_a_finger_that_was_asked_for_is_no_punch(request_: Any) -> None:
    """It stays on the glass after the answer; lifted and pressed again, it is one."""
    works = Works()
    turns = Turns(works)
    asking = Asking(Person(works.site.clock, works.sensor, [LANS_FINGER]))
    turns.loop.requests.submit(request_, asking)  # type: ignore[arg-type]
    before: list[Any] = []

    def each(turn: int) -> None:
        if turn == 20:
            assert works.sensor.glass == LANS_FINGER
            before.extend(turns.shown)
            works.sensor.glass = None
        elif turn == 25:
            works.sensor.glass = LANS_FINGER

    turns.run(each)
    assert asking.result is not None
    assert before == []
    assert turns.shown == [(Outcome.RECORDED, "007")]


def test_what_nobody_foresaw_ends_one_request_and_is_told_in_ones_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*arguments: object) -> None:
        raise KeyError("seam")

    monkeypatch.setattr("edge_agent.gate.daemon.loop.Dispatcher.carry_out", fails)
    turns = Turns(works := Works())
    asking = Asking()
    turns.loop.requests.submit(MINH, asking)  # type: ignore[arg-type]
    works.sensor.glass = LANS_FINGER
    turns.run()
    assert asking.failure is not None
    told = said(asking.failure.message, VIETNAMESE)
    assert told.startswith("Không làm được việc này (KeyError)")
    assert turns.shown == [(Outcome.RECORDED, "007")]


def test_presses_come_before_a_series_of_requests_for_a_finger() -> None:
    """46 seconds of identify, again and again, with somebody at the glass every second."""
    works = Works()
    turns = Turns(works)
    clock, began = works.site.clock, works.site.clock.monotonic()
    asked: list[Asking] = []

    def each(turn: int) -> None:
        clock.now += 0.5
        works.sensor.glass = LANS_FINGER if turn % 2 else None
        if not asked or asked[-1].result is not None:
            asked.append(Asking(Person(clock, works.sensor, [LANS_FINGER])))
            turns.loop.requests.submit(Identify(), asked[-1])  # type: ignore[arg-type]
        if clock.monotonic() - began > 46:
            turns.stop.set()

    turns.run(each, most=200)
    swallowed = sum(asking.result is not None for asking in asked)
    assert 5 <= swallowed <= 8
    assert len(turns.shown) > 15
    assert "The daemon is stopping" in str(asked[-1].failure)


def test_a_series_of_requests_for_a_finger_is_a_gap_that_the_ledger_tells() -> None:
    """Each of them is over in seconds, and the glass is everybody's for two between them."""
    works = Works()
    turns = Turns(works)
    clock = works.site.clock

    class Slow(Asking):
        def beat(self) -> None:
            clock.now += 4.0

    series = [Slow(Person(clock, works.sensor, [LANS_FINGER])) for _ in range(5)]

    def each(turn: int) -> None:
        clock.now += 0.25
        if turn == 0:
            for asking in series:
                turns.loop.requests.submit(Identify(), asking)  # type: ignore[arg-type]

    turns.run(each, most=120)
    assert all(asking.result for asking in series)
    told = [(entry["kind"], entry.get("reason")) for entry in works.store.data()]
    assert ("recording.stopped", "away") in told
    assert ("recording.resumed", "back") in told


def test_requests_that_were_given_up_cost_nobody_a_turn() -> None:
    """Somebody asks for a finger and goes, fifty times; a technician who stays is next."""
    works = Works()
    turns = Turns(works)
    clock = works.site.clock
    gone = [Asking(gone=True) for _ in range(50)]
    stays = Asking(Person(clock, works.sensor, [LANS_FINGER]))

    def each(turn: int) -> None:
        clock.now += 0.1
        if turn == 0:
            for asking in (*gone, stays):
                turns.loop.requests.submit(Identify(), asking)  # type: ignore[arg-type]

    turns.run(each, most=60)
    assert stays.result is not None
    assert all(asking.failure for asking in gone)


def test_who_comes_while_the_sensor_is_asked_something_is_not_taken_for_the_one_before() -> None:
    """Nobody saw the glass empty in between, and no request took so long that it tells by itself.

    A client that asks again and again made one finger of a whole queue's.
    """
    works = Works()
    turns = Turns(works)
    queue = itertools.cycle([LANS_FINGER, HOAS_FINGER])

    class InAQueue(Asking):
        def beat(self) -> None:
            works.site.clock.now += 0.4
            works.sensor.glass = next(queue)

    def each(turn: int) -> None:
        turns.loop.requests.submit(AskSensor(), InAQueue())  # type: ignore[arg-type]

    turns.run(each, most=6)
    assert [code for _, code in turns.shown] == ["007", "008", "007", "008", "007", "008"]


def test_who_is_known_is_punched_while_somebody_else_is_enrolled() -> None:
    works = Works()
    works.store.put_worker(Worker(code="0042", name="Minh"))
    turns = Turns(works)
    presses = [LANS_FINGER, "new", "new", "new"]
    asking = Asking(Person(works.site.clock, works.sensor, presses))
    enroll = Enroll(code="0042", finger="left-thumb")
    turns.loop.requests.submit(enroll, asking)  # type: ignore[arg-type]
    turns.run()
    assert asking.result is not None
    assert turns.shown == [(Outcome.RECORDED, "007")]
    kinds = [kind for kind in works.kinds() if kind.startswith(("punch", "print"))]
    assert kinds == ["punch.recorded", "print.enrolled"]


def test_who_watches_is_told_that_a_finger_is_waited_for_before_the_first_step() -> None:
    works = Works()
    turns = Turns(works)
    person = Person(works.site.clock, works.sensor, [LANS_FINGER])
    asking = Asking(person)
    told: list[Any] = []
    step = person.step
    person.step = lambda *what: (told.extend(works.site.events), step(*what))  # type: ignore
    turns.loop.requests.submit(Identify(), asking)  # type: ignore[arg-type]
    turns.run()
    awaited = [event for event in works.site.events if isinstance(event, FingerAwaited)]
    assert [event.request for event in awaited] == ["identify", None]
    assert FingerAwaited(request="identify") in told


def test_a_fault_of_the_sensor_is_answered_and_mended() -> None:
    works = Works()
    turns = Turns(works)
    works.sensor.failing["erase"] = [SensorGarbled("?"), SensorGarbled("?")]
    asking = Asking()
    turns.loop.requests.submit(REMOVE, asking)  # type: ignore[arg-type]
    turns.run()
    assert "could not be erased yet" in str(asking.failure)
    assert "recover" in works.sensor.asked
    stopped = [e["reason"] for e in works.store.data() if e["kind"] == "recording.stopped"]
    assert stopped == ["stopping"]


def test_what_was_given_up_while_it_waited_is_not_carried_out() -> None:
    works = Works()
    turns = Turns(works)
    gone, after = Asking(gone=True), Asking()
    turns.loop.requests.submit(REMOVE, gone)  # type: ignore[arg-type]
    turns.loop.requests.submit(MINH, after)  # type: ignore[arg-type]
    turns.run()
    assert "has gone" in str(gone.failure)
    assert "print.removed" not in works.kinds()
    assert after.result is not None


def test_one_request_between_two_looks() -> None:
    works = Works()
    turns = Turns(works)
    many = [Asking() for _ in range(5)]
    for number, asking in enumerate(many):
        turns.loop.requests.submit(AddWorker(code=f"1{number}", name="x"), asking)  # type: ignore[arg-type]
    answered: list[int] = []
    turns.run(lambda turn: answered.append(sum(asking.result is not None for asking in many)))
    # A beat between each two, and those of an enrolment's steps are not among them.
    assert answered[:7] == [0, 1, 2, 3, 4, 5, 5]


def test_who_waits_at_the_end_is_told_so() -> None:
    works = Works()
    turns = Turns(works)
    late = Asking()

    def each(turn: int) -> None:
        if turn == 3:
            for _ in range(3):
                turns.loop.requests.wake()
            turns.stop.set()
            turns.loop.requests.submit(MINH, Asking())  # type: ignore[arg-type]
            turns.loop.requests.submit(MINH, late)  # type: ignore[arg-type]

    turns.run(each)
    assert isinstance(late.failure, GateBusy)
    assert late.result is None


def test_the_capacity_is_told_once_a_sensor_is_in_use() -> None:
    works = Works()
    loop = works.loop(first=SensorSilent("?"))
    known: list[int | None] = []
    stop = threading.Event()

    def beat() -> None:
        known.append(loop.capacity)
        works.site.clock.now += 1.0
        if len(known) == 10:
            stop.set()

    loop.run(stop, beat)
    assert (known[0], loop.capacity) == (None, INFO.capacity)


def test_a_sign_of_life_each_hour() -> None:
    works = Works()
    hours: list[int] = []

    def each(turn: int) -> None:
        works.site.clock.now += 900.0
        hours.append(works.kinds().count("gate.alive"))

    Turns(works).run(each, most=9)
    assert hours == [0, 1, 1, 1, 2, 2, 2, 2, 3]


@pytest.mark.parametrize(
    ("failing_at", "apart_s", "lost"),
    [
        ((5, 6, 10, 11), 1.5, False),
        ((5, 6, 7), 1.5, True),
        ((5, 6), 3.0, False),
        ((5, 6, 7), 1.4, False),
        ((5, 6, 7, 8), 1.0, True),
    ],
)
def test_only_looks_that_fail_one_after_the_other_for_a_while_lose_the_sensor(
    failing_at: tuple[int, ...], apart_s: float, lost: bool
) -> None:
    works = Works()

    def each(turn: int) -> None:
        works.site.clock.now += apart_s
        if turn in failing_at:
            works.sensor.failing["capture"] = [SensorGarbled("?")]

    turns = Turns(works)
    turns.run(each, most=20)
    told = [e["reason"] for e in works.store.data() if e["kind"] == "recording.stopped"]
    assert ("sensor-fault" in told) == lost
    # The failure that loses it is no mended link.
    assert turns.loop.mends.lately(works.site.clock.monotonic()) == len(failing_at) - lost


def test_a_sensor_that_was_connected_anew_is_not_lost_by_one_look() -> None:
    works = Works()
    garbled = SensorGarbled("?")
    again = iter([[None, garbled]])  # The first one is the look of who connects it.

    def each(turn: int) -> None:
        works.site.clock.now += 3.0
        if turn == 5:
            works.sensor.failing["capture"] = [garbled] * 3
        elif "connect" in works.sensor.asked:
            works.sensor.failing["capture"] = next(again, works.sensor.failing["capture"])

    Turns(works).run(each)
    assert works.sensor.failing["capture"] == []
    told = [e["reason"] for e in works.store.data() if e["kind"] == "recording.stopped"]
    assert told == ["sensor-fault", "stopping"]


@pytest.mark.parametrize("mended", [True, False])
def test_a_line_that_spoils_a_mending_is_mended_again(mended: bool) -> None:
    works = Works()

    def each(turn: int) -> None:
        if turn == 5:
            works.sensor.failing["capture"] = [SensorGarbled("?")]
            works.sensor.failing["recover"] = [SensorGarbled("?")] * 4
            works.sensor.on_ask = lambda name: took(0.3 if mended else 1.0, name)

    def took(seconds: float, name: str) -> None:
        works.site.clock.now += seconds * (name == "recover")

    Turns(works).run(each, most=20)
    told = [e["reason"] for e in works.store.data() if e["kind"] == "recording.stopped"]
    assert ("sensor-fault" in told) is not mended


@pytest.mark.parametrize("first", ["a stranger", LANS_FINGER])
def test_who_comes_while_the_sensor_is_connected_anew_is_answered(first: str) -> None:
    """The next look at the glass is too late to see that it was bare in between."""
    works = Works()
    turns = Turns(works)

    def each(turn: int) -> None:
        works.site.clock.now += 1.0
        if turn == 3:
            works.sensor.glass = first
        elif turn == 6:
            works.sensor.failing["capture"] = [SensorSilent("?")]
            works.sensor.failing["recover"] = [SensorUnplugged("?")]
            works.sensor.glass = None
            works.sensor.on_ask = come

    def come(name: str) -> None:
        if name == "read_notepad":  # The sensor was connected anew, and has looked.
            works.sensor.glass = "another stranger"

    turns.run(each, most=20)
    known = first == LANS_FINGER
    before = (Outcome.RECORDED, "007") if known else (Outcome.UNKNOWN, None)
    assert turns.shown == [before, (Outcome.UNKNOWN, None)]


class Waiting(Asking):
    """Asks while somebody else is at the sensor."""

    def __init__(self, *, gone: bool = False) -> None:
        super().__init__(gone=gone)
        self.told: list[tuple[StepKind, str | None]] = []

    def step(
        self,
        what: Any,
        hint: str | None = None,
        score: int | None = None,
        worker: str | None = None,
    ) -> None:
        self.beat()
        self.told.append((what, hint))


def test_who_asks_meanwhile_is_told_what_the_gate_waits_for() -> None:
    works = Works()
    works.store.put_worker(Worker(code="0042", name="Minh"))
    turns = Turns(works)
    person = Person(works.site.clock, works.sensor, ["new", "new", "new"])
    first, second, gone = Asking(person), Waiting(), Waiting(gone=True)
    step, asked = person.step, []

    def meanwhile(what: Any, *more: Any) -> None:
        if not asked:
            asked.extend([second, gone])
            for asking in (second, gone):
                turns.loop.requests.submit(RENAME, asking)  # type: ignore[arg-type]
        step(what, *more)

    person.step = meanwhile  # type: ignore[method-assign]
    turns.loop.requests.submit(Enroll(code="0042", finger="left-thumb"), first)  # type: ignore[arg-type]
    turns.run()
    assert first.result is not None
    assert second.told == [(StepKind.WAITS, "enroll")]
    assert second.result is not None
    assert (gone.told, gone.result) == ([], None)
    [awaited, _] = [one for one in works.site.events if isinstance(one, FingerAwaited)]
    assert awaited == FingerAwaited(request="enroll", worker="0042")
    later = Waiting()
    turns.loop.requests.submit(RENAME, later)  # type: ignore[arg-type]
    assert later.told == []


def test_a_name_that_was_typed_for_a_code_is_told_to_nobody_who_watches() -> None:
    works = Works()
    turns = Turns(works)
    asking = Asking(Person(works.site.clock, works.sensor, []))
    turns.loop.requests.submit(Enroll(code="Nguyễn Thị Hoa", finger="left-index"), asking)  # type: ignore[arg-type]
    turns.run(most=10)
    assert asking.failure is not None
    awaited = [one for one in works.site.events if isinstance(one, FingerAwaited)]
    assert awaited == [FingerAwaited(request="enroll"), FingerAwaited(request=None)]


def test_what_needs_the_sensor_is_told_why_it_is_not_there() -> None:
    works = Works()
    works.sensor.failing["connect"] = [SensorSilent("The sensor does not answer: check TX.")] * 99
    turns = Turns(works)
    turns.loop = works.loop(first=SensorSilent("The sensor does not answer: check TX."))
    asking = Asking()
    turns.loop.requests.submit(Identify(), asking)  # type: ignore[arg-type]
    turns.run()
    assert "not in use now. The sensor does not answer: check TX." in str(asking.failure)


def test_what_an_erasure_takes_out_again_is_no_longer_told_of_the_sensor() -> None:
    """A module that was set back had the template: "of nobody" was said of it for good."""
    works = Works()
    eraser = Eraser(works.gate, works.sensor, works.pairing)
    eraser.leave("007", WorkerLeft(worker="007", actor="uid:0"))
    eraser.go_on(usable=True)
    works.sensor.templates[LANS.slot] = LANS_FINGER
    Turns(works).run()
    assert LANS.slot not in works.sensor.templates
    ready = [
        event.detail
        for event in works.site.events
        if isinstance(event, SensorChanged) and event.state == "ready"
    ]
    assert "belong to nobody" in str(ready[0])
    assert "belong to nobody" not in str(ready[-1])
