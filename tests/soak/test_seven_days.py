"""14,000 punches as in seven days, with faults of every kind: nothing lost, doubled, reordered."""

import gc
import os
from pathlib import Path
from typing import Any

import pytest

from edge_agent.daemon import gate_activity
from edge_agent.domain.events import Outcome
from edge_agent.domain.stamps import parse_time
from edge_agent.flows import when_to_look
from edge_agent.receiver.coverage import Cover, coverage, seen
from edge_agent.store.verify import verify_ledger

from .seven_days import IDLE_MS, Week


def resident_kb() -> int:
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def week(folder: Path, presses: int, seed: int, patch: pytest.MonkeyPatch) -> Week:
    patch.setattr(gate_activity, "BETWEEN_LOOKS_S", 0)
    patch.setattr(when_to_look, "BETWEEN_LOOKS_S", 0)
    made = Week(folder, presses, seed)
    made.run()
    return made


def check(lived: Week) -> dict[str, Any]:
    """Whatever the lamps showed is what payroll has, once, in order, at its true time."""
    held = [lived.payroll.held[seq] for seq in sorted(lived.payroll.held)]
    data = [entry["data"] for entry in held]
    with lived._store() as store:
        assert verify_ledger(store).seq == lived.payroll.through == len(held)
        size = (lived.folder / "gate.db").stat().st_size
    assert lived.payroll.contradictions == []
    shown = [(at, one) for at, one in lived.shown if one.outcome is Outcome.RECORDED]
    told = {one.seq for _, one in shown}
    punches = [one for one in data if one["kind"] == "punch.recorded"]
    recorded = {one["seq"]: one["worker"] for one in punches}
    assert len(told) == len(shown)  # No entry was shown twice.
    assert all(recorded.get(one.seq) == one.worker for _, one in shown)  # None was lost.
    order = [one.seq for _, one in shown]
    assert order == sorted(order)
    # What is there beyond that was written although the disk had said that it was not, or the
    # power failed before the lamp; nothing else.
    uncertain = sum(one.outcome is Outcome.NOT_RECORDED for _, one in lived.shown)
    assert len(recorded) - len(told) <= uncertain + lived.unanswered
    _check_times({one.seq: at for at, one in shown}, data)
    _check_coverage(lived, data)
    return {
        "shown": len(shown),
        "entries": len(held),
        "bytes": size,
        "faults": lived.faults,
        "outcomes": {
            str(outcome): sum(one.outcome is outcome for _, one in lived.shown)
            for outcome in Outcome
        },
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


def _check_coverage(lived: Week, data: list[dict[str, Any]]) -> None:
    """No press went unrecorded in a span that is called covered."""
    entries = [seen(one) for one in data]
    begin = lived.shown[0][0] - 1000
    spans = coverage(lambda: entries, begin, lived.clocks.true_ms)
    covered = [span for span in spans if span.cover is Cover.YES]
    assert sum(s.end_ms - s.begin_ms for s in covered) > (lived.clocks.true_ms - begin) / 4
    for at, one in lived.shown:
        if one.outcome in (Outcome.NOT_RECORDED, Outcome.SENSOR_FAULT):
            wrong = [s for s in covered if s.begin_ms < at < s.end_ms]
            assert not wrong, (at, one, wrong)


def test_a_morning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one for every day."""
    told = check(week(tmp_path, 200, 7, monkeypatch))
    assert told["shown"] > 150


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_seven_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "warm").mkdir()
    (tmp_path / "week").mkdir()
    check(week(tmp_path / "warm", 2000, 1, monkeypatch))
    memory, files = resident_kb(), open_files()
    lived = week(tmp_path / "week", 14_000, 2, monkeypatch)
    files_after = open_files()
    told = check(lived)
    lived.payroll.held.clear()  # The test's own books do not count.
    lived.shown.clear()
    del lived
    grown = resident_kb() / memory - 1
    print(told, f"memory {memory} kB, grown by {grown:.1%}; files {files} → {files_after}")
    assert told["shown"] > 12_000
    assert files_after <= files
    assert grown <= 0.05
    # An entry is about 900 bytes, its row and its share of the pages a little more.
    assert told["bytes"] < 1600 * told["entries"]
    assert IDLE_MS < 20_000
