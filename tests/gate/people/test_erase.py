"""A worker who withdraws or leaves: not recognised from that moment, and found nowhere after it."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from edge_agent.contract.facts import Method
from edge_agent.gate.credentials import Credential
from edge_agent.gate.events import Outcome, PanelShown
from edge_agent.gate.ledger.store.notes import LastBackup, backup_note
from edge_agent.gate.people.erase import Eraser
from edge_agent.gate.people.requests import LeaveWorker, WithdrawConsent
from edge_agent.gate.rules import Match
from edge_agent.gate.sensor.pairing import digest
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import HOAS, LANS, LANS_FINGER, template_of

from .test_requests import ENROLLED, Office

CARD = Credential(worker="007", method=Method.CARD, salt=b"s" * 16, hash=b"\x07card" * 6 + b"ab")


def pressed(office: Office) -> PanelShown:
    site = office.site
    Credit(site.gate, site.panel, lambda: False).match(Match(LANS.slot, 90), site.clock.stamp())
    return [event for event in site.events if isinstance(event, PanelShown)][-1]


def used(office: Office) -> list[bytes]:
    """A worker with a card and a few presses; what stands for them in the files."""
    site = office.site
    with site.store.changing() as change:
        change.put_credential(CARD)
    for _ in range(5):
        site.clock.now += 3600
        assert pressed(office).outcome is Outcome.RECORDED
    traces = [digest(template_of(LANS_FINGER)), CARD.hash]
    traces += [one.salt for one in site.store.openings(1, 100).values()]
    assert len(traces) == 7
    return traces


def found(office: Office, traces: list[bytes]) -> set[str]:
    """The files in which one of them stands, as bytes or in hexadecimal digits."""
    path = office.site.store._connection.path
    both = [*traces, *(trace.hex().encode() for trace in traces)]
    files = path.parent.glob(f"{path.name}*")
    return {file.name for file in files if any(one in file.read_bytes() for one in both)}


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (WithdrawConsent(code="007"), "consent.withdrawn"),
        (LeaveWorker(code="007"), "worker.left"),
    ],
)
def test_nothing_is_left_and_the_ledger_says_so(request_: Any, kind: str) -> None:
    office = Office()
    traces = used(office)
    assert found(office, traces)

    told = office.asks(request_)
    assert (told["done"], told["left"]) == (True, [])
    assert told["erased"] == {"prints": 1, "openings": 5, "credentials": 1}
    assert office.sensor.templates == {HOAS.slot: ENROLLED[HOAS.slot]}
    assert found(office, traces) == set()
    assert office.site.store.kinds()[-3:] == [kind, "print.erased", "worker.erased"]
    assert pressed(office).outcome is Outcome.UNKNOWN
    assert [print_.worker for print_ in office.site.store.prints()] == ["008"]


def test_without_overwriting_it_would_be_found() -> None:
    """The control: the same deletion, by a connection that does not overwrite."""
    office = Office()
    traces = used(office)
    path = office.site.store._connection.path
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA secure_delete=OFF")
        plain.execute("DELETE FROM evidence_openings")
        plain.execute("DELETE FROM credentials")
        plain.commit()
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.name in found(office, traces[1:])


def test_what_an_older_version_left_in_free_room_is_found_and_goes() -> None:
    office = Office()
    traces = used(office)
    path = office.site.store._connection.path
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA secure_delete=OFF")
        plain.execute("CREATE TABLE old (trace BLOB)")
        plain.executemany("INSERT INTO old VALUES (?)", [(trace * 50,) for trace in traces])
        plain.commit()
        plain.execute("DROP TABLE old")
        plain.commit()
    assert office.asks(WithdrawConsent(code="007"))["done"]
    assert found(office, traces) == set()


def test_a_sensor_that_is_away_is_erased_when_it_is_back() -> None:
    office = Office()
    traces = used(office)
    office.connected = None
    told = office.asks(WithdrawConsent(code="007"))
    assert (told["done"], told["left"]) == (False, [LANS.slot])
    assert pressed(office).outcome is Outcome.UNKNOWN
    assert found(office, traces) == set()
    assert LANS.slot in office.sensor.templates

    eraser = Eraser(office.site.gate, office.sensor, office.pairing)
    eraser.turn(usable=False, beat=lambda: None)
    assert office.site.store.kinds()[-1] != "worker.erased"
    office.site.clock.now += 61
    eraser.turn(usable=True, beat=lambda: None)
    assert LANS.slot not in office.sensor.templates
    assert office.site.store.kinds()[-2:] == ["print.erased", "worker.erased"]


def test_a_last_day_that_is_still_to_come() -> None:
    office = Office()
    used(office)
    told = office.asks(LeaveWorker(code="007", on="2099-12-31"))
    assert (told["after"], told["begun"]) == ("2099-12-31", None)
    eraser = Eraser(office.site.gate, office.sensor, office.pairing)
    eraser.go_on(usable=True)
    assert LANS.slot in office.sensor.templates
    office.site.clock.now += 75 * 366 * 86_400
    eraser.go_on(usable=True)
    assert LANS.slot not in office.sensor.templates
    assert office.site.store.kinds()[-1] == "worker.erased"


def test_of_whom_nothing_is_here() -> None:
    office = Office()
    office.asks(WithdrawConsent(code="007"))
    office.refused(WithdrawConsent(code="007"), "has withdrawn already, on")
    office.asks(LeaveWorker(code="007"))
    office.refused(WithdrawConsent(code="007"), "has withdrawn already, on")
    office.refused(LeaveWorker(code="0099"), "0099")
    office.refused(LeaveWorker(code="008", on="soon"), "is not a day")


@pytest.mark.parametrize("copied", [False, True])
def test_whether_copies_of_the_database_hold_it_still_is_told(copied: bool) -> None:
    office = Office()
    store = office.site.store
    if copied:
        made = LastBackup(at=office.site.clock.stamp(), entries=1, same_card=False)
        backup_note.put(store._connection.path, store.ledger, made)
    assert office.asks(LeaveWorker(code="007"))["copied"] is copied
