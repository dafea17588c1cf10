"""How long it takes to read the presses of a month anew, and to keep up with those that come.

    .venv/bin/python bench/pairing.py [--postgresql]

Everybody has pressed four times on each of 26 days. *Cold*: all are due, as after an update or a
new table of shifts, and are read from the first press on. *A press*: one worker's last day is read
anew in a transaction of its own, what the receiver does with each press that comes; 80 of them are
a shift that comes in. The presses are put into the database's table directly: what it costs to take
entries is measured by bench/receiver.py. CPU seconds are this process's own.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date, datetime, timedelta
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1]))

from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.worktime.due import mark_due
from edge_agent.receiver.worktime.keep import renew
from edge_agent.receiver.worktime.known_shifts import apply_shifts
from edge_agent.receiver.worktime.shifts import Break, Shift
from tests.postgresql import Postgresql

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
FIRST, DAYS = date(2026, 11, 1), 26
TIMES = (360, 690, 750, 1080)
COLUMNS = (
    *("ledger", "seq", "gate", "code", "at", "at_ms", "day", "time", "direction"),
    *("direction_source", "source", "repeated", "root_ledger", "root_seq", "root_hash", "depth"),
)
DAY = Shift(
    code="N", begin="06:00", end="18:00", breaks=(Break(begin="11:30", end="12:30", pressed=True),)
)
MADE = "2026-11-30T00:00:00.000Z"


def marks(workers: int) -> Iterator[tuple[object, ...]]:
    seq = 0
    for day in range(DAYS):
        midnight = datetime.combine(FIRST + timedelta(day), datetime.min.time(), ZONE)
        for minutes in TIMES:
            for worker in range(workers):
                seq += 1
                at = midnight + timedelta(minutes=minutes, milliseconds=61 * worker)
                text = at.isoformat(timespec="milliseconds")
                ms = round(at.timestamp() * 1000)
                yield (
                    *("L", seq, "gate", f"NV{worker:04}", text, ms, text[:10], text[11:19]),
                    *(None, None, "finger", 0, "L", seq, "", 0),
                )


def measure(database: str, workers: int, *, shifts: bool) -> str:
    """One run, as a row of the table."""
    with closing(PayrollStore(database)) as store:
        held = store._database
        with held.transaction():
            held.insert("marks", COLUMNS, marks(workers))
        codes = [f"NV{worker:04}" for worker in range(workers)]
        if shifts:
            apply_shifts(held, [DAY], actor="bench", made_at=MADE, zone=ZONE.key)
        else:
            mark_due(held, [(code, None) for code in codes])
        began, used = time.monotonic(), time.process_time()
        renew(held)
        cold, cpu = time.monotonic() - began, time.process_time() - used
        ((complete,),) = held.query("SELECT count(*) FROM sessions WHERE status = 'complete'")
        assert complete == workers * DAYS * 2, complete
        last = datetime.combine(FIRST + timedelta(DAYS - 1), datetime.min.time(), ZONE)
        since_ms = round((last + timedelta(minutes=TIMES[-1])).timestamp() * 1000)
        began, used = time.monotonic(), time.process_time()
        for code in codes[:80]:
            mark_due(held, [(code, since_ms)])
            renew(held)
        each, each_cpu = time.monotonic() - began, time.process_time() - used
    peak = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"| {workers:,} | {'yes' if shifts else 'no'} | {workers * DAYS * 4:,} | {cold:.1f} s"
        f" | {cpu:.1f} s | {1000 * each / 80:.1f} ms | {1000 * each_cpu / 80:.1f} ms"
        f" | {peak:.0f} MiB |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[80, 1000])
    parser.add_argument("--postgresql", action="store_true", help="into PostgreSQL, fsync on")
    options = parser.parse_args()
    print("| workers | shifts | presses | cold | of it CPU | a press | of it CPU | peak memory |")
    print("|---|---|---|---|---|---|---|---|")
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        cluster = opened.enter_context(Postgresql(settings=())) if options.postgresql else None
        for workers in options.workers:
            for shifts in (True, False):
                name = str(folder / f"{workers}-{shifts}.db")
                database = cluster.new_database() if cluster else name
                print(measure(database, workers, shifts=shifts), flush=True)


if __name__ == "__main__":
    main()
