"""A shift starts: everybody at once, at the pace of the real sensor."""

from collections.abc import Iterable

import pytest

from .gate import STAFF, Gate

_POOR = ("messy:1", "dry:3", "partial:1", "moved:3")
"""Scans that need a retry: within the touch, or (three in a row) by pressing again."""


def _everybody_passes(gate: Gate, codes: Iterable[str]) -> None:
    """One after the other without a pause, one in five with a poor scan."""
    gate.simulate()
    gate.start()
    watch = gate.watch()
    for place, code in enumerate(codes):
        poor = _POOR[place // 5 % len(_POOR)] if place % 5 == 4 else ""
        gate.finger(f"press {code} {poor}")
        shown = watch.panel()
        if poor.endswith(":3"):
            assert shown["outcome"] == "try-again"
            assert shown["worker"] is None
            gate.finger(f"press {code}")
            shown = watch.panel()
        assert (shown["outcome"], shown["worker"]) == ("recorded", code)
        assert gate.entries()[shown["seq"] - 1]["worker"] == code
    assert [worker for _, worker in gate.punches()] == list(codes)


def test_six_workers(gate: Gate) -> None:
    _everybody_passes(gate, STAFF[:6])


@pytest.mark.long
@pytest.mark.timeout(660)
def test_eighty_workers(new_gate: Gate) -> None:
    """Within the ten minutes that the factory gives them: the test's own timeout says so."""
    codes = [f"NV{number:03}" for number in range(80)]
    new_gate.enrol(*codes)
    _everybody_passes(new_gate, codes)
