"""Payroll's word on the workers, in the database."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlite_utils import Database

from edge_agent.contract.chain import read_wire
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.contract.people import Employment, Worker
from edge_agent.contract.roster import Applied, Refusal, read_roster
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.host.clock import HostClock
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.ledger.store.change import SqliteChange
from edge_agent.gate.ledger.store.people_rows import row_sum
from edge_agent.gate.ledger.store.schema import migrations
from edge_agent.gate.people.roster import RosterInbox, RosterKeeper
from edge_agent.gate.rules import Policy
from tests.power_cut import PowerCut

from .ledgers import GATE, open_store


def test_both_words_are_kept(tmp_path: Path) -> None:
    listed = Employment(active=False, valid_from="2026-03-01", valid_to=None)
    workers = [
        Worker(code="1", name="own"),
        Worker(code="2", name="both", active=False, listed=listed),
    ]
    in_force = Applied(7, b"d" * 32, Refusal.OLDER, b"r" * 32)
    store = open_store(tmp_path)
    assert store.roster() == Applied()
    with store.changing() as change:
        for worker in workers:
            change.put_worker(worker)
        change.put_roster(in_force)
    store.close()

    again = open_store(tmp_path)
    assert again.workers() == workers
    assert again.worker("2") == workers[1]
    assert again.roster() == in_force
    again.close()


WORKERS = 40


def live(folder: Path, payload: bytes) -> tuple[list[Worker], int]:
    """A gate hears a roster. Who is known in memory afterwards, and the version in force."""
    store = open_store(folder)
    policy = Policy(repeat_window_ms=0, zone=ZoneInfo("UTC"), direction=DirectionRule.NONE)
    gate = Recorder(store, HostClock("always", 500), lambda event: None, policy)
    inbox = RosterInbox()
    inbox.put(read_roster(payload))
    try:
        RosterKeeper(gate, inbox).look()
        found = sorted(gate.known.workers.values(), key=lambda worker: worker.code)
        return found, store.roster().version
    finally:
        store.close()


def contents(folder: Path) -> tuple[list[Worker], int, list[str]]:
    """What is on the disk: the workers, the version in force, the entries after the first."""
    store = open_store(folder)
    entries = [read_wire(entry.wire)[1] for entry in store.entries(1, 10_000)]
    found = store.workers(), store.roster().version
    store.close()
    return *found, [f"{data['kind']} {data.get('worker')}" for data in entries[1:]]


def roster(version: int, *, active: bool) -> bytes:
    rows = [RosterWorker(code=f"{n:04}", name=f"v{version}", active=active) for n in range(WORKERS)]
    return msgspec.json.encode(Roster(version=version, workers=rows))


def test_a_roster_that_was_cut_off_anywhere_is_in_force_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(tmp_path, roster(1, active=True))
    old = contents(tmp_path)
    left = 0

    def cut_off(write: Callable[..., Any]) -> Callable[..., Any]:
        def perhaps(*args: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise PowerCut
            return write(*args)

        return perhaps

    for name in ("put_roster", "put_worker", "append"):
        monkeypatch.setattr(SqliteChange, name, cut_off(getattr(SqliteChange, name)))
    writes = 2 + 2 * WORKERS
    for at in range(writes):
        left = at
        with pytest.raises(PowerCut):
            live(tmp_path, roster(2, active=False))
        assert contents(tmp_path) == old
    left = writes
    known, version = live(tmp_path, roster(2, active=False))
    workers, kept_version, told = contents(tmp_path)
    assert (workers, kept_version) == (known, version)
    assert version == 2
    assert {(worker.name, worker.deactivated) for worker in workers} == {("v2", True)}
    assert told[len(old[2]) :] == [
        "roster.applied None",
        *(f"worker.changed {n:04}" for n in range(WORKERS)),
    ]


IN_FORCE, PREPARED = 3, 4


def test_what_a_version_before_had_not_put_in_its_place_goes_there(tmp_path: Path) -> None:
    """A roster in force counts whole; one that was only prepared comes again from the broker."""
    listed = [
        ("1", IN_FORCE, "Mai", 0, None, "2030-01-01"),
        ("2", IN_FORCE, "Lan", 1, None, None),
        ("3", PREPARED, "nobody", 1, None, None),
    ]
    with closing(Database(tmp_path / "gate.db")) as before:
        migrations().apply(before, stop_before="m090_no_listings")
        before.conn.execute("INSERT INTO identity VALUES (1, ?, ?)", ("1", GATE))
        before.conn.execute("INSERT INTO roster VALUES (1, ?, ?, NULL, x'')", (IN_FORCE, b"d"))
        before.conn.execute("INSERT INTO workers (code, name, active) VALUES ('1', 'May', 0)")
        before.conn.executemany("INSERT INTO listings VALUES (?, ?, 0, ?, ?, ?, ?)", listed)
        before.conn.commit()
    store = open_store(tmp_path)
    assert store.workers() == [
        Worker(
            code="1",
            name="Mai",
            active=False,
            listed=Employment(active=False, valid_to="2030-01-01"),
        ),
        Worker(code="2", name="Lan", listed=Employment(active=True)),
    ]
    assert store.roster().version == IN_FORCE
    store.close()
    with closing(Database(tmp_path / "gate.db")) as after:
        for table in ("workers", "employments"):
            for row in after.table(table).rows:
                assert row["sum"] == row_sum(table, row)
