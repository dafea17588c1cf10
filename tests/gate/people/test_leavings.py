"""Who has left, or is to, is called so wherever somebody reads of them; no date is forgotten."""

from typing import Any

import pytest

from edge_agent.cli.worker_words import state_of
from edge_agent.contract.language import ENGLISH, use
from edge_agent.contract.people import Employment, Worker
from edge_agent.gate.erasure import Leaving, is_expected
from edge_agent.gate.ledger.glance import glance
from edge_agent.gate.people.requests import (
    ActivateWorker,
    AskPeople,
    DeactivateWorker,
    ImportWorkers,
    LeaveWorker,
    ListedWorker,
    RecordConsent,
    WithdrawConsent,
)
from tests.gate.fakes import LAN, ZONE

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
    office.refused(ActivateWorker(code="007"), "007 has left.*edge-agent enroll 007")
    row = ListedWorker(code="007", name=LAN.name, active=False)  # As an export has them.
    assert office.asks(ImportWorkers(workers=[row]))["unchanged"] == 1
    if days:
        office.asks(LeaveWorker(code="007"))
    office.asks(RecordConsent(code="007", text="vi-1", signed=TODAY, paper=True))
    assert shown(office) == "active"
    office.asks(DeactivateWorker(code="007"))
    assert shown(office) == "deactivated"


def test_whoever_leaves_after_a_day_is_told_so_before() -> None:
    office = Office()
    office.asks(LeaveWorker(code="007", on="2026-11-30"))
    assert shown(office) == "active to 2026-11-30"
    office.site.clock.now += 13 * DAY_S
    goes_on(office)
    assert shown(office, "2026-12-01") == "left on 2026-12-01"


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
    planned: Any = Leaving(left=False, after=leaving) if leaving else None
    assert state_of(worker, planned, today) == told
    assert is_expected(worker, planned, today) is expected
