"""Leaving by payroll's dates, and the term between the last recognised finger and the erasure."""

from typing import Any

import pytest
from msgspec import structs

from edge_agent.contract.people import Employment, Print, Worker
from edge_agent.contract.stamps import ClockState
from edge_agent.gate.erasure import after_working_days, day_before
from edge_agent.gate.events import Outcome
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.people.erase import Eraser
from edge_agent.gate.people.requests import (
    Enroll,
    LeaveWorker,
    RecordConsent,
    WithdrawConsent,
)
from edge_agent.gate.sensor.pairing import digest
from tests.gate.fakes import LAN, LANS, template_of

from .test_erase import found, pressed, used
from .test_requests import Office

DAY_S = 86_400.0
WEDNESDAY = "2026-11-18"
"""What the clock of these tests shows."""


def with_term(days: int) -> Office:
    office = Office()
    site = office.site
    policy = structs.replace(site.gate.policy, erase_within_days=days)
    gate = Recorder(site.store, site.clock, site.events.append, policy)
    site.gate.renew(gate.policy)
    return office


def goes_on(office: Office) -> None:
    Eraser(office.site.gate, office.sensor, office.pairing).go_on(usable=True)


@pytest.mark.parametrize(
    ("day", "days", "end"),
    [
        ("2026-11-18", 0, "2026-11-18"),
        ("2026-11-18", 2, "2026-11-20"),
        ("2026-11-20", 1, "2026-11-23"),
        ("2026-11-18", 5, "2026-11-25"),
        ("2026-11-21", 1, "2026-11-23"),
    ],
)
def test_saturdays_and_sundays_are_no_working_days(day: str, days: int, end: str) -> None:
    assert after_working_days(day, days) == end
    assert day_before("2026-12-01") == "2026-11-30"


@pytest.mark.parametrize("request_", [LeaveWorker(code="007"), WithdrawConsent(code="007")])
def test_within_the_term_nobody_is_recognised_and_then_it_is_done(request_: Any) -> None:
    office = with_term(3)
    traces = used(office)
    told = office.asks(request_)
    assert (told["begun"], told["after"], bool(told["stopped"])) == (None, "2026-11-22", True)
    assert pressed(office).outcome is Outcome.REFUSED
    assert office.site.store.data()[-1]["reason"] == "no-consent"
    leaves = isinstance(request_, LeaveWorker)
    assert bool(office.site.store.credentials()) is not leaves  # A card needs no term.
    office.refused(Enroll(code="007", finger="left-thumb"), "within the term")
    goes_on(office)
    assert LANS.slot in office.sensor.templates

    office.site.clock.now += 5 * DAY_S  # Monday, the third working day.
    goes_on(office)
    assert LANS.slot not in office.sensor.templates
    assert found(office, traces) == set()
    erased = office.site.store.data()[-1]
    assert (erased["kind"], erased["prints"], erased["credentials"]) == ("worker.erased", 1, 1)


def test_whoever_asks_again_is_erased_at_once() -> None:
    office = with_term(5)
    traces = used(office)
    office.asks(LeaveWorker(code="007"))
    office.refused(
        RecordConsent(code="007", text="vi-1", signed=WEDNESDAY, paper=True), "has left, and is"
    )
    office.refused(LeaveWorker(code="007", on="2099-12-31"), "has left, and is")
    assert pressed(office).outcome is Outcome.REFUSED
    assert office.asks(LeaveWorker(code="007"))["done"]
    assert found(office, traces) == set()
    assert office.site.store.kinds().count("worker.left") == 1
    assert office.asks(RecordConsent(code="007", text="vi-1", signed=WEDNESDAY, paper=True))


def listed_until(office: Office, day: str | None, *codes: str) -> None:
    for code in codes or (LAN.code,):
        name = LAN.name if code == LAN.code else f"Tên {code}"
        listed = Employment(active=True, valid_to=day)
        office.site.gate.record_roster(
            [], office.site.store.roster(), [Worker(code=code, name=name, listed=listed)]
        )


def test_payroll_s_last_day_is_over() -> None:
    office = Office()
    traces = used(office)
    listed_until(office, WEDNESDAY)
    goes_on(office)
    assert LANS.slot in office.sensor.templates
    office.site.clock.now += 2 * DAY_S
    goes_on(office)
    assert LANS.slot not in office.sensor.templates
    assert found(office, traces) == set()
    [left] = [one for one in office.site.store.data() if one["kind"] == "worker.left"]
    assert left["actor"] == "payroll"
    before = office.site.store.kinds()
    goes_on(office)
    assert office.site.store.kinds() == before


@pytest.mark.parametrize("by", ["payroll", "a planned day"])
def test_a_battery_s_clock_erases_nobody(by: str) -> None:
    """It may have leapt by two months: who is erased by it does not come back."""
    office = Office()
    used(office)
    if by == "payroll":
        listed_until(office, WEDNESDAY)
    else:
        office.asks(LeaveWorker(code="007", on=WEDNESDAY))
    clock = office.site.clock
    clock.now += 60 * DAY_S
    clock.lives_on_a_battery()
    assert (pressed(office).outcome is Outcome.REFUSED) is (by == "payroll")
    goes_on(office)
    assert LANS.slot in office.sensor.templates
    clock.state = ClockState.SYNCED
    goes_on(office)
    assert LANS.slot not in office.sensor.templates


def test_whoever_is_still_inside_may_go_out_first() -> None:
    office = Office()
    used(office)  # The last press is within the last hours, on that day.
    listed_until(office, WEDNESDAY)
    now = office.site.clock.stamp().wall_ms / 1000
    midnight = (now + 7 * 3600) // DAY_S * DAY_S + DAY_S - 7 * 3600
    office.site.clock.now += midnight - now - 60
    assert pressed(office).outcome is Outcome.RECORDED
    office.site.clock.now += 3600
    goes_on(office)
    assert LANS.slot in office.sensor.templates
    assert pressed(office).outcome is Outcome.RECORDED
    office.site.clock.now += DAY_S
    goes_on(office)
    assert LANS.slot not in office.sensor.templates


def crowd(office: Office, count: int) -> list[str]:
    codes = [f"NV{number:03}" for number in range(count)]
    listed_until(office, None, *codes)
    for number, code in enumerate(codes):
        print_ = Print(worker=code, finger="right-index", slot=100 + number, generation=1)
        office.site.gate.record_enrolment(print_, digest(template_of(code)), "uid:0")
        office.sensor.templates[print_.slot] = code
    return codes


def test_a_wrong_column_takes_five_working_days_and_may_be_mended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    office = Office()
    codes = crowd(office, 12)
    listed_until(office, "1999-12-31", *codes)
    goes_on(office)
    assert "more than half" in caplog.text
    office.site.clock.now += 4 * DAY_S
    goes_on(office)
    assert "worker.left" not in office.site.store.kinds()
    listed_until(office, None, *codes)
    goes_on(office)
    office.site.clock.now += 30 * DAY_S
    goes_on(office)
    assert "worker.left" not in office.site.store.kinds()

    listed_until(office, "1999-12-31", *codes)
    goes_on(office)
    office.site.clock.now += 8 * DAY_S
    goes_on(office)
    assert office.site.store.kinds().count("worker.erased") == 12


def test_a_day_that_was_altered_begins_anew() -> None:
    office = Office()
    used(office)
    listed_until(office, "2026-10-31")
    office.site.store.remember("dates-over", "{no")
    goes_on(office)
    assert LANS.slot not in office.sensor.templates


def test_half_of_a_crowd_goes_at_once() -> None:
    office = Office()
    codes = crowd(office, 30)
    listed_until(office, "2026-10-31", *codes[:12])
    goes_on(office)
    assert office.site.store.kinds().count("worker.erased") == 12
    assert len(office.site.store.prints()) == 20
