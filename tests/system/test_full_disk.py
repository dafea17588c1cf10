"""The disk is full: the reserve first, then an honest no, and back to work by itself."""

import time
from pathlib import Path

import pytest

from tests.store.small_disk import fill, may_mount, small_disk

from .gate import STAFF, Gate

_PATIENCE_S = 30.0


@pytest.mark.skipif(not may_mount(), reason="only root may mount a small disk")
def test_a_gate_whose_disk_fills(new_gate: Gate) -> None:
    gate, code = new_gate, STAFF[0]
    disk = gate.folder / "disk"
    disk.mkdir()
    with small_disk(disk, "12m"):
        gate.set(store={"path": "disk/gate.db"}, punch={"repeat_window_s": 0})
        gate.database = disk / "gate.db"
        gate.enrol(code)
        daemon, watch = gate.start(), gate.watch()
        gate.open(watch)
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
        before = len(gate.punches())
        began = time.monotonic()
        gate.press(code)
        assert watch.panel()["outcome"] == "not-recorded"
        told_s = time.monotonic() - began
        print(f"a press on a full disk was answered after {told_s * 1000:.0f} ms")
        assert told_s < 5, "a second is promised; the machine may be busy"
        assert gate.status()["store"]["state"] == "failing"

        ballast.unlink()
        rest.unlink()
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


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # A file has no event to wait for.
