"""A gate is taken out of service: whole, and going on wherever it was cut off."""

from typing import Any

import pytest

from edge_agent.contract.errors import BadRequest, EdgeAgentError
from edge_agent.gate.errors import SensorSilent
from edge_agent.gate.people.handlers import Dispatcher
from edge_agent.gate.people.requests import AddWorker, RetireGate
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import HOAS, HOAS_FINGER, INFO, LANS, LANS_FINGER, Library, Person, Site, pair

STRANGERS_SLOT, STRANGERS_FINGER = 77, "a stranger's"


class Office:
    def __init__(self) -> None:
        self.site = Site()
        self.sensor = Library()
        self.sensor.templates = {LANS.slot: LANS_FINGER, HOAS.slot: HOAS_FINGER}
        pairing = pair(self.site, self.sensor)
        self.sensor.templates[STRANGERS_SLOT] = STRANGERS_FINGER
        self.person = Person(self.site.clock, self.sensor, ())
        credit = Credit(self.site.gate, self.site.panel, offline=lambda: False)
        self.dispatcher = Dispatcher(
            self.site.gate, self.sensor, self.site.panel, pairing, AgeSealing(), credit.match
        )

    def ask(self, request: Any) -> dict[str, Any]:
        return self.dispatcher.carry_out(request, INFO, self.person, "uid:1000")

    @property
    def last(self) -> Any:
        return self.site.gate.store.data()[-1]


@pytest.fixture
def office() -> Office:
    return Office()


GO = RetireGate(gate="main-gate")


def test_the_sensor_is_empty_before_the_last_entry_says_so(office: Office) -> None:
    done = office.ask(GO)
    assert office.sensor.templates == {}
    assert done["erased"] == 3
    assert office.last["kind"] == "gate.retired"
    assert (office.last["erased"], office.last["slots"]) == (3, INFO.capacity)
    assert office.site.gate.known.prints == []
    assert done["last"] == office.last["seq"]


def test_nothing_comes_after_the_last_entry(office: Office) -> None:
    last = office.ask(GO)["last"]
    assert office.ask(GO)["last"] == last
    with pytest.raises(BadRequest, match="out of service"):
        office.ask(AddWorker(code="NV900", name="Lò Thị Mây"))
    assert office.site.gate.store.tail().seq == last


def test_another_gates_name_changes_nothing(office: Office) -> None:
    before = office.site.gate.store.tail()
    with pytest.raises(BadRequest, match="This gate is main-gate"):
        office.ask(RetireGate(gate="main-gat"))
    assert office.site.gate.store.tail() == before
    assert len(office.sensor.templates) == 3


def test_cut_off_at_any_template_it_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase = office.sensor.erase
    for cut_after in (0, 1, 1):
        erased = iter(range(cut_after))

        def cut(slot: int, erased: Any = erased) -> None:
            if next(erased, None) is None:
                raise SensorSilent("people.no-sensor", why="cut")
            erase(slot)

        monkeypatch.setattr(office.sensor, "erase", cut)
        with pytest.raises(EdgeAgentError):
            office.ask(GO)
        assert not office.site.gate.store.retired
    monkeypatch.setattr(office.sensor, "erase", erase)
    office.ask(GO)
    assert office.sensor.templates == {}
    assert office.last["kind"] == "gate.retired"


def test_a_sensor_that_only_says_so_is_not_believed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.sensor, "erase", lambda slot: None)
    with pytest.raises(EdgeAgentError, match="still shows 3 templates"):
        office.ask(GO)
    assert not office.site.gate.store.retired
    done = office.ask(RetireGate(gate="main-gate", sensor=False))
    assert done["erased"] is None
    assert (office.last["erased"], office.last["slots"]) == (None, None)
