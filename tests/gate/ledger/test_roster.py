"""Payroll's word on the workers, in the database."""

from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from edge_agent.contract.chain import read_wire
from edge_agent.contract.facts import DirectionRule
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.contract.people import Employment, Print, Worker
from edge_agent.contract.roster import Applied, Refusal, read_roster
from edge_agent.gate.host.clock import HostClock
from edge_agent.gate.ledger.gate import Gate
from edge_agent.gate.people.roster import RosterInbox, RosterKeeper
from edge_agent.gate.rules import Policy

from .ledgers import open_store


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


WORKERS = 320
"""More than one step prepares, and many steps of entries."""


class Power:
    """A gate at one database, which loses its power after so many steps and is started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def live(self, payload: bytes | None, steps: int) -> tuple[bool, list[Worker], int]:
        """Whether all is done, who is known then in memory, and the version in force."""
        store = open_store(self._folder)
        policy = Policy(repeat_window_ms=0, zone=ZoneInfo("UTC"), direction=DirectionRule.NONE)
        gate = Gate(store, HostClock("always", 500), lambda event: None, policy)
        inbox = RosterInbox()
        keeper = RosterKeeper(gate, inbox)
        if payload:
            inbox.put(read_roster(payload))
        more = True
        while more and steps:
            more = keeper.look()
            steps -= 1
        found = sorted(gate.workers.values(), key=lambda worker: worker.code)
        version = store.roster().version
        store.close()
        return not more, found, version

    def contents(self) -> tuple[list[Worker], int, list[str]]:
        store = open_store(self._folder)
        entries = [read_wire(entry.wire)[1] for entry in store.entries(1, 10_000)]
        found = store.workers(), store.roster().version
        store.close()
        told = [f"{data['kind']} {data.get('worker')}" for data in entries[1:]]
        return *found, told


def roster(version: int, *, active: bool) -> bytes:
    rows = [RosterWorker(code=f"{n:04}", name=f"v{version}", active=active) for n in range(WORKERS)]
    return msgspec.json.encode(Roster(version=version, workers=rows))


def test_a_roster_that_was_cut_off_anywhere_is_in_force_whole_or_not_at_all(tmp_path: Path) -> None:
    seen = set()
    for steps in range(1, 20):
        folder = tmp_path / str(steps)
        folder.mkdir()
        power = Power(folder)
        assert power.live(roster(1, active=True), 1000)[0]
        old = power.contents()
        done, known, version = power.live(roster(2, active=False), steps)
        workers, kept_version, _ = power.contents()
        assert (workers, kept_version) == (known, version)
        names = {(worker.name, worker.deactivated) for worker in workers}
        assert names == {(f"v{version}", version == 2)}
        seen.add((version, done))
        # It goes on with nobody publishing anything, or with the same roster once more.
        assert power.live(roster(2, active=False) if version == 1 else None, 1000)[0]
        workers, version, told = power.contents()
        assert version == 2
        assert all(worker.deactivated for worker in workers)
        new = told[len(old[2]) :]
        assert new.count("roster.applied None") == 1
        assert sorted(new[1:]) == [f"worker.changed {n:04}" for n in range(WORKERS)]
    assert seen == {(1, False), (2, False), (2, True)}


def test_a_print_of_a_worker_whom_the_roster_has_only_just_brought(tmp_path: Path) -> None:
    power = Power(tmp_path)
    assert not power.live(roster(1, active=True), 4)[0]
    store = open_store(tmp_path)
    last = f"{WORKERS - 1:04}"
    with store.changing() as change:
        change.put_print(Print(worker=last, finger="left-thumb", slot=1, generation=1), bytes(32))
    worker = store.worker(last)
    assert worker is not None
    assert worker.name == "v1"
    store.close()
    assert power.live(None, 1000)[0]
    assert [worker.name for worker in power.contents()[0]] == ["v1"] * WORKERS
