"""A database, a copy of the people or a module from before an erasure: what was erased stays so."""

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.contract.messages import Erased, ErasedWorker
from edge_agent.contract.people import Print
from edge_agent.contract.people_facts import ConsentWithdrawn, PrintEnrolled
from edge_agent.gate.events import Outcome
from edge_agent.gate.host.host_identity import HostIdentity
from edge_agent.gate.ledger.damage.rescue_people import rescue_people
from edge_agent.gate.ledger.glance import erased_again
from edge_agent.gate.ledger.store.backup import backup
from edge_agent.gate.ledger.store.metadata import ERASURES_UNKNOWN
from edge_agent.gate.ledger.store.people_snapshot import read, snapshot_of
from edge_agent.gate.people.erase import ErasedInbox, Eraser
from edge_agent.gate.people.requests import RecordConsent, TellErased, WithdrawConsent
from edge_agent.gate.sensor.pairing import digest
from tests.gate.fakes import LANS, LANS_FINGER, template_of
from tests.gate.ledger.ledgers import later
from tests.gate.ledger.old_copies import HERE, made, open_at, start

from .test_erase import found, pressed, used
from .test_requests import Office

OTHER_CARD = HostIdentity(board=HERE.board, card={"cid": "c2"})


def erased_since(folder: Path) -> tuple[Path, ErasedWorker]:
    """A gate of which a copy was made, after which NV002 has withdrawn."""
    ledger = made(folder)
    copy = folder / "copy.db"
    backup(folder / "gate.db", copy)
    with closing(open_at(folder)) as store, store.changing() as change:
        change.erase_worker("NV002")
        entry = change.append(ConsentWithdrawn(worker="NV002", actor="uid:0"), later(9000))
        one = ErasedWorker(ledger=ledger, seq=entry.seq, worker="NV002", kind="consent.withdrawn")
        change.put_erased(one)
    return copy, one


def test_a_copy_put_in_the_database_s_place_owes_what_lies_beside_it(tmp_path: Path) -> None:
    copy, one = erased_since(tmp_path)
    shutil.copyfile(copy, tmp_path / "gate.db")
    start(tmp_path)
    with closing(open_at(tmp_path)) as store:
        assert store.owed() == [one]
        assert store.remembered(ERASURES_UNKNOWN) is None
    start(tmp_path)  # It is known for good: the file beside the database is a new one by now.
    with closing(open_at(tmp_path)) as store:
        assert store.owed() == [one]


@pytest.mark.parametrize("here", [HERE, OTHER_CARD])
def test_where_nothing_later_lies_beside_it_the_gate_asks(
    here: HostIdentity, tmp_path: Path
) -> None:
    copy, _ = erased_since(tmp_path)
    shutil.copyfile(copy, tmp_path / "gate.db")
    snapshot_of(tmp_path / "gate.db").unlink()
    start(tmp_path, here)
    with closing(open_at(tmp_path)) as store:
        assert store.owed() == []
        assert store.remembered(ERASURES_UNKNOWN) is not None


def test_what_lies_beside_it_may_not_know_all_either(tmp_path: Path) -> None:
    made(tmp_path)
    copy = tmp_path / "copy.db"
    backup(tmp_path / "gate.db", copy)
    start(tmp_path, OTHER_CARD)
    snapshot = read(tmp_path / "gate.db")
    assert snapshot is not None
    assert snapshot.asks == "cloned-card"
    with closing(open_at(tmp_path)) as store, store.changing() as change:
        change.settle_unknown()
    snapshot = read(tmp_path / "gate.db")
    assert snapshot is not None
    assert snapshot.asks is None


def test_a_card_that_was_set_back_whole_is_no_proof(tmp_path: Path) -> None:
    made(tmp_path)
    start(tmp_path, OTHER_CARD)
    with closing(open_at(tmp_path)) as store:
        assert store.remembered(ERASURES_UNKNOWN) == "cloned-card"


def test_a_raw_copy_under_the_same_ledger_owes_it_too(tmp_path: Path) -> None:
    made(tmp_path)
    shutil.copyfile(tmp_path / "gate.db", tmp_path / "raw")
    (tmp_path / "raw").rename(tmp_path / "kept")
    with closing(open_at(tmp_path)) as store, store.changing() as change:
        change.erase_worker("NV002")
        entry = change.append(ConsentWithdrawn(worker="NV002", actor="uid:0"), later(9000))
        one = ErasedWorker(
            ledger=store.ledger, seq=entry.seq, worker="NV002", kind="consent.withdrawn"
        )
        change.put_erased(one)
    (tmp_path / "kept").rename(tmp_path / "gate.db")
    start(tmp_path)
    with closing(open_at(tmp_path)) as store:
        assert store.owed() == [one]


def damage(database: Path) -> None:
    """Where SQLite keeps which tables there are: none can be read any more."""
    with database.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(300))


def test_who_came_back_is_not_erased_again_where_a_page_has_died(tmp_path: Path) -> None:
    """The people of a damaged database come from beside it, as they were after their erasures."""
    _, one = erased_since(tmp_path)
    back = Print(worker="NV002", finger="left-index", slot=5, generation=1)
    with closing(open_at(tmp_path)) as store, store.changing() as change:
        change.put_print(back, bytes(32))
        change.append(
            PrintEnrolled(worker="NV002", finger="left-index", slot=5, generation=1, actor="uid:0"),
            later(9001),
        )
    damage(tmp_path / "gate.db")
    start(tmp_path)
    with closing(open_at(tmp_path)) as store:
        assert store.owed() == []
        assert store.erased() == [one]
        assert back in store.prints()


def test_what_was_still_owed_is_so_where_a_page_has_died(tmp_path: Path) -> None:
    copy, one = erased_since(tmp_path)
    shutil.copyfile(copy, tmp_path / "gate.db")
    start(tmp_path)
    damage(tmp_path / "gate.db")
    start(tmp_path)
    with closing(open_at(tmp_path)) as store:
        assert store.owed() == [one]


def test_an_older_copy_of_the_people_is_not_believed(tmp_path: Path) -> None:
    made(tmp_path)
    snapshot = read(tmp_path / "gate.db")
    assert snapshot is not None
    said = [{"kind": "consent.withdrawn", "worker": "NV002", "seq": snapshot.seq + 1}]
    rescued = rescue_people({}, False, said, snapshot)
    assert [row["worker"] for row in rescued.rows["prints"]] == []
    assert len(rescue_people({}, False, [], snapshot).rows["prints"]) == 3


def owing(office: Office) -> ErasedWorker:
    one = ErasedWorker(ledger="an-older-one", seq=40, worker="007", kind="worker.left")
    with office.site.store.changing() as change:
        change.owe([one])
    return one


def test_what_is_owed_is_done_again_and_once() -> None:
    office = Office()
    traces = used(office)
    one = owing(office)
    eraser = Eraser(office.site.gate, office.sensor, office.pairing)
    assert erased_again(office.site.store) == []
    eraser.turn(usable=False, beat=lambda: None)
    assert pressed(office).outcome is Outcome.UNKNOWN
    assert found(office, traces) == set()
    eraser.turn(usable=True, beat=lambda: None)  # Not a minute later: the sensor is back.
    assert LANS.slot not in office.sensor.templates
    assert office.site.store.owed() == []
    assert erased_again(office.site.store) == [one.worker]
    said = office.site.store.kinds()
    assert said[-4:] == ["worker.left", "attempt.refused", "print.erased", "worker.erased"]
    owing(office)
    assert office.site.store.owed() == []
    assert one in office.site.store.erased()


def test_the_day_of_doing_it_again_is_not_the_day_of_their_withdrawing() -> None:
    office = Office()
    with office.site.store.changing() as change:
        change.owe([ErasedWorker(ledger="x", seq=1, worker="007", kind="consent.withdrawn")])
    Eraser(office.site.gate, office.sensor, office.pairing).go_on(usable=True)
    assert "consent.withdrawn" in office.site.store.kinds()
    assert office.site.store.withdrawn() == {"007": None}


def test_of_whom_nothing_came_back_no_entry_is_written() -> None:
    office = Office()
    with office.site.store.changing() as change:
        change.owe([ErasedWorker(ledger="x", seq=1, worker="0099", kind="worker.left")])
    Eraser(office.site.gate, office.sensor, office.pairing).go_on(usable=True)
    assert (office.site.store.kinds(), office.site.store.owed()) == ([], [])


def test_a_module_that_was_set_back_is_erased_again() -> None:
    office = Office()
    used(office)
    assert office.asks(WithdrawConsent(code="007"))["done"]
    office.sensor.templates[LANS.slot] = LANS_FINGER
    office.sensor.templates[7] = "somebody's, whom this gate never knew"
    eraser = Eraser(office.site.gate, office.sensor, office.pairing)
    eraser.turn(usable=True, beat=lambda: None)
    assert LANS.slot not in office.sensor.templates
    assert 7 in office.sensor.templates
    assert office.site.store.kinds()[-1] == "print.erased"
    assert office.site.store.announced() == []


def test_a_person_says_whose_erasures_are_not_known() -> None:
    office = Office()
    traces = used(office)
    office.refused(TellErased(codes=["007"]), "nothing is asked")
    office.site.store.remember(ERASURES_UNKNOWN, "cloned-card")
    office.refused(TellErased(), "or --nobody")
    office.refused(TellErased(codes=["007"], nobody=True), "or --nobody")
    office.refused(TellErased(codes=["0815"]), "There is no worker")
    assert office.asks(TellErased(codes=["007"])) == {"workers": ["007"], "done": True}
    assert found(office, traces) == set()
    assert LANS.slot not in office.sensor.templates
    assert office.site.store.remembered(ERASURES_UNKNOWN) is None
    assert "erasures.known" in office.site.store.kinds()


def test_nobody_was_erased_since() -> None:
    office = Office()
    office.site.store.remember(ERASURES_UNKNOWN, "forked")
    assert office.asks(TellErased(nobody=True)) == {"workers": [], "done": True}
    assert office.site.store.kinds() == ["erasures.known"]
    assert office.site.store.finger_of(digest(template_of(LANS_FINGER)))


def told(*workers: str, more: bool = False) -> Erased:
    refs = [
        ErasedWorker(ledger="an-older-one", seq=int(code), worker=code, kind="worker.left")
        for code in workers
    ]
    return Erased(id="1", ledger="this-one", erased=refs, more=more)


def heard(office: Office, *messages: Erased) -> None:
    inbox = ErasedInbox()
    eraser = Eraser(office.site.gate, office.sensor, office.pairing, inbox)
    eraser.turn(usable=True, beat=lambda: None)
    for message in messages:
        inbox.put(message)
    eraser.turn(usable=True, beat=lambda: None)


def test_payroll_tells_a_gate_that_asks() -> None:
    office = Office()
    traces = used(office)
    office.site.store.remember(ERASURES_UNKNOWN, "cloned-card")
    heard(office, told("007", more=True), told("0099"))
    assert found(office, traces) == set()
    assert LANS.slot not in office.sensor.templates
    assert office.site.store.remembered(ERASURES_UNKNOWN) is None
    [known] = [one for one in office.site.store.data() if one["kind"] == "erasures.known"]
    assert (known["workers"], known["actor"]) == (2, "payroll")


def test_whoever_sends_commands_erases_nobody() -> None:
    """At a gate that knows its erasures, or once it was told."""
    office = Office()
    heard(office, told("007"))
    assert office.site.store.owed() == []
    assert LANS.slot in office.sensor.templates
    office.site.store.remember(ERASURES_UNKNOWN, "cloned-card")
    heard(office, told("007"))
    assert LANS.slot in office.sensor.templates
    assert office.site.store.kinds() == ["erasures.known"]


def test_who_has_agreed_since_is_here_anew() -> None:
    office = Office()
    office.site.store.remember(ERASURES_UNKNOWN, "cloned-card")
    office.asks(RecordConsent(code="007", text="vi-1", signed="2026-11-18", paper=True))
    heard(office, told("007"))
    assert LANS.slot in office.sensor.templates
    assert office.site.store.owed() == []
