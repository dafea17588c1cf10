"""Histories of consent, enrolment, withdrawal and leaving, of rosters and of copies put back.

Sealed templates are restored, a term runs, the sensor goes and comes, and power fails at any step:
no finger counts without a consent, nothing comes back by itself, every erasure ends.
"""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.errors import EdgeAgentError
from edge_agent.contract.facts import GateAlive
from edge_agent.contract.messages import Erased, ErasedWorker
from edge_agent.contract.people import Employment, Print
from edge_agent.contract.stamps import local_date
from edge_agent.gate.events import Outcome, PanelShown
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.ledger.store.metadata import ERASURES_UNKNOWN
from edge_agent.gate.people.erase import ErasedInbox, Eraser
from edge_agent.gate.people.requests import (
    LeaveWorker,
    RecordConsent,
    WithdrawConsent,
)
from edge_agent.gate.people.templates.backup_file import Backup, read_backup
from edge_agent.gate.people.templates.requests import (
    AskCourier,
    BeginBackup,
    BeginRestore,
    KeepBackup,
    RestorePrints,
    SealPrints,
)
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.rules import Match
from edge_agent.gate.sensor.pairing import Pairing, digest
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import HOAS, INFO, LAN, LANS_FINGER, PowerCut, template_of

from .test_requests import Dispatcher, Office

STEPS = (
    *("sign", "enrol", "withdraw", "leave", "away", "back", "turn", "press"),
    *("dates_over", "dates_open", "copy", "set_back", "set_back_whole", "module_back", "told"),
    *("leave_today", "tomorrow", "seal", "restore"),
)

SEALING = AgeSealing()
KEYS = SEALING.new_keys()


class History:
    """One gate, and what a worker has said to it. ``term``: in working days."""

    def __init__(self, term: int = 0) -> None:
        self.office = Office()
        self.term = term
        self.sealed: Backup | None = None
        self.agrees = False
        self.until_cut = 0
        self.kept: tuple[Any, dict[int, str], dict[int, bytes]] | None = None
        self.beside: dict[tuple[str, int], ErasedWorker] = {}
        """What the copy of the people beside the database knows; payroll knows it, too."""
        self.unknown = False
        self.highest = 0
        self.office.sensor.on_ask = lambda name: self._step()
        self.office.site.store.on_change = self._step
        self._start()

    def _start(self) -> None:
        """What the next start of the daemon finds."""
        office, site = self.office, self.office.site
        policy = structs.replace(
            site.gate.policy,
            consent_required=True,
            repeat_window_ms=0,
            erase_within_days=self.term,
        )
        site.gate = Recorder(site.store, site.clock, site.events.append, policy)
        office.pairing = Pairing(site.gate, office.sensor, beat=lambda: None)
        credit = Credit(site.gate, site.panel, offline=lambda: False)
        office.dispatcher = Dispatcher(
            site.gate, office.sensor, site.panel, office.pairing, SEALING, credit.match
        )
        self.inbox = ErasedInbox()
        self.eraser = Eraser(site.gate, office.sensor, office.pairing, self.inbox)
        until_cut, self.until_cut = self.until_cut, 0
        while site.store.tail().seq < self.highest:  # A new ledger's numbers are its own.
            site.gate.record(GateAlive(recording=True, version="1"))
        if not self.unknown:
            with site.store.changing() as change:
                change.owe(self.beside.values())
        self.until_cut = until_cut
        self.eraser.turn(usable=False, beat=lambda: None)
        self._connect()

    def _connect(self) -> None:
        pairing = self.office.pairing
        if self.office.connected and pairing.check() is not None:
            pairing.adopt("uid:0")  # What a person says who looks.

    def _step(self) -> None:
        self.until_cut -= 1
        if self.until_cut == 0:
            raise PowerCut

    def does(self, step: str, until_cut: int) -> None:
        store = self.office.site.store
        self.until_cut = until_cut
        before = store.tail().seq
        try:
            with suppress(EdgeAgentError):
                getattr(self, step)()
        except PowerCut:
            self.until_cut = 0
            store._connection.drop()
            self._start()
        self.until_cut = 0
        kinds = [entry.kind for entry in store.entries(before + 1, 999)]
        for kind in kinds:
            if kind.startswith("consent.") or kind == "worker.left":
                self.agrees = kind == "consent.given"
        self.beside |= {(one.ledger, one.seq): one for one in store.erased()}
        self.highest = max(self.highest, store.tail().seq)

    def sign(self) -> None:
        self.office.asks(RecordConsent(code="007", text="vi-1", signed="2026-11-18", paper=True))

    def enrol(self) -> None:
        gate, sensor = self.office.site.gate, self.office.sensor
        if self.office.connected and gate.known.may_take_fingers_of("007"):
            slot = min(
                set(range(9)) - sensor.templates.keys() - {p.slot for p in gate.known.prints}
            )
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
        self._connect()

    def dates_over(self) -> None:
        self._list_until("2026-01-31")

    def dates_open(self) -> None:
        self._list_until(None)

    def _list_until(self, day: str | None) -> None:
        listed = Employment(active=True, valid_to=day)
        worker = structs.replace(LAN, listed=listed)
        gate = self.office.site.gate
        gate.record_roster([], gate.store.roster(), [worker])

    def copy(self) -> None:
        sensor = self.office.sensor
        contents = self.office.site.store.contents()
        self.kept = contents, dict(sensor.templates), dict(sensor.pages)

    def set_back(self) -> None:
        """The database alone: what lies beside it knows more, or that it does not know all."""
        if self.kept is not None:
            store = self.office.site.store
            store.take(self.kept[0])
            if self.unknown:
                store.remember(ERASURES_UNKNOWN, "cloned-card")
            self._start()

    def set_back_whole(self) -> None:
        """With all that lies beside it: the gate asks."""
        if self.kept is not None:
            store = self.office.site.store
            store.take(self.kept[0])
            store.forget_entries()  # A new ledger begins.
            store.remember(ERASURES_UNKNOWN, "cloned-card")
            self.unknown = True
            self._start()

    def module_back(self) -> None:
        """A module with what it held before; where the gate may have forgotten as well, nobody
        could know."""
        if self.kept is not None and not self.unknown:
            sensor = self.office.sensor
            sensor.templates, sensor.pages = dict(self.kept[1]), dict(self.kept[2])
            self._start()

    def told(self) -> None:
        """Payroll tells whose erasures it holds."""
        if self.unknown:
            told = Erased(id="1", ledger="this", erased=list(self.beside.values()))
            self.inbox.put(structs.replace(told, erased=self._of_an_older_ledger(told.erased)))
            self.eraser.turn(usable=self.office.connected is not None, beat=lambda: None)
            self.unknown = False

    def _of_an_older_ledger(self, erased: list[ErasedWorker]) -> list[ErasedWorker]:
        known = {(one.ledger, one.seq) for one in self.office.site.store.erased()}
        return [
            structs.replace(one, ledger=f"before-{one.ledger}")
            for one in erased
            if (one.ledger, one.seq) not in known
        ]

    def leave_today(self) -> None:
        """Once this day is over."""
        stamp = self.office.site.clock.stamp()
        today = local_date(stamp.wall_ms, self.office.site.gate.policy.zone)
        self.office.asks(LeaveWorker(code="007", on=today))

    def tomorrow(self) -> None:
        self.office.site.clock.now += 86_400
        self.turn()

    def seal(self) -> None:
        begun = self.office.asks(BeginBackup(recipients=[KEYS.recipient]))
        lines = [begun["header"].encode()]
        while len(lines) <= begun["prints"]:
            asked = SealPrints(backup=begun["backup"], first=len(lines))
            lines += [line.encode() for line in self.office.asks(asked)["sealed"]]
        self.office.asks(KeepBackup(backup=begun["backup"]))
        content = b"".join(line + b"\n" for line in lines)
        self.sealed = read_backup(content, lambda one: SEALING.open(one, [KEYS.identity]))

    def restore(self) -> None:
        """From the stick in somebody's drawer, whenever it was made."""
        if self.sealed is not None:
            header, records = self.sealed.header, self.sealed.records
            digests = [record.digest for record in records]
            asked = BeginRestore(system_id=header.system_id, digests=digests, backup=header.backup)
            self.office.asks(asked)
            courier = self.office.asks(AskCourier())["recipient"]
            sealed = [SEALING.seal(one.line(), [courier]) for one in records]
            self.office.asks(RestorePrints(gate=header.gate, backup=header.backup, sealed=sealed))

    def turn(self) -> None:
        self.office.site.clock.now += 61
        self.eraser.turn(usable=self.office.connected is not None, beat=lambda: None)

    def press(self) -> None:
        """Each template that is his, wherever the sensor has it: credited if he agrees, only.

        But where a card was set back whole while the sensor that was to be erased was away: nobody
        there can know, and the gate asks.
        """
        site = self.office.site
        credit = Credit(site.gate, site.panel, lambda: False)
        for slot, finger in list(self.office.sensor.templates.items()):
            if slot != HOAS.slot and finger == LANS_FINGER:
                credit.match(Match(slot, 90), site.clock.stamp())
                shown = [event for event in site.events if isinstance(event, PanelShown)][-1]
                assert self.agrees or self.unknown or shown.outcome is not Outcome.RECORDED

    def ends(self) -> None:
        """Left alone with its sensor, everything that was asked for is done in its time."""
        self.does("back", 0)
        self.does("told", 0)
        for _ in range(self.term + 3):  # A weekend is in between.
            self.does("tomorrow", 0)
            self.does("press", 0)
        for _ in range(3):
            self.does("turn", 0)
        store, sensor = self.office.site.store, self.office.sensor
        erasures = store.erasures()
        assert all(one.done and not one.slots for one in erasures)
        assert store.owed() == []
        owned = {print_.slot for print_ in store.prints()}
        left = sensor.templates.keys() - owned
        assert not left & store.erased_lives().keys()
        if self.kept is None:  # A database that was set back never knew of some.
            assert not left
        if (erasures and not self.agrees) or self._is_over():
            assert not store.has_anything_of("007")
            assert LANS_FINGER not in sensor.templates.values() or self.kept
            assert not [o for o in store.openings(1, 999).values() if o.worker == "007"]

    def _is_over(self) -> bool:
        worker = self.office.site.store.worker("007")
        assert worker is not None
        return worker.listed is not None and worker.listed.valid_to is not None


HISTORIES = st.lists(
    st.tuples(st.sampled_from(STEPS), st.one_of(st.just(0), st.integers(1, 30))), max_size=14
)


TERMS = st.sampled_from((0, 0, 2))


def lived(steps: list[tuple[str, int]], term: int = 0) -> None:
    history = History(term)
    for step, until_cut in steps:
        history.does(step, until_cut)
        history.does("press", 0)
    history.ends()


@given(HISTORIES, TERMS)
@settings(max_examples=60, deadline=None)
def test_no_finger_without_a_consent(steps: list[tuple[str, int]], term: int) -> None:
    lived(steps, term)


@pytest.mark.long
@pytest.mark.timeout(3600)
@given(HISTORIES, TERMS)
@settings(max_examples=5000, deadline=None)
def test_no_finger_without_a_consent_in_5000_histories(
    steps: list[tuple[str, int]], term: int
) -> None:
    lived(steps, term)


@pytest.mark.parametrize("until_cut", range(1, 16))
@pytest.mark.parametrize("step", ["withdraw", "leave", "set_back"])
def test_a_power_cut_at_every_step(step: str, until_cut: int) -> None:
    before = [("copy", 0), ("withdraw", 0)] if step == "set_back" else []
    lived([("sign", 0), ("press", 0), *before, (step, until_cut)])


@pytest.mark.parametrize(
    "back", [["set_back"], ["set_back_whole", "told"], ["module_back"], ["set_back", "module_back"]]
)
@pytest.mark.parametrize("until_cut", [0, 2, 5])
def test_whatever_is_put_back_it_stays_erased(back: list[str], until_cut: int) -> None:
    steps = ["sign", "copy", "withdraw", *back]
    history = History()
    for step in steps:
        history.does(step, until_cut if step == steps[-1] else 0)
        history.does("press", 0)
    history.ends()
    assert not history.office.site.store.has_anything_of("007")
    assert LANS_FINGER not in history.office.sensor.templates.values()


def test_nobody_is_enrolled_on_a_consent_that_may_have_been_withdrawn() -> None:
    steps = ["sign", "copy", "withdraw", "set_back_whole", "enrol", "told", "sign", "enrol"]
    history = History()
    enrolled = []
    for step in steps:
        history.does(step, 0)
        history.does("press", 0)
        enrolled.append(LANS_FINGER in history.office.sensor.templates.values())
    assert enrolled == [True, True, False, False, False, False, False, True]


@pytest.mark.parametrize("until_cut", [0, 1, 3, 5, 9])
def test_payroll_s_last_day_under_a_power_cut(until_cut: int) -> None:
    lived([("sign", 0), ("dates_over", 0), ("turn", until_cut), ("turn", 0)])


@pytest.mark.parametrize("until_cut", range(16))
def test_a_stick_from_before_brings_nothing_back(until_cut: int) -> None:
    lived([("sign", 0), ("seal", 0), ("withdraw", 0), ("restore", until_cut), ("turn", 0)])


@pytest.mark.parametrize("until_cut", range(16))
def test_a_stick_serves_whoever_has_agreed_again(until_cut: int) -> None:
    history = History()
    for step in ("sign", "seal", "withdraw", "sign"):
        history.does(step, 0)
    history.does("restore", until_cut)
    history.does("press", 0)
    history.does("restore", 0)
    history.does("press", 0)
    shown = [one for one in history.office.site.events if isinstance(one, PanelShown)][-1]
    assert (shown.outcome, shown.worker) == (Outcome.RECORDED, "007")
    history.ends()


@pytest.mark.parametrize("until_cut", range(0, 16, 3))
@pytest.mark.parametrize("begins", ["withdraw", "leave", "dates_over"])
def test_a_term_ends_as_well(begins: str, until_cut: int) -> None:
    lived([("sign", 0), (begins, 0), ("press", 0), ("tomorrow", until_cut)], term=2)
