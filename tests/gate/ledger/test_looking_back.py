"""What the ledger tells of the past."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.facts import Direction
from edge_agent.contract.stamps import elapsed, parse_time
from edge_agent.gate.last_punch import LastPunch
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from tests.contract.made_up import Moment, moments

from .ledgers import ALIVE, append, later, open_store, punch, unsynced

HOUR = 3_600_000


def test_each_workers_last_punch(store: SqliteStore) -> None:
    append(store, punch("007", Direction.IN), later(0))
    append(store, punch("008"), later(10))
    append(store, punch("007", Direction.OUT), later(20))
    append(store, ALIVE, later(30))
    assert store.last_punches(later(40), HOUR) == {
        "007": LastPunch(4, later(20), Direction.OUT),
        "008": LastPunch(3, later(10), None),
    }
    assert store.last_punches(later(30), 15) == {"007": LastPunch(4, later(20), Direction.OUT)}
    assert store.last_punches(later(HOUR), 15) == {}


@given(moments(), st.data())
@settings(max_examples=50)
def test_no_punch_that_a_rule_may_need_is_left_out(
    history: list[Moment], draw: st.DataObject
) -> None:
    *past, now = history
    horizon = draw.draw(st.sampled_from([0, 60_000, 14 * HOUR]))
    last: dict[str, tuple[LastPunch, int]] = {}
    with TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        with store.changing() as change:
            for moment in past:
                worker = draw.draw(st.sampled_from(["007", "008", ""]))
                entry = change.append(punch(worker) if worker else ALIVE, moment.stamp)
                if worker:
                    last[worker] = LastPunch(entry.seq, moment.stamp, None), moment.true_ms
        found = store.last_punches(now.stamp, horizon)
        store.close()
    for worker, (punched, true_ms) in last.items():
        if worker in found:
            assert structs.replace(found[worker], read=None) == punched
            assert found[worker].ago(now.stamp).least <= now.true_ms - true_ms
            assert elapsed(punched.stamp, now.stamp).least <= horizon
        else:
            assert now.true_ms - true_ms > horizon


def test_a_start_without_a_clock_reads_no_more_than_a_shift(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut, without network, nothing tells how long ago the last boot ended."""
    hours = 2_000
    with store.changing() as change:
        for hour in range(hours):
            change.append(punch(), later(hour * HOUR))
    read: list[int] = []
    newest_first = SqliteStore.newest_first

    def counted(self: SqliteStore) -> Iterator[tuple[str, dict[str, Any]]]:
        for kind, data in newest_first(self):
            read.append(data["seq"])
            yield kind, data

    monkeypatch.setattr(SqliteStore, "newest_first", counted)
    found = store.last_punches(unsynced(60_000, boot="b"), 14 * HOUR)
    assert found["007"].seq == hours + 1
    assert len(read) < 20


def test_the_newest_comes_first(store: SqliteStore) -> None:
    append(store, punch("007"))
    append(store, ALIVE)
    told = [(kind, data["seq"]) for kind, data in store.newest_first()]
    assert told == [("gate.alive", 3), ("punch.recorded", 2), ("ledger.opened", 1)]


def test_a_long_ledger_is_read_while_it_grows(store: SqliteStore) -> None:
    with store.changing() as change:
        for ms in range(1100):
            change.append(ALIVE, later(ms))
    told = []
    for _, data in store.newest_first():
        if data["seq"] % 400 == 0:
            append(store)
        told.append(data["seq"])
    assert told == list(range(1101, 0, -1))


def test_nothing_is_complete_before_payroll_has_it(store: SqliteStore) -> None:
    append(store, punch(), later(HOUR))
    assert store.complete_until(0) is None
    assert parse_time(store.complete_until(1) or "") == later(0).wall_ms
    assert parse_time(store.complete_until(2) or "") == later(HOUR).wall_ms


def test_nothing_is_complete_from_the_first_punch_without_its_time(store: SqliteStore) -> None:
    append(store, ALIVE, later(HOUR))
    append(store, punch(), unsynced(10, boot="b"))
    append(store, ALIVE, later(5 * HOUR, boot="b"))
    assert parse_time(store.complete_until(4) or "") == later(HOUR).wall_ms


def test_an_hourly_sign_without_its_time_holds_nothing_up(store: SqliteStore) -> None:
    append(store, ALIVE, unsynced(10, boot="b"))
    append(store, ALIVE, later(5 * HOUR, boot="b"))
    assert parse_time(store.complete_until(3) or "") == later(5 * HOUR).wall_ms


@given(moments(), st.integers(0, 7))
@settings(max_examples=50)
def test_nothing_unconfirmed_ever_happened_before_what_is_called_complete(
    history: list[Moment], confirmed: int
) -> None:
    with TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        with store.changing() as change:
            written = {change.append(punch(), moment.stamp).seq: moment for moment in history}
        claim = store.complete_until(confirmed)
        store.close()
    if claim is None:
        return
    for seq, moment in written.items():
        if seq > confirmed or not moment.stamp.trusted:
            assert parse_time(claim) <= moment.true_ms
