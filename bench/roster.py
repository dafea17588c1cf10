"""How long a press may have to wait while payroll's roster comes into force.

    python bench/roster.py

The gate's thread alone writes the ledger, and puts a roster in force in one transaction between two
looks at the glass: so long a press waits for it. Beside it, in the same database: what one punch
costs. All workers new, then all changed, then none. Reading the roster is the uplink's work.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from edge_agent.contract.facts import GateAlive
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.contract.roster import read_roster
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.host.clock import HostClock
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.people.roster import RosterInbox, RosterKeeper
from edge_agent.gate.rules import Policy

SIZES = (80, 1_000, 10_000)


def roster(version: int, workers: int, *, active: bool) -> bytes:
    rows = [
        RosterWorker(code=f"NV{number:05}", name=f"Nguyễn Thị Hương {number}", active=active)
        for number in range(workers)
    ]
    return msgspec.json.encode(Roster(version=version, workers=rows))


def timed(work: Callable[[], object]) -> tuple[float, object]:
    began = time.perf_counter()
    result = work()
    return (time.perf_counter() - began) * 1000, result


def measure(folder: Path, workers: int) -> None:
    clock = HostClock("always", 500)
    store = SqliteStore.open(folder / "gate.db", "bench", ZoneInfo("UTC"), clock.stamp())
    policy = Policy(repeat_window_ms=0, zone=ZoneInfo("UTC"), direction=DirectionRule.NONE)
    gate = Recorder(store, clock, lambda event: None, policy)
    alive = GateAlive(recording=True, version="0")
    punch = statistics.median(timed(lambda: gate.record(alive))[0] for _ in range(200))
    inbox = RosterInbox()
    keeper = RosterKeeper(gate, inbox)
    for version, what in enumerate(("all new", "all changed", "none"), start=1):
        payload = roster(version, workers, active=version == 1)
        reading, heard = timed(lambda payload=payload: read_roster(payload))  # type: ignore[misc]
        inbox.put(heard)  # type: ignore[arg-type]
        busy = time.process_time()
        took, _ = timed(keeper.look)
        busy = (time.process_time() - busy) * 1000
        print(f"{workers:6,} {what:12} {took:8.1f} {busy:8.1f} {reading:8.0f} {took / punch:8.0f}")
    store.close()


def main() -> None:
    print("workers, of them    in force   of it  reading  in entries that")
    print("                          ms  CPU, ms       ms  are written alone")
    for workers in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), workers)


if __name__ == "__main__":
    main()
