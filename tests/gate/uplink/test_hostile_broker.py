"""Whatever a broker sends, a connection ends of it and never the gate; and nothing fills it."""

import socket
import tracemalloc
from collections.abc import Iterator
from random import Random

import pytest

from edge_agent.contract.broker.client import BrokerClient
from edge_agent.gate.ports import BrokerDown, BrokerUp, MqttVersion
from edge_agent.gate.settings.schema import MqttSettings
from edge_agent.gate.uplink.mqtt import broker as attempts
from edge_agent.gate.uplink.mqtt.connection import BrokerConnection, Will
from edge_agent.gate.uplink.mqtt.endings import Closed

from .hostile_packets import connack, packet
from .stub_broker import ACCEPTED_3, ACCEPTED_5, StubBroker, until_hung_up
from .test_adapter import brokers, opened, until

__all__ = ["brokers"]

VERSIONS: tuple[MqttVersion, ...] = ("5", "3.1.1")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back at once."""
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_S", 0.05)


class Dialled(BrokerConnection):
    """A connection whose broker is this process: what it reads is put into ``line``."""

    def _dial(self) -> None:
        pass

    def lie_on(self, line: socket.socket, version: MqttVersion) -> None:
        line.setblocking(False)
        self._client._sock = line
        self._dialled = True


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def talk(random: Random, version: MqttVersion) -> list[object]:
    """A whole connection to a broker that says anything: what the gate is told of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Dialled(
            MqttSettings(host="127.0.0.1"), version, "edge-agent-x", Will("s", b""), lambda: None
        )
        connection.lie_on(ours, version)
        accepts = ACCEPTED_5 if version == "5" else ACCEPTED_3
        told: list[object] = []
        said = connack(random) if random.random() < 0.2 and version == "5" else accepts
        for number in range(random.randrange(1, 6)):
            theirs.sendall(said)
            for _ in range(3):
                connection.work(readable=True, writable=True)
            told += connection.events()
            if connection.socket is None:
                break
            if number == 0 and connection.accepted:
                connection.subscribe({"a/receipts": 0, "a/commands": 1, "a/roster": 1})
                for size in (10, 600):
                    connection.publish("a/ledger", bytes(size), "text/plain", retain=False)
                connection.publish("a/status", b"{}", None, retain=True)
            said = packet(random)
        connection.hang_up()
        return told


def fuzz(first: int, connections: int) -> None:
    for seed in range(first, first + connections):
        told = talk(Random(seed), VERSIONS[seed % 2])
        assert sum(isinstance(event, BrokerUp) for event in told) <= 1, seed
        assert sum(isinstance(event, Closed) for event in told) <= 1, seed


def test_a_broker_that_says_anything() -> None:
    fuzz(0, 400)


@pytest.mark.long
def test_a_broker_that_says_anything_a_hundred_thousand_times() -> None:
    fuzz(0, 100_000)


def test_what_the_client_raises_ends_the_connection_and_not_the_gate(
    brokers: list[attempts.PahoBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """paho 2.1.0 raised KeyError at a reason code that it did not know."""

    def raising(_: object) -> None:
        raise KeyError(7)

    monkeypatch.setattr(BrokerClient, "_handle_suback", raising)

    def answer(sock: socket.socket, level: int) -> None:
        sock.sendall(ACCEPTED_5 + bytes.fromhex("9004000100 07".replace(" ", "")))
        until_hung_up(sock)

    with StubBroker(answer) as stub:
        broker = opened(brokers, stub.port, ("5",))
        until(broker, BrokerUp)
        assert "no MQTT (KeyError)" in str(until(broker, BrokerDown).reason)
        until(broker, BrokerUp)
        broker.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_message_at_qos_2_ends_the_connection(
    brokers: list[attempts.PahoBroker], version: MqttVersion
) -> None:
    """It would be kept until the broker releases it, which a hostile one never does."""
    nothing = b"\0" if version == "5" else b""

    def answer(sock: socket.socket, level: int) -> None:
        body = b"\0\x01t\0\x01" + nothing
        sock.sendall(
            (ACCEPTED_5 if level == 5 else ACCEPTED_3) + b"\x34" + bytes([len(body)]) + body
        )
        until_hung_up(sock)

    with StubBroker(answer) as stub:
        broker = opened(brokers, stub.port, (version,))
        until(broker, BrokerUp)
        assert "at QoS 2" in str(until(broker, BrokerDown).reason)
        broker.close()


def test_a_broker_that_reads_none_of_our_answers_fills_nothing(
    line: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = line
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    connection = Dialled(
        MqttSettings(host="127.0.0.1"), "5", "edge-agent-x", Will("s", b""), lambda: None
    )
    connection.lie_on(ours, "5")
    theirs.sendall(ACCEPTED_5)
    told: list[object] = []
    for _ in range(20_000):
        theirs.sendall(b"\x32\x07\0\x01t\0\x01\0x")
        connection.work(readable=True, writable=False)
        told += connection.events()
        if isinstance(told[-1], Closed):
            break
    assert isinstance(told[-1], Closed)
    assert "reads nothing" in str(told[-1].reason)


def test_many_long_messages_at_once_wait_in_the_socket(
    line: tuple[socket.socket, socket.socket],
) -> None:
    """paho reads as many packets at a time as it has messages under way."""
    ours, theirs = line
    connection = Dialled(
        MqttSettings(host="127.0.0.1"), "5", "edge-agent-x", Will("s", b""), lambda: None
    )
    connection.lie_on(ours, "5")
    theirs.sendall(ACCEPTED_5)
    connection.work(readable=True, writable=True)
    connection.events()
    for _ in range(100):
        connection.publish("a/ledger", b"{}", "text/plain", retain=False)
    theirs.setblocking(False)
    message = b"\x30\x84\x80\x40\0\x01t\0" + bytes(1024 * 1024)
    waiting, arrived = memoryview(message * 20), 0
    tracemalloc.start()
    while waiting:
        try:
            waiting = waiting[theirs.send(waiting) :]
        except BlockingIOError:
            connection.work(readable=True, writable=True)
            arrived += len(connection.events())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert arrived
    assert peak < 16 * 1024 * 1024
    connection.hang_up()
