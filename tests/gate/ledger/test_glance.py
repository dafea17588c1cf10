"""What a glance at a gate shows of its ledger."""

import pytest

from edge_agent.contract.facts import Direction, PunchVoided, RecordingResumed, RecordingStopped
from edge_agent.contract.people import Employment, Worker
from edge_agent.contract.people_facts import WorkerAdded
from edge_agent.contract.stamps import local_time
from edge_agent.gate.ledger.glance import glance
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore

from .ledgers import NOON, ZONE, append, later, punch, unsynced

AT = local_time(later(120_000).wall_ms, ZONE)


def add(store: SqliteStore, code: str, name: str, **given: object) -> None:
    with store.changing() as change:
        change.append(WorkerAdded(worker=code, actor="uid:0"), NOON)
        change.put_worker(Worker(code=code, name=name, **given))  # type: ignore[arg-type]


def test_nothing_has_happened_yet(store: SqliteStore) -> None:
    told = glance(store, store.tail().seq, ZONE)
    assert told == {
        "workers": 0,
        "credentials": 0,
        "last_punch": None,
        "waiting_since": None,
        "held_back": [],
        "left_here": [],
        "left_at_payroll": [],
    }


def test_who_was_last_and_which_way(store: SqliteStore) -> None:
    add(store, "007", "Lan")
    append(store, punch("007", Direction.IN), later(60_000))
    last = append(store, punch("007", Direction.OUT), later(120_000))
    assert glance(store, 0, ZONE)["last_punch"] == {
        "seq": last.seq,
        "worker": "007",
        "name": "Lan",
        "at": AT,
        "direction": "out",
    }


def test_a_punch_that_was_voided_is_not_the_last(store: SqliteStore) -> None:
    first = append(store, punch("007"), later(60_000))
    second = append(store, punch("008"), later(120_000))
    void = PunchVoided(worker="008", of=second.seq, reason="wrong-worker", actor="uid:0")
    append(store, void, later(180_000))
    assert glance(store, 0, ZONE)["last_punch"]["seq"] == first.seq


def test_a_name_and_a_time_that_nobody_knows(store: SqliteStore) -> None:
    append(store, punch("008"), unsynced(1000))
    last = glance(store, 0, ZONE)["last_punch"]
    assert (last["worker"], last["name"], last["at"]) == ("008", None, None)


def test_since_when_payroll_has_yet_to_confirm(store: SqliteStore) -> None:
    confirmed = append(store, punch("007"), later(60_000)).seq
    assert glance(store, confirmed, ZONE)["waiting_since"] is None
    append(store, punch("008"), later(120_000))
    append(store, punch("009"), later(180_000))
    assert glance(store, confirmed, ZONE)["waiting_since"] == AT


def test_what_is_written_once_it_is_over_waits_no_longer_than_what_follows_it(
    store: SqliteStore,
) -> None:
    """A gate whose machine slept for hours had entries wait for hours, before the broker went."""
    confirmed = append(store, punch("007"), later(60_000)).seq
    append(store, RecordingStopped(reason="away"), later(90_000))
    append(store, RecordingResumed(reason="back"), later(120_000))
    assert glance(store, confirmed, ZONE)["waiting_since"] == AT


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ({}, 1),
        ({"active": False}, 0),
        ({"listed": Employment(active=True)}, 1),
        ({"listed": Employment(active=False)}, 0),
    ],
)
def test_who_may_punch_is_counted(
    store: SqliteStore, given: dict[str, object], counted: int
) -> None:
    add(store, "007", "Lan", **given)
    assert glance(store, 0, ZONE)["workers"] == counted
