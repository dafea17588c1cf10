"""What is kept for a time: it goes when that is over and not a day before, and is counted."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from edge_agent.contract.facts import GateAlive
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.gate.consents import Consent
from edge_agent.gate.errors import DamagedLedger
from edge_agent.gate.events import Outcome, PanelShown
from edge_agent.gate.ledger.expire import Expirer
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.papers.retention import retention
from edge_agent.gate.people.requests import CloseClaim, OpenClaim
from edge_agent.gate.rules import Match
from edge_agent.gate.settings.load import read_settings
from edge_agent.gate.settings.schema import PrivacySettings
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import HOAS, LANS, ZONE, Site
from tests.gate.people.asking import ask

DAY_S = 86_400
MONTH_S = 31 * DAY_S
KEPT = PrivacySettings()


@pytest.fixture
def site() -> Site:
    return Site()


def pressed(site: Site, slot: int = LANS.slot) -> PanelShown:
    Credit(site.gate, site.panel, lambda: False).match(Match(slot, 90), site.clock.stamp())
    return [event for event in site.events if isinstance(event, PanelShown)][-1]


def expire(site: Site, turns: int = 1, kept: PrivacySettings = KEPT) -> list[dict[str, Any]]:
    """What the ledger says of so many quiet minutes."""
    before = site.store.tail().seq
    expirer = Expirer(site.gate, kept)
    for _ in range(turns):
        expirer.turn(quiet_s=60.0)
        site.clock.now += 60
    return [data for data in site.store.data() if data["seq"] > before]


def counted(entry: dict[str, Any]) -> tuple[str, int, int, int]:
    assert entry["claims"] == 0
    return entry["kind"], entry["evidence"], entry["attempts"], entry["consents"]


def test_evidence_stays_its_months_and_then_goes(site: Site) -> None:
    for _ in range(3):
        assert pressed(site).outcome is Outcome.RECORDED
        site.clock.now += DAY_S
    salts = [one.salt for one in site.store.openings(1, 10).values()]
    site.clock.now += 13 * MONTH_S - 3 * DAY_S - 1
    assert expire(site) == []
    assert site.store.count_openings() == 3

    site.clock.now += DAY_S + 2
    [entry] = expire(site, turns=5)
    assert counted(entry) == ("retention.applied", 2, 0, 0)
    assert list(site.store.openings(1, 10)) == [3]
    assert verify_ledger(site.store) == site.store.tail()
    path = site.store._connection.path
    left = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert [salt in left for salt in salts] == [False, False, True]


def test_whose_a_refused_touch_was_is_no_entry_and_goes_earlier(site: Site) -> None:
    assert pressed(site, HOAS.slot).outcome is Outcome.REFUSED
    assert pressed(site).outcome is Outcome.RECORDED
    [refused, _] = site.store.data()
    assert (refused["worker"], refused["reason"]) == (None, "deactivated")
    assert b'"008"' not in site.store.all[0].wire
    assert site.store.attempts(1, 9)[1].worker == "008"
    assert refused["worker_hash"] == site.store.attempts(1, 9)[1].hash
    assert verify_ledger(site.store).seq == 2

    site.clock.now += 3 * MONTH_S + DAY_S
    [entry] = expire(site)
    assert counted(entry) == ("retention.applied", 0, 1, 0)
    assert (site.store.count_attempts(), site.store.count_openings()) == (0, 1)


def test_whose_it_was_cannot_be_changed_unnoticed(site: Site) -> None:
    pressed(site, HOAS.slot)
    site.store.sql("UPDATE attempt_openings SET worker = '007'")
    with pytest.raises(DamagedLedger, match="1"):
        verify_ledger(site.store)


def consented(site: Site) -> None:
    consent = Consent(worker="007", text="vi-1", text_hash=b"h" * 32, signed="2026-11-18")
    with site.store.changing() as change:
        change.put_consent(consent)
        change.end_consent("007", "2026-11-18")


def test_nothing_goes_by_a_battery_s_clock(site: Site) -> None:
    pressed(site)
    site.clock.now += 14 * MONTH_S
    site.clock.lives_on_a_battery()
    assert expire(site) == []
    site.clock.state = ClockState.SYNCED
    assert expire(site) != []


def test_the_record_of_a_consent_outlives_it(site: Site) -> None:
    consented(site)
    site.clock.now += 3 * 366 * DAY_S - DAY_S
    assert expire(site) == []
    site.clock.now += 2 * DAY_S
    [entry] = expire(site)
    assert counted(entry) == ("retention.applied", 0, 0, 1)
    assert site.store.ended_consents() == []


def test_what_was_asked_for_goes_after_it_was_answered(site: Site) -> None:
    ask(site.gate, OpenClaim(code="007", what="access"))
    ask(site.gate, OpenClaim(code="008", what="access"))
    ask(site.gate, CloseClaim(number=1))
    site.clock.now += 3 * 366 * DAY_S - DAY_S
    assert expire(site) == []
    site.clock.now += 2 * DAY_S
    [entry] = expire(site)
    assert (entry["kind"], entry["claims"]) == ("retention.applied", 1)
    assert [one.worker for one in site.store.claims()] == ["008"]


def test_one_that_ended_while_nobody_knew_the_day_counts_from_when_it_is_known(site: Site) -> None:
    consented(site)
    site.store.sql("UPDATE ended_consents SET ended = NULL")
    assert expire(site) == []
    [one] = site.store.ended_consents()
    assert one.ended == "2026-11-18"


class Lost(Site):
    """A gate that does not know the time."""

    def __init__(self) -> None:
        super().__init__()
        known = self.clock.stamp

        def stamp() -> Stamp:
            return structs.replace(known(), state=ClockState.UNSYNCED, uncertainty_ms=None)

        self.know = lambda: setattr(self.clock, "stamp", known)
        self.clock.stamp = stamp  # type: ignore[method-assign]


def test_a_gate_that_does_not_know_the_time_removes_nothing() -> None:
    site = Lost()
    site.know()
    pressed(site)
    site.clock.now += 100 * MONTH_S
    lost = Lost()
    site.clock.stamp = lost.clock.stamp  # type: ignore[method-assign]
    assert expire(site) == []
    assert site.store.count_openings() == 1


def test_a_press_without_a_time_stays_until_a_later_one_is_old() -> None:
    site = Lost()
    pressed(site)
    site.know()
    site.clock.now += 14 * MONTH_S
    site.gate.record(GateAlive(recording=True, version="0"))
    assert expire(site) == []
    site.clock.now += 14 * MONTH_S
    [entry] = expire(site)
    assert counted(entry) == ("retention.applied", 1, 0, 0)


def test_only_where_nobody_has_pressed_for_a_minute_and_once_a_day(site: Site) -> None:
    pressed(site)
    site.clock.now += 14 * MONTH_S
    expirer = Expirer(site.gate, KEPT)
    expirer.turn(quiet_s=59.0)
    assert site.store.count_openings() == 1
    expirer.turn(quiet_s=60.0)
    assert site.store.count_openings() == 0
    site.clock.now += 60
    expirer.turn(quiet_s=60.0)
    # Nothing was left a minute later: the next look is in a day.
    with closing(sqlite3.connect(site.store._connection.path)) as other:
        other.execute("INSERT INTO attempt_openings VALUES (1, '008', x'00')")
        other.commit()
    site.clock.now += 3600
    expirer.turn(quiet_s=60.0)
    assert site.store.count_attempts() == 1
    site.clock.now += DAY_S
    expirer.turn(quiet_s=60.0)
    assert site.store.count_attempts() == 0


def test_a_year_that_nobody_removed_goes_in_pieces(site: Site) -> None:
    for _ in range(1200):
        assert pressed(site).outcome is Outcome.RECORDED
        site.clock.now += 3600
    site.clock.now += 14 * MONTH_S
    entries = expire(site, turns=6)
    assert sum(entry["evidence"] for entry in entries) == 1200
    assert max(entry["evidence"] for entry in entries) <= 600
    assert site.store.count_openings() == 0


def test_what_is_told_beforehand_is_what_happens(site: Site) -> None:
    """Not before the day that ``privacy retention`` names, and by the end of the next."""
    pressed(site)
    pressed(site, HOAS.slot)
    settings = read_settings(b'[gate]\nid = "main-gate"\n', Path("/edge-agent.toml"))
    rows = {row.what: row for row in retention(site.store, settings, ZONE)}
    fingers, evidence, attempts = (rows[what] for what in ("fingers", "evidence", "attempts"))
    assert (fingers.held, fingers.months, fingers.next) == (2, None, None)
    assert (evidence.held, evidence.months) == (1, 13)
    assert (attempts.held, attempts.months) == (1, 3)
    for row, count in (
        (attempts, site.store.count_attempts),
        (evidence, site.store.count_openings),
    ):
        assert row.next is not None
        day = datetime.fromisoformat(row.next).replace(tzinfo=ZONE).timestamp()
        site.clock.now = day - 1 - 1_795_000_000
        expire(site)
        assert count() == 1
        site.clock.now = day + DAY_S - 1_795_000_000
        expire(site)
        assert count() == 0


def test_a_refusal_of_nobody_known_commits_to_nobody(site: Site) -> None:
    pressed(site, 7)
    assert "worker_hash" not in site.store.data()[-1]
    assert site.store.count_attempts() == 0
