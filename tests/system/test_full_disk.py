"""The disk is full: the reserve first, then an honest no, and back to work by itself."""

import time
from pathlib import Path
from typing import Any

import pytest

from edge_agent.contract.stamps import parse_time
from edge_agent.receiver.signs_of_life import Cover, SignsOfLife, Span, coverage, sign_of
from tests.gate.ledger.small_disk import disk_like, fill
from tests.patience import PATIENCE_S

from .gate import STAFF, Gate, Part
from .watch import Watch


def covered(entries: list[dict[str, Any]]) -> list[Span]:
    """When the gate was able to record, as payroll's receiver has it."""
    begin = parse_time(entries[0]["clock"]["wall"])
    spans = coverage([SignsOfLife(map(sign_of, entries))], begin - 1000, begin + 10**8)
    return [span for span in spans if span.cover is Cover.YES]


def begin_on(gate: Gate, disk: Path, *codes: str) -> tuple[Part, Watch]:
    """Enrol workers and start the daemon, with its database on that disk."""
    gate.set(store={"path": "disk/gate.db"}, punch={"repeat_window_s": 0})
    gate.database = disk / "gate.db"
    gate.enrol(*codes)
    daemon, watch = gate.start(), gate.watch()
    gate.open(watch)
    return daemon, watch


def fill_until_refused(gate: Gate, watch: Watch, disk: Path, code: str) -> list[Path]:
    """Fill the disk until even the reserve is spent; what fills it."""
    wait_for(disk / "gate.db.reserve")
    ballast = fill(disk)
    gate.press(code)
    assert watch.panel()["outcome"] == "recorded"
    while gate.status()["store"]["state"] == "ready":  # The log still had some room.
        gate.press(code)
        assert watch.panel()["outcome"] == "recorded"
    assert gate.status()["store"]["state"] == "reserve"
    rest = fill(disk, "rest")  # What else fills the disk takes the reserve, too.
    outcome = "recorded"
    while outcome == "recorded":
        gate.press(code)
        outcome = watch.panel()["outcome"]
    assert outcome == "not-recorded"
    return [ballast, rest]


@pytest.mark.parametrize(("kind", "size"), [("tmpfs", "12m"), ("ext4", "32m")])
def test_a_gate_whose_disk_fills(new_gate: Gate, kind: str, size: str) -> None:
    gate, (code, other) = new_gate, STAFF[:2]
    disk = gate.folder / "disk"
    disk.mkdir()
    with disk_like(kind, disk, size):
        daemon, watch = begin_on(gate, disk, code, other)
        filled = fill_until_refused(gate, watch, disk, code)
        before = len(gate.punches())
        began = time.monotonic()
        gate.press(other)  # Whose finger is told from the first one's behind any stall of the disk.
        assert watch.panel()["outcome"] == "not-recorded"
        told_s = time.monotonic() - began
        print(f"a press on a full {kind} was answered after {told_s * 1000:.0f} ms")
        assert told_s < 5, "a second is promised; the machine may be busy"
        assert gate.status()["store"]["state"] == "failing"

        _, failing, *_ = gate.cli("doctor", "--problems").out.split("\n\n")
        told = " ".join(failing.split())
        assert told.count("is full (") == 1, told
        assert f"FAIL database, disk space — The disk {device_of(disk)} (mounted on {disk})" in told
        for file in filled:
            file.unlink()
        watch.state("store", "ready")
        gate.press(code)
        assert watch.panel()["outcome"] == "recorded"
        gate.finger("lift")
        kinds = [(entry["kind"], entry.get("reason")) for entry in gate.entries()]
        assert kinds[-3:] == [
            ("recording.stopped", "disk-full"),
            ("recording.resumed", "store-back"),
            ("punch.recorded", None),
        ]
        assert len(gate.punches()) == before + 1
        assert gate.cli("ledger", "verify").code == 0
        assert daemon.stop() == 0
        watch.close()


@pytest.mark.parametrize(("kind", "size"), [("ext4", "32m")])
def test_a_power_cut_while_the_disk_is_full(new_gate: Gate, kind: str, size: str) -> None:
    gate, code = new_gate, STAFF[0]
    disk = gate.folder / "disk"
    disk.mkdir()
    with disk_like(kind, disk, size):
        daemon, watch = begin_on(gate, disk, code)
        filled = fill_until_refused(gate, watch, disk, code)
        deadline = time.monotonic() + PATIENCE_S
        while not (disk / "gate.db.gap").read_bytes().strip():
            assert time.monotonic() < deadline
            time.sleep(0.05)  # A file has no event to wait for.
        refused_ms = time.time_ns() // 10**6
        gate.finger("lift")
        before = len(gate.entries())
        daemon.kill()
        watch.close()
        for file in filled:
            file.unlink()
        daemon = gate.start()
        watch = gate.watch()
        gate.open(watch)
        gate.press(code)
        assert watch.panel()["outcome"] == "recorded"
        entries = gate.entries()
        assert [(e["kind"], e.get("reason")) for e in entries[before:][:2]] == [
            ("recording.stopped", "disk-full"),
            ("recording.resumed", "started"),
        ]
        assert not [s for s in covered(entries) if s.begin_ms <= refused_ms <= s.end_ms]
        assert gate.cli("ledger", "verify").code == 0
        assert daemon.stop() == 0
        watch.close()


def device_of(folder: Path) -> str:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return next(device for device, where, *_ in mounts if where == str(folder))


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # A file has no event to wait for.
