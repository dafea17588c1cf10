"""The name of a worker who has left goes where that is asked; the hours stay under the code."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from edge_agent.contract.people import Employment, Worker
from edge_agent.contract.roster import read_roster
from edge_agent.gate.people.requests import ForgetWorker, LeaveWorker, RenameWorker
from edge_agent.gate.people.roster import RosterInbox, RosterKeeper
from tests.gate.fakes import HOA

from .test_requests import Office

NAME = "Nguyễn Thị Lan Hương"


def named() -> Office:
    """A gate at which 007 has this name, of which an older version has left some in free room."""
    office = Office()
    office.asks(RenameWorker(code="007", name=NAME, force=True))
    path = office.site.store._connection.path
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA secure_delete=OFF")
        plain.execute("CREATE TABLE old (name TEXT)")
        plain.execute("INSERT INTO old VALUES (?)", (NAME * 20,))
        plain.execute("INSERT INTO former_names VALUES ('007', ?, 3)", (NAME,))
        plain.commit()
        plain.execute("DROP TABLE old")
        plain.commit()
    return office


def found(office: Office) -> set[str]:
    path = office.site.store._connection.path
    files = path.parent.glob(f"{path.name}*")
    ways = (NAME.encode(), json.dumps(NAME)[1:-1].encode())
    return {file.name for file in files if any(way in file.read_bytes() for way in ways)}


def test_the_name_is_in_no_file_of_the_gate_any_more() -> None:
    office = named()
    office.refused(ForgetWorker(code="007"), "comes first")
    assert office.asks(LeaveWorker(code="007"))["done"]
    assert found(office)  # Until here it stays, for pay.
    assert office.asks(ForgetWorker(code="007"))["done"]
    assert found(office) == set()
    worker = office.site.store.worker("007")
    assert worker is not None
    assert (worker.name, worker.active) == ("007", False)
    assert office.site.store.kinds()[-1] == "worker.forgotten"
    office.learnt()


@pytest.fixture
def soon_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is held up by a reader does not wait for seconds."""
    monkeypatch.setattr("edge_agent.gate.ledger.store.database._BUSY_S", 0.05)


@pytest.mark.usefixtures("soon_given_up")
def test_whose_name_is_left_in_the_files_is_forgotten_once_more() -> None:
    office = named()
    office.asks(LeaveWorker(code="007"))
    path = office.site.store._connection.path
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM workers").fetchall()
        assert not office.asks(ForgetWorker(code="007"))["done"]
    assert found(office)
    assert office.asks(ForgetWorker(code="007"))["done"]
    assert found(office) == set()
    assert office.site.store.kinds().count("worker.forgotten") == 1


def roster(office: Office, version: int, *rows: dict[str, Any]) -> None:
    inbox = RosterInbox()
    inbox.put(read_roster(json.dumps({"version": version, "workers": rows}).encode()))
    RosterKeeper(office.site.gate, inbox).look()
    assert office.site.store.roster().version == version


def name_of(office: Office, code: str) -> str:
    worker = office.site.store.worker(code)
    assert worker is not None
    return worker.name


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"active": False}, "007"),
        ({"active": False, "valid_to": "2026-11-30"}, "007"),
        ({"valid_to": "2026-10-31"}, "007"),
        ({}, NAME),
        ({"valid_to": "2027-12-31"}, NAME),
    ],
)
def test_a_roster_brings_it_back_only_with_the_worker(row: dict[str, Any], name: str) -> None:
    office = named()
    roster(office, 1, {"code": "007", "name": NAME, "valid_to": "2026-10-31"})
    office.asks(LeaveWorker(code="007"))
    office.asks(ForgetWorker(code="007"))
    roster(office, 2, {"code": "007", "name": NAME, **row})
    assert name_of(office, "007") == name


def test_who_was_held_back_under_the_code_is_forgotten_with_it() -> None:
    office = named()
    roster(office, 1, {"code": "007", "name": "Trần Văn Minh"})
    assert office.site.store.held_back() == {"007": NAME}
    office.asks(LeaveWorker(code="007"))
    assert office.site.store.held_back() == {}
    assert NAME in office.site.store.all_names()
    assert office.asks(ForgetWorker(code="007"))["done"]
    assert found(office) == set()


def test_a_roster_with_the_code_in_its_place_forgets_it() -> None:
    office = named()
    roster(office, 1, {"code": "007", "name": "007", "active": False})
    assert name_of(office, "007") == "007"
    [[former]] = office.site.store._connection.rows("SELECT count(*) FROM former_names")
    assert former == 0
    assert not [one for one in office.site.store.data() if one.get("why") == "renamed"]


@pytest.mark.usefixtures("soon_given_up")
@pytest.mark.parametrize("somebody_reads", [False, True])
def test_a_roster_leaves_no_name_in_the_files(somebody_reads: bool) -> None:
    """Nor what an older version has left there, which only deleted it."""
    office = named()
    path, inbox = office.site.store._connection.path, RosterInbox()
    keeper = RosterKeeper(office.site.gate, inbox)
    row = {"code": "007", "name": "007", "active": False}
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        if somebody_reads:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM workers").fetchall()
        inbox.put(read_roster(json.dumps({"version": 1, "workers": [row]}).encode()))
        keeper.look()
        assert name_of(office, "007") == "007"
        assert bool(found(office)) is somebody_reads
        reader.rollback()
        office.site.clock.now += 61
        keeper.look()
    assert found(office) == set()


def test_whose_name_was_lost_in_a_damaged_database_gets_it_again() -> None:
    """The code stands in its place as well, and payroll knows better."""
    office = Office()
    lost = Worker(code=HOA.code, name=HOA.code, listed=Employment(active=True))
    office.site.gate.record_roster([], office.site.store.roster(), [lost])
    roster(office, 1, {"code": HOA.code, "name": HOA.name})
    assert name_of(office, HOA.code) == HOA.name


def test_a_database_is_written_anew_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Presses wait meanwhile. From then on what is deleted is overwritten."""
    office, anew = named(), []
    rewrite = type(office.site.store).rewrite

    def listen(store: Any, beat: Any) -> None:
        anew.append(store)
        rewrite(store, beat)

    monkeypatch.setattr(type(office.site.store), "rewrite", listen)
    roster(office, 1, {"code": HOA.code, "name": HOA.code})
    assert len(anew) == 1
    for name in ("Lan Hương", "Nguyễn Thị Lan Hường"):
        office.asks(RenameWorker(code="007", name=name, force=True))
    office.asks(LeaveWorker(code="007"))
    assert office.asks(ForgetWorker(code="007"))["done"]
    assert len(anew) == 1
    assert found(office) == set()
