"""What recording and starting cost, on an empty ledger and on a big one.

    python bench/store.py [--entries 5000000] [--appends 6000]

Both files lie in the same temporary folder (TMPDIR says where), and blocks of appends to the one
and to the other alternate, so that whatever else the machine does meets both. Ratios are what
counts. The big file's old entries have the size and the form of real ones, but no true hashes:
nothing reads them but 'ledger verify', which is no part of this.

Bytes are those of the process's write calls (wchar of /proc/self/io): log and database, headers
and repeated sectors included, not what a file system adds.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.contract.attendance import SHIFT_MS
from edge_agent.contract.chain import Scribe
from edge_agent.contract.facts import Direction, DirectionSource, GateAlive, PunchRecorded
from edge_agent.contract.people import Print, Worker
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.gate.ledger.store.database import open_database
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore

GATE, ZONE = "bench", ZoneInfo("Asia/Ho_Chi_Minh")
BLOCK = 100
EVERY_MS = 30_000
"""Between two entries: a shift of 14 hours holds 1,680."""

START_MS = 1_795_000_000_000


def moment(number: int) -> Stamp:
    at = number * EVERY_MS
    return Stamp(
        boot="0d4d6d1280534ad49f1325f45b2ffd38",
        boottime_ms=at,
        wall_ms=START_MS + at,
        state=ClockState.SYNCED,
        uncertainty_ms=40,
    )


def punch(number: int) -> PunchRecorded:
    return PunchRecorded(
        worker=f"NV{number % 80:04}",
        direction=Direction.IN,
        direction_source=DirectionSource.ALTERNATE,
        evidence_hash="e5" * 32,
    )


def make(path: Path, entries: int) -> SqliteStore:
    """A store with so many entries, its last 4,000 real ones, and 80 workers."""
    store = SqliteStore.open(path, GATE, ZONE, moment(0))
    with store.changing() as change:
        for number in range(80):
            code = f"NV{number:04}"
            change.put_worker(Worker(code=code, name=f"Nguyễn Thị {number}"))
            change.put_print(
                Print(worker=code, finger="right-index", slot=number, generation=1), bytes(32)
            )
    old = entries - 4_000
    if old > 0:
        began = time.monotonic()
        with closing(open_database(path)) as database:
            database.conn.execute("PRAGMA synchronous=OFF")
            database.conn.execute("BEGIN")
            database.conn.executemany(
                "INSERT INTO ledger VALUES (?, 'punch.recorded', ?, ?)", rows(store, old)
            )
            database.conn.execute("COMMIT")
            database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        print(f"  built in {time.monotonic() - began:.0f} s")
    first = store.tail().seq
    for start in range(first, entries, 500):
        with store.changing() as change:
            for number in range(start, min(start + 500, entries)):
                change.append(punch(number), moment(number))
    last = store.tail().seq
    store.move_watermarks(Watermarks(last, last))
    return store


def rows(store: SqliteStore, count: int) -> Iterator[tuple[int, bytes, bytes]]:
    scribe = Scribe(gate=GATE, ledger=store.ledger, zone=ZONE)
    wire = scribe.write(punch(1), moment(1), 1_000_001, bytes(32)).wire
    before, _, after = wire.partition(b':1000001"')
    middle, _, after = after.partition(b'"seq":1000001')
    for seq in range(2, count + 1):
        digest = seq.to_bytes(32, "big")
        yield seq, digest, b'%b:%d"%b"seq":%d%b' % (before, seq, middle, seq, after)


def append(store: SqliteStore, number: int) -> float:
    """Seconds that one punch takes to be durable."""
    fact, stamp = punch(number), moment(number)
    began = time.perf_counter()
    with store.changing() as change:
        change.append(fact, stamp)
    return time.perf_counter() - began


def start(path: Path, now: Stamp) -> float:
    """Seconds until the rules have all that they need of the store, and the first status stands."""
    began = time.perf_counter()
    store = SqliteStore.open(path, GATE, ZONE, now)
    store.last_punches(now, SHIFT_MS)
    store.workers()
    store.prints()
    marks = store.watermarks()
    store.complete_until(marks.confirmed)
    store.tail()
    took = time.perf_counter() - began
    store.close()
    return took


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def written() -> int:
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    raise AssertionError("the kernel counts no bytes")


def wear(store: SqliteStore, number: int) -> None:
    """Bytes that punches, hourly entries and watermarks write."""
    count, before = 500, written()
    for step in range(count):
        append(store, number + step)
    print(f"bytes a punch          {(written() - before) / count:,.0f} (at most 14,000)")
    before, hours = written(), 24
    for hour in range(hours):
        with store.changing() as change:
            change.append(GateAlive(recording=True, version="0"), moment(number + count + hour))
        last = store.tail().seq
        store.move_watermarks(Watermarks(last, last - 1))
        store.move_watermarks(Watermarks(last, last))
    print(f"bytes an idle day      {written() - before:,} (at most 1,000,000)")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--entries", type=int, default=5_000_000)
    arguments.add_argument("--appends", type=int, default=6_000)
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = {"empty": Path(folder, "empty.db"), "big": Path(folder, "big.db")}
        print(f"a ledger of {wanted.entries:,} entries")
        stores = {"empty": make(paths["empty"], 1), "big": make(paths["big"], wanted.entries)}
        print(f"  {paths['big'].stat().st_size / 1e9:.2f} GB")
        took: dict[str, list[float]] = {"empty": [], "big": []}
        for block in range(-(-wanted.appends // BLOCK)):
            for name, store in stores.items():
                for step in range(BLOCK):
                    number = wanted.entries + block * BLOCK + step
                    took[name].append(append(store, number))
        print(f"{'':<22} {'empty':>9} {'big':>9}  ratio")
        for percent in (50, 99):
            small, big = (percentile(took[name], percent) * 1e6 for name in ("empty", "big"))
            print(f"record, p{percent:<3} µs        {small:9.0f} {big:9.0f}  {big / small:.2f}")
        for store in stores.values():
            store.close()
        # As on a gate at a shift's end: what is read back is a shift, on both.
        now = moment(wanted.entries + wanted.appends)
        starts: dict[str, list[float]] = {"empty": [], "big": []}
        for _ in range(21):
            for name, path in paths.items():
                starts[name].append(start(path, now))
        small, big = (statistics.median(starts[name]) * 1e3 for name in ("empty", "big"))
        print(f"start, median ms       {small:9.1f} {big:9.1f}  {big / small:.2f}")
        with closing(SqliteStore.open(paths["big"], GATE, ZONE, now)) as store:
            wear(store, wanted.entries + wanted.appends)


if __name__ == "__main__":
    main()
