"""A gate's ledger with a real store, on clocks that are set by hand and that know the truth."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.contract.chain import read_wire
from edge_agent.contract.facts import Fact, GateAlive, PunchRecorded
from edge_agent.contract.stamps import Stamp, parse_time
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.events import Event
from edge_agent.gate.host.clock_trust import ClockTrust, KnownTime
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.ledger.resolve_times import ResolveTimes
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.watch_clock import WatchClock
from edge_agent.gate.rules import Policy

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MINUTE = 60_000
HOUR = 60 * MINUTE
NOON = 1_795_000_000_000
ALIVE = GateAlive(recording=True, version="0")


def punch(worker: str = "007") -> PunchRecorded:
    return PunchRecorded(
        worker=worker,
        direction=None,
        direction_source=None,
        evidence_hash="e5" * 32,
    )


class Clocks:
    """A machine's clocks. ``true_ms`` is the truth; the kernel says ``error_ms`` when synced."""

    def __init__(self) -> None:
        self.true_ms = NOON
        self.boots = 0
        self.start(wall=0)

    def start(self, wall: int) -> None:
        """A boot begins; its wall clock shows ``wall``."""
        self.boots += 1
        self.began = self.true_ms
        self.wall_off = wall - self.true_ms
        self.error_ms: int | None = None
        self.trust = ClockTrust(f"boot-{self.boots}", 500)

    def sync(self, off: int = 0) -> None:
        self.wall_off, self.error_ms = off, 20

    def lose(self) -> None:
        self.error_ms = None

    def step(self, ms: int) -> None:
        self.wall_off += ms
        self.error_ms = None

    def recall(self, known: KnownTime) -> None:
        self.trust.recall(known, None)

    def stamp(self) -> Stamp:
        boottime, wall = self.true_ms - self.began, self.true_ms + self.wall_off
        state, uncertainty = self.trust.judge(boottime, wall, self.error_ms)
        return Stamp(
            boot=f"boot-{self.boots}",
            boottime_ms=boottime,
            wall_ms=wall,
            state=state,
            uncertainty_ms=uncertainty,
        )

    def monotonic(self) -> float:
        return self.true_ms / 1000

    def hardware_clock_held(self, synced: Stamp) -> bool | None:
        return self.trust.hardware_clock_held(synced)


class Site:
    """A gate with a real store; ``truth`` knows when each entry was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clocks = Clocks()
        self.events: list[Event] = []
        self.truth: dict[int, int] = {}
        self.open()

    def open(self) -> None:
        self.store = SqliteStore.open(
            self.folder / "gate.db", "main-gate", ZONE, self.clocks.stamp()
        )
        policy = Policy(repeat_window_ms=0, direction=DirectionRule.NONE, zone=ZONE)
        self.gate = Recorder(self.store, self.clocks, self.events.append, policy)
        if (known := self.store.known_time()) is not None:
            self.clocks.recall(known)
        self.watch = WatchClock(self.gate)
        self.times = ResolveTimes(self.gate)

    def restart(self) -> None:
        """The daemon starts again within the boot."""
        self.store.close()
        self.clocks.trust = ClockTrust(f"boot-{self.clocks.boots}", 500)
        self.open()

    def power_cut(self, off_ms: int = MINUTE, wall: int = 0) -> None:
        self.store.close()
        self.clocks.true_ms += off_ms
        self.clocks.start(wall)
        self.open()

    def runs(self, ms: int) -> None:
        self.clocks.true_ms += ms

    def write(self, fact: Fact = ALIVE) -> int:
        seq = self.gate.record(fact).seq
        self.truth[seq] = self.clocks.true_ms
        return seq

    def look(self) -> int:
        """What the gate's thread does between two looks at the glass. Returns the batches."""
        self.runs(1000)
        if self.watch.look():
            self.times.begin()
        batches = 0
        while self.times.work():
            batches += 1
        return batches

    def data(self) -> list[dict[str, Any]]:
        return [read_wire(entry.wire)[1] for entry in self.store.entries(1, 100_000)]

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        return [data for data in self.data() if data["kind"] in kinds]

    def said(self) -> list[dict[str, Any]]:
        return self.of_kind("punch.time-resolved", "punch.time-corrected")


def near(said: str, true_ms: int, within: int = 1000) -> bool:
    return abs(parse_time(said) - true_ms) <= within
