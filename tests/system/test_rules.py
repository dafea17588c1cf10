"""Real settings, real consequences: the gate's rules, protocols and brokers."""

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.brokers import Mosquitto, free_port, wait_for_port

from .gate import Gate, Part, rows
from .payroll import Listener
from .watch import Watch

_IOTCORE = """\
id = 0
[router]
id = 0
max_connections = 10
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10
[v4.1]
name = "v4.1"
listen = "127.0.0.1:{old}"
next_connection_delay_ms = 1
    [v4.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 65536
    max_inflight_count = 100
    dynamic_filters = true
[v5.1]
name = "v5.1"
listen = "127.0.0.1:{new}"
next_connection_delay_ms = 1
    [v5.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 65536
    max_inflight_count = 100
    dynamic_filters = true
"""


def _touch(gate: Gate, watch: Watch, code: str) -> dict[str, object]:
    """What the ledger says about the touch."""
    gate.press(code)
    shown = watch.panel()
    return gate.entries()[shown["seq"] - 1]


def _directions(gate: Gate, touches: str) -> list[object]:
    gate.start()
    watch = gate.watch()
    return [_touch(gate, watch, f"NV00{number}").get("direction") for number in touches]


def test_no_direction_by_default(gate: Gate) -> None:
    gate.set(punch={"repeat_window_s": 0})
    assert _directions(gate, "1121") == [None] * 4


@pytest.mark.parametrize("rule", ["in", "out"])
def test_one_direction(gate: Gate, rule: str) -> None:
    gate.set(punch={"repeat_window_s": 0, "direction": rule})
    assert _directions(gate, "1121") == [rule] * 4


def test_alternate_directions(gate: Gate) -> None:
    """Each worker for themselves, and a restart in between forgets nothing."""
    gate.set(punch={"repeat_window_s": 0, "direction": "alternate"})
    assert _directions(gate, "12112") == ["in", "in", "out", "in", "out"]
    gate.stop()
    assert _directions(gate, "123") == ["out", "in", "in"]


def test_a_repeat_does_not_turn_the_direction(gate: Gate) -> None:
    gate.set(punch={"repeat_window_s": 3600, "direction": "alternate"})
    gate.start()
    watch = gate.watch()
    first = _touch(gate, watch, "NV001")
    again = _touch(gate, watch, "NV001")
    assert (again["kind"], again["of"]) == ("punch.repeated", first["seq"])
    gate.stop()
    gate.set(punch={"repeat_window_s": 0})
    gate.start()
    out = _touch(gate, gate.watch(), "NV001")
    assert (out["kind"], out["direction"]) == ("punch.recorded", "out")


def test_a_finger_that_stays_is_one_touch(gate: Gate) -> None:
    gate.set(punch={"repeat_window_s": 0})
    gate.start()
    watch = gate.watch()
    gate.press("NV001")
    watch.panel()
    gate.press("NV002")
    watch.panel()
    assert [worker for _, worker in gate.punches()] == ["NV001", "NV002"]
    assert len(watch.panels()) == 2


def test_a_clock_that_nobody_trusts(gate: Gate) -> None:
    """The punch counts, its time waits."""
    gate.set(clock={"trust": "auto"})
    gate.start()
    watch = gate.watch()
    punch = _touch(gate, watch, "NV001")
    status = gate.status()
    if punch["clock"]["state"] == "unsynced":  # type: ignore[index]
        assert punch["at"] is None
        wires = rows(gate.database, "SELECT wire FROM ledger WHERE kind = 'punch.recorded'")
        assert "time" not in json.loads(wires[-1][0])
        assert status["clock"]["uncertainty_ms"] is None
        shown = gate.cli("punches", "list").out
        # Enrolled with a trusted clock, in this boot: between two times, or after one.
        assert any(told in shown for told in ("not known yet", "between 20", "after 20"))
        assert status["clock"]["pending"] == 1
        assert "1 punch waits for its time" in gate.cli("status").out
    else:
        assert punch["at"] is not None


@pytest.mark.parametrize("protocol", ["auto", "5", "3.1.1"])
def test_protocols(gate: Gate, mosquitto: Mosquitto, protocol: str) -> None:
    gate.set(mqtt={"port": mosquitto.port, "protocol": protocol})
    gate.receive()
    gate.start()
    watch = gate.watch()
    seq = _touch(gate, watch, "NV001")["seq"]
    gate.in_step(watch)
    assert gate.paid() == [(seq, "NV001")]
    said = mosquitto.log.read_text()
    version = "p2" if protocol == "3.1.1" else "p5"
    assert f"as edge-agent-main-gate ({version}, c1" in said


@pytest.mark.long
def test_the_broker_s_word_counts(gate: Gate, mosquitto: Mosquitto) -> None:
    """Only where somebody listens: a PUBACK for nobody is not one."""
    gate.set(mqtt={"port": mosquitto.port, "confirm_by": "broker"})
    gate.start()
    watch = gate.watch()
    _touch(gate, watch, "NV001")
    gate.until(watch, "uplink", lambda uplink: "subscribed" in str(uplink["problem"]))
    assert gate.status()["ledger"]["confirmed_seq"] == 0
    with Listener(mosquitto.port, "attendance/+/ledger"):
        gate.in_step(watch)


def test_the_broker_s_word_needs_mqtt_5(gate: Gate, mosquitto: Mosquitto) -> None:
    """Under 3.1.1 it says yes to everything: such settings are refused, or confirm nothing."""
    gate.set(mqtt={"port": mosquitto.port, "confirm_by": "broker", "protocol": "3.1.1"})
    daemon = gate.part("run", "--config", str(gate.config))
    assert daemon.wait() == 78, daemon.said
    assert "confirm_by" in daemon.said


def test_another_root(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(mqtt={"port": mosquitto.port, "root": "htx/tân-cương"}, gate={"id": "main-gate"})
    gate.receive()
    with Listener(mosquitto.port) as listener:
        gate.start()
        watch = gate.watch()
        assert listener.until("htx/tân-cương/main-gate/status")["state"] == "online"
        _touch(gate, watch, "NV001")
        gate.in_step(watch)


@pytest.fixture
def iotcore(gate: Gate, tmp_path: Path) -> Iterator[dict[str, int]]:
    """The demo's broker: its port for each protocol."""
    if find_spec("iotcore") is None:
        pytest.skip("iotcore is not installed (pip install -e .[demo])")
    ports = {"3.1.1": free_port(), "5": free_port()}
    config = tmp_path / "iotcore.toml"
    config.write_text(_IOTCORE.format(old=ports["3.1.1"], new=ports["5"]))
    broker = Part((sys.executable, "-m", "iotcore", "--config", str(config)), tmp_path / "log")
    for port in ports.values():
        wait_for_port(port, broker.process)
    yield ports
    broker.make_sure()


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_another_broker(gate: Gate, iotcore: dict[str, int], protocol: str) -> None:
    gate.set(mqtt={"port": iotcore[protocol], "protocol": protocol, "receipt_timeout_s": 1})
    gate.receive()
    gate.start()
    watch = gate.watch()
    seq = _touch(gate, watch, "NV001")["seq"]
    gate.in_step(watch)
    assert gate.paid() == [(seq, "NV001")]
