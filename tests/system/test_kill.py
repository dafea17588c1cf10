"""The power fails: kill -9 of the daemon, again and again."""

import random
import sys
import time

import pytest

from tests.brokers import Mosquitto

from .gate import STAFF, Gate, rows

_DARK_AT_THE_LAMP = """
import os, signal
from edge_agent.gate.panel.lamps import GpioPanel
GpioPanel.show = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
from edge_agent.cli import main
main()
"""
"""The daemon, whose power fails between the ledger and the lamp."""

_ANSWERED_WITHIN_S = 0.05
"""What an unpaced touch takes: kills are spread over it and a little more."""


def _press_and_kill(gate: Gate, codes: tuple[str, ...], seed: int) -> int:
    """Have everybody press once more often than the power fails; how often a kill cut one off."""
    moments = random.Random(seed)
    gate.receive()
    daemon, watch = gate.start(), gate.watch()
    green: dict[int, str] = {}
    cut_off = 0

    def press(code: str) -> str:
        gate.finger(f"press {code}")
        shown = watch.panel()
        assert shown["worker"] == code
        if shown["outcome"] == "recorded":
            green[shown["seq"]] = code
        return str(shown["outcome"])

    for code in codes:
        if moments.random() < 0.6:
            assert press(code) == "recorded"
            continue
        gate.finger(f"press {code}")
        # A power cut has no event to wait for.
        time.sleep(moments.uniform(0, _ANSWERED_WITHIN_S))
        daemon.kill()
        gate.finger("lift")
        for event in watch.rest():
            if event["event"] == "panel":
                assert (event["outcome"], event["worker"]) == ("recorded", code)
                green[event["seq"]] = code
        if moments.random() < 0.2:  # And once more while it starts.
            started = gate.part("run", "--config", str(gate.config))
            time.sleep(moments.uniform(0, 1))
            started.kill()
        daemon, watch = gate.start(), gate.watch()
        written = [worker for _, worker in gate.punches()].count(code)
        cut_off += written and code not in green.values()
        assert press(code) == ("repeated" if written else "recorded")

    gate.in_step(watch)
    assert sorted(worker for _, worker in gate.paid()) == sorted(codes)
    assert green.items() <= set(gate.paid())
    assert gate.paid() == gate.punches()
    assert rows(gate.payroll, "SELECT count(*) FROM forks") == [(0,)]
    assert daemon.stop() == 0
    assert gate.cli("ledger", "verify").code == 0
    return cut_off


def test_no_green_press_is_lost_or_paid_twice(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(
        mqtt={"port": mosquitto.port, "receipt_timeout_s": 1}, punch={"repeat_window_s": 86400}
    )
    _press_and_kill(gate, STAFF[:30], seed=1)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_hundred_presses(new_gate: Gate, mosquitto: Mosquitto) -> None:
    codes = tuple(f"NV{number:03}" for number in range(200))
    new_gate.enrol(*codes)
    new_gate.set(
        mqtt={"port": mosquitto.port, "receipt_timeout_s": 1}, punch={"repeat_window_s": 86400}
    )
    _press_and_kill(new_gate, codes, seed=2)


def test_cut_off_between_ledger_and_lamp(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(mqtt={"port": mosquitto.port, "receipt_timeout_s": 1})
    gate.receive()
    config = ("--config", str(gate.config))
    daemon = gate.start(sys.executable, "-c", _DARK_AT_THE_LAMP, "run", *config)
    watch = gate.watch()
    gate.finger("press NV001")
    assert daemon.wait() == -9
    assert not [event for event in watch.rest() if event["event"] == "panel"]
    [(seq, worker)] = gate.punches()
    assert worker == "NV001"

    gate.finger("lift")
    gate.start()
    watch = gate.watch()
    gate.finger("press NV001")
    again = watch.panel()
    assert (again["outcome"], again["worker"]) == ("repeated", "NV001")
    assert gate.entries()[again["seq"] - 1]["of"] == seq
    gate.in_step(watch)
    assert gate.paid() == [(seq, "NV001")]
