"""The gate and its sensor: nobody is ever credited by a template that is somebody else's."""

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from edge_agent.contract.errors import EdgeAgentError
from edge_agent.contract.people import Worker
from edge_agent.gate.daemon.loop import GateLoop
from edge_agent.gate.errors import (
    SensorDoubted,
    SensorFault,
    SensorGarbled,
    SensorRefused,
    SensorSilent,
)
from edge_agent.gate.events import Outcome, PanelShown, SensorChanged
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.pairing_mark import TOKEN_BYTES, Doubt, PairingMark, read_mark
from edge_agent.gate.people.handlers import Dispatcher
from edge_agent.gate.people.requests import AdoptSensor, AskSensor, Enroll, RemovePrint
from edge_agent.gate.people.roster import RosterInbox
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.ports import Buffer, SensorInfo
from edge_agent.gate.sensor.lifecycle import SensorLifecycle
from edge_agent.gate.sensor.pairing import Pairing, digest
from edge_agent.gate.touch.credit import Credit
from edge_agent.gate.touch.take_punch import TakePunch
from tests.everyday import one_in
from tests.gate.fakes import (
    HOAS,
    HOAS_FINGER,
    INFO,
    LANS,
    LANS_FINGER,
    NOTES_PAGE,
    Library,
    Person,
    PowerCut,
    Site,
    template_of,
)

NEW = "a new finger"
MINH = Worker(code="009", name="Minh")
TRUTH = {LANS_FINGER: "007", HOAS_FINGER: "008", NEW: "009"}
"""Whose finger it is. 009 has none yet."""

MANY = 5
"""As many faults in a row as are not made good in place."""

REMOVE_LANS = RemovePrint(code="007", finger="right-index")
ENROL_NEW = Enroll(code="009", finger="left-thumb")
REPLACE_LANS = Enroll(code="007", finger="right-index", replace=True)
LANS_AGAIN = f"{LANS_FINGER}#pressed better"


class Works:
    """A gate and its sensor, which can be switched off and on again."""

    def __init__(self, *, empty: bool = False, keeps_notes: bool = True) -> None:
        self.site = Site()
        self.store = self.site.store
        self.sensor = Library()
        self.sensor.keeps_notes = keeps_notes
        self.store.put_worker(MINH)
        self.sensor.templates = {LANS.slot: LANS_FINGER, HOAS.slot: HOAS_FINGER}
        if empty:
            self.store.sql("DELETE FROM prints")
            self.sensor.templates.clear()
        self.switch_on()
        assert self.pairing.check() is None
        self.store.forget_entries()
        self.site.events.clear()
        self.sensor.asked.clear()

    def loop(self, first: SensorInfo | SensorFault = INFO, **more: Any) -> GateLoop:
        """The gate's thread here; ``more``: what else it is given."""
        return GateLoop(
            make_gate=lambda: self.gate,
            sensor=self.sensor,
            first=first,
            panel=self.site.panel,
            captures=3,
            offline=lambda: False,
            sealing=AgeSealing(),
            roster=RosterInbox(),
            **more,
        )

    def switch_on(self) -> None:
        """What a process has when it starts: nothing but the disk and the flash."""
        self.store.faults.clear()
        self.store.on_change = lambda: None
        self.sensor.on_ask = lambda name: None
        self.sensor.failing.clear()
        self.sensor.tearing = False
        self.sensor.glass = None
        self.gate = Recorder(
            self.store, self.site.clock, self.site.events.append, self.site.gate.policy
        )
        self.pairing = Pairing(self.gate, self.sensor, beat=lambda: None)

    def dispatcher(self) -> Dispatcher:
        """Carries requests out here, and remembers nothing yet."""
        credit = Credit(self.gate, self.site.panel, offline=lambda: False)
        return Dispatcher(
            self.gate, self.sensor, self.site.panel, self.pairing, AgeSealing(), credit.match
        )

    def swap(self, other: Library) -> None:
        """Another module sits on the same wires."""
        self.sensor = other
        self.switch_on()

    def perform(self, *requests: Any) -> None:
        for request in requests:
            pressed = LANS_AGAIN if request == REPLACE_LANS else NEW
            person = Person(self.site.clock, self.sensor, [pressed] * 3)
            self.dispatcher().carry_out(request, INFO, person, "uid:1000")
            self.sensor.glass = None

    def credited(self, finger: str) -> str | None:
        """Whose punch a press is."""
        self.sensor.buffers[Buffer.ONE] = finger
        match = self.sensor.search()
        owner = self.gate.known.owner_of(match.slot)[0] if match else None
        return owner.worker if owner else None

    def nobody_wrongly(self) -> None:
        for finger, worker in TRUTH.items():
            assert self.credited(finger) in (worker, None), finger

    def settled(self) -> None:
        """Sensor and database tell the same, and each print has its template."""
        self.nobody_wrongly()
        assert self.store.announced() == []
        if self.sensor.keeps_notes:
            assert read_mark(self.sensor.pages.get(NOTES_PAGE, b"")) == self.store.mark()
        prints = self.store.prints()
        assert sorted(self.gate.known.prints, key=lambda print_: print_.slot) == prints
        assert self.sensor.templates.keys() == {print_.slot for print_ in prints}
        for print_ in prints:
            in_it = digest(template_of(self.sensor.templates[print_.slot]))
            assert self.store.digests()[print_.slot, print_.generation] == in_it
        for finger, worker in TRUTH.items():
            if worker in {print_.worker for print_ in prints}:
                assert self.credited(finger) == worker

    def kinds(self) -> list[str]:
        return self.store.kinds()


ENROLLING: tuple[Any, ...] = (ENROL_NEW,)
REMOVING: tuple[Any, ...] = (REMOVE_LANS,)
REUSING: tuple[Any, ...] = (REMOVE_LANS, ENROL_NEW)
REPLACING: tuple[Any, ...] = (REPLACE_LANS,)

each_change = pytest.mark.parametrize(
    ("requests", "empty"),
    [
        (ENROLLING, False),
        (ENROLLING, True),
        (REMOVING, False),
        (REUSING, False),
        (REPLACING, False),
    ],
    ids=["enrolling", "enrolling the first", "removing", "reusing a slot", "replacing"],
)


TROUBLES = ["power cut", "torn write", "silence", "lost answer", "dead sensor", "lost", "kept"]
_WRITES = ("store", "erase", "write_template", "write_notepad")


class Trouble:
    """Strikes at one moment of a change, counted in instructions and transactions."""

    def __init__(self, works: Works, kind: str, at: int) -> None:
        self._sensor = works.sensor
        self._kind = kind
        self._left = at
        self.struck = False
        if kind in ("lost", "kept"):
            works.store.faults = [""] * at + [kind]
        else:
            works.sensor.on_ask = self._strike
        if kind == "power cut":
            works.store.on_change = self._strike

    def _strike(self, instruction: str = "") -> None:
        if self._kind == "torn write" and instruction not in _WRITES and not self.struck:
            return
        self._left -= 1
        if self._left >= 0 or (self.struck and self._kind in ("silence", "lost answer")):
            return
        again, self.struck = self.struck, True
        if self._kind == "lost answer":
            self._sensor.failing[instruction] = [SensorGarbled("?")]
        elif self._kind == "torn write" and not again:
            self._sensor.tearing = True
        elif self._kind in ("silence", "dead sensor"):
            raise SensorSilent("?")
        else:
            raise PowerCut


def interrupt(requests: tuple[Any, ...], empty: bool, kind: str) -> int:
    """Let trouble strike at each moment of a change in turn; how many there were."""
    for at in range(1000):
        works = Works(empty=empty)
        trouble = Trouble(works, kind, at)
        try:
            works.perform(*requests)
        except PowerCut:
            pass
        except EdgeAgentError:
            with suppress(EdgeAgentError):
                works.pairing.recover()  # What the gate's thread does about a fault.
            if kind != "dead sensor":
                works.nobody_wrongly()  # It goes on crediting, by what it has in memory.
                if requests is REPLACING:
                    assert works.credited(LANS_FINGER) == "007"
        struck = not works.store.faults if kind in ("lost", "kept") else trouble.struck
        works.switch_on()
        assert works.pairing.check() is None
        if empty and kind == "torn write":
            # With nothing to know the module by, nothing in it is erased; it makes room all the
            # same, and is nobody's.
            works.nobody_wrongly()
            if not works.store.prints():
                works.perform(*requests)
        works.settled()
        if requests is REPLACING:
            assert works.credited(LANS_FINGER) == "007", "neither the old print nor the new one"
        if not struck:
            assert requests is not REPLACING or LANS_AGAIN in works.sensor.templates.values()
            return at
    raise AssertionError("It never ended.")


@each_change
@pytest.mark.parametrize("kind", one_in(2, TROUBLES))
def test_a_change_that_is_cut_off_anywhere_is_settled(
    requests: tuple[Any, ...], empty: bool, kind: str
) -> None:
    assert interrupt(requests, empty, kind) >= 2


PLANTED = {
    "nothing is announced": (Recorder, "announce", lambda gate, slot: None),
    "what was cut off is forgotten": (Pairing, "undo", lambda pairing, slots: None),
    "the notepad is not kept up to date": (Pairing, "write_mark", lambda pairing: None),
    "what was cut off is not looked for": (Pairing, "_settle", lambda pairing, erasing: None),
}


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_bug_is_found(planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*planted)
    with pytest.raises(AssertionError):
        interrupt(REUSING, empty=False, kind="power cut")


def test_a_slot_used_again_never_credits_the_one_before() -> None:
    works = Works()
    works.perform(*REUSING)
    [again] = [print_ for print_ in works.store.prints() if print_.worker == "009"]
    assert (again.slot, again.generation) == (LANS.slot, 2)
    assert works.credited(NEW) == "009"
    assert works.credited(LANS_FINGER) is None
    works.settled()
    works.switch_on()
    assert works.pairing.check() is None
    works.settled()


def strangers() -> Library:
    """Another gate's module: our workers' fingers in other slots, and no mark of ours."""
    other = Library()
    other.templates = {LANS.slot: HOAS_FINGER, HOAS.slot: LANS_FINGER}
    other.pages[NOTES_PAGE] = PairingMark(b"x" * TOKEN_BYTES, 1).page()
    return other


def copy_of(sensor: Library) -> Library:
    other = Library()
    other.templates, other.pages = dict(sensor.templates), dict(sensor.pages)
    other.keeps_notes = sensor.keeps_notes
    return other


def swapped(works: Works) -> None:
    works.swap(strangers())


def swapped_for_an_empty_one(works: Works) -> None:
    works.swap(Library())


def swapped_for_one_with_no_notepad(works: Works) -> None:
    other = strangers()
    other.keeps_notes = False
    works.swap(other)


def cleared_notepad(works: Works) -> None:
    works.sensor.pages.clear()


def torn_notepad(works: Works) -> None:
    works.sensor.pages[NOTES_PAGE] = works.sensor.pages[NOTES_PAGE][:20].ljust(32, b"\xff")


def older_database(works: Works) -> None:
    before = works.store.contents()
    works.perform(*REUSING)
    works.store.take(before)
    works.switch_on()


def older_sensor(works: Works) -> None:
    before = copy_of(works.sensor)
    works.perform(*REUSING)
    works.swap(before)


IN_DOUBT: dict[Callable[[Works], None], Doubt] = {
    swapped: Doubt.FOREIGN,
    swapped_for_an_empty_one: Doubt.FOREIGN,
    swapped_for_one_with_no_notepad: Doubt.FOREIGN,
    older_database: Doubt.DATABASE_OLDER,
    older_sensor: Doubt.SENSOR_OLDER,
}


@pytest.mark.parametrize("happened", IN_DOUBT)
def test_in_doubt_until_a_technician_adopts(happened: Callable[[Works], None]) -> None:
    works = Works()
    happened(works)
    before = dict(works.sensor.templates)
    for _ in range(2):
        assert works.pairing.check() is works.pairing.doubt is IN_DOUBT[happened]
    assert "sensor.adopted" not in works.kinds()
    known = {
        (print_.slot, print_.generation): works.store.digests()[print_.slot, print_.generation]
        for print_ in works.store.prints()
    }
    disagree = [
        print_
        for print_ in works.store.prints()
        if print_.slot not in before
        or digest(template_of(before[print_.slot])) != known[print_.slot, print_.generation]
    ]
    assert disagree
    forgotten = works.pairing.adopt("uid:1000").forgotten
    assert forgotten == disagree
    assert works.sensor.templates == before
    assert works.pairing.doubt is None
    removed = [entry for entry in works.store.data() if entry["kind"] == "print.removed"]
    assert [entry["slot"] for entry in removed[-len(forgotten) :]] == [p.slot for p in forgotten]
    adopted = works.store.data()[-1]
    assert (adopted["kind"], adopted["actor"]) == ("sensor.adopted", "uid:1000")
    assert adopted["why"] == "technician"
    works.nobody_wrongly()
    works.switch_on()
    assert works.pairing.check() is None
    works.nobody_wrongly()


def first_enrolment_is_cut_off(page: Callable[[bytes], bytes]) -> Works:
    """A gate without prints, whose first enrolment ends in the middle of writing the mark."""
    works = Works()
    works.perform(
        *(RemovePrint(code=print_.worker, finger=print_.finger) for print_ in works.store.prints())
    )
    assert works.store.prints() == []
    mark = works.store.mark()
    assert mark
    works.gate.announce(5)
    works.sensor.templates[5] = "a first finger"
    works.sensor.pages[NOTES_PAGE] = page(mark.raised().page())
    works.switch_on()
    return works


def test_a_torn_page_of_a_gate_without_prints_leaves_no_template() -> None:
    works = first_enrolment_is_cut_off(lambda page: page[:16].ljust(32, b"\xff"))
    assert works.pairing.check() is None
    assert works.sensor.templates == {}
    works.settled()
    assert works.pairing.check() is None


@pytest.mark.parametrize(
    "page",
    [
        lambda page: b"\xff" * 32,
        lambda page: PairingMark(b"another module's", 9).page()[:16].ljust(32),
    ],
    ids=["erased", "torn, of another gate"],
)
def test_what_may_be_another_gate_s_is_told_and_stays(page: Callable[[bytes], bytes]) -> None:
    works = first_enrolment_is_cut_off(page)
    assert works.pairing.check() is None
    assert works.sensor.templates == {5: "a first finger"}
    assert "belong to nobody: 1" in str(works.pairing.problem(INFO))


def test_adopting_erases_nothing_that_was_announced_elsewhere() -> None:
    """A removal was cut off at the old module: that slot of the new one is another gate's."""
    works = Works()
    with works.store.changing() as change:
        change.announce(5)
    other = strangers()
    other.templates[5] = "another gate's"
    works.swap(other)
    assert works.pairing.check() is Doubt.FOREIGN
    works.pairing.adopt("uid:1000")
    assert other.templates[5] == "another gate's"
    assert works.store.announced() == []


def test_nor_does_a_gate_that_has_no_prints_left() -> None:
    works = Works(empty=True)
    with works.store.changing() as change:
        change.announce(5)
        change.announce(6)
    other = strangers()
    other.templates[5] = "another gate's"
    works.swap(other)
    assert works.pairing.check() is None
    assert other.templates[5] == "another gate's"
    assert works.store.announced() == []


def enrolled_and_gone_back(works: Works) -> None:
    """A database without prints, older than its sensor, is paired anew, or counters would meet."""
    before = works.store.contents()
    works.perform(ENROL_NEW)
    works.store.take(before)
    works.switch_on()


def test_no_two_databases_share_a_counter() -> None:
    works = Works(empty=True)
    enrolled_and_gone_back(works)
    token = works.store.mark()
    assert works.pairing.check() is None
    assert token
    assert works.store.mark() != token
    assert works.credited(NEW) is None


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (cleared_notepad, "foreign"),
        (torn_notepad, "foreign"),
        (lambda works: works.swap(moved(works)), "foreign"),
        (lambda works: raise_counter(works, database=3), "sensor-older"),
        (lambda works: raise_counter(works, sensor=3), "database-older"),
    ],
    ids=["cleared notepad", "torn notepad", "templates moved", "ahead", "behind"],
)
def test_templates_that_agree_settle_it(happened: Callable[[Works], None], why: str) -> None:
    works = Works()
    happened(works)
    assert works.pairing.check() is None
    assert [entry["why"] for entry in works.store.data()] == [why]
    works.settled()
    assert works.pairing.check() is None
    assert works.kinds() == ["sensor.adopted"]  # once


def moved(works: Works) -> Library:
    other = Library()
    other.templates = dict(works.sensor.templates)
    return other


def raise_counter(works: Works, database: int = 0, sensor: int = 0) -> None:
    mark = works.store.mark()
    assert mark
    with works.store.changing() as change:
        change.put_mark(PairingMark(mark.token, mark.counter + database))
    works.sensor.pages[NOTES_PAGE] = PairingMark(mark.token, mark.counter + sensor).page()


def test_one_template_that_differs_is_enough() -> None:
    works = Works()
    works.sensor.templates[HOAS.slot] = "somebody else's"
    cleared_notepad(works)
    assert works.pairing.check() is Doubt.FOREIGN
    assert works.pairing.adopt("uid:1000").forgotten == [HOAS]
    assert works.store.prints() == [LANS]
    assert works.credited("somebody else's") is None


def test_a_template_that_cannot_be_loaded_does_not_agree() -> None:
    works = Works()
    cleared_notepad(works)
    works.sensor.failing["read_template"] = [SensorRefused("worn out", 0x0C)]
    assert works.pairing.check() is Doubt.FOREIGN


@pytest.mark.parametrize("fault", [SensorSilent("?"), SensorGarbled("?")])
@pytest.mark.parametrize("instruction", ["read_notepad", "slots", "read_template"])
def test_a_read_error_is_not_a_mismatch(instruction: str, fault: EdgeAgentError) -> None:
    works = Works()
    cleared_notepad(works)
    works.sensor.failing[instruction] = [fault] * MANY
    with pytest.raises(type(fault)):
        works.pairing.check()
    assert works.pairing.doubt is None
    assert works.kinds() == []
    works.sensor.failing[instruction] = [fault] * MANY
    with pytest.raises(type(fault)):
        works.pairing.adopt("uid:1000")
    assert works.kinds() == []
    works.sensor.failing.clear()
    assert works.pairing.check() is None
    works.settled()


@pytest.mark.parametrize("fault", [SensorSilent("?"), SensorGarbled("?")])
@pytest.mark.parametrize("keeps_notes", [True, False])
def test_what_is_spoiled_while_reading_is_asked_for_again(
    fault: EdgeAgentError, keeps_notes: bool
) -> None:
    works = Works(keeps_notes=keeps_notes)
    if keeps_notes:
        raise_counter(works, database=3)
    works.sensor.asked.clear()
    works.sensor.failing["read_template"] = [fault] * (MANY - 1)
    works.sensor.failing["recover"] = [fault] if keeps_notes else []
    if keeps_notes:
        works.sensor.failing["read_template"].pop()  # One of them was a mending.
    assert works.pairing.check() is None
    assert "connect" not in works.sensor.asked
    works.settled()


@pytest.mark.parametrize("keeps_notes", [True, False])
def test_what_began_at_one_module_does_not_go_on_at_another(keeps_notes: bool) -> None:
    """It is swapped while an answer is spoiled, with the template that was asked for next."""
    works = Works(keeps_notes=keeps_notes)
    if keeps_notes:
        raise_counter(works, database=3)
    works.sensor.asked.clear()

    def swap(name: str) -> None:
        if works.sensor.asked.count("read_template") == 2 and name == "read_template":
            works.sensor.failing["read_template"] = [SensorGarbled("?")]
            works.sensor.templates[LANS.slot] = "a stranger's"
            if keeps_notes:
                works.sensor.pages[NOTES_PAGE] = PairingMark(b"t" * TOKEN_BYTES, 1).page()

    works.sensor.on_ask = swap
    with pytest.raises(SensorDoubted):
        works.pairing.check()
    assert works.kinds() == []


def test_a_refusal_on_a_line_in_doubt_is_a_read_error_too() -> None:
    """A sensor that has restarted refuses everything until its password is verified."""
    works = Works()
    cleared_notepad(works)
    works.sensor.failing["read_template"] = [SensorRefused("restarted", 0x21)]
    works.sensor.failing["check"] = [SensorGarbled("in doubt")]
    assert works.pairing.check() is None
    assert works.sensor.asked.count("recover") == 1
    cleared_notepad(works)
    works.sensor.failing["read_template"] = [SensorRefused("restarted", 0x21)] * MANY
    works.sensor.failing["check"] = [SensorGarbled("in doubt")] * MANY
    with pytest.raises(SensorGarbled):
        works.pairing.check()


class TestModuleWithoutNotepad:
    """It is known by its templates, each time that it is connected."""

    def test_it_is_known_by_its_templates(self) -> None:
        works = Works(keeps_notes=False)
        for _ in range(3):
            works.switch_on()
            assert works.pairing.check() is None
        assert works.kinds() == []  # The ledger has nothing new to tell.
        works.perform(*REUSING)
        works.switch_on()
        assert works.pairing.check() is None
        works.settled()

    def test_what_was_cut_off_is_undone(self) -> None:
        works = Works(keeps_notes=False)
        Trouble(works, "power cut", 6)
        with pytest.raises(PowerCut):
            works.perform(REMOVE_LANS, ENROL_NEW)
        works.switch_on()
        assert works.pairing.check() is None
        works.settled()

    def test_another_one_is_found_out(self) -> None:
        works = Works(keeps_notes=False)
        other = strangers()
        other.keeps_notes = False
        works.swap(other)
        assert works.pairing.check() is Doubt.FOREIGN

    def test_another_one_is_found_out_in_the_middle(self) -> None:
        works = Works(keeps_notes=False)
        works.pairing.recover()
        works.sensor.templates = strangers().templates
        with pytest.raises(SensorDoubted):
            works.pairing.recover()


def test_prints_from_before_pairing_are_taken_as_they_are() -> None:
    works = Works()
    works.store.sql("UPDATE prints SET digest = NULL")
    works.store.sql("DELETE FROM sensor_mark")
    works.sensor.pages.clear()
    works.switch_on()
    assert works.pairing.check() is None
    works.settled()
    assert [entry["why"] for entry in works.store.data()] == ["foreign"]


def test_but_not_from_a_module_that_is_paired_already() -> None:
    """That database is older than its sensor: it was saved before the gate was ever paired."""
    works = Works()
    works.store.sql("UPDATE prints SET digest = NULL")
    works.store.sql("DELETE FROM sensor_mark")
    works.switch_on()
    assert works.pairing.check() is Doubt.FOREIGN
    assert works.store.digests() == {}


class Touch:
    """One finger on the glass of a gate, whose sensor is swapped at an instruction."""

    def __init__(self, swap_at: str, keeps_notes: bool = True) -> None:
        self.works = Works(keeps_notes=keeps_notes)
        self.sensor = self.works.sensor
        self._swap_at = swap_at
        self.sensor.on_ask = self._swap
        self.sensor.glass = LANS_FINGER
        self.taker = TakePunch(
            self.works.gate,
            self.sensor,
            self.works.site.panel,
            3,
            recover=self.works.pairing.recover,
            offline=lambda: False,
        )

    def _swap(self, instruction: str) -> None:
        if instruction == self._swap_at:
            self.sensor.on_ask = lambda name: None
            other = strangers()
            self.sensor.templates, self.sensor.pages = other.templates, other.pages
            raise SensorSilent("The plug was out for a moment.")

    @property
    def outcomes(self) -> list[Outcome]:
        return [e.outcome for e in self.works.site.events if isinstance(e, PanelShown)]


@pytest.mark.parametrize("keeps_notes", [True, False])
@pytest.mark.parametrize("swap_at", ["extract", "search"])
def test_a_swap_in_the_middle_of_a_touch(swap_at: str, keeps_notes: bool) -> None:
    """The port never vanished and the link recovers: only the mark tells."""
    touch = Touch(swap_at, keeps_notes)
    with pytest.raises(SensorDoubted):
        touch.taker.poll()
    assert touch.outcomes == [Outcome.SENSOR_FAULT]
    assert touch.works.kinds() == ["attempt.refused"]


def test_the_control_a_sensor_that_only_recovers_credits_another() -> None:
    touch = Touch("search")
    touch.taker = TakePunch(
        touch.works.gate,
        touch.sensor,
        touch.works.site.panel,
        3,
        recover=touch.sensor.recover,
        offline=lambda: False,
    )
    touch.taker.poll()
    # Refused, for 008 has left; but it was taken for 008.
    assert [one.worker for one in touch.works.store.attempts(1, 9).values()] == ["008"]


def test_an_enrolment_that_was_swapped_away_is_not_undone_on_the_other_module() -> None:
    """Or that would be marked as ours."""
    works = Works()
    other = strangers()
    other.templates[2] = "another gate's"

    def swap(instruction: str) -> None:
        if instruction == "search" and "store" in works.sensor.asked:
            works.sensor.on_ask = lambda name: None
            works.sensor.templates, works.sensor.pages = other.templates, other.pages
            raise SensorSilent("The plug was out for a moment.")

    works.sensor.on_ask = swap
    with pytest.raises(SensorSilent):
        works.perform(ENROL_NEW)
    assert works.sensor.templates[2] == "another gate's"
    assert works.sensor.pages == strangers().pages
    works.switch_on()
    assert works.pairing.check() is Doubt.FOREIGN


class Day:
    """A keeper of the sensor, looked at every 50 ms."""

    def __init__(self) -> None:
        self.works = Works()
        self.keep()

    def keep(self) -> None:
        works = self.works
        self.keeper = SensorLifecycle(works.gate, works.sensor, works.site.panel, works.pairing)

    def dispatcher(self) -> Dispatcher:
        """Carries requests out here, and remembers nothing yet."""
        credit = Credit(self.gate, self.site.panel, offline=lambda: False)
        return Dispatcher(
            self.gate, self.sensor, self.site.panel, self.pairing, AgeSealing(), credit.match
        )

    def swap(self, other: Library) -> None:
        """The keeper goes on with another module at the wires."""
        self.works.sensor.templates, self.works.sensor.pages = other.templates, other.pages

    def wait(self, seconds: float = 10.0) -> None:
        end = self.works.site.clock.now + seconds
        while self.works.site.clock.now < end:
            self.works.site.clock.now += 0.05
            if not self.keeper.recording:
                self.keeper.try_again()

    @property
    def written(self) -> list[str]:
        data = self.works.store.data()
        return [e["reason"] for e in data if e["kind"].startswith("recording.")]

    @property
    def told(self) -> list[SensorChanged]:
        return [e for e in self.works.site.events if isinstance(e, SensorChanged)]

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.told]


@pytest.mark.parametrize("happened", IN_DOUBT)
def test_a_gate_that_starts_in_doubt_says_so_once(happened: Callable[[Works], None]) -> None:
    day = Day()
    happened(day.works)
    day.works.site.events.clear()
    day.works.store.forget_entries()
    day.keep()
    doubt = IN_DOUBT[happened]
    day.keeper.began(INFO)
    day.wait(30)
    assert not day.keeper.recording
    assert day.written == [doubt.value]
    assert day.states == [doubt.value]
    detail = day.told[0].detail
    assert detail
    assert "sensor adopt" in detail
    assert day.works.site.panel.told[-1] == ("fault", True)
    day.works.pairing.adopt("uid:1000")
    day.wait()
    assert day.keeper.recording
    assert day.written == [doubt.value, "sensor-back"]
    assert day.states == [doubt.value, "ready"]
    assert day.works.site.panel.told[-1] == ("fault", False)


def test_a_swap_under_way_and_back() -> None:
    day = Day()
    ours = copy_of(day.works.sensor)
    day.keeper.began(INFO)
    day.swap(strangers())
    day.keeper.lost(SensorSilent("?"))
    day.wait(5)
    # A plug that is loose into the bargain is no new reason.
    day.works.sensor.failing["connect"] = [SensorSilent("?")]
    day.wait(10)
    assert day.written == ["started", "sensor-fault", "foreign"]
    assert day.states == ["ready", "silent", "foreign", "silent", "foreign"]
    day.swap(ours)
    day.wait(5)
    assert day.written == ["started", "sensor-fault", "foreign", "sensor-back"]
    assert day.states[-1] == "ready"
    day.swap(strangers())
    day.keeper.lost(SensorSilent("?"))
    day.wait(5)
    assert day.written[4:] == ["sensor-fault", "foreign"]


def test_a_technician_who_asks_finds_out() -> None:
    """What nothing has told of yet: from then on nobody is credited."""
    day = Day()
    day.keeper.began(INFO)
    works = day.works
    day.swap(strangers())
    dispatcher = works.dispatcher()
    person = Person(works.site.clock, works.sensor, [])

    def asks(request: Any) -> Any:
        return dispatcher.carry_out(request, day.keeper.info, person, "uid:1000")

    told = asks(AskSensor())
    assert (told["paired"], told["doubt"], told["used"]) == (False, "foreign", 2)
    assert (told["capacity"], told["baud"]) == (INFO.capacity, INFO.baud)
    assert (told["prints"], told["lacking"], told["of_workers"]) == (2, 0, 0)
    works.sensor.templates.clear()
    told = asks(AskSensor())
    assert (told["prints"], told["lacking"], told["of_workers"]) == (2, 2, 2)
    day.keeper.looked_at()
    assert not day.keeper.recording
    day.wait()
    assert day.written == ["started", "sensor-fault", "foreign"]
    forgotten = asks(AdoptSensor())["forgotten"]
    assert [print_["worker"] for print_ in forgotten] == ["007", "008"]
    day.keeper.looked_at()
    assert day.keeper.recording
    told = asks(AskSensor())
    assert (told["paired"], told["doubt"]) == (True, None)
    day.keeper.looked_at()
    assert day.keeper.recording


def test_a_sensor_that_cannot_be_read_is_a_fault_and_no_doubt() -> None:
    day = Day()
    day.works.sensor.failing["read_notepad"] = [SensorGarbled("?")]
    day.keeper.began(INFO)
    assert day.states == ["garbled"]
    assert day.written == []
    day.wait(5)
    assert day.written == ["sensor-back"]


def test_a_full_disk_is_a_fault_and_no_doubt() -> None:
    day = Day()
    cleared_notepad(day.works)
    day.works.store.faults = ["lost"]
    day.keeper.began(INFO)
    assert day.states == ["fault"]
    day.wait(5)
    assert day.written == ["sensor-back"]


@pytest.mark.parametrize(
    ("templates", "said"),
    [
        ({}, None),
        ({LANS.slot: None}, r"^Prints without a template in the sensor: 1 \(right-index of 007\)"),
        ({5: "x", 6: "y"}, r"^Templates in the sensor that belong to nobody: 2"),
        (dict.fromkeys(range(2, 7), "x"), r"belong to nobody: 5\. They are never credited"),
        (dict.fromkeys(range(2, 8), "x"), r"The sensor is almost full \(8 of 10\): remove"),
    ],
)
def test_what_a_technician_should_know(templates: dict[int, str | None], said: str | None) -> None:
    works = Works()
    for slot, template in templates.items():
        if template is None:
            del works.sensor.templates[slot]
        else:
            works.sensor.templates[slot] = template
    problem = works.pairing.problem(INFO)
    if said is None:
        assert problem is None
    else:
        assert problem
        assert re.search(said, str(problem))
    assert ("almost full" in str(problem)) == (len(works.sensor.templates) >= 8)


class Asked:
    """The far end of a conversation, which follows an enrolment's steps."""

    actor = "uid:1000"
    given_up = False

    def __init__(self, person: Person, done: Callable[[], None]) -> None:
        self._person = person
        self._done = done
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
        self._person.beat()

    def go_on(self) -> None:
        self._person.go_on()

    def done(self, result: Any) -> None:
        self._done()

    def failed(self, error: EdgeAgentError) -> None:
        self.failure = error
        self._done()


def test_with_a_match_in_flight_the_change_waits_its_turn() -> None:
    """A removal and an enrolment asked for between search and verdict come after the verdict."""
    works = Works()
    stop = threading.Event()
    pressed: list[str] = []
    works.sensor.glass = LANS_FINGER
    activity = works.loop()
    person = Person(works.site.clock, works.sensor, [NEW] * 3)
    removal = Asked(person, done=lambda: None)
    enrolment = Asked(person, done=lambda: setattr(works.sensor, "glass", None))

    def on_ask(instruction: str) -> None:
        if instruction == "search" and not pressed:
            pressed.append(LANS_FINGER)
            activity.requests.submit(REMOVE_LANS, removal)  # type: ignore[arg-type]
            activity.requests.submit(ENROL_NEW, enrolment)  # type: ignore[arg-type]
            works.sensor.glass = None
        elif instruction == "capture" and "print.enrolled" in works.kinds():
            on_capture()

    looks: list[str | None] = [None, LANS_FINGER, None, None, NEW]

    def on_capture() -> None:
        if looks:
            works.sensor.glass = looks.pop(0)  # type: ignore[assignment]
        elif len(shown()) == 3:
            stop.set()

    def shown() -> list[tuple[Outcome, str | None]]:
        events = [e for e in works.site.events if isinstance(e, PanelShown)]
        return [(event.outcome, event.worker) for event in events]

    works.sensor.on_ask = on_ask
    beats = iter(range(1000))
    activity.run(stop, beat=lambda: next(beats) and None)
    assert (removal.failure, enrolment.failure) == (None, None)
    assert shown() == [
        (Outcome.RECORDED, "007"),
        (Outcome.UNKNOWN, None),
        (Outcome.RECORDED, "009"),
    ]
    opened = works.store.openings(1, 100)
    told = [
        (
            entry["kind"],
            opened[seq].evidence.generation if seq in opened else entry["generation"],
        )
        for seq, entry in enumerate(works.store.data(), 1)
        if entry["kind"].startswith(("punch", "print"))
    ]
    assert told == [
        ("punch.recorded", 1),
        ("print.removed", 1),
        ("print.enrolled", 2),
        ("punch.recorded", 2),
    ]


def test_asking_ends_the_crediting_by_another_module() -> None:
    """Even where no fault has told of it."""
    works = Works()
    stop = threading.Event()
    person = Person(works.site.clock, works.sensor, [])

    def press() -> None:
        assert asked.failure is None
        works.sensor.glass = LANS_FINGER

    asked = Asked(person, done=press)
    activity = works.loop()
    activity.requests.submit(AskSensor(), asked)  # type: ignore[arg-type]

    def on_ask(instruction: str) -> None:
        if instruction == "close":
            stop.set()
        elif instruction == "search":
            raise AssertionError("somebody is taken for somebody")

    works.sensor.on_ask = on_ask
    beats = iter(range(1000))

    def beat() -> None:
        if next(beats) == 0:  # The sensor has been admitted by then.
            works.sensor.templates, works.sensor.pages = strangers().templates, strangers().pages

    activity.run(stop, beat=beat)
    stopped = [e["reason"] for e in works.store.data() if e["kind"] == "recording.stopped"]
    assert stopped == ["sensor-fault"]
