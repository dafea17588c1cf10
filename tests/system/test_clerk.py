"""A clerk's month, from a fresh database: settled by the commands that are printed, and closed."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from edge_agent.contract.chain import GENESIS, seal
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.receiver.accept import Arrival, read
from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.worktime.known_shifts import apply_shifts
from edge_agent.receiver.worktime.shifts import Break, Shift
from tests.everyday import one_in

NOW = datetime.now(UTC)
MONTH = (NOW.date().replace(day=1) - timedelta(days=1)).replace(day=1)
"""The last one that is over: a clerk corrects what is not long ago."""

NAME = f"{MONTH:%Y-%m}"
NOON = (Break(begin="11:30", end="12:30", pressed=True),)
DAY = Shift(code="HC", name="Hành chính", begin="06:00", end="18:00", breaks=NOON)
WHOLE = ("06:00", "11:30", "12:30", "18:00")


class Written:
    """A gate's ledger, written by hand."""

    def __init__(self, ledger: str, gate: str) -> None:
        self.ledger, self.gate = ledger, gate
        self.arrivals: list[Arrival] = []
        self.hash = GENESIS

    def branch(self) -> "Written":
        twin = Written(self.ledger, self.gate)
        twin.arrivals, twin.hash = list(self.arrivals), self.hash
        return twin

    def write(self, kind: str, at: str | None, **data: object) -> int:
        seq = len(self.arrivals) + 1
        clock = {
            "state": "synced" if at else "unsynced",
            "uncertainty_ms": 40 if at else None,
            "boot": "x",
            "boottime_ms": seq * 1000,
            "wall": "2026-01-01T00:00:00.000Z",
        }
        full = {"ledger": self.ledger, "seq": seq, "kind": kind, "at": at, "clock": clock, **data}
        envelope = seal(self.gate, full, self.hash)
        self.hash = bytes.fromhex(envelope.hash)
        self.arrivals.append(read(self.gate, msgspec.json.encode(envelope)))
        return seq  # fmt: skip

    def press(self, code: str, day: date, *times: str) -> None:
        for time in times:
            at = f"{day}T{time}:00.000+07:00"
            self.write("punch.recorded", at, worker=code, direction=None)


def working_day(number: int) -> date:
    """The month's first, second … day that is no Sunday."""
    days = (MONTH + timedelta(days=place) for place in range(31))
    return [day for day in days if day.isoweekday() != 7][number]


def a_month(store: PayrollStore) -> None:
    """Three good days of everybody, and twelve things that a person has to decide."""
    workers = [RosterWorker(code=f"NV0{n}", name=f"Công nhân {n}") for n in range(1, 10)]
    first = MONTH - timedelta(days=3)
    store.apply_roster(roster(1, workers), f"{first}T00:00:00.000Z")
    apply_shifts(
        store._database, [DAY], actor="office-1", made_at=f"{first}T00:00:00.000Z",
        zone="Asia/Ho_Chi_Minh",
    )  # fmt: skip
    main = Written("0a6f1f9e-5f0e-4f6e-9d55-7f3c6c9b0001", "cong-chinh")
    for place in range(3):
        for time in WHOLE:
            for worker in workers:
                main.press(worker.code, working_day(place), time)
    lost = main.write("punch.recorded", None, worker="NV06", direction=None)
    main.write("punch.recorded", None, worker="NV07", direction=None)
    main.write("punch.time-resolved", None, of=lost, not_before=None, not_after=None, final=True)
    odd = working_day(4)
    main.press("NV01", odd, "06:00", "11:30", "18:00")
    main.press("NV02", odd, "06:00", "11:30", "12:30")
    main.press("NV03", odd, "11:30", "12:30", "18:00")
    main.press("NV04", odd, "06:00")
    main.press("NV05", odd, "06:00", "11:30", "12:30", "15:00", "18:00")
    main.press("NV88", odd, "07:00")
    main.press("nv08", odd, *WHOLE)
    main.write("punch.recorded", f"{odd}T20:00:00.000+07:00")
    other = Written("0a6f1f9e-5f0e-4f6e-9d55-7f3c6c9b0002", "cong-doi")
    other.press("NV09", odd, "06:00")
    twin = other.branch()
    other.press("NV09", odd, "18:00")
    twin.press("NV09", odd, "17:00")
    for _ in range(3):
        other.press("NV09", odd + timedelta(days=1), "06:00")
    missing = [one for one in other.arrivals if one.seq != 4]
    store.take([*main.arrivals, *missing, *twin.arrivals], f"{odd}T14:00:00.000Z")
    named = [*workers[:8], RosterWorker(code="NV09", name="Người khác hẳn")]
    store.apply_roster(roster(2, named), f"{working_day(8)}T00:00:00.000Z")


def roster(version: int, workers: list[RosterWorker]) -> bytes:
    sent = Roster(version=version, workers=workers)
    return msgspec.json.encode(sent)


@pytest.fixture(params=one_in(2, ["sqlite", "postgresql"]))
def database(request: pytest.FixtureRequest, tmp_path: Path, run_folder: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(tmp_path / "payroll.db")
        return
    pytest.importorskip("psycopg")
    from tests.postgresql import BINARIES, shared_cluster

    if BINARIES is None:
        pytest.skip("PostgreSQL is not installed")
    with shared_cluster(run_folder) as new_database:
        yield new_database(True)


Shell = Callable[[str], tuple[int, str]]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Types something into a shell; returns how that ended, and what it said."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "EDGE_AGENT_ACTOR": "office-1",
    }

    def run(typed: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", f"set -e\n{typed}"],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


def first_commands(told: str) -> list[str]:
    """The command of the first proposal of each item, in the lines in which it is printed."""
    found: list[str] = []
    place = ""
    for line in told.splitlines(keepends=True):
        if number := re.match(r" {4}([0-9]+)\) ", line):
            place = number[1]
        elif line.startswith("       edge-agent "):
            found += [line] if place == "1" else []
            place += "+"
        elif place == "1+" and line.startswith("           "):
            found[-1] += line
    return found


def test_a_month_is_settled_by_what_is_printed_and_closed(database: str, shell: Shell) -> None:
    with closing(PayrollStore(database)) as store:
        a_month(store)
    settle = f"edge-agent receive settle --month {NAME} --database '{database}'"
    code, told = shell(settle)
    print(told)
    assert code == 1
    assert len(first_commands(told)) >= 12
    assert all(len(line) <= 80 or database in line for line in told.splitlines())
    for _ in range(4):
        code, said = shell("".join(first_commands(told)))
        assert code == 0, said
        code, told = shell(settle)
        if code == 0:
            break
        print(told)
    assert "không còn việc nào, nhưng còn cổng chưa gửi hết kỳ này" in told.replace("\n", " ")
    close = f"edge-agent receive close --month {NAME} --reason 'đã ký' --database '{database}'"
    assert shell(close)[0] == 0
    code, told = shell(f"edge-agent receive diff --month {NAME} --database '{database}'")
    assert (code, told) == (0, "Không có gì thay đổi.\n")
