"""Histories of consent, enrolment, withdrawal and leaving, with a sensor that goes and power that
fails at any step: no finger counts without a consent, nothing comes back, every erasure ends."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.errors import EdgeAgentError
from edge_agent.contract.people import Print
from edge_agent.gate.events import Outcome, PanelShown
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.people.erase import Eraser
from edge_agent.gate.people.requests import LeaveWorker, RecordConsent, WithdrawConsent
from edge_agent.gate.rules import Match
from edge_agent.gate.sensor.pairing import Pairing, digest
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import HOAS, INFO, LANS_FINGER, PowerCut, template_of

from .test_requests import Dispatcher, Office

STEPS = ("sign", "enrol", "withdraw", "leave", "away", "back", "turn", "press")


class History:
    """One gate, and what a worker has said to it."""

    def __init__(self) -> None:
        self.office = Office()
        self.agrees = False
        self.until_cut = 0
        self.office.sensor.on_ask = lambda name: self._step()
        self.office.site.store.on_change = self._step
        self._start()

    def _start(self) -> None:
        """What the next start of the daemon finds."""
        office, site = self.office, self.office.site
        policy = structs.replace(site.gate.policy, consent_required=True, repeat_window_ms=0)
        site.gate = Recorder(site.store, site.clock, site.events.append, policy)
        office.pairing = Pairing(site.gate, office.sensor, beat=lambda: None)
        credit = Credit(site.gate, site.panel, offline=lambda: False)
        sealing = None
        office.dispatcher = Dispatcher(
            site.gate,
            office.sensor,
            site.panel,
            office.pairing,
            sealing,  # type: ignore[arg-type]
            credit.match,
        )
        self.eraser = Eraser(site.gate, office.sensor, office.pairing)
        if office.connected:
            office.pairing.check()

    def _step(self) -> None:
        self.until_cut -= 1
        if self.until_cut == 0:
            raise PowerCut

    def does(self, step: str, until_cut: int) -> None:
        self.until_cut = until_cut
        try:
            with suppress(EdgeAgentError):
                getattr(self, step)()
        except PowerCut:
            self.until_cut = 0
            self.office.site.store._connection.drop()
            self._start()
        self.until_cut = 0
        kinds = self.office.site.store.kinds()
        said = [kind for kind in kinds if kind.startswith("consent.") or kind == "worker.left"]
        self.agrees = said[-1:] == ["consent.given"]

    def sign(self) -> None:
        self.office.asks(RecordConsent(code="007", text="vi-1", signed="2026-11-18", paper=True))

    def enrol(self) -> None:
        gate, sensor = self.office.site.gate, self.office.sensor
        if self.office.connected and gate.may_use_fingers_of("007"):
            slot = min(set(range(9)) - sensor.templates.keys() - {p.slot for p in gate.prints})
            generation = gate.store.next_generation(slot)
            print_ = Print(worker="007", finger="left-thumb", slot=slot, generation=generation)
            gate.announce(slot)
            sensor.templates[slot] = LANS_FINGER
            self.office.pairing.write_mark()
            gate.record_enrolment(print_, digest(template_of(LANS_FINGER)), "uid:0")

    def withdraw(self) -> None:
        self.office.asks(WithdrawConsent(code="007"))

    def leave(self) -> None:
        self.office.asks(LeaveWorker(code="007"))

    def away(self) -> None:
        self.office.connected = None

    def back(self) -> None:
        self.office.connected = INFO
        self.office.pairing.check()

    def turn(self) -> None:
        self.office.site.clock.now += 61
        self.eraser.turn(usable=self.office.connected is not None, beat=lambda: None)

    def press(self) -> None:
        """Each template that is his, wherever the sensor has it: credited if he agrees, only."""
        site = self.office.site
        credit = Credit(site.gate, site.panel, lambda: False)
        for slot, finger in list(self.office.sensor.templates.items()):
            if slot != HOAS.slot and finger == LANS_FINGER:
                credit.match(Match(slot, 90), site.clock.stamp())
                shown = [event for event in site.events if isinstance(event, PanelShown)][-1]
                assert self.agrees or shown.outcome is not Outcome.RECORDED

    def ends(self) -> None:
        """Left alone with its sensor, everything that was asked for is done."""
        self.does("back", 0)
        for _ in range(3):
            self.does("turn", 0)
        store, sensor = self.office.site.store, self.office.sensor
        erasures = store.erasures()
        assert all(one.done and not one.slots for one in erasures)
        owned = {print_.slot for print_ in store.prints()}
        assert sensor.templates.keys() <= owned
        if erasures and not self.agrees:
            assert not [p for p in store.prints() if p.worker == "007"]
            assert not [o for o in store.openings(1, 999).values() if o.worker == "007"]


HISTORIES = st.lists(
    st.tuples(st.sampled_from(STEPS), st.one_of(st.just(0), st.integers(1, 30))), max_size=14
)


def lived(steps: list[tuple[str, int]]) -> None:
    history = History()
    for step, until_cut in steps:
        history.does(step, until_cut)
        history.does("press", 0)
    history.ends()


@given(HISTORIES)
@settings(max_examples=60, deadline=None)
def test_no_finger_without_a_consent(steps: list[tuple[str, int]]) -> None:
    lived(steps)


@pytest.mark.long
@given(HISTORIES)
@settings(max_examples=5000, deadline=None)
def test_no_finger_without_a_consent_in_5000_histories(steps: list[tuple[str, int]]) -> None:
    lived(steps)


@pytest.mark.parametrize("until_cut", range(1, 16))
@pytest.mark.parametrize("step", ["withdraw", "leave"])
def test_a_power_cut_at_every_step(step: str, until_cut: int) -> None:
    lived([("sign", 0), ("press", 0), (step, until_cut)])
