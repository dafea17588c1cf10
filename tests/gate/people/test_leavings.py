"""Who has left, or is to, is called so wherever somebody reads of them; no date is forgotten."""

from typing import Any

import pytest
from msgspec import structs

from edge_agent.cli.certificate_page import Carried, certificate_page
from edge_agent.cli.worker_words import state_of
from edge_agent.contract.language import ENGLISH, use
from edge_agent.contract.messages import ErasedWorker
from edge_agent.contract.people import Employment, Print, Worker
from edge_agent.contract.people_facts import WorkerLeft
from edge_agent.contract.stamps import ClockState
from edge_agent.gate.consents import Consent
from edge_agent.gate.erasure import Leavers, WorkerLeaving, is_expected
from edge_agent.gate.evidence import Evidence, Opening
from edge_agent.gate.ledger.glance import disputed_leavers, erased_again, glance
from edge_agent.gate.ledger.store.database import StoreConnection
from edge_agent.gate.papers.certificate import certificates_of
from edge_agent.gate.people.erase import Eraser
from edge_agent.gate.people.requests import (
    ActivateWorker,
    AddCredential,
    AddWorker,
    AskPeople,
    DeactivateWorker,
    DropLeave,
    Enroll,
    ImportWorkers,
    LeaveWorker,
    ListedWorker,
    MakeQr,
    RecordConsent,
    RenameWorker,
    WithdrawConsent,
)
from tests.gate.fakes import LAN, LANS, ZONE

from .test_erase import used
from .test_requests import Office
from .test_terms import DAY_S, goes_on, listed_until, with_term

TODAY = "2026-11-18"


def shown(office: Office, today: str = TODAY) -> str:
    """What ``workers show`` and ``list`` say of Lan; and all that goes by the same."""
    store = office.site.store
    worker, leaving = store.worker(LAN.code), store.leavings().get(LAN.code)
    assert worker is not None
    use(ENGLISH)
    told = office.asks(AskPeople(after=""))
    [asked] = [one["deactivated"] for one in told["people"] if one["code"] == LAN.code]
    assert asked is not is_expected(worker, leaving, today)
    left = leaving is not None and leaving.left
    assert glance(store, 0, ZONE)["workers"] == (0 if left or worker.deactivated else 1)
    return state_of(worker, leaving, today)


@pytest.mark.parametrize("days", [0, 3])
def test_whoever_has_left_is_told_so_until_they_are_back(days: int) -> None:
    """The second time within a term, in which prints are here still."""
    office = with_term(days)
    assert shown(office) == "active"
    office.asks(LeaveWorker(code="007"))
    assert shown(office) == "left on 2026-11-18"
    if days:
        office.refused(ActivateWorker(code="007"), "007 has left.*edge-agent workers leave 007")
    row = ListedWorker(code="007", name=LAN.name, active=False)  # As an export has them.
    assert office.asks(ImportWorkers(workers=[row]))["unchanged"] == 1
    if days:
        office.asks(LeaveWorker(code="007"))
    office.asks(RecordConsent(code="007", text="vi-1", signed=TODAY, paper=True))
    assert shown(office) == "active"
    office.asks(DeactivateWorker(code="007"))
    assert shown(office) == "deactivated"


def test_who_has_left_already_is_told_how_they_are_back_and_enrolled_as_well() -> None:
    office = Office("new", "new", "new")
    office.asks(LeaveWorker(code="007"))
    told = "left already.*not left at all[?] edge-agent workers activate 007$"
    office.refused(LeaveWorker(code="007"), told)
    office.asks(RecordConsent(code="007", text="vi-1", signed=TODAY, paper=True))
    assert office.asks(Enroll(code="007", finger="left-thumb"))["worker"] == "007"
    assert shown(office) == "active"


@pytest.mark.parametrize(
    "request_",
    [
        Enroll(code="007", finger="left-thumb"),
        AddCredential(code="007", method="card", secret="0004242"),
        MakeQr(code="007"),
        RecordConsent(code="007", text="vi-1", signed=TODAY, paper=True),
    ],
)
def test_what_brings_somebody_back_who_has_left_says_so(request_: Any) -> None:
    office = Office("new", "new", "new", "second", "second", "second")
    office.asks(LeaveWorker(code="007"))
    assert office.asks(request_)["back"] is True
    assert shown(office) == "active"
    again: Any = request_
    if isinstance(request_, Enroll):
        again = Enroll(code="007", finger="right-thumb")
    elif isinstance(request_, AddCredential):
        again = AddCredential(code="007", method="card", secret="0004243")
    assert office.asks(again)["back"] is False


@pytest.mark.parametrize(
    ("later", "last_day"),
    [(0, None), (3, TODAY), (70, None)],  # Today needs no --on, and of long ago none is taken.
)
def test_who_brings_somebody_back_is_told_the_day_with_which_that_is_undone(
    later: int, last_day: str | None
) -> None:
    office = Office()
    office.asks(LeaveWorker(code="007"))
    office.site.clock.now += later * DAY_S
    card = AddCredential(code="007", method="card", secret="0004242")
    assert office.asks(card)["last_day"] == last_day
    office.asks(LeaveWorker(code="007", on=last_day))
    assert shown(office).startswith(f"left after {TODAY}" if last_day else "left on ")


def test_a_last_day_that_was_named_is_told_to_whoever_asks_again() -> None:
    office = Office()
    office.asks(LeaveWorker(code="007", on="2026-11-15"))
    office.refused(LeaveWorker(code="007"), "007 has left already, after 2026-11-15, and nothing")
    assert shown(office) == "left after 2026-11-15"


def test_who_has_left_is_entered_by_no_other_command_than_it_is_told() -> None:
    office = Office()
    office.asks(LeaveWorker(code="007"))
    told = f"007 has left already, on {TODAY}.*not left at all[?] edge-agent workers activate 007$"
    office.refused(AddWorker(code="007", name=LAN.name), told)


def test_whoever_leaves_after_a_day_is_told_so_before() -> None:
    office = Office()
    office.asks(LeaveWorker(code="007", on="2026-11-30"))
    assert shown(office) == "active to 2026-11-30"
    office.site.clock.now += 13 * DAY_S
    goes_on(office)
    assert shown(office, "2026-12-01") == "left after 2026-11-30"


def test_who_does_not_agree_any_more_has_not_left() -> None:
    """They go on coming, by a card."""
    office = Office()
    office.asks(WithdrawConsent(code="007"))
    assert shown(office) == "active"
    assert office.site.store.leavings() == {}


def test_payroll_brings_back_whom_its_dates_have_ended() -> None:
    office = Office()
    listed_until(office, TODAY)
    office.site.clock.now += 2 * DAY_S
    goes_on(office)
    assert shown(office, "2026-11-20") == "over since 2026-11-18"
    listed_until(office, "2026-12-31")
    assert shown(office, "2026-11-20") == "active to 2026-12-31"


def test_however_many_have_left_the_evidence_is_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of it, for it is known by the entry; every status asks, and the gate's thread."""
    office, codes = Office(), [f"NV{number:02}" for number in range(50)]
    with office.site.store.changing() as change:
        for number, code in enumerate(codes, 1000):
            change.put_worker(Worker(code=code, name="Lò"))
            change.put_erased(
                ErasedWorker(ledger="f" * 32, seq=number, worker=code, kind="worker.left")
            )
        change.put_consent(Consent(worker="NV08", text="vi-1", text_hash=bytes(32), signed=TODAY))
        evidence = Evidence(finger="right-index", slot=1, generation=1, score=90)
        change.put_opening(1, Opening(worker="NV07", evidence=evidence, salt=bytes(16)))
    asked: list[str] = []
    rows = StoreConnection.rows

    def counted(connection: StoreConnection, sql: str, *parameters: Any) -> list[Any]:
        asked.append(sql)
        return rows(connection, sql, *parameters)

    monkeypatch.setattr(StoreConnection, "rows", counted)
    assert [*office.site.store.leavings()] == [
        code for code in codes if code not in ("NV07", "NV08")
    ]
    assert sum("evidence_openings" in sql for sql in asked) == 1
    assert len(asked) < 10


@pytest.mark.parametrize(
    ("dates", "leaving", "today", "told", "expected"),
    [
        (("2026-11-01", None), None, TODAY, "active from 2026-11-01", True),
        (("2026-12-01", None), None, TODAY, "not before 2026-12-01", True),
        (("2026-12-01", None), None, None, "active from 2026-12-01", True),
        ((None, "2026-11-17"), None, TODAY, "over since 2026-11-17", False),
        ((None, "2026-11-17"), None, None, "active to 2026-11-17", True),
        ((None, TODAY), None, TODAY, "active to 2026-11-18", True),
        ((None, "2026-12-31"), "2026-11-30", TODAY, "active to 2026-11-30", True),
        ((None, "2026-11-20"), "2026-11-30", TODAY, "active to 2026-11-20", True),
        (("2026-11-01", None), "2026-11-30", TODAY, "active from 2026-11-01 to 2026-11-30", True),
    ],
)
def test_dates_are_told_by_the_day_that_it_is(
    dates: tuple[str | None, str | None],
    leaving: str | None,
    today: str | None,
    told: str,
    expected: bool,
) -> None:
    use(ENGLISH)
    listed = Employment(active=True, valid_from=dates[0], valid_to=dates[1])
    worker = Worker(code="007", name="Lan", listed=listed)
    planned: Any = WorkerLeaving(left=False, after=leaving) if leaving else None
    assert state_of(worker, planned, today) == told
    assert is_expected(worker, planned, today) is expected


def test_a_leaving_that_is_planned_stands_in_the_ledger_and_may_be_dropped() -> None:
    office = Office()
    store = office.site.store
    for day in ("2026-11-30", "2026-11-30", "2026-12-05"):
        assert office.asks(LeaveWorker(code="007", on=day))["after"] == day
    planned = [one for one in store.data() if one["kind"] == "worker.leave-planned"]
    assert [(one["worker"], one["last_day"]) for one in planned] == [
        ("007", "2026-11-30"),
        ("007", "2026-12-05"),
    ]
    assert {one["actor"] for one in planned} == {"uid:1000"}
    told = office.asks(ActivateWorker(code="007"))
    assert (told["dropped"], told["leaves_after"]) == ("2026-12-05", None)
    assert store.data()[-1]["kind"] == "worker.leave-dropped"
    assert store.data()[-1]["actor"] == "uid:1000"
    office.site.clock.now += 30 * DAY_S
    goes_on(office)
    assert store.leavings() == {}
    assert LANS.slot in office.sensor.templates
    office.refused(ActivateWorker(code="007"), "is active already")


def test_who_is_refused_and_is_to_leave_is_brought_back_in_two_steps() -> None:
    office = Office()
    office.asks(LeaveWorker(code="007", on="2026-11-30"))
    office.asks(DeactivateWorker(code="007"))
    told = office.asks(ActivateWorker(code="007"))
    assert (told["active"], told["dropped"], told["leaves_after"]) == (True, None, "2026-11-30")
    assert office.asks(ActivateWorker(code="007"))["dropped"] == "2026-11-30"


def test_whoever_may_plan_a_leaving_may_drop_it() -> None:
    office = Office()
    store = office.site.store
    office.refused(DropLeave(code="007"), "Nothing is planned for 007")
    office.asks(DeactivateWorker(code="007"))
    office.asks(LeaveWorker(code="007", on="2026-11-30"))
    told = office.asks(DropLeave(code="007"))
    assert (told["dropped"], told["active"]) == ("2026-11-30", False)  # Only the leaving.
    assert store.leavings() == {}
    assert (store.data()[-1]["kind"], store.data()[-1]["actor"]) == (
        *("worker.leave-dropped", "uid:1000"),
    )
    assert DropLeave.command == LeaveWorker.command  # By which the roles are looked up.
    office.refused(DropLeave(code="007"), "Nothing is planned for 007")


@pytest.mark.parametrize("deactivated", [False, True])
def test_who_has_left_is_back_by_a_person_s_word_until_they_leave_again(deactivated: bool) -> None:
    office = Office()
    store = office.site.store
    if deactivated:
        office.asks(DeactivateWorker(code="007"))
    office.asks(RenameWorker(code="007", name="Lan Anh", force=True))
    for again in range(2):
        office.asks(LeaveWorker(code="007", on="2026-11-10" if again else None))
        office.asks(RenameWorker(code="007", name="Lan", force=True))
        assert store.leavings()["007"].left  # A name that is corrected says nothing of that.
        told = office.asks(ActivateWorker(code="007"))
        assert (told["back"], told["active"], told["fingers"]) == (True, True, [])
        assert told["last_day"] == ("2026-11-10" if again else None)
        assert store.leavings() == {}
        assert store.returns() == {
            one["seq"] for one in store.data() if one["kind"] == "worker.leave-dropped"
        }
        assert shown(office) == "active"
        office.refused(ActivateWorker(code="007"), "is active already")
    assert not store.has_anything_of("007")


@pytest.mark.parametrize("request_", [LeaveWorker(code="007"), WithdrawConsent(code="007")])
def test_nothing_that_has_begun_is_dropped(request_: Any) -> None:
    """Within a term as well: the fingers are not used any more."""
    office = with_term(3)
    office.asks(LeaveWorker(code="007", on="2026-11-30"))
    office.asks(request_)
    office.refused(ActivateWorker(code="007"), "007")
    office.refused(DropLeave(code="007"), "Nothing is planned for 007")
    assert office.site.store.stopped() == {"007"}


@pytest.mark.parametrize("days", [0, 3])
def test_who_has_withdrawn_is_that_until_they_agree(days: int) -> None:
    office = with_term(days)
    store = office.site.store
    assert store.withdrawn() == {}
    office.asks(RecordConsent(code="007", text="vi-1", signed=TODAY, paper=True))
    office.asks(WithdrawConsent(code="007"))
    assert store.withdrawn().keys() == {"007"}
    told = {one["code"]: one["withdrawn"] for one in office.asks(AskPeople(after=""))["people"]}
    assert told == {"007": True, "008": False}
    if days:
        office.asks(WithdrawConsent(code="007"))
    assert store.withdrawn().keys() == {"007"}
    with store.changing() as change:  # As an earlier version would have done.
        change.put_print(Print(worker="007", finger="left-thumb", slot=9, generation=1), bytes(32))
    assert store.withdrawn().keys() == {"007"}
    office.asks(RecordConsent(code="007", text="vi-1", signed=TODAY, paper=True))
    assert store.withdrawn() == {}
    office.asks(LeaveWorker(code="007"))
    assert store.withdrawn() == {}  # They have left: another reason.


def test_who_has_withdrawn_is_not_enrolled_until_they_agree_again() -> None:
    """Also at a gate that asks nobody for a consent, as this one."""
    office = Office("new", "new", "new")
    store = office.site.store
    office.asks(WithdrawConsent(code="007"))
    wanted = Enroll(code="007", finger="left-thumb")
    office.refused(wanted, f"007 has withdrawn their consent, on {TODAY}.*consent print 007")
    assert store.withdrawn() == {"007": TODAY}
    assert store.data()[-1]["kind"] == "worker.erased"
    office.asks(RecordConsent(code="007", text="vi-1", signed=TODAY, paper=True))
    office.asks(wanted)
    assert [one.finger for one in store.prints() if one.worker == "007"] == ["left-thumb"]


def test_a_paper_from_before_a_withdrawal_does_not_undo_it() -> None:
    office = Office()
    office.asks(WithdrawConsent(code="007"))
    entries = len(office.site.store.data())
    for text in ("2026-11-17", "17/11/2026"):
        old = RecordConsent(code="007", text="vi-1", signed=text, paper=True)
        office.refused(old, f"007 has withdrawn their consent on {TODAY}; a paper signed on")
    assert len(office.site.store.data()) == entries
    assert office.site.store.withdrawn() == {"007": TODAY}


@pytest.mark.parametrize("days", [0, 3])
def test_when_somebody_withdrew_is_not_forgotten_for_what_is_planned(days: int) -> None:
    office = with_term(days)
    office.asks(WithdrawConsent(code="007"))
    if days:
        office.asks(WithdrawConsent(code="007"))
    office.asks(LeaveWorker(code="007", on="2026-11-30"))
    assert office.site.store.withdrawn() == {"007": TODAY}
    office.refused(WithdrawConsent(code="007"), f"has withdrawn already, on {TODAY}")


@pytest.mark.parametrize("days", [0, 3])
def test_by_a_clock_that_is_not_set_no_day_is_told(days: int) -> None:
    office = with_term(days)
    office.site.clock.state = ClockState.UNSYNCED
    office.asks(WithdrawConsent(code="007"))
    office.asks(LeaveWorker(code="008"))
    store = office.site.store
    assert store.withdrawn() == {"007": None}
    assert store.leavings() == {"008": WorkerLeaving(left=True, since=None)}
    office.refused(WithdrawConsent(code="007"), "has withdrawn already, on a day that is not known")
    office.refused(LeaveWorker(code="008"), "008 has left already, and nothing")


def test_a_day_outlives_its_entry_where_the_term_says_it() -> None:
    office = with_term(3)
    office.asks(WithdrawConsent(code="007"))
    with office.site.store.changing() as change:
        change._database.conn.execute("DELETE FROM ledger WHERE kind = 'consent.withdrawn'")
    assert office.site.store.withdrawn() == {"007": TODAY}


def test_whose_leaving_gate_and_payroll_tell_otherwise_is_named() -> None:
    office = Office()
    store = office.site.store

    def told(active: bool, first: str | None = None, last: str | None = None) -> Leavers:
        listed = Employment(active=active, valid_from=first, valid_to=last)
        with store.changing() as change:
            change.put_worker(structs.replace(LAN, listed=listed))
        return disputed_leavers(store, TODAY)

    here, there, neither = Leavers(left_here=["007"]), Leavers(left_at_payroll=["007"]), Leavers()
    assert told(True) == neither
    assert told(False) == there
    office.asks(LeaveWorker(code="007", on="2026-11-30"))
    assert told(False) == neither
    office.asks(LeaveWorker(code="007"))
    assert told(False) == neither
    assert told(True) == told(True, TODAY, TODAY) == here
    assert told(True, "2026-11-19") == told(True, None, "2026-11-17") == neither
    assert disputed_leavers(store, None) == here  # By no clock that is believed is it over.
    assert glance(store, 0, ZONE)["left_here"] == ["007"]


@pytest.mark.parametrize("days", [0, 3])
def test_who_has_withdrawn_and_left_is_enrolled_by_a_new_consent_alone(days: int) -> None:
    """To leave after a withdrawal took its place: whoever was back was enrolled without a word."""
    office = with_term(days)
    used(office)
    store, wanted = office.site.store, Enroll(code="007", finger="left-thumb")
    office.asks(WithdrawConsent(code="007"))
    office.asks(LeaveWorker(code="007"))
    assert (store.withdrawn(), store.leavings()["007"].left) == ({"007": TODAY}, True)
    assert store.kinds().count("worker.left") == 1
    office.refused(wanted, "007 has withdrawn their consent")
    office.asks(RecordConsent(code="007", text="vi-1", signed=TODAY, paper=True))
    assert (store.withdrawn(), store.leavings()) == ({}, {})
    office.asks(LeaveWorker(code="007"))
    if days:
        office.asks(LeaveWorker(code="007"))
    assert store.withdrawn() == {}  # They had agreed anew.
    assert store.leavings()["007"].left


def test_who_withdraws_within_the_term_of_their_leaving_has_done_both() -> None:
    office = with_term(3)
    used(office)
    store = office.site.store
    office.asks(LeaveWorker(code="007"))
    office.asks(WithdrawConsent(code="007"))
    assert (store.withdrawn(), store.leavings()["007"].left) == ({"007": TODAY}, True)
    office.refused(Enroll(code="007", finger="left-thumb"), "007 has withdrawn their consent")
    office.asks(RecordConsent(code="007", text="vi-1", signed=TODAY, paper=True))
    assert (store.withdrawn(), store.leavings()) == ({}, {})


def test_the_end_of_the_term_of_a_withdrawal_is_no_leaving() -> None:
    office = with_term(3)
    used(office)
    office.asks(WithdrawConsent(code="007"))
    office.site.clock.now += 7 * 86_400.0
    Eraser(office.site.gate, office.sensor, office.pairing).go_on(usable=True)
    assert "worker.erased" in office.site.store.kinds()
    assert "worker.left" not in office.site.store.kinds()


@pytest.mark.parametrize("days", [0, 3])
def test_the_last_day_that_was_said_is_kept_also_where_its_entry_is_not(days: int) -> None:
    """As after the gate's id was changed: the entry is in the ledger that was left."""
    office = with_term(days)
    office.asks(LeaveWorker(code="007", on="2026-11-16"))
    if days:
        office.asks(LeaveWorker(code="007"))
    store = office.site.store
    left = WorkerLeaving(left=True, since=TODAY, last_day="2026-11-16")
    [entry] = [data for data in store.data() if data["kind"] == "worker.left"]
    assert (entry["last_day"], store.leavings()) == ("2026-11-16", {"007": left})
    with store.changing() as change:
        change._database.conn.execute("DELETE FROM ledger WHERE kind = 'worker.left'")
    assert store.leavings() == {"007": left}


def test_by_a_clock_that_is_not_set_the_certificate_says_so() -> None:
    office = with_term(0)
    used(office)
    office.site.clock.state = ClockState.UNSYNCED
    office.asks(LeaveWorker(code="007"))
    store = office.site.store
    [*_, made] = certificates_of(store, "007")
    assert (made.read().sure, made.read().is_sure("begun")) == ([], False)
    carried = Carried(document=made.document, seq=1, name="Lan", language="en", version="0")
    assert certificate_page(carried).count("which was not set then") == 2
    with store.changing() as change:
        change._database.conn.execute("DELETE FROM ledger WHERE kind = 'worker.left'")
    assert store.leavings() == {"007": WorkerLeaving(left=True)}


def test_a_planned_leaving_was_not_erased_again() -> None:
    office = with_term(0)
    store = office.site.store
    with store.changing() as change:
        change.put_erased(ErasedWorker(ledger="before", seq=3, worker="007", kind="worker.left"))
    office.asks(LeaveWorker(code="007", on="2026-11-30"))
    office.site.clock.now += 20 * DAY_S
    goes_on(office)
    assert store.kinds().count("worker.left") == 1
    assert erased_again(store) == []
    Eraser(office.site.gate, office.sensor, office.pairing).begin(
        "008", WorkerLeft(worker="008", actor="gate")
    )
    with store.changing() as change:
        change.put_erased(ErasedWorker(ledger="before", seq=4, worker="008", kind="worker.left"))
    assert erased_again(store) == ["008"]
