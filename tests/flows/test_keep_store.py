"""A database that takes no entries: told, survived with the reserve, and said in the ledger."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.domain.errors import DiskFull, StoreFault
from edge_agent.domain.events import Event, LedgerGrew, StoreChanged
from edge_agent.domain.facts import GateAlive, RecordingResumed, RecordingStopped
from edge_agent.domain.rules import DirectionRule, Policy
from edge_agent.domain.stamps import Stamp
from edge_agent.flows.gate import Gate
from edge_agent.store import SqliteStore, verify_ledger
from tests.store.ledgers import ZONE, Faulty, later, open_store, punch
from tests.store.small_disk import fill, may_mount, small_disk

POLICY = Policy(repeat_window_ms=0, direction=DirectionRule.NONE, zone=ZONE)


class Ticking:
    """A clock that goes on by a second whenever it is asked."""

    def __init__(self) -> None:
        self.seconds = 0

    def stamp(self) -> Stamp:
        self.seconds += 1
        return later(self.seconds * 1000)

    def monotonic(self) -> float:
        self.seconds += 1
        return float(self.seconds)


class Works:
    """A gate on a real file, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.told: list[Event] = []
        self.store = open_store(folder)
        self.clock = Ticking()
        self.gate = Gate(self.store, self.clock, self.told.append, POLICY)
        self.gate.record(RecordingResumed(reason="started"))

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.told if isinstance(event, StoreChanged)]

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.store.entries(1, 100_000)]

    def keep(self, until: Callable[[], bool]) -> None:
        for _ in range(200):
            self.gate.keep_store()
            if until():
                return
        raise AssertionError("it never came to that")


@contextmanager
def works_in(folder: Path) -> Iterator[Works]:
    works = Works(folder)
    yield works
    works.store.close()


def record_until_full(works: Works) -> list[int]:
    recorded = []
    try:
        while True:
            recorded.append(works.gate.record(punch()).seq)
    except StoreFault:
        # As a rule DiskFull. Where the last one's frames had room and their checkpoint had not, it
        # is not certain.
        return recorded


def test_a_fault_stands_in_the_ledger_once_it_is_over(faulty: type[Faulty], tmp_path: Path) -> None:
    with works_in(tmp_path) as works:
        failed_at = works.clock.stamp()
        faulty.at_commit = "lost"
        with pytest.raises(StoreFault):
            works.gate.record(punch(), failed_at)
        assert works.states == ["failing"]
        entry = works.gate.record(punch("008"), works.clock.stamp())
        assert works.states == ["failing", "ready"]
        assert works.kinds()[2:] == ["recording.stopped", "recording.resumed", "punch.recorded"]
        assert entry.seq == 5, "the caller gets its own entry"
        newest = [data for _, data in works.store.newest_first()]
        assert newest[2]["reason"] == "store-fault"
        assert newest[2]["clock"]["boottime_ms"] == failed_at.boottime_ms
        assert newest[1]["reason"] == "store-back"
        grown = [event.seq for event in works.told if isinstance(event, LedgerGrew)]
        assert grown == [2, 3, 4, 5]


def test_it_recovers_without_a_press(faulty: type[Faulty], tmp_path: Path) -> None:
    with works_in(tmp_path) as works:
        faulty.at_commit = "lost"
        faulty.refused_opens = 5
        with pytest.raises(StoreFault):
            works.gate.record(punch())
        works.keep(lambda: works.states == ["failing", "ready"])
        assert works.kinds()[2:] == ["recording.stopped", "recording.resumed"]


def test_a_sensor_that_went_meanwhile_is_not_vouched_for(
    faulty: type[Faulty], tmp_path: Path
) -> None:
    with works_in(tmp_path) as works:
        for fact in (punch(), RecordingStopped(reason="sensor-fault")):
            faulty.at_commit = "lost"
            with pytest.raises(StoreFault):
                works.gate.record(fact)
        works.gate.record(GateAlive(recording=False, version="0"))
        assert works.kinds()[2:] == ["recording.stopped", "gate.alive"]


def test_nothing_is_said_of_a_gate_that_did_not_record_anyway(
    faulty: type[Faulty], tmp_path: Path
) -> None:
    with works_in(tmp_path) as works:
        works.gate.record(RecordingStopped(reason="sensor-fault"))
        faulty.at_commit = "lost"
        with pytest.raises(StoreFault):
            works.gate.record(GateAlive(recording=False, version="0"))
        works.gate.record(RecordingResumed(reason="sensor-back"))
        assert works.kinds()[2:] == ["recording.stopped", "recording.resumed"]


@pytest.mark.skipif(not may_mount(), reason="only root may mount a small disk")
def test_a_full_disk_is_survived_with_the_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.store.reserve.RESERVE_BYTES", 1 << 20)
    with small_disk(tmp_path, "6m"), works_in(tmp_path) as works:
        works.keep((tmp_path / "gate.db.reserve").exists)
        ballast = fill(tmp_path)
        recorded = record_until_full(works)
        assert works.states == ["reserve", "failing"]
        # 2,000 with the real reserve, four times this size.
        assert len(recorded) > 400
        with pytest.raises(DiskFull, match=r"Nothing was recorded.*full: make room"):
            works.gate.record(punch())
        last = verify_ledger(works.store).seq
        assert last - recorded[-1] in (0, 1)

        ballast.unlink()
        works.keep((tmp_path / "gate.db.reserve").exists)
        assert works.states == ["reserve", "failing", "ready"]
        assert works.kinds()[-2:] == ["recording.stopped", "recording.resumed"]
        [(_, resumed), (_, stopped)] = [next(newest) for newest in [works.store.newest_first()] * 2]
        why = "disk-full" if last == recorded[-1] else "store-fault"
        assert (stopped["reason"], resumed["reason"]) == (why, "store-back")
        assert verify_ledger(works.store).seq == last + 2


@pytest.mark.skipif(not may_mount(), reason="only root may mount a small disk")
def test_a_start_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.store.reserve.RESERVE_BYTES", 1 << 20)
    with small_disk(tmp_path, "6m"):
        with works_in(tmp_path) as works:
            works.keep((tmp_path / "gate.db.reserve").exists)
        fill(tmp_path)
        again = open_store(tmp_path)
        assert isinstance(again, SqliteStore)
        gate = Gate(again, Ticking(), lambda event: None, POLICY)
        assert gate.record(punch()).seq == 3
        again.close()


def test_no_reserve_is_made_of_the_last_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.store.reserve.RESERVE_BYTES", 1 << 60)
    with works_in(tmp_path) as works:
        works.gate.keep_store()
        assert works.states == ["reserve"]
        assert not list(tmp_path.glob("*.reserve*"))
