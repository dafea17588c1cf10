"""MQTT 5 where it can be had, 3.1.1 where a broker refuses it, hangs up on it or stays silent."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.contract.roster import LARGEST_ROSTER
from edge_agent.receiver.connection import ReceiverOptions
from tests.brokers import Mosquitto, free_port

from .front import ANSWERS, DENIES, Front
from .gate import Gate, write_ledger
from .running import Running


@pytest.fixture
def front(mosquitto: Mosquitto) -> Iterator[Front]:
    front = Front(mosquitto.port, "lets pass")
    yield front
    front.close()


@pytest.fixture
def options(front: Front, tmp_path: Path) -> ReceiverOptions:
    return ReceiverOptions(
        host="127.0.0.1",
        port=front.port,
        database=str(tmp_path / "payroll.db"),
        connect_timeout=0.5,
    )


def test_speaks_5_where_it_can(front: Front, options: ReceiverOptions) -> None:
    with Running(options) as running:
        assert "MQTTv5" in running.said("connected")


@pytest.mark.parametrize("answer", ANSWERS)
def test_auto_falls_back(
    front: Front, options: ReceiverOptions, mosquitto: Mosquitto, answer: str
) -> None:
    front.answer = answer
    with Running(options) as running, Gate(mosquitto.port) as gate:
        assert "MQTTv311" in running.said("connected")
        gate.send(*write_ledger(3))
        gate.confirmed(3)
    assert front.versions[0] == 5


def test_reason_of_a_goodbye_is_told(front: Front, options: ReceiverOptions) -> None:
    with Running(options) as running:
        running.said("connected")
        front.say(b"\xe0\x02\x8e\x00")
        told = running.said("thrown-out times=1: the broker says that another program connected")
        assert "Stop the other one" in told
        assert "Session taken over" in running.said("disconnected")


def test_broker_that_denies_a_topic_is_told(front: Front, options: ReceiverOptions) -> None:
    front.answer = DENIES
    with Running(options) as running:
        assert "does not let us read attendance/+/status" in running.said("disconnected")


def test_broker_is_told_what_we_can_hold(front: Front, options: ReceiverOptions) -> None:
    with Running(options) as running:
        running.said("connected")
    (connect,) = front.connects
    receive_maximum, maximum_packet_size = (
        b"\x21\x03\xe8",
        b"\x27" + (LARGEST_ROSTER + 1024).to_bytes(4, "big"),
    )
    assert receive_maximum in connect
    assert maximum_packet_size in connect


def test_never_for_a_broker_that_has_spoken_5(front: Front, options: ReceiverOptions) -> None:
    with Running(options) as running:
        running.said("connected")
        front.answer = "hangs up"
        front.hang_up()
        for _ in range(2):
            running.said("disconnected")
        front.answer = "lets pass"
        assert "MQTTv5" in running.said("connected")


def test_not_where_5_is_asked_for(front: Front, options: ReceiverOptions) -> None:
    front.answer = "hangs up"
    with Running(replace(options, protocol="5")) as running:
        for _ in range(2):
            running.said("disconnected")
    assert set(front.versions) == {5}


def test_3_1_1_where_it_is_asked_for(front: Front, options: ReceiverOptions) -> None:
    with Running(replace(options, protocol="3.1.1")) as running:
        assert "MQTTv311" in running.said("connected")
    assert front.versions == [4]


RUMQTTD = """
id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10
"""
LISTENER = """
[{name}]
name = "{name}"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
    [{name}.connections]
    connection_timeout_ms = 60000
    max_payload_size = 65536
    max_inflight_count = 100
    dynamic_filters = true
"""


def test_rumqttd_in_both_versions(tmp_path: Path) -> None:
    iotcore = pytest.importorskip("iotcore", reason="iotcore is not installed")
    ports = {"v4.1": free_port(), "v5.1": free_port()}
    config = tmp_path / "rumqttd.toml"
    config.write_text(
        RUMQTTD + "".join(LISTENER.format(name=name, port=port) for name, port in ports.items())
    )
    with iotcore.Broker(config_path=str(config)), Gate(ports["v4.1"]) as gate:
        for name, version in {"v5.1": "MQTTv5", "v4.1": "MQTTv311"}.items():
            options = ReceiverOptions(
                host="127.0.0.1", port=ports[name], database=str(tmp_path / f"{name}.db")
            )
            with Running(options) as running:
                assert version in running.said("connected")
                entries = write_ledger(300)
                gate.keep(entries)
                gate.send(*entries[:100], *entries[150:])
                assert (gate.asked().from_, gate.confirmed(300).hash) == (
                    101,
                    entries[-1].hash.hex(),
                )
                assert gate.receipts.empty()
