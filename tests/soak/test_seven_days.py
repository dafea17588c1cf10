"""14,000 punches as in seven days, with faults of every kind: nothing lost, doubled, reordered."""

import gc
import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.contract.chain import read_wire
from edge_agent.contract.stamps import parse_time
from edge_agent.gate.daemon import loop
from edge_agent.gate.events import Outcome, PanelShown
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.touch import poll_schedule
from edge_agent.receiver.signs_of_life import Cover, SignsOfLife, coverage, sign_of

from .killed_week import KilledWeek
from .seven_days import Week


def resident_kb() -> int:
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No pauses: time is made up; and no log that the test would keep."""
    monkeypatch.setattr(loop, "BETWEEN_LOOKS_S", 0)
    monkeypatch.setattr(poll_schedule, "BETWEEN_LOOKS_S", 0)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def check(lived: Week) -> dict[str, Any]:
    """Whatever the lamps showed is what payroll has, once, in order, at its true time."""
    data = []
    with lived._store() as store:
        tail = verify_ledger(store)
        # What the gate says of its own end goes out with it, or when it starts the next time.
        assert lived.delivered <= lived.payroll.through <= tail.seq <= lived.delivered + 3
        for first in range(1, tail.seq + 1, 500):
            for entry in store.entries(first, 500):
                if entry.seq <= lived.payroll.through:
                    assert lived.payroll.hash_of(entry.seq) == entry.hash
                data.append(read_wire(entry.wire)[1])
        size = (lived.folder / "gate.db").stat().st_size
    assert lived.payroll.contradictions == []
    everything = list(lived.shown)
    shown = [(at, one) for at, one in everything if one.outcome is Outcome.RECORDED]
    told = {one.seq for _, one in shown}
    punches = [one for one in data if one["kind"] == "punch.recorded"]
    recorded = {one["seq"]: one["worker"] for one in punches}
    assert len(told) == len(shown)  # No entry was shown twice.
    assert all(recorded.get(one.seq) == one.worker for _, one in shown)  # None was lost.
    order = [one.seq for _, one in shown]
    assert order == sorted(order)
    assert order[-1] <= lived.payroll.through
    # What is there beyond that was written although the disk had said that it was not, or the
    # power failed before the lamp; nothing else.
    uncertain = sum(one.outcome is Outcome.NOT_RECORDED for _, one in everything)
    assert len(recorded) - len(told) <= uncertain + lived.unanswered
    _check_times({one.seq: at for at, one in shown}, data)
    covered = _check_coverage(lived, everything, data)
    return {
        "covered": covered,
        "shown": len(shown),
        "entries": len(data),
        "bytes": size,
        "faults": lived.faults,
        "outcomes": dict(Counter(str(one.outcome) for _, one in everything)),
        "kinds": dict(Counter(one["kind"] for one in data)),
    }


def _check_times(truth: dict[int | None, int], data: list[dict[str, Any]]) -> None:
    last: dict[int, dict[str, Any]] = {}
    for one in data:
        if one["kind"] == "punch.recorded":
            last[one["seq"]] = {**one, "uncertainty_ms": one["clock"]["uncertainty_ms"]}
        elif one["kind"].startswith("punch.time-"):
            last[one["of"]] = one
    for seq, one in last.items():
        if seq not in truth:
            continue
        # From the press to the look that found it.
        low, high = truth[seq], truth[seq] + 10_000
        if one["at"] is not None:
            at, around = parse_time(one["at"]), one["uncertainty_ms"]
            assert at + around >= low, one
            assert at - around <= high, one
        else:
            assert one["kind"] == "punch.time-resolved", one
            assert one["final"], one
            assert one["not_before"] is None or parse_time(one["not_before"]) <= high
            assert one["not_after"] is None or parse_time(one["not_after"]) >= low


def _check_coverage(
    lived: Week, shown: list[tuple[int, PanelShown]], data: list[dict[str, Any]]
) -> float:
    """No press went unrecorded in a span that is called covered; how much of the time is that."""
    begin = shown[0][0] - 1000
    spans = coverage([SignsOfLife(map(sign_of, data))], begin, lived.clocks.true_ms)
    covered = [span for span in spans if span.cover is Cover.YES]
    for at, one in shown:
        if one.outcome in (Outcome.NOT_RECORDED, Outcome.SENSOR_FAULT):
            wrong = [s for s in covered if s.begin_ms < at < s.end_ms]
            assert not wrong, (at, one, wrong)
    return sum(s.end_ms - s.begin_ms for s in covered) / (lived.clocks.true_ms - begin)


def test_a_morning(tmp_path: Path, quick: None) -> None:
    """A small one for every day."""
    lived = Week(tmp_path, presses=200, seed=7)
    lived.run()
    told = check(lived)
    assert told["shown"] > 150
    assert told["covered"] > 0.25


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(1200)
def test_seven_days(tmp_path: Path, quick: None) -> None:
    measured: dict[int, tuple[int, int]] = {}

    def measure(left: int) -> None:
        if left in (11_000, 0):
            measured[left] = resident_kb(), open_files()

    lived = Week(tmp_path, presses=14_000, seed=2)
    lived.on_press = measure
    lived.run()
    (memory, files), (memory_after, files_after) = measured[11_000], measured[0]
    told = check(lived)
    print(told, f"RSS {memory} → {memory_after} kB, files {files} → {files_after}")
    assert told["shown"] > 12_000
    assert told["covered"] > 0.25
    assert memory_after <= memory * 1.05
    assert abs(files_after - files) <= 4  # How many connections the moment has open.
    # An entry is about 900 bytes, and half as much again its row and what pages leave empty.
    assert told["bytes"] < 1500 * told["entries"]


@pytest.mark.system
def test_a_morning_of_kill_9(tmp_path: Path, quick: None) -> None:
    lived = KilledWeek(tmp_path, presses=40, seed=3)
    lived.run()
    told = check(lived)
    assert told["shown"] > 25
    assert lived.kills > 0


@pytest.mark.long
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", [5, 6, 7, 8])
def test_seven_days_of_kill_9(tmp_path: Path, quick: None, seed: int) -> None:
    """The gate is a process, and nothing tells it that it is going to be killed."""
    lived = KilledWeek(tmp_path, presses=3_900, seed=seed)
    lived.run()
    memory = f"RSS × {lived.growth():.3f} ({lived.measured[-1][0]} kB)"
    print(f"{lived.kills} kills, {memory}, open files {lived.files()}")
    told = check(lived)
    print(told)
    assert told["shown"] > 3_500  # 14,000 in all.
    assert told["covered"] > 0.1
    assert lived.kills > 40
    assert told["kinds"]["punch.time-corrected"] > 0
    assert lived.growth() <= 1.05
    assert max(lived.files()) - min(lived.files()) <= 4
    assert told["bytes"] < 1500 * told["entries"]
