"""Enrolling: either a finger is proved and recorded, or nothing of it is left."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import convert, structs

from edge_agent.contract.errors import BadRequest, EdgeAgentError, StoreFault
from edge_agent.contract.people import Print, Worker
from edge_agent.gate.errors import SensorFault, SensorGarbled, SensorSilent
from edge_agent.gate.events import Outcome, PanelShown
from edge_agent.gate.people.answers import StepKind
from edge_agent.gate.people.handlers import Dispatcher
from edge_agent.gate.people.requests import Enroll
from edge_agent.gate.ports import Buffer
from edge_agent.gate.rules import Hint, Match
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import (
    HOAS,
    HOAS_FINGER,
    INFO,
    LAN,
    LANS,
    LANS_FINGER,
    Library,
    Person,
    Site,
    pair,
)

NEW = "lan's thumb"
NEWCOMER = Worker(code="0042", name="Trần Đức")
ENROLLED = {LANS.slot: LANS_FINGER, HOAS.slot: HOAS_FINGER}


class Enrolling:
    """A finger of 007 being enrolled as their left thumb, in slot 2."""

    def __init__(self, *presses: str | Hint | None, **person: Any) -> None:
        self.site = Site()
        self.sensor = Library()
        self.sensor.templates = dict(ENROLLED)
        self.pairing = pair(self.site, self.sensor)
        self.person = Person(self.site.clock, self.sensor, presses, **person)

    def enter(self, worker: Worker) -> None:
        with self.site.store.changing() as change:
            change.put_worker(worker)

    def run(self, **asked: Any) -> Print:
        return convert(self.asked(**asked), Print)

    def asked(
        self,
        code: str = "007",
        finger: str = "left-thumb",
        capacity: int = 10,
        replace: bool = False,
    ) -> dict[str, Any]:
        none: Any = None
        gate, panel = self.site.gate, self.site.panel
        credit = Credit(gate, panel, offline=lambda: False)
        dispatcher = Dispatcher(gate, self.sensor, panel, self.pairing, none, credit.match)
        info = structs.replace(INFO, capacity=capacity)
        request = Enroll(code=code, finger=finger, replace=replace)
        return dispatcher.carry_out(request, info, self.person, "uid:1000")

    def fails(
        self, error: type[EdgeAgentError], said: str, entries: Sequence[str] = (), **asked: Any
    ) -> None:
        """It fails, and nothing of it is left but ``entries`` of those who came by."""
        before = dict(self.sensor.templates)
        with pytest.raises(error, match=said):
            self.run(**asked)
        assert self.sensor.templates == before
        assert self.site.store.prints() == self.site.gate.known.prints == [LANS, HOAS]
        assert self.site.store.kinds() == list(entries)
        assert {told[0] for told in self.site.panel.told} <= {"touched", "dark", "show"}
        assert self.site.panel.told[-1:] != [("touched",)]


def test_press_press_again_prove() -> None:
    made = Enrolling(NEW, NEW, NEW)
    expected = Print(worker="007", finger="left-thumb", slot=2, generation=1)
    assert made.run() == expected
    assert made.person.steps == [
        StepKind.PRESS,
        StepKind.LIFT,
        StepKind.PRESS_AGAIN,
        StepKind.LIFT,
        StepKind.PROVE,
    ]
    assert made.sensor.templates == {**ENROLLED, 2: NEW}
    assert made.site.gate.known.owner_of(2)[0] == expected
    (entry,) = made.site.store.data()
    assert (entry["kind"], entry["slot"], entry["generation"]) == ("print.enrolled", 2, 1)
    assert (entry["worker"], entry["actor"]) == ("007", "uid:1000")
    assert made.site.panel.told[-1] == ("dark",)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"code": "009"},
            r"no worker 009: 'edge-agent workers list' .* with 'edge-agent workers add'",
        ),
        ({"code": "008"}, r"008 is deactivated: bring them back"),
        ({"finger": "right-index"}, r"right-index of 007 is enrolled already.*--replace"),
        ({"capacity": 2}, r"The sensor is full \(2 prints\)"),
    ],
)
def test_what_cannot_be_asked(asked: dict[str, Any], said: str) -> None:
    made = Enrolling(NEW, NEW, NEW)
    made.fails(BadRequest, said, **asked)
    assert made.person.steps == []


@pytest.mark.parametrize(
    ("finger", "said"),
    [("lan's index", "as right-index of 007"), ("hoa's thumb", "as right-thumb of 008")],
)
def test_a_finger_that_is_known_is_refused_with_whose_it_is(finger: str, said: str) -> None:
    """Once it may be somebody who came by; who presses it again wants it enrolled."""
    passed = [] if finger == LANS_FINGER else ["attempt.refused"]
    made = Enrolling(finger, finger, finger)
    made.fails(BadRequest, said, passed)
    hints = [
        hint
        for step, hint in zip(made.person.steps, made.person.hints, strict=True)
        if step is StepKind.PASSED
    ]
    assert hints == ["deactivated"] * len(passed)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_who_is_known_and_presses_in_between_is_punched(at: int) -> None:
    presses = [NEW, NEW, NEW]
    presses.insert(at, LANS_FINGER)
    made = Enrolling(*presses)
    made.enter(NEWCOMER)
    assert made.run(code=NEWCOMER.code).slot == 2
    assert made.sensor.templates == {**ENROLLED, 2: NEW}
    assert made.site.store.kinds() == ["punch.recorded", "print.enrolled"]
    assert made.site.store.data()[0]["worker"] == LAN.code
    assert ("show", Outcome.RECORDED, None, False) in made.site.panel.told
    shown = [event for event in made.site.events if isinstance(event, PanelShown)]
    assert [(event.worker, event.outcome) for event in shown] == [(LAN.code, Outcome.RECORDED)]
    assert made.person.steps.count(StepKind.PASSED) == 1
    assert made.person.hints[made.person.steps.index(StepKind.PASSED)] is None


def test_who_is_known_passes_once_and_is_refused_then() -> None:
    made = Enrolling(LANS_FINGER, NEW, LANS_FINGER)
    made.enter(NEWCOMER)
    made.fails(
        BadRequest,
        "enrolled already, as right-index of 007",
        ["punch.recorded"],
        code=NEWCOMER.code,
    )
    shown = [told[1] for told in made.site.panel.told if told[0] == "show"]
    assert shown == [Outcome.RECORDED, Outcome.TRY_AGAIN], "the second press was none"


class Aliasing(Library):
    """It has half the slots that it says, and takes each of the others for one of these."""

    def store(self, slot: int) -> None:
        super().store(slot % 2)

    def search(self, buffer: Buffer = Buffer.ONE, only: int | None = None) -> Match | None:
        return super().search(buffer, None if only is None else only % 2)

    def read_template(self, slot: int) -> bytes:
        return super().read_template(slot % 2)

    def erase(self, slot: int) -> None:
        super().erase(slot % 2)


def test_nobody_is_punched_by_the_finger_that_was_written_over_theirs() -> None:
    made = Enrolling(*[NEW] * 6)
    made.enter(NEWCOMER)
    made.sensor = Aliasing()
    made.sensor.templates = dict(ENROLLED)
    made.pairing = pair(made.site, made.sensor)
    made.person = Person(made.site.clock, made.sensor, [NEW] * 6)
    with pytest.raises(BadRequest, match="not recognised"):
        made.run(code=NEWCOMER.code)
    assert made.site.store.kinds() == []


def test_a_finger_of_somebody_else_is_never_merged_with_the_new_one() -> None:
    """Some modules make one template of two fingers, in which both are found."""
    made = Enrolling(NEW, HOAS_FINGER, NEW, NEW)
    made.sensor.merges_anything = True
    made.run()
    assert made.sensor.templates == {**ENROLLED, 2: NEW}

    made = Enrolling(NEW, LANS_FINGER)
    made.sensor.merges_anything = True
    made.fails(BadRequest, "enrolled already, as right-index of 007")
    assert "merge" not in made.sensor.asked


def test_two_strangers_are_not_merged_where_the_sensor_can_tell_them_apart() -> None:
    made = Enrolling(NEW, "another", NEW, NEW, NEW)
    made.sensor.merges_anything = True
    made.run()
    assert StepKind.DIFFERENT in made.person.steps
    assert made.sensor.templates == {**ENROLLED, 2: NEW}


def test_a_sensor_that_calls_every_two_captures_different_enrols_all_the_same() -> None:
    """An R503 may always refuse: then its word is not rested on."""
    made = Enrolling(NEW, NEW, NEW)
    made.sensor.match_tells = False
    made.run()
    assert made.person.steps.count(StepKind.PROVE) == 1
    assert made.sensor.templates == {**ENROLLED, 2: NEW}


@pytest.mark.parametrize("slot", [0, 2])
def test_what_is_found_with_no_score_proves_nothing(slot: int) -> None:
    made = Enrolling(NEW, NEW, "another", "another", "another")
    made.sensor.finds_anyway = Match(slot, 0)
    made.fails(BadRequest, "not recognised after storing")
    assert made.sensor.erased == [2]


def test_a_sensor_that_finds_what_was_erased_is_not_believed() -> None:
    made = Enrolling(NEW, NEW, NEW)
    made.sensor.finds_anyway = Match(5, 50)
    made.fails(SensorFault, "goes on finding this finger in slot 5")


def test_a_template_that_nobody_has_makes_room() -> None:
    made = Enrolling(NEW, NEW, NEW)
    made.sensor.templates |= {5: NEW, 6: NEW}
    assert made.run().slot == 2
    assert sorted(made.sensor.erased) == [5, 6]
    assert made.sensor.templates == {**ENROLLED, 2: NEW}


def test_a_library_full_of_what_nobody_has_can_be_used() -> None:
    made = Enrolling(NEW, NEW, NEW)
    made.sensor.templates |= {slot: f"a stranger's {slot}" for slot in range(2, 10)}
    slot = made.run(capacity=10).slot
    assert slot not in ENROLLED
    assert made.sensor.templates[slot] == NEW
    assert made.sensor.templates.items() >= ENROLLED.items()


def test_a_slot_used_again_is_in_its_next_generation() -> None:
    made = Enrolling(NEW, NEW, NEW)
    old = Print(worker="007", finger="left-thumb", slot=2, generation=1)
    with made.site.store.changing() as change:
        change.put_print(old, bytes(32))
        change.drop_print(old)
    assert made.run().generation == 2


def test_different_fingers_are_asked_for_again() -> None:
    made = Enrolling(NEW, "another", NEW, NEW, NEW)
    made.run()
    assert StepKind.DIFFERENT in made.person.steps
    assert made.sensor.templates[2] == NEW
    Enrolling(*[NEW, "another"] * 3).fails(BadRequest, "presses stay different")


def test_poor_scans_are_asked_for_again_with_what_to_do() -> None:
    made = Enrolling(Hint.WIPE, NEW, NEW, Hint.PRESS_FLAT, NEW)
    made.run()
    assert made.person.steps.count(StepKind.TRY_AGAIN) == 2
    assert [hint for hint in made.person.hints if hint] == ["wipe", "press-flat"]
    Enrolling(*[Hint.MOISTEN] * 5).fails(BadRequest, r"scans stay too poor \(moisten\)")


def test_a_finger_that_is_not_recognised_afterwards_is_not_kept() -> None:
    made = Enrolling(NEW, NEW, "another", "hoa's thumb", "lan's index", "another")
    made.fails(BadRequest, "not recognised after storing", ["attempt.refused"])
    assert made.sensor.erased == [2]


@pytest.mark.parametrize("presses", [[], [NEW], [NEW, NEW]])
def test_nobody_presses(presses: list[str]) -> None:
    made = Enrolling(*presses)
    began = made.site.clock.now
    made.fails(BadRequest, "No finger came within 30 s: start again")
    assert made.site.clock.now - began < 40 * (len(presses) + 1)


def test_nobody_lifts() -> None:
    Enrolling(NEW, NEW, NEW, lifts=False).fails(BadRequest, "was not lifted within 30 s")


@pytest.mark.parametrize(
    "step", [StepKind.PRESS, StepKind.LIFT, StepKind.PRESS_AGAIN, StepKind.PROVE]
)
def test_the_command_goes_away(step: StepKind) -> None:
    Enrolling(NEW, NEW, NEW, leaves_at=step).fails(BadRequest, "has gone")


def test_the_command_goes_away_at_a_poor_scan() -> None:
    Enrolling(Hint.WIPE, leaves_at=StepKind.TRY_AGAIN).fails(BadRequest, "has gone")


@pytest.mark.parametrize(
    ("instruction", "after"),
    [("slots", 0), ("capture", 0), ("capture", 4), ("merge", 0), ("store", 0), ("search", 1)]
    + [("extract", after) for after in range(3)],
)
def test_a_fault_on_the_line(instruction: str, after: int) -> None:
    made = Enrolling(NEW, NEW, NEW)
    made.sensor.failing = {instruction: [None] * after + [SensorGarbled("?")]}
    made.fails(SensorGarbled, r"\?")


def test_a_sensor_that_stays_silent_keeps_what_nobody_has() -> None:
    """The template cannot be erased any more: it belongs to nobody, and is never credited."""
    made = Enrolling(NEW, NEW, NEW)
    made.sensor.failing = {"search": [None, SensorSilent("?")], "recover": [SensorSilent("!")]}
    with pytest.raises(SensorSilent, match=r"\?"):
        made.run()
    assert made.site.gate.known.owner_of(2) == (None, None)
    assert made.site.store.all == []


def test_a_full_disk() -> None:
    made = Enrolling(NEW, NEW, NEW)
    made.site.store.faults = ["", "lost"]
    made.fails(StoreFault, "disk is full")
    assert made.sensor.erased == [2]


def test_a_disk_that_is_full_already_spares_the_sensor() -> None:
    made = Enrolling(NEW, NEW, NEW)
    made.site.store.faults = ["lost"]
    made.fails(StoreFault, "disk is full")
    assert made.sensor.erased == []
    assert "store" not in made.sensor.asked


def test_a_worn_finger_may_take_five_captures() -> None:
    made = Enrolling(*[Hint.MOISTEN] * 4, NEW, NEW, NEW)
    made.run()
    assert made.person.steps.count(StepKind.TRY_AGAIN) == 4


def test_a_press_that_is_little_like_the_first_is_taken_again_five_captures_in_all() -> None:
    made = Enrolling(*[NEW] * 5)
    made.sensor.likenesses = [40, 59, 71]
    assert made.asked()["likeness"] == 71
    assert made.person.hints.count("unlike") == 2
    made = Enrolling(*[NEW] * 6)
    made.sensor.likenesses = [40, 41, 42, 43, 44]
    assert made.asked()["likeness"] == 43, "a worn finger is enrolled as well as it can be"


def test_what_is_told_of_how_good_it_is() -> None:
    made = Enrolling(NEW, NEW, NEW)
    made.sensor.likenesses = [71]
    told = made.asked()
    assert (told["likeness"], told["score"], told["quality"]) == (71, 100, "good")
    assert made.person.scores == [None] * 4 + [71]
    made = Enrolling(NEW, NEW, NEW)
    made.sensor.match_tells = False
    assert made.asked()["likeness"] is None


@pytest.mark.parametrize(
    ("finger", "then"), [("left-thumb", None), ("right-little", "left-little")]
)
def test_a_finger_of_the_other_hand_is_suggested(finger: str, then: str | None) -> None:
    """007 has a right one already."""
    assert Enrolling(NEW, NEW, NEW).asked(finger=finger)["next"] == then
