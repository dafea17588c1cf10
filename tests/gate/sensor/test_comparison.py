"""A module that lies: it carries our mark, and not the templates that were enrolled."""

from collections.abc import Callable
from typing import Any

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.contract.people import Print, Worker
from edge_agent.gate.events import PanelShown, SensorChanged
from edge_agent.gate.pairing_mark import read_mark
from edge_agent.gate.ports import Buffer
from edge_agent.gate.rules import Match
from edge_agent.gate.sensor import lifecycle
from edge_agent.gate.sensor.comparison import EVERY_S, Comparison
from edge_agent.gate.sensor.lifecycle import SensorLifecycle
from edge_agent.gate.sensor.pairing import Pairing, digest
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import INFO, NOTES_PAGE, Library, Site, template_of

COUNT = 6


class Liar(Library):
    """A library whose templates may be others by the time that they are read."""

    def __init__(self) -> None:
        super().__init__()
        self.changes_with_each_read = False
        self.reads = 0

    def read_template(self, slot: int) -> bytes:
        self.reads += 1
        template = super().read_template(slot)
        if self.changes_with_each_read:
            return template[:-4] + self.reads.to_bytes(4, "big")
        return template


class Gate:
    """Six workers with a print each, at a sensor that was paired and has agreed."""

    def __init__(self, *, agreed: bool = True) -> None:
        self.site = Site(repeat_window_s=0)
        self.site.store.sql("DELETE FROM prints")
        self.sensor = Liar()
        for slot in range(COUNT):
            code = f"1{slot:02}"
            with self.site.store.changing() as change:
                change.put_worker(Worker(code=code, name="Lan"))
                print_ = Print(worker=code, finger="right-index", slot=slot, generation=1)
                change.put_print(print_, digest(template_of(f"finger of {code}")))
            self.sensor.templates[slot] = f"finger of {code}"
        self.start()
        self.pairing.check()
        self.site.store.forget_entries()
        if not agreed:
            self.site.store.remember("templates", "")
            self.start()

    def start(self) -> None:
        """What a new process has."""
        self.gate = self.site.gate
        self.gate.known.held = frozenset()
        self.pairing = Pairing(self.gate, self.sensor, beat=lambda: None)
        self.keeper = SensorLifecycle(self.gate, self.sensor, self.site.panel, self.pairing)

    def press(self, finger: str) -> tuple[str, str | None]:
        """The outcome and whom it was credited to."""
        self.sensor.buffers[Buffer.ONE] = finger
        match = self.sensor.search()
        assert isinstance(match, Match)
        shown: list[PanelShown] = []
        before = self.gate.emit
        self.gate.emit = lambda event: (
            shown.append(event) if isinstance(event, PanelShown) else None
        )
        Credit(self.gate, self.site.panel, lambda: False).match(match, self.site.clock.stamp())
        self.gate.emit = before
        return shown[0].outcome.value, shown[0].worker

    def swap(self, one: int, other: int) -> None:
        held = self.sensor.templates
        held[one], held[other] = held[other], held[one]

    def lie(self) -> None:
        """The notepad was copied; the templates are strangers'."""
        self.sensor.templates = {slot: f"stranger {slot}" for slot in range(COUNT)}

    def hours(self, count: int) -> None:
        """An idle gate."""
        for _ in range(count):
            self.site.clock.now += EVERY_S + 1
            if not self.keeper.recording:
                self.keeper.try_again()
                continue
            try:
                self.keeper.compare(calm_s=EVERY_S)
            except lifecycle.SensorDoubted as fault:
                self.keeper.lost(fault)

    @property
    def told(self) -> list[tuple[Any, ...]]:
        """The ledger, without what does not matter here."""
        fields = ("reason", "worker", "templates", "times")
        return [
            (data["kind"], *(data[field] for field in fields if field in data))
            for data in self.site.store.data()
        ]

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.site.events if isinstance(event, SensorChanged)]


def test_a_module_that_copied_the_notepad_credits_nobody_at_its_first_connection() -> None:
    gate = Gate()
    gate.lie()
    gate.sensor.reads = 0
    gate.keeper.began(INFO)
    assert not gate.keeper.recording
    assert gate.keeper.state == "templates-differ"
    assert gate.told == [("recording.stopped", "templates-differ")]
    assert gate.sensor.reads <= 2 * 3 + 2  # As many as it takes to be sure, and no more.
    gate.hours(3)
    assert gate.told == [("recording.stopped", "templates-differ")]  # Once.
    problem = gate.site.events[-1].detail  # type: ignore[union-attr]
    assert problem is not None
    assert "edge-agent sensor adopt" in problem
    assert "case was opened" in problem


def test_the_control_without_the_comparison_it_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Comparison, "check", lambda self, token: None)
    gate = Gate()
    gate.lie()
    gate.keeper.began(INFO)
    assert gate.press("stranger 3") == ("recorded", "103")


def test_the_right_module_comes_back() -> None:
    gate = Gate()
    right = dict(gate.sensor.templates)
    gate.lie()
    gate.keeper.began(INFO)
    gate.start()  # And the daemon was restarted in between.
    gate.keeper.began(INFO)
    assert gate.keeper.state == "templates-differ"
    gate.sensor.templates = right
    gate.hours(1)
    assert gate.keeper.state == "ready"
    assert gate.press("finger of 103") == ("recorded", "103")


def test_two_swapped_templates_are_noticed_within_as_many_hours_as_there_are_prints() -> None:
    gate = Gate()
    gate.keeper.began(INFO)
    gate.swap(1, 4)
    gate.hours(COUNT + 3)
    assert gate.keeper.state == "ready"
    assert gate.press("finger of 101") == ("unknown", None)
    assert gate.press("finger of 104") == ("unknown", None)
    assert gate.press("finger of 102") == ("recorded", "102")
    assert [one for one in gate.told if one[0] == "print.held"] == [
        ("print.held", "101"),
        ("print.held", "104"),
    ]
    assert ("attempt.refused", "unproven", None) in gate.told
    problem = gate.keeper.missing or gate.pairing.problem(INFO)
    assert "Held back: right-index of 101, right-index of 104." in str(problem)
    # It stays so, through restarts, without a word more.
    told = len(gate.told)
    gate.start()
    gate.keeper.began(INFO)
    assert gate.press("finger of 101") == ("unknown", None)
    assert len([one for one in gate.told[told:] if one[0].startswith("print.")]) == 0


def test_they_are_released_where_they_are_as_they_were() -> None:
    gate = Gate()
    gate.keeper.began(INFO)
    gate.swap(1, 4)
    gate.hours(COUNT + 3)
    gate.swap(1, 4)
    gate.start()
    gate.keeper.began(INFO)
    assert gate.press("finger of 101") == ("recorded", "101")
    assert [one for one in gate.told if one[0] == "print.released"] == [
        ("print.released", "101"),
        ("print.released", "104"),
    ]
    assert gate.pairing.problem(INFO) is None


def test_a_technician_settles_it() -> None:
    gate = Gate()
    gate.swap(1, 4)
    gate.keeper.began(INFO)
    gate.hours(COUNT + 3)
    forgotten = gate.pairing.adopt("uid:1000").forgotten
    assert [print_.worker for print_ in forgotten] == ["101", "104"]
    assert str(gate.pairing.problem(INFO)) == (
        "Templates in the sensor that belong to nobody: 2. They are never credited, and make room "
        "when it is full."
    )
    assert gate.press("finger of 101") == ("unknown", None)
    assert ("attempt.refused", "unknown", None) in gate.told


def test_a_module_that_differs_between_two_connections_is_found_out_within_the_hour() -> None:
    gate = Gate()
    gate.keeper.began(INFO)
    gate.lie()
    gate.hours(2)
    assert gate.keeper.state == "templates-differ"
    assert gate.told[-3:] == [
        ("recording.stopped", "sensor-fault"),
        ("recording.stopped", "templates-differ"),
        ("sensor.reconnected", "differ", 1),
    ]


@pytest.mark.parametrize(
    "happened",
    [
        pytest.param(lambda gate: setattr(gate.sensor, "changes_with_each_read", True), id="reads"),
        pytest.param(lambda gate: gate.lie(), id="once and for all"),
    ],
)
def test_a_kind_of_module_that_never_agreed_stops_no_gate(happened: Callable[[Gate], None]) -> None:
    """Nothing is known of it but what a few modules are said to do; it is told, and lived with."""
    gate = Gate(agreed=False)
    happened(gate)
    gate.keeper.began(INFO)
    assert gate.keeper.state == "ready"
    assert "cannot be proved" in str(gate.pairing.problem(INFO))
    reads = gate.sensor.reads
    gate.hours(5)
    assert gate.sensor.reads == reads
    assert gate.keeper.state == "ready"


def test_one_that_has_agreed_is_not_believed_to_be_of_that_kind() -> None:
    gate = Gate()
    gate.sensor.changes_with_each_read = True
    gate.keeper.began(INFO)
    assert gate.keeper.state == "templates-differ"


def test_an_enrolment_tells_which_kind_it_is() -> None:
    gate = Gate()
    gate.pairing.saw_used(steady=False)
    assert "cannot be proved" in str(gate.pairing.problem(INFO))
    gate = Gate(agreed=False)
    gate.pairing.recover()
    gate.pairing._token = read_mark(gate.sensor.pages[NOTES_PAGE]).token  # type: ignore[union-attr]
    gate.pairing.saw_used(steady=True)
    gate.lie()
    gate.keeper.began(INFO)
    assert gate.keeper.state == "templates-differ"


def test_a_print_without_a_digest_gets_it_at_its_first_comparison(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()
    gate.site.store.sql("UPDATE prints SET digest = NULL")
    gate.keeper.began(INFO)
    gate.hours(COUNT)
    assert len(gate.site.store.digests()) == COUNT
    assert caplog.text.count("is believed, and kept") == COUNT
    gate.lie()
    gate.hours(2)
    assert gate.keeper.state == "templates-differ"


def test_an_empty_slot_is_told_otherwise_and_holds_nobody_up() -> None:
    gate = Gate()
    del gate.sensor.templates[3]
    gate.keeper.began(INFO)
    gate.hours(COUNT)
    assert gate.keeper.state == "ready"
    assert "Prints without a template in the sensor: 1" in str(gate.pairing.problem(INFO))


def test_no_template_is_read_while_people_press() -> None:
    gate = Gate()
    gate.keeper.began(INFO)
    reads = gate.sensor.reads
    gate.site.clock.now += EVERY_S + 1
    gate.keeper.compare(calm_s=59.0)
    assert gate.sensor.reads == reads
    gate.keeper.compare(calm_s=61.0)
    assert gate.sensor.reads == reads + 1
    gate.keeper.compare(calm_s=61.0)
    assert gate.sensor.reads == reads + 1
    # At a gate where somebody always presses it is read in the end.
    gate.site.clock.now += EVERY_S + 1
    gate.keeper.compare(calm_s=1.0)
    assert gate.sensor.reads == reads + 1
    gate.site.clock.now += EVERY_S
    gate.keeper.compare(calm_s=1.0)
    assert gate.sensor.reads == reads + 2


def test_after_a_mended_link_it_does_not_wait_for_the_hour() -> None:
    gate = Gate()
    gate.keeper.began(INFO)
    gate.lie()
    gate.pairing.recover()
    gate.site.clock.now += 61.0
    with pytest.raises(lifecycle.SensorDoubted):
        gate.keeper.compare(calm_s=61.0)


def test_a_full_disk_stops_no_thread() -> None:
    gate = Gate()
    gate.keeper.began(INFO)
    gate.site.clock.now += EVERY_S + 1
    gate.site.store.remembered = _full  # type: ignore[method-assign]
    gate.site.store.digests = _full  # type: ignore[method-assign]
    gate.keeper.compare(calm_s=61.0)
    assert gate.keeper.recording


def _full(*_: object) -> Any:
    raise StoreFault("The disk is full.")


def test_each_reconnection_is_told_and_a_flapping_cable_floods_nothing() -> None:
    gate = Gate()
    gate.keeper.began(INFO)
    for _ in range(600):  # Twenty minutes, a loss each two seconds.
        gate.keeper.lost(lifecycle.SensorUnplugged("gone"))
        gate.site.clock.now += 2.0
        assert gate.keeper.try_again() or gate.keeper.recording
        gate.keeper.stayed()
    gate.keeper.ended()
    told = [one for one in gate.told if one[0] == "sensor.reconnected"]
    assert [one[1] for one in told] == ["agree"] * len(told)
    assert sum(one[2] for one in told) == 600  # type: ignore[misc]
    assert len(told) <= 4
