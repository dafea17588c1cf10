"""A technician's requests: done whole, or refused with the reason."""

from base64 import b64decode
from typing import Any

import pytest

from edge_agent.contract.errors import BadRequest, EdgeAgentError, StoreFault
from edge_agent.contract.people import Print
from edge_agent.gate.errors import SensorSilent
from edge_agent.gate.events import Outcome
from edge_agent.gate.ledger.glance import last_stop
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.papers.held import HeldAttempt, held
from edge_agent.gate.people.handlers import Dispatcher
from edge_agent.gate.people.requests import (
    ActivateWorker,
    AddWorker,
    DeactivateWorker,
    Enroll,
    Identify,
    RemovePrint,
    RenameWorker,
    TakeImage,
)
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.rules import Hint, Match
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import (
    HOA,
    HOAS,
    HOAS_FINGER,
    INFO,
    LAN,
    LANS,
    LANS_FINGER,
    ZONE,
    Library,
    Person,
    Site,
    pair,
)

ENROLLED = {LANS.slot: LANS_FINGER, HOAS.slot: HOAS_FINGER}


class Office:
    """A technician at a gate, whose sensor may be out of use."""

    def __init__(self, *presses: str | Hint, ready: bool = True) -> None:
        self.site = Site()
        self.sensor = Library()
        self.sensor.templates = dict(ENROLLED)
        self.pairing = pair(self.site, self.sensor)
        self.person = Person(self.site.clock, self.sensor, presses)
        self.connected = INFO if ready else None
        site = self.site
        credit = Credit(site.gate, site.panel, offline=lambda: False)
        self.dispatcher = Dispatcher(
            site.gate, self.sensor, site.panel, self.pairing, AgeSealing(), credit.match
        )

    def asks(self, request: Any) -> dict[str, Any]:
        return self.dispatcher.carry_out(request, self.connected, self.person, "uid:1000")

    def refused(self, request: Any, said: str, error: type[EdgeAgentError] = BadRequest) -> None:
        before = (self.site.store.workers(), self.site.store.prints(), self.site.store.kinds())
        with pytest.raises(error, match=said):
            self.asks(request)
        after = (self.site.store.workers(), self.site.store.prints(), self.site.store.kinds())
        assert after == before

    def learnt(self) -> None:
        """What the gate has in memory is what the store holds."""
        anew = Recorder(self.site.store, self.site.clock, print, self.site.gate.policy)
        for slot in range(INFO.capacity):
            assert self.site.gate.known.owner_of(slot) == anew.known.owner_of(slot)


def test_adding() -> None:
    office = Office()
    done = office.asks(AddWorker(code=" 0042 ", name="Trần  Đức"))
    assert done == {"code": "0042", "name": "Trần Đức", "active": True, "listed": None}
    (entry,) = office.site.store.data()
    assert (entry["kind"], entry["worker"], entry["actor"]) == ("worker.added", "0042", "uid:1000")
    assert "Trần" not in str(entry)
    office.refused(AddWorker(code="0042", name="Other"), "exists already: nothing was changed")
    office.refused(AddWorker(code="a/b", name="x"), "is not an employee code")
    office.refused(AddWorker(code="1", name="\x00"), "is not a name")


def test_a_finger_that_only_the_database_has_is_not_enrolled() -> None:
    """What the gate goes by is what it has in memory; what it removes as well."""
    office = Office()
    with office.site.store.changing() as change:
        change.put_print(Print(worker="007", finger="left-thumb", slot=9, generation=1), bytes(32))
    office.refused(RemovePrint(code="007", finger="left-thumb"), "No left-thumb of 007")


def test_leaving_and_coming_back() -> None:
    office = Office()
    assert office.asks(DeactivateWorker(code="007")) == {
        "code": "007",
        "name": "Lan",
        "active": False,
        "listed": None,
    }
    office.refused(DeactivateWorker(code="007"), "deactivated already")
    office.refused(DeactivateWorker(code="7"), "There is no worker 7")
    office.learnt()
    office.refused(AddWorker(code="007", name="Lan Anh"), "would be credited to Lan Anh")
    office.learnt()
    assert office.asks(AddWorker(code="007", name="Lan"))["active"] is True
    office.learnt()
    assert office.site.store.kinds() == ["worker.changed", "worker.changed"]
    assert [entry["active"] for entry in office.site.store.data()] == [False, True]
    assert office.site.store.prints() == [LANS, HOAS]


@pytest.mark.parametrize("code", ["７", "0007", "07", "7", "OO7", "o07", "00-7"])
def test_a_code_that_would_be_taken_for_another_is_asked_about(code: str) -> None:
    office = Office()
    office.refused(AddWorker(code=code, name="Mai"), "would be taken for 007, which is Lan")
    office.refused(Enroll(code=code, finger="left-thumb"), "no worker .*: is 007 meant")
    office.refused(DeactivateWorker(code=code), "no worker .*: is 007 meant")
    assert office.asks(AddWorker(code=code, name="Mai", force=True))["name"] == "Mai"
    office.learnt()


def test_a_code_without_a_digit_is_asked_about() -> None:
    office = Office()
    office.refused(AddWorker(code="Nguyễn", name="Thị Hoa"), "was the code forgotten")
    assert office.asks(AddWorker(code="Nguyễn", name="Thị Hoa", force=True))["code"] == "Nguyễn"


def test_one_wrong_tone_mark_costs_no_enrolment() -> None:
    office = Office()
    office.asks(DeactivateWorker(code="007"))
    assert office.asks(AddWorker(code="007", name="Làn"))["active"] is True
    assert office.site.store.prints() == [LANS, HOAS]


def test_renaming() -> None:
    office = Office()
    renamed = office.asks(RenameWorker(code="007", name="Lân"))
    assert (renamed["name"], renamed["former"]) == ("Lân", "Lan")
    office.learnt()
    office.refused(
        RenameWorker(code="007", name="Trần Minh"), "right-index.* credited to Trần Minh"
    )
    office.refused(RenameWorker(code="7", name="Lan"), "is 007 meant")
    assert office.asks(RenameWorker(code="007", name="Trần Minh", force=True))["active"] is True
    office.learnt()
    assert office.asks(RenameWorker(code="008", name="Hòa"))["active"] is False
    assert office.site.store.kinds() == ["worker.changed"] * 3
    assert "Minh" not in str(office.site.store.data())


def test_a_name_that_they_have_already_is_not_written_again() -> None:
    office = Office()
    told = office.asks(RenameWorker(code="007", name="Lan"))
    assert (told["name"], told["former"], told["force_back"]) == ("Lan", "Lan", False)
    assert office.site.store.data() == []
    assert not office.asks(RenameWorker(code="007", name="Lân"))["force_back"]
    assert not office.asks(RenameWorker(code="007", name="Lan"))["force_back"]
    assert office.asks(RenameWorker(code="007", name="Trần Minh", force=True))["force_back"]
    office.refused(RenameWorker(code="007", name="Lan"), "credited to Lan")


def test_whoever_is_brought_back_is_told_of_the_presses_that_were_refused() -> None:
    office = Office()
    site = office.site

    def press(after_s: float) -> None:
        site.clock.now += after_s
        match = Match(LANS.slot, 90)
        Credit(site.gate, site.panel, lambda: False).match(match, site.clock.stamp())

    press(600)
    office.asks(DeactivateWorker(code="007"))
    press(3600)
    press(10)
    press(3600)
    office.asks(RenameWorker(code="007", name="Lân"))
    stop = last_stop(site.store, "007")
    assert stop is not None
    assert (stop["seq"], stop["actor"]) == (2, "uid:1000")
    told = office.asks(ActivateWorker(code="007"))
    assert [at[:19] for at in told["refused"]] == [
        one.at[:19] for one in _refused(office) if one.seq != 4 and one.at
    ]
    assert len(told["refused"]) == 2
    office.asks(DeactivateWorker(code="007"))
    assert office.asks(ActivateWorker(code="007"))["refused"] == []


def _refused(office: Office) -> list[HeldAttempt]:
    store = office.site.store
    worker = store.worker("007")
    assert worker is not None
    return held(store, worker, ZONE).attempts


def test_a_code_is_no_name() -> None:
    """Who wants another code for somebody would have it written in the place of their name."""
    office = Office()
    for forced in (False, True):
        asked = RenameWorker(code="007", name="101", force=forced)
        office.refused(asked, "101 is written as a code .* edge-agent workers merge 007 101$")
    office.refused(AddWorker(code="NV010", name="nv011"), "nv011 is written as a code")
    assert office.site.store.data() == []
    assert office.asks(RenameWorker(code="007", name="Lan2", force=True))["name"] == "Lan2"


def test_activating() -> None:
    office = Office()
    office.refused(ActivateWorker(code="007"), "007 is active already")
    office.refused(ActivateWorker(code="009"), "There is no worker 009")
    done = office.asks(ActivateWorker(code="008"))
    assert (done["active"], done["fingers"]) == (True, ["right-thumb"])
    office.learnt()


def test_removing() -> None:
    office = Office()
    done = office.asks(RemovePrint(code="007", finger="right-index"))
    assert (done["slot"], done["generation"]) == (0, 1)
    assert office.sensor.templates == {HOAS.slot: HOAS_FINGER}
    assert office.site.store.kinds() == ["print.removed"]
    office.learnt()
    office.refused(RemovePrint(code="007", finger="right-index"), "No right-index of 007")
    office.refused(RemovePrint(code="007", finger="nose"), "is not a finger")


def test_removing_where_the_sensor_fails_says_what_became_of_it() -> None:
    office = Office()
    office.sensor.failing = {"erase": [SensorSilent("no answer")] * 2}
    with pytest.raises(EdgeAgentError, match=r"is removed and will be refused.*no answer"):
        office.asks(RemovePrint(code="007", finger="right-index"))
    assert office.site.store.prints() == [HOAS]
    assert office.site.gate.known.owner_of(LANS.slot) == (None, None)


@pytest.mark.parametrize(
    ("press", "expected"),
    [
        (
            LANS_FINGER,
            {"known": True, "worker": "007", "active": True, "finger": "right-index", "slot": 0},
        ),
        (
            HOAS_FINGER,
            {"known": True, "worker": "008", "active": False, "finger": "right-thumb", "slot": 1},
        ),
        ("nobody", {"known": False}),
        ("orphan", {"known": False, "worker": None, "slot": 5}),
    ],
)
def test_identifying_is_no_punch(press: str, expected: dict[str, Any]) -> None:
    office = Office(press)
    office.sensor.templates[5] = "orphan"
    assert expected.items() <= office.asks(Identify()).items()
    assert office.site.store.all == []
    assert office.site.panel.told[-2:] == [("dark",), ("show", Outcome.TRY_AGAIN, None, False)]


def test_an_image_of_the_next_finger() -> None:
    office = Office(LANS_FINGER)
    image = office.asks(TakeImage())
    assert (image["width"], image["height"]) == (2, 2)
    assert b64decode(image["pixels"]) == b"\x00\x40\x80\xff"
    assert office.sensor.asked[-1] == "read_image"
    assert office.site.store.kinds() == []


def test_enrolling_goes_by_the_sensors_own_size() -> None:
    office = Office("new", "new", "new")
    done = office.asks(Enroll(code="007", finger="left-thumb"))
    print_ = {"worker": "007", "finger": "left-thumb", "slot": 2, "generation": 1}
    assert print_.items() <= done.items()
    office.learnt()


@pytest.mark.parametrize(
    "request_",
    [
        Enroll(code="007", finger="left-thumb"),
        RemovePrint(code="007", finger="right-index"),
        Identify(),
        TakeImage(),
    ],
)
def test_without_the_sensor_nothing_of_it_is_done(request_: Any) -> None:
    office = Office("new", "new", "new", ready=False)
    office.refused(request_, "sensor is not in use now", SensorSilent)
    assert office.sensor.templates == ENROLLED
    assert office.person.steps == []


REQUESTS = [
    AddWorker(code="0042", name="Minh"),
    AddWorker(code="008", name="Hoa"),
    DeactivateWorker(code="007"),
    RemovePrint(code="007", finger="right-index"),
    Enroll(code="007", finger="left-thumb"),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_with_a_full_disk_nothing_is_changed(request_: Any) -> None:
    office = Office("new", "new", "new")
    office.site.store.faults = ["lost"]
    office.refused(request_, "disk is full", StoreFault)
    assert office.sensor.templates == ENROLLED
    assert office.site.store.workers() == [LAN, HOA]
    office.learnt()


@pytest.mark.parametrize("request_", REQUESTS)
def test_after_an_uncertain_write_the_gate_knows_what_the_store_knows(request_: Any) -> None:
    office = Office("new", "new", "new")
    office.site.store.faults = ["kept"]
    with pytest.raises(StoreFault):
        office.asks(request_)
    office.learnt()
