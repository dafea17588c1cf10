"""How long a month's sheet takes: 80 workers, four presses a day, from the database to the file.

    .venv/bin/python bench/sheet.py

Seconds by the clock and of the processor, each form in a process of its own, as a clerk runs it.
Most of it is openpyxl, and of that the sheet of sources.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import msgspec

from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.receiver.store import PayrollStore
from tests.receiver.test_effects import Ledger

WORKERS, DAYS = 80, 26
CLOCKS = (("06:00", "in"), ("11:30", "out"), ("12:30", "in"), ("18:00", "out"))
FORMS = ("01a", "01b", "days", "sessions")


def fill(database: str) -> int:
    """Everybody's month; returns the number of presses."""
    codes = [f"NV{number:04}" for number in range(1, WORKERS + 1)]
    gate = Ledger("63bfdb45-c968-4ec6-ade8-90074b17d0b2", "cong-chinh")
    for day in range(1, DAYS + 1):
        for clock, way in CLOCKS:
            for code in codes:
                gate.punch(f"{day:02} {clock}", way, code=code)
    workers = [RosterWorker(code=code, name="Hoàng Thị Phương Thảo") for code in codes]
    with closing(PayrollStore(database)) as store:
        payload = msgspec.json.encode(Roster(version=1, workers=workers))
        store.apply_roster(payload, "2026-11-01T00:00:00.000Z")
        for first in range(0, len(gate.arrivals), 500):
            store.take(gate.arrivals[first : first + 500], "2026-11-30T00:00:00.000Z")
        store.update_coverage(1e6)
    return len(gate.arrivals)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = f"{folder}/payroll.db"
        presses = fill(database)
        print(f"{WORKERS} workers, {presses} presses")
        command = [sys.executable, "-m", "edge_agent", "receive", "--database", database]
        commands = {form: ["sheet", "--form", form, "--output", f"{form}.xlsx"] for form in FORMS}
        commands["attlog"] = ["export", "--format", "attlog", "--output", "1_attlog.dat"]
        for name, rest in commands.items():
            before, began = os.times(), time.perf_counter()
            asked = [*command, *rest, "--month", "2026-11"]
            subprocess.run(asked, check=True, cwd=folder, capture_output=True)
            took, after = time.perf_counter() - began, os.times()
            used = after.children_user + after.children_system
            used -= before.children_user + before.children_system
            print(f"{name:8}: {took:.1f} s, {used:.1f} s of the processor")


if __name__ == "__main__":
    main()
