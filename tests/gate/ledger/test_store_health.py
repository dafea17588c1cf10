"""A database that takes no entries: told, survived with the reserve, and said in the ledger."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.contract.chain import read_wire
from edge_agent.contract.errors import StoreFault
from edge_agent.contract.facts import GateAlive, RecordingResumed, RecordingStopped
from edge_agent.contract.stamps import Stamp, parse_time
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.errors import DiskFull
from edge_agent.gate.events import Event, LedgerGrew, StoreChanged
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.ledger.store.notes import Gap, gap_note
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.rules import Policy
from edge_agent.receiver.signs_of_life import Cover, SignsOfLife, coverage, sign_of

from .ledgers import NOON, ZONE, Faulty, later, open_store, punch
from .small_disk import disk_like, fill

POLICY = Policy(repeat_window_ms=0, direction=DirectionRule.NONE, zone=ZONE)


DISK_KINDS = [("tmpfs", "6m"), ("ext4", "24m")]


def folder_in(folder: Path) -> Path:
    """Where a disk is mounted."""
    (folder / "disk").mkdir()
    return folder / "disk"


class Ticking:
    """A clock that goes on by a second whenever it is asked, in a boot that began at a second."""

    def __init__(self, boot: str = "a", began_s: int = 0) -> None:
        self.seconds = self._began_s = began_s
        self._boot = boot

    def stamp(self) -> Stamp:
        self.seconds += 1
        running_ms = (self.seconds - self._began_s) * 1000
        return later(self.seconds * 1000, boot=self._boot, boottime_ms=running_ms)

    def monotonic(self) -> float:
        self.seconds += 1
        return float(self.seconds)


class Works:
    """A gate on a real file, and what it told."""

    def __init__(self, folder: Path, clock: Ticking | None = None) -> None:
        self.told: list[Event] = []
        self.store = open_store(folder)
        self.clock = clock or Ticking()
        self.gate = Recorder(self.store, self.clock, self.told.append, POLICY)
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


def last_refused(works: Works) -> Stamp:
    """The moment of the first press that the disk has no room for, not even in the log."""
    while True:
        pressed = works.clock.stamp()
        try:
            works.gate.record(punch(), pressed)
        except DiskFull:
            return pressed


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


@pytest.mark.parametrize(("kind", "size"), DISK_KINDS)
def test_a_full_disk_is_survived_with_the_reserve(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    size: str,
) -> None:
    caplog.set_level(logging.INFO, "edge_agent.gate.ledger.store_health")
    monkeypatch.setattr("edge_agent.gate.ledger.store.reserve.RESERVE_BYTES", 1 << 20)
    disk = folder_in(tmp_path)
    with disk_like(kind, disk, size), works_in(disk) as works:
        works.keep((disk / "gate.db.reserve").exists)
        ballast = fill(disk)
        recorded = record_until_full(works)
        assert works.states == ["reserve", "failing"]
        # 2,000 with the real reserve, four times this size.
        assert len(recorded) > 400
        with pytest.raises(DiskFull, match=r"Nothing was recorded.*full: make room"):
            works.gate.record(punch())
        last = verify_ledger(works.store).seq
        assert last - recorded[-1] in (0, 1)

        ballast.unlink()
        works.keep((disk / "gate.db.reserve").exists)
        assert works.states == ["reserve", "failing", "ready"]
        # Nothing is said to be lost that was recorded, and what was broken is told mended.
        told = [(one.levelname, one.getMessage()) for one in caplog.records]
        assert not [text for _, text in told if "Nothing was recorded" in text]
        health = [one for one in told if one[1].startswith(("The disk is full", "the database ta"))]
        assert [level for level, _ in health] == ["WARNING", "INFO"]
        assert works.kinds()[-2:] == ["recording.stopped", "recording.resumed"]
        [(_, resumed), (_, stopped)] = [next(newest) for newest in [works.store.newest_first()] * 2]
        why = "disk-full" if last == recorded[-1] else "store-fault"
        assert (stopped["reason"], resumed["reason"]) == (why, "store-back")
        assert verify_ledger(works.store).seq == last + 2


@pytest.mark.parametrize(("kind", "size"), DISK_KINDS)
def test_a_start_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, size: str
) -> None:
    monkeypatch.setattr("edge_agent.gate.ledger.store.reserve.RESERVE_BYTES", 1 << 20)
    disk = folder_in(tmp_path)
    with disk_like(kind, disk, size):
        with works_in(disk) as works:
            works.keep((disk / "gate.db.reserve").exists)
        fill(disk)
        again = open_store(disk)
        assert isinstance(again, SqliteStore)
        gate = Recorder(again, Ticking(), lambda event: None, POLICY)
        assert gate.record(punch()).seq == 3
        again.close()


def test_no_reserve_is_made_of_the_last_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.gate.ledger.store.reserve.RESERVE_BYTES", 1 << 60)
    with works_in(tmp_path) as works:
        works.gate.keep_store()
        assert works.states == ["reserve"]
        assert not list(tmp_path.glob("*.reserve*"))


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize(("kind", "size"), DISK_KINDS)
def test_a_power_cut_while_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, size: str, noted: bool
) -> None:
    """The next start tells the gap; and with or without that, nobody is told it was covered."""
    monkeypatch.setattr("edge_agent.gate.ledger.store.reserve.RESERVE_BYTES", 1 << 20)
    disk = folder_in(tmp_path)
    with disk_like(kind, disk, size):
        works = Works(disk)
        works.keep((disk / "gate.db.reserve").exists)
        for _ in range(300):  # A quiet morning: the clock goes on by a second each time.
            works.gate.record(punch())
        ballast = fill(disk)
        record_until_full(works)
        rest = fill(disk, "rest")
        refused = last_refused(works)
        works.gate.keep_store()  # Between two looks at the glass.
        told_before = works.kinds().count("recording.stopped")
        note = disk / "gate.db.gap"
        assert note.stat().st_size == 512
        if not noted:
            note.write_bytes(bytes(512))  # What a card may do with it.
        known = works.store.tail().seq
        works.store._connection.drop()  # The power fails.

        ballast.unlink()
        rest.unlink()
        works = Works(disk, Ticking(boot="b", began_s=works.clock.seconds + 600))
        works.gate.keep_store()
        works.gate.record(punch())
        told = [read_wire(entry.wire)[1] for entry in works.store.entries(known + 1, 100)]
        kinds = [(one["kind"], one.get("reason")) for one in told]
        began = [("recording.resumed", "started"), ("punch.recorded", None)]
        assert kinds == [*([("recording.stopped", "disk-full")] if noted else []), *began]
        whole = (sign_of(read_wire(e.wire)[1]) for e in works.store.entries(1, 100_000))
        spans = coverage([SignsOfLife(whole)], NOON.wall_ms, NOON.wall_ms + 10**8)
        covered = [span for span in spans if span.cover is Cover.YES]
        assert covered
        assert not [s for s in covered if s.begin_ms < refused.wall_ms < s.end_ms]
        restarted = told[-2]["clock"]["wall"]
        assert not [s for s in covered if refused.wall_ms < s.begin_ms < parse_time(restarted)]
        works.store.close()
        # And it is told once.
        again = Works(disk, Ticking(boot="c", began_s=works.clock.seconds + 600))
        assert again.kinds()[-1:] == ["recording.resumed"]
        assert again.kinds().count("recording.stopped") == told_before + noted
        again.store.close()


def test_a_gap_of_another_ledger_is_not_told_in_this_one(tmp_path: Path) -> None:
    gap = Gap(RecordingStopped(reason="disk-full"), later(5000))
    gap_note.prepare(tmp_path / "gate.db")
    gap_note.put(tmp_path / "gate.db", "another", gap)
    with works_in(tmp_path) as works:
        assert works.kinds() == ["ledger.opened", "recording.resumed"]
        # Nor one that the ledger has gone on after: the power failed before it was taken back.
        gap_note.put(tmp_path / "gate.db", works.store.ledger, Gap(gap.stopped, later(500)))
    with works_in(tmp_path) as works:
        assert works.kinds()[1:] == ["recording.resumed", "recording.resumed"]
        gap_note.put(tmp_path / "gate.db", works.store.ledger, gap)
        assert works.store.noted_gap() == gap
        raw = bytearray((tmp_path / "gate.db.gap").read_bytes())
        raw[60] ^= 1
        (tmp_path / "gate.db.gap").write_bytes(raw)
        assert works.store.noted_gap() is None
