"""Cards at a gate whose sensor, or whose technician, has something else to do."""

from typing import Any

from edge_agent.contract.facts import Method
from edge_agent.contract.people import Worker
from edge_agent.contract.people_facts import CredentialAdded
from edge_agent.gate.errors import SensorUnplugged
from edge_agent.gate.events import Outcome
from edge_agent.gate.people.requests import AskCard, AwaitCard, Enroll
from edge_agent.gate.ports import Typed
from tests.gate.fakes import LANS_FINGER, Person
from tests.gate.sensor.test_pairing import Works
from tests.gate.touch.test_take_typed import LANS_CARD, MAYS_CARD, ScriptedReaders

from .test_loop import Asking, Turns


def with_reader(**loop: Any) -> tuple[Turns, ScriptedReaders]:
    """A gate with a reader, at which Lan (007) has a card."""
    works, readers = Works(), ScriptedReaders()
    made = works.gate.known.credentials.made("007", Method.CARD, LANS_CARD)
    fact = CredentialAdded(worker="007", method=Method.CARD, actor="uid:0")
    works.gate.record_credentials(fact, lambda change: change.put_credential(made))
    return Turns(works, readers=readers, **loop), readers


def card(turns: Turns, text: str = LANS_CARD) -> Typed:
    return Typed("a", text, True, turns.works.site.clock.now)


def test_a_card_and_a_finger_are_taken_in_turn() -> None:
    turns, readers = with_reader()

    def each(turn: int) -> None:
        if turn == 3:
            readers.lines.append(card(turns))
        elif turn == 6:
            turns.works.sensor.glass = LANS_FINGER

    turns.run(each)
    assert turns.shown == [(Outcome.RECORDED, "007"), (Outcome.REPEATED, "007")]


def test_a_card_is_recorded_where_the_sensor_is_gone() -> None:
    turns, readers = with_reader(first=SensorUnplugged("It is gone."))
    turns.works.sensor.failing["connect"] = [SensorUnplugged("It is gone.")] * 100
    turns.run(lambda turn: readers.lines.append(card(turns)) if turn == 3 else None)
    assert turns.shown == [(Outcome.RECORDED, "007")]


def test_a_flood_at_a_reader_leaves_the_glass_its_looks() -> None:
    turns, readers = with_reader()

    def each(turn: int) -> None:
        readers.lines.append(card(turns, "no card of ours"))
        turns.works.sensor.glass = LANS_FINGER if turn > 10 else None

    turns.run(each, most=30)
    assert (Outcome.RECORDED, "007") in turns.shown


def test_who_has_a_card_does_not_wait_for_an_enrolment() -> None:
    turns, readers = with_reader()
    works = turns.works
    works.store.put_worker(Worker(code="0042", name="Minh"))
    person = Person(works.site.clock, works.sensor, ["new", "new", "new"])
    asking, step = Asking(person), person.step
    shown: list[Any] = []

    def stepped(*what: Any) -> None:
        shown.append(list(turns.shown))
        readers.lines.append(card(turns))
        step(*what)

    person.step = stepped  # type: ignore[method-assign]
    turns.loop.requests.submit(Enroll(code="0042", finger="left-thumb"), asking)  # type: ignore[arg-type]
    turns.run()
    assert asking.result is not None
    assert shown[-1][0] == (Outcome.RECORDED, "007")  # Before the last step was.


def test_a_new_card_is_waited_for_and_presses_go_on() -> None:
    turns, readers = with_reader()
    awaited, waits, done = Asking(), Asking(), Asking()

    def each(turn: int) -> None:
        match turn:
            case 2:
                turns.loop.requests.submit(AwaitCard(code="008", method="card"), awaited)  # type: ignore
            case 5:
                turns.loop.requests.submit(AskCard(), waits)  # type: ignore[arg-type]
                turns.works.sensor.glass = LANS_FINGER
            case 15:
                readers.lines.append(card(turns, MAYS_CARD))
            case 20:
                turns.loop.requests.submit(AskCard(), done)  # type: ignore[arg-type]

    turns.run(each)
    assert waits.result == {"state": "waiting"}
    assert done.result is not None
    assert (done.result["state"], done.result["worker"]) == ("done", "008")
    assert turns.shown == [(Outcome.RECORDED, "007")]
