"""The card fails, and the kernel lets nobody write to it any more."""

import subprocess
import time

from tests.gate.ledger.small_disk import disk_like, switch_off_and_on

from .gate import STAFF, Gate
from .test_full_disk import begin_on, covered


def test_a_disk_that_becomes_read_only(new_gate: Gate) -> None:
    """Presses are refused at once; after the machine's restart nothing is missing or half done."""
    gate, code = new_gate, STAFF[0]
    disk = gate.folder / "disk"
    disk.mkdir()
    with disk_like("ext4", disk, "32m"):
        daemon, watch = begin_on(gate, disk, code)
        green = 0
        for _ in range(5):
            gate.press(code)
            green += watch.panel()["outcome"] == "recorded"
        assert green == 5
        # What the kernel does itself where the journal cannot be written.
        subprocess.run(["mount", "-o", "remount,abort", disk], check=True, capture_output=True)
        began = time.monotonic()
        gate.press(code)
        assert watch.panel()["outcome"] == "not-recorded"
        told_s = time.monotonic() - began
        print(f"a press on a read-only disk was answered after {told_s * 1000:.0f} ms")
        assert told_s < 5, "a second is promised; the machine may be busy"
        refused_ms = time.time_ns() // 10**6
        assert gate.status()["store"]["state"] == "failing"
        said = gate.cli("doctor")
        assert said.code != 0
        assert "read-only" in said.out
        gate.press(code)
        assert watch.panel()["outcome"] == "not-recorded"
        gate.finger("lift")
        daemon.kill()
        watch.close()

        # The machine is switched off and on: its disk is mended, and mounted anew.
        switch_off_and_on(disk)
        daemon = gate.start()
        watch = gate.watch()
        gate.open(watch)
        gate.press(code)
        assert watch.panel()["outcome"] == "recorded"
        assert len(gate.punches()) == green + 1
        assert gate.cli("ledger", "verify").code == 0
        assert not [s for s in covered(gate.entries()) if s.begin_ms <= refused_ms <= s.end_ms]
        assert daemon.stop() == 0
        watch.close()
