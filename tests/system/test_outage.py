"""The network is away, or worse: there and silent. Nobody at the gate may notice."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.brokers import MOSQUITTO, Mosquitto
from tests.patience import PATIENCE_S, at_most

from .gate import STAFF, Gate, rows
from .watch import Watch

pytestmark = pytest.mark.usefixtures("patient")

_AT_ONCE_S = 5.0
"""Less than any wait for a network, and far more than a touch takes."""


@pytest.fixture
def broker(tmp_path: Path) -> Mosquitto:
    """A broker that does not run yet."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    return Mosquitto(tmp_path)


def _everybody_presses(
    gate: Gate, watch: Watch, codes: tuple[str, ...], within_s: float = PATIENCE_S
) -> list[tuple[int, str]]:
    """Everybody is answered; the green lamps as (seq, worker)."""
    green = []
    for code in codes:
        gate.finger(f"press {code}")
        shown = watch.panel(within_s)
        assert (shown["outcome"], shown["worker"]) == ("recorded", code)
        green.append((shown["seq"], code))
    return green


def _all_there_once_in_order(gate: Gate, watch: Watch, green: list[tuple[int, str]]) -> None:
    last = gate.in_step(watch)
    assert gate.paid() == green
    arrived = [seq for (seq,) in rows(gate.payroll, "SELECT seq FROM entries ORDER BY rowid")]
    assert arrived == list(range(1, last + 1))
    assert rows(gate.payroll, "SELECT * FROM forks") == []


def test_a_broker_that_comes_at_the_end(gate: Gate, broker: Mosquitto) -> None:
    gate.set(mqtt={"port": broker.port, "receipt_timeout_s": 1})
    gate.start()
    watch = gate.watch()
    green = _everybody_presses(gate, watch, STAFF[:40])
    assert gate.status()["uplink"]["state"] == "disconnected"
    with broker:
        gate.receive()
        _all_there_once_in_order(gate, watch, green)


def _beside_frozen(gate: Gate, broker: Mosquitto, since: str) -> Watch:
    """Start the gate; the broker is frozen "before", "meanwhile", or not at all."""
    if since == "before":
        broker.freeze()
    gate.start()
    watch = gate.watch()
    if since == "meanwhile":
        gate.receive()
        gate.in_step(watch)
        broker.freeze()
    return watch


@pytest.mark.parametrize("since", ["before", "meanwhile"])
def test_a_frozen_broker(gate: Gate, broker: Mosquitto, since: str) -> None:
    """It accepts connections, as the kernel does for it, and never says a word."""
    gate.set(mqtt={"port": broker.port, "receipt_timeout_s": 1})
    with broker:
        watch = _beside_frozen(gate, broker, since)
        green = _everybody_presses(gate, watch, STAFF[:20])
        first, _ = green[0]
        told = [event["through"] for event in watch.seen if event["event"] == "confirmed"]
        assert max(told, default=0) < first
        broker.thaw()
        if since == "before":
            gate.receive()
        _all_there_once_in_order(gate, watch, green)


@pytest.mark.alone
@pytest.mark.parametrize("since", ["away", "before", "meanwhile"])
def test_nobody_waits_for_the_network(gate: Gate, broker: Mosquitto, since: str) -> None:
    gate.set(mqtt={"port": broker.port, "receipt_timeout_s": 1})
    with nullcontext() if since == "away" else broker:
        watch = _beside_frozen(gate, broker, since)
        _everybody_presses(gate, watch, STAFF[:20], at_most(_AT_ONCE_S))


def test_a_broker_that_is_killed_in_mid_flight(gate: Gate, broker: Mosquitto) -> None:
    """It forgets what it had taken: what payroll has not confirmed goes out again."""
    gate.set(mqtt={"port": broker.port, "receipt_timeout_s": 1})
    with broker:
        gate.receive()
        gate.start()
        watch = gate.watch()
        green = []
        for first in range(0, 30, 10):
            green += _everybody_presses(gate, watch, STAFF[first : first + 10])
            broker.restart()
        gate.in_step(watch)
        assert gate.paid() == green


def test_payroll_that_comes_late(gate: Gate, broker: Mosquitto) -> None:
    """The broker took everything for nobody: that was no receipt, so it goes out again."""
    gate.set(mqtt={"port": broker.port, "receipt_timeout_s": 1})
    with broker:
        gate.start()
        watch = gate.watch()
        green = _everybody_presses(gate, watch, STAFF[:5])
        gate.receive()
        _all_there_once_in_order(gate, watch, green)
