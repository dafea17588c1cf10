"""Payroll's roster at the gate: applied whole, or refused and told."""

import json
from typing import Any

import pytest

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.facts import Method
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.contract.people import Employment, Print
from edge_agent.contract.roster import Heard, read_roster
from edge_agent.gate.credentials import Credential
from edge_agent.gate.events import RosterChanged
from edge_agent.gate.people.requests import ActivateWorker, AddWorker, DeactivateWorker
from edge_agent.gate.people.roster import RosterInbox, RosterKeeper
from tests.gate.fakes import HOA, LAN, Site

from .asking import ask


class Told:
    """A site that hears rosters."""

    def __init__(self) -> None:
        self.site = Site()
        self.inbox = RosterInbox()
        self.keeper = RosterKeeper(self.site.gate, self.inbox)

    def publish(self, *workers: Any, version: int = 1) -> None:
        self.raw(json.dumps({"version": version, "workers": workers}).encode())

    def raw(self, payload: bytes) -> None:
        self.inbox.put(read_roster(payload))
        self.look()

    def look(self) -> None:
        """Between two looks at the glass."""
        self.keeper.look()

    def written(self) -> list[tuple[Any, ...]]:
        return [
            (data["kind"], data.get("worker"), data.get("active", data.get("reason")))
            for data in self.site.store.data()
        ]

    @property
    def told(self) -> list[RosterChanged]:
        return [event for event in self.site.events if isinstance(event, RosterChanged)]


NEW = {"code": "NV9", "name": "Nông Thị Thắm"}


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_roster_is_applied_with_an_entry_for_each_change(told: Told) -> None:
    told.publish(NEW, {"code": LAN.code, "name": LAN.name, "active": False}, version=3)

    assert told.written() == [
        ("roster.applied", None, None),
        ("worker.added", "NV9", True),
        ("worker.changed", LAN.code, False),
    ]
    summary = told.site.store.data()[0]
    assert (summary["version"], summary["workers"]) == (3, 2)
    assert (summary["added"], summary["changed"]) == (1, 1)
    assert {data.get("actor") for data in told.site.store.data()} == {"payroll", None}
    assert told.told == [RosterChanged(version=3)]
    assert told.site.gate.known.workers[LAN.code].deactivated
    assert "Nông" not in json.dumps(told.site.store.data(), ensure_ascii=False)


def test_a_code_that_is_given_to_another_person_has_its_prints_held_back(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.publish({"code": LAN.code, "name": "Trần Văn Minh"}, NEW)
    gate = told.site.gate
    assert gate.known.workers[LAN.code].deactivated
    assert told.site.store.worker(LAN.code) == gate.known.workers[LAN.code]
    assert told.written() == [
        ("roster.applied", None, None),
        ("worker.changed", LAN.code, True),
        ("worker.added", "NV9", True),
        ("worker.changed", LAN.code, False),
    ]
    held = told.site.store.data()[-1]
    assert (held["actor"], held["why"]) == ("gate", "renamed")
    assert LAN.code in caplog.text
    assert "Minh" not in caplog.text
    told.publish({"code": LAN.code, "name": "Trần Văn Minh", "valid_to": "2090-01-01"}, version=2)
    assert gate.known.workers[LAN.code].deactivated
    assert told.site.store.held_back() == {LAN.code: LAN.name}
    with pytest.raises(BadRequest, match=f"are of {LAN.name}, and payroll names Trần Văn Minh"):
        ask(gate, ActivateWorker(code=LAN.code))
    assert gate.known.workers[LAN.code].deactivated
    same = ActivateWorker(code=LAN.code, same_person=True)
    assert ask(gate, same)["fingers"] == ["right-index"]
    assert told.site.store.held_back() == {}
    assert not gate.known.workers[LAN.code].deactivated


def test_a_code_that_goes_to_another_person_in_small_steps_has_its_prints_held_back(
    told: Told,
) -> None:
    """Each step is a correction; what they come to is not the one whose fingers these are."""
    steps = ["Nguyễn Thị Lan", "Nguyễn Thị Lan Anh"]
    for version, name in enumerate(steps, 1):
        told.publish({"code": LAN.code, "name": name}, version=version)
    gate, store = told.site.gate, told.site.store
    assert gate.known.workers[LAN.code].deactivated
    assert store.data()[-1]["why"] == "renamed"
    # What was pressed before is still shown under the name that somebody has vouched for.
    assert store.holders().before(LAN.code) == [LAN.name]
    assert store.vouched_names() == store.held_back() == {LAN.code: LAN.name}
    # Whoever confirms vouches for the name of today: the next step is held against that one.
    ask(gate, ActivateWorker(code=LAN.code, same_person=True))
    told.publish({"code": LAN.code, "name": "Nguyễn Mai Anh"}, version=9)
    assert not gate.known.workers[LAN.code].deactivated


def test_whose_the_prints_are_stays_known_through_further_names(told: Told) -> None:
    """Of each holder the punches are theirs; of prints and cards only who was vouched for."""
    gate, store = told.site.gate, told.site.store
    others = ["Trần Văn Minh", "Trần Văn Mình", "Lò Thị Mây"]
    for version, name in enumerate(others, 1):
        told.publish({"code": LAN.code, "name": name}, version=version)
        assert store.held_back() == {LAN.code: LAN.name}
    assert store.holders().before(LAN.code) == [LAN.name, "Trần Văn Mình"]
    renamed = [data for data in store.data() if data.get("why") == "renamed"]
    assert len(renamed) == 2  # Not for a tone mark.
    told.publish({"code": LAN.code, "name": "Nguyễn Thị Lan"}, version=8)
    assert store.held_back() == {}
    assert [data for data in store.data() if data.get("why") == "renamed"] == renamed
    # By way of somebody else as well small steps come to another person.
    told.publish({"code": LAN.code, "name": "Nguyễn Thị Lan Anh"}, version=9)
    assert gate.known.workers[LAN.code].deactivated
    assert store.held_back() == {LAN.code: LAN.name}


def test_nobody_is_brought_back_by_entering_them_to_anothers_prints(told: Told) -> None:
    told.publish({"code": LAN.code, "name": "Trần Văn Minh"})
    with pytest.raises(BadRequest, match=f"are of {LAN.name}, and payroll names Trần Văn Minh"):
        ask(told.site.gate, AddWorker(code=LAN.code, name="Trần Văn Minh"))
    assert told.site.gate.known.workers[LAN.code].deactivated


def test_nobody_s_prints_are_held_back_once_they_are_gone(told: Told) -> None:
    told.publish({"code": LAN.code, "name": "Trần Văn Minh"})
    gate, store = told.site.gate, told.site.store
    [print_] = [one for one in gate.known.prints if one.worker == LAN.code]
    gate.record_removal(print_, "technician")
    assert store.held_back() == {}
    card = Credential(worker=LAN.code, method=Method.CARD, salt=b"s" * 16, hash=b"\x07" * 32)
    with store.changing() as change:
        change.put_credential(card)  # Whoever was given it has the name of today.
    assert store.held_back() == store.vouched_names() == {}
    told.publish({"code": LAN.code, "name": "Lò Thị Mây"}, version=2)
    assert store.held_back() == {LAN.code: "Trần Văn Minh"}
    with store.changing() as change:
        change.put_credential(card)  # In the place of the only thing that was the former one's.
    assert store.held_back() == {}


def test_an_enrolment_vouches_for_the_name_where_nobody_else_s_prints_are_left(told: Told) -> None:
    told.publish(NEW)
    told.publish({**NEW, "name": f"{NEW['name']} Anh"}, version=2)
    store = told.site.store
    assert store.vouched_names() == {"NV9": NEW["name"]}
    first = Print(worker="NV9", finger="left-index", slot=90, generation=1)
    told.site.gate.record_enrolment(first, bytes(32), "technician")
    assert store.vouched_names() == {}
    told.publish(NEW, version=3)
    second = Print(worker="NV9", finger="left-thumb", slot=91, generation=1)
    told.site.gate.record_enrolment(second, bytes(32), "technician")
    assert store.vouched_names() == {"NV9": f"{NEW['name']} Anh"}


def test_a_name_that_was_corrected_and_corrected_back_holds_nobody_back(told: Told) -> None:
    for version, name in enumerate(["Nguyễn Thị Lan", LAN.name, "Nguyễn Thị Lan"], 1):
        told.publish({"code": LAN.code, "name": name}, version=version)
    assert not told.site.gate.known.workers[LAN.code].deactivated
    assert told.site.store.holders().before(LAN.code) == []


@pytest.mark.parametrize("name", ["Lân", "LAN", "Nguyễn Thị Lan"])
def test_a_corrected_name_holds_nobody_back(told: Told, name: str) -> None:
    told.publish({"code": LAN.code, "name": name})
    assert not told.site.gate.known.workers[LAN.code].deactivated


def test_a_code_without_prints_may_be_anybody_s(told: Told) -> None:
    told.publish(NEW)
    told.publish({"code": "NV9", "name": "Trần Văn Minh"}, version=2)
    assert not told.site.gate.known.workers["NV9"].deactivated


def test_the_roster_that_the_broker_keeps_changes_nothing_when_it_comes_again(told: Told) -> None:
    told.publish(NEW)
    before = told.written()
    for _ in range(3):
        told.publish(NEW)
    assert told.written() == before
    assert len(told.told) == 1


def test_a_newer_roster_writes_only_what_changed(told: Told) -> None:
    told.publish(NEW)
    told.publish(NEW, {"code": "NV10", "name": "Páo"}, version=2)
    assert told.written()[-2:] == [("roster.applied", None, None), ("worker.added", "NV10", True)]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b'{"version": 9, "workers": []}', "empty"),
        (b'{"version": 9, "work', "malformed"),
        (b'{"version": 1, "workers": [{"code": "NV9", "name": "x"}]}', "older"),
        (b'{"version": 5, "workers": [{"code": "NV9", "name": "x"}]}', "same-version"),
    ],
)
def test_a_bad_roster_changes_nothing_and_is_told_once(
    told: Told, payload: bytes, reason: str
) -> None:
    told.publish(NEW, version=5)
    workers = dict(told.site.gate.known.workers)
    for _ in range(3):  # As at each connection.
        told.site.clock.now += 1000
        told.raw(payload)
    assert told.written()[-1] == ("roster.refused", None, reason)
    assert [kind for kind, *_ in told.written()].count("roster.refused") == 1
    assert told.site.gate.known.workers == workers
    assert told.told[-1].refused == reason
    assert told.told[-1].version == 5
    # A sound one ends it, and so does the one in force.
    told.publish(NEW, version=5)
    assert told.told[-1] == RosterChanged(version=5)
    assert told.site.store.roster().refused is None


BEYOND = [str(number) for number in (2**53, 2**63 - 1, 2**63, 2**64, 10**30, 0, -1, -(2**63) - 1)]


@pytest.mark.parametrize(
    "version", [*BEYOND, "1" + 5000 * "0", "1e16", "NaN"], ids=lambda v: v[:20]
)
def test_a_version_that_no_json_can_hold_is_refused_and_the_gate_goes_on(
    told: Told, version: str
) -> None:
    """An honest payroll that counts in nanoseconds (time.time_ns()) is among them."""
    told.publish(NEW, version=3)
    told.site.clock.now += 1000
    told.raw(f'{{"version": {version}, "workers": [{{"code": "NV9", "name": "x"}}]}}'.encode())
    assert told.written()[-1] == ("roster.refused", None, "malformed")
    refused = told.site.store.data()[-1]
    assert refused["version"] is None
    assert refused["in_force"] == 3
    told.publish(NEW, version=4)
    assert told.told[-1] == RosterChanged(version=4)


def test_what_gets_past_every_bound_is_dropped_and_told(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    past = Roster(version=2**53, workers=[RosterWorker(code="NV9", name="Nông Thị Thắm")])
    told.inbox.put(Heard(digest=b"", roster=past))
    told.look()
    assert told.written() == []
    assert "NV9" not in told.site.gate.known.workers
    assert "was dropped" in caplog.text
    assert "Thắm" not in caplog.text
    told.publish(NEW)
    assert told.told[-1] == RosterChanged(version=1)


def test_nonsense_without_end_does_not_fill_the_card(told: Told) -> None:
    for number in range(100):
        told.raw(f"nonsense {number}".encode())
        told.site.clock.now += 1
    assert len(told.written()) == 2  # One a minute.
    told.publish(NEW)  # And a sound one does not wait for that minute.
    assert told.told[-1] == RosterChanged(version=1)


def test_a_roster_that_could_not_be_stored_is_tried_again(told: Told) -> None:
    told.site.store.faults = ["lost"]
    told.publish(NEW)
    assert told.written() == []
    assert "NV9" not in told.site.gate.known.workers
    told.look()
    assert told.written() == []
    told.site.clock.now += 61
    told.look()
    assert [kind for kind, *_ in told.written()] == ["roster.applied", "worker.added"]
    assert "NV9" in told.site.gate.known.workers


def test_a_roster_that_was_stored_although_it_seemed_not_is_not_applied_twice(told: Told) -> None:
    told.site.store.faults = ["kept"]
    told.publish(NEW)
    told.site.clock.now += 61
    told.look()
    kinds = [kind for kind, *_ in told.written()]
    assert (kinds.count("roster.applied"), kinds.count("worker.added")) == (1, 1)
    assert "NV9" in told.site.gate.known.workers


def test_payroll_does_not_bring_back_whom_the_technician_sent_away(told: Told) -> None:
    ask(told.site.gate, DeactivateWorker(code=LAN.code))
    told.publish({"code": LAN.code, "name": LAN.name})
    assert told.site.gate.known.workers[LAN.code].deactivated
    ask(told.site.gate, AddWorker(code=LAN.code, name=LAN.name))
    lan = told.site.gate.known.workers[LAN.code]
    assert not lan.deactivated
    assert lan.listed == Employment(active=True)


def test_the_technician_does_not_bring_back_whom_payroll_deactivated(told: Told) -> None:
    told.publish({"code": LAN.code, "name": LAN.name, "active": False})
    with pytest.raises(BadRequest, match="roster has deactivated"):
        ask(told.site.gate, AddWorker(code=LAN.code, name=LAN.name))
    told.publish({"code": HOA.code, "name": HOA.name}, version=2)
    with pytest.raises(BadRequest, match="in payroll's roster"):
        ask(told.site.gate, AddWorker(code=HOA.code, name="Somebody Else"))


def rows(first: int, end: int, **other: Any) -> list[dict[str, Any]]:
    return [{"code": f"W{number:05}", "name": "x", **other} for number in range(first, end)]


def test_a_large_roster_is_one_transaction(told: Told) -> None:
    transactions: list[int] = []
    told.site.store.on_change = lambda: transactions.append(len(told.site.store.all))
    told.publish(*rows(0, 1000))
    assert transactions == [0, 1001]
    told.look()
    assert transactions == [0, 1001]


def test_of_two_rosters_that_arrive_between_two_looks_the_later_one_counts(told: Told) -> None:
    told.inbox.put(read_roster(json.dumps({"version": 1, "workers": rows(0, 300)}).encode()))
    told.publish(*rows(0, 300, active=False), version=2)
    assert [kind for kind, *_ in told.written()] == ["roster.applied", *["worker.added"] * 300]
    assert all(told.site.gate.known.workers[row["code"]].deactivated for row in rows(0, 300))


def test_a_newer_roster_changes_all_of_the_one_before_it(told: Told) -> None:
    told.publish(*rows(0, 300))
    told.publish(*rows(0, 300, active=False), version=2)
    kinds = [kind for kind, *_ in told.written()]
    assert kinds == [
        "roster.applied",
        *["worker.added"] * 300,
        "roster.applied",
        *["worker.changed"] * 300,
    ]
    assert all(told.site.gate.known.workers[row["code"]].deactivated for row in rows(0, 300))


def test_what_a_technician_says_meanwhile_stays(told: Told) -> None:
    told.publish(*rows(0, 300))
    version_2 = {"version": 2, "workers": rows(0, 300, valid_to="2030-01-01")}
    told.inbox.put(read_roster(json.dumps(version_2).encode()))
    ask(told.site.gate, DeactivateWorker(code="W00000"))
    told.look()
    worker = told.site.gate.known.workers["W00000"]
    assert (worker.active, worker.listed) == (
        False,
        Employment(active=True, valid_to="2030-01-01"),
    )
    assert told.site.store.worker("W00000") == worker


def test_rosters_without_end_are_twenty_an_hour_and_the_newest_waits(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    for version in range(1, 101):
        told.publish({**NEW, "name": f"Nông Thị Thắm {version}"}, version=version)
        told.site.clock.now += 10
    in_force = [event.version for event in told.told]
    assert in_force == list(range(1, 21))
    assert caplog.text.count("too many rosters") == 1
    told.site.clock.now += 3600
    told.look()
    assert told.told[-1] == RosterChanged(version=100)


def test_rosters_that_change_everybody_wait_the_sooner(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.gate.people.roster.MOST_CHANGES_AN_HOUR", 250)
    told.publish(*rows(0, 300))  # The first one whole, however large.
    told.publish(*rows(0, 300), NEW, version=2)
    assert [event.version for event in told.told] == [1]
    told.site.clock.now += 3600
    told.look()
    assert [event.version for event in told.told] == [1, 2]


def test_new_codes_without_end_are_refused(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.gate.people.roster.MOST_KNOWN_WORKERS", 250)
    told.publish(*rows(0, 200))
    known = len(told.site.gate.known.workers)
    told.publish(*rows(200, 400), version=2)
    assert told.told[-1].refused == "too-large"
    assert len(told.site.gate.known.workers) == known
    told.publish(*rows(0, 200, active=False), version=3)  # Whom it knows, it goes on hearing of.
    assert told.told[-1] == RosterChanged(version=3)


def test_a_refused_row_is_told_by_its_place_and_rule(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.publish(NEW, {"code": "Lò Thị Mây", "name": "Lò Thị Mây\x00"}, version=4)
    assert "Mây" not in caplog.text
    assert "worker 2: its code is not an employee code" in caplog.text
    assert "worker 2: its name is not a name" in caplog.text
