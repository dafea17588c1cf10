"""systemctl reload: rules count from the next press on, and the gate records meanwhile."""

import signal
import time

from tests.patience import PATIENCE_S

from .gate import Gate, Part


def until_said(daemon: Part, words: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while words not in daemon.said:
        assert time.monotonic() < deadline, words
        time.sleep(0.02)


def test_a_rule_is_taken_anew_without_a_restart(gate: Gate) -> None:
    gate.set(punch={"repeat_window_s": 3600})
    daemon = gate.managed()
    until_said(daemon, "sensor ready")
    watch = gate.watch()
    for outcome in ("recorded", "repeated"):
        gate.press("NV001")
        assert watch.panel()["outcome"] == outcome
    before = gate.status()["up_s"]
    gate.set(punch={"repeat_window_s": 0}, mqtt={"keepalive_s": 61})
    daemon.signal(signal.SIGHUP)
    until_said(daemon, "count after a restart: [mqtt] keepalive_s")
    assert "settings taken anew: [punch] repeat_window_s" in daemon.said
    gate.press("NV001")
    assert watch.panel()["outcome"] == "recorded"
    assert gate.status()["settings"]["changed"] == ["[mqtt] keepalive_s"]
    assert gate.status()["up_s"] >= before
    gate.set(punch={"repeat_window_s": -1})
    daemon.signal(signal.SIGHUP)
    until_said(daemon, "none were taken")
    gate.press("NV001")
    assert watch.panel()["outcome"] == "recorded"
