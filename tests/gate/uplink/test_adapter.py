"""The adapter against a server that refuses, hangs up, stays silent or talks nonsense."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.contract.broker.limits import BrokerLimits
from edge_agent.contract.errors import BrokerFault
from edge_agent.gate.ports import Acknowledged, BrokerDown, BrokerEvent, BrokerUp, MqttVersion
from edge_agent.gate.settings.schema import MqttSettings
from edge_agent.gate.uplink.mqtt import broker as attempts
from edge_agent.gate.uplink.mqtt import connection
from edge_agent.gate.uplink.mqtt.broker import PahoBroker
from tests.brokers import free_port
from tests.patience import PATIENCE_S

from .stub_broker import ACCEPTED_3, ACCEPTED_5, Answer, StubBroker, until_hung_up

Happening = TypeVar("Happening", bound=BrokerEvent)

BOTH: tuple[MqttVersion, ...] = ("5", "3.1.1")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds in the field takes a moment here."""
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_S", 0.02)
    monkeypatch.setattr(connection, "CONNACK_TIMEOUT_S", 0.3)
    monkeypatch.setattr(connection, "ACKNOWLEDGE_TIMEOUT_S", 0.3)


@pytest.fixture
def brokers() -> Iterator[list[PahoBroker]]:
    """Adapters to close at the end."""
    made: list[PahoBroker] = []
    yield made
    for broker in made:
        broker.close()


def opened(
    brokers: list[PahoBroker], port: int, versions: tuple[MqttVersion, ...] = BOTH
) -> PahoBroker:
    broker = PahoBroker(MqttSettings(host="127.0.0.1", port=port), "edge-agent-main-gate")
    brokers.append(broker)
    broker.open(versions, "status", b"gone")
    return broker


def until(broker: PahoBroker, kind: type[Happening]) -> Happening:
    """The next event of this kind."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for event in broker.poll(1.0):
            if isinstance(event, kind):
                return event
    raise AssertionError(f"no {kind.__name__}")


def refuse(answer: bytes) -> Answer:
    def to_5(connection: socket.socket, level: int) -> None:
        connection.sendall(answer if level == 5 else ACCEPTED_3)
        until_hung_up(connection)

    return to_5


def hang_up(connection: socket.socket, level: int) -> None:
    if level != 5:
        connection.sendall(ACCEPTED_3)
        until_hung_up(connection)


def stay_silent(connection: socket.socket, level: int) -> None:
    if level != 5:
        connection.sendall(ACCEPTED_3)
    until_hung_up(connection)


NO_MQTT_5 = {
    "refuses in version 5": refuse(bytes.fromhex("2003008400")),
    "refuses in version 3.1.1": refuse(bytes.fromhex("20020001")),
    "finds it malformed": refuse(bytes.fromhex("2003008100")),
    "talks nonsense": refuse(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "hangs up": hang_up,
    "stays silent": stay_silent,
}


@pytest.mark.parametrize("answer", NO_MQTT_5.values(), ids=NO_MQTT_5.keys())
def test_falls_back_to_3_1_1(brokers: list[PahoBroker], answer: Answer) -> None:
    with StubBroker(answer) as stub:
        broker = opened(brokers, stub.port)
        assert until(broker, BrokerUp).version == "3.1.1"
        assert stub.levels == [5, 4]
        broker.close()


@pytest.mark.parametrize("answer", NO_MQTT_5.values(), ids=NO_MQTT_5.keys())
def test_does_not_fall_back_where_only_5_will_do(brokers: list[PahoBroker], answer: Answer) -> None:
    with StubBroker(answer) as stub:
        broker = opened(brokers, stub.port, ("5",))
        until(broker, BrokerDown)
        until(broker, BrokerDown)
        assert set(stub.levels) == {5}
        broker.close()


def test_never_asks_a_broker_for_less_than_it_has_spoken(brokers: list[PahoBroker]) -> None:
    def once(connection: socket.socket, level: int) -> None:
        if len(stub.levels) == 1:
            connection.sendall(ACCEPTED_5)

    with StubBroker(once) as stub:
        broker = opened(brokers, stub.port)
        assert until(broker, BrokerUp).version == "5"
        for _ in range(3):
            until(broker, BrokerDown)
        assert set(stub.levels) == {5}
        broker.close()


SENTENCES = {
    "not authorised": (bytes.fromhex("2003008700"), "not authorised"),
    "wrong password": (bytes.fromhex("2003008600"), "password are wrong"),
    "a second gate": (ACCEPTED_5 + bytes.fromhex("e0018e"), "second gate"),
    "unheard of": (bytes.fromhex("200300fe00"), "hung up without an answer"),
}


@pytest.mark.parametrize(("answer", "words"), SENTENCES.values(), ids=SENTENCES.keys())
def test_a_refusal_becomes_a_sentence(brokers: list[PahoBroker], answer: bytes, words: str) -> None:
    with StubBroker(refuse(answer)) as stub:
        broker = opened(brokers, stub.port, ("5",))
        reason = str(until(broker, BrokerDown).reason)
        assert words in reason
        assert reason.startswith(f"The broker at 127.0.0.1:{stub.port} ")
        broker.close()


def test_a_refusal_of_the_gate_is_no_reason_to_fall_back(brokers: list[PahoBroker]) -> None:
    with StubBroker(refuse(bytes.fromhex("2003008700"))) as stub:
        broker = opened(brokers, stub.port)
        until(broker, BrokerDown)
        until(broker, BrokerDown)
        assert set(stub.levels) == {5}
        broker.close()


def test_nobody_listens(brokers: list[PahoBroker]) -> None:
    broker = opened(brokers, free_port())
    assert "Nothing listens there" in str(until(broker, BrokerDown).reason)


def test_nobody_knows_the_host(brokers: list[PahoBroker], monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    broker = opened(brokers, 1883)
    assert "Nobody knows this host" in str(until(broker, BrokerDown).reason)


def test_a_name_service_that_hangs_keeps_nobody(
    brokers: list[PahoBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on, goodbye = threading.Event(), threading.Event(), threading.Event()
    resolve = socket.getaddrinfo
    heard: list[bytes] = []

    def slowly(*args: object, **kwargs: object) -> object:
        asked.set()
        go_on.wait(PATIENCE_S)
        return resolve(*args, **kwargs)  # type: ignore[arg-type]

    def listen(connection: socket.socket, level: int) -> None:
        heard.append(until_hung_up(connection))
        goodbye.set()

    with StubBroker(listen) as stub:
        monkeypatch.setattr(socket, "getaddrinfo", slowly)
        broker = opened(brokers, stub.port)
        broker.poll(0)
        assert asked.wait(PATIENCE_S)
        assert broker.poll(0.01) == []
        broker.close()
        assert not goodbye.is_set()
        go_on.set()
        assert goodbye.wait(PATIENCE_S)
        assert heard == [bytes.fromhex("e000")]  # DISCONNECT: the will is not published.
        monkeypatch.undo()


@pytest.mark.parametrize("version", BOTH)
def test_a_broker_that_stops_acknowledging_is_left(
    brokers: list[PahoBroker], version: MqttVersion
) -> None:
    def take_everything(connection: socket.socket, level: int) -> None:
        connection.sendall(ACCEPTED_5 if level == 5 else ACCEPTED_3)
        until_hung_up(connection)

    with StubBroker(take_everything) as stub:
        broker = opened(brokers, stub.port, (version,))
        until(broker, BrokerUp)
        broker.publish("ledger", b"entry")
        assert "acknowledges nothing" in str(until(broker, BrokerDown).reason)
        until(broker, BrokerUp)
        broker.close()


def test_receive_maximum_is_told(brokers: list[PahoBroker]) -> None:
    with StubBroker(refuse(bytes.fromhex("2006000003210003"))) as stub:
        broker = opened(brokers, stub.port)
        assert until(broker, BrokerUp) == BrokerUp("5", BrokerLimits(3))
        broker.close()


def test_nothing_is_sent_before_the_broker_accepts(brokers: list[PahoBroker]) -> None:
    broker = opened(brokers, free_port())
    with pytest.raises(BrokerFault):
        broker.publish("ledger", b"entry")
    broker.poll(0)
    with pytest.raises(BrokerFault):
        broker.publish("ledger", b"entry")


def test_sending_on_a_connection_that_is_just_being_lost_is_no_error(
    brokers: list[PahoBroker],
) -> None:
    def leave(connection: socket.socket, level: int) -> None:
        connection.sendall(ACCEPTED_5)
        connection.recv(1)

    with StubBroker(leave) as stub:
        broker = opened(brokers, stub.port)
        until(broker, BrokerUp)
        for _ in range(200):
            broker.publish("ledger", bytes(10_000))
        until(broker, BrokerDown)
        with pytest.raises(BrokerFault):
            broker.publish("ledger", b"entry")
        broker.close()


def test_what_came_before_the_end_can_still_be_answered(brokers: list[PahoBroker]) -> None:
    puback, goodbye = bytes.fromhex("40020001"), bytes.fromhex("e0018b")

    def acknowledge_and_leave(connection: socket.socket, level: int) -> None:
        connection.sendall(ACCEPTED_5)
        connection.recv(1)
        connection.sendall(puback + goodbye)
        until_hung_up(connection)

    with StubBroker(acknowledge_and_leave) as stub:
        broker = opened(brokers, stub.port)
        until(broker, BrokerUp)
        for _ in range(5):  # paho reads as many packets at once as it has messages under way.
            broker.publish("ledger", b"entry")
        until(broker, Acknowledged)
        broker.publish("ledger", b"entry")
        assert "shutting down" in str(until(broker, BrokerDown).reason)
        broker.close()


def test_goodbye_keeps_the_will_back(brokers: list[PahoBroker]) -> None:
    heard: list[bytes] = []

    def listen(connection: socket.socket, level: int) -> None:
        connection.sendall(ACCEPTED_5)
        heard.append(until_hung_up(connection))

    with StubBroker(listen) as stub:
        broker = opened(brokers, stub.port)
        until(broker, BrokerUp)
        broker.close()
    assert heard == [bytes.fromhex("e000")]


def test_wake_ends_a_poll_and_never_raises(brokers: list[PahoBroker]) -> None:
    def accept(connection: socket.socket, level: int) -> None:
        connection.sendall(ACCEPTED_5)
        until_hung_up(connection)

    with StubBroker(accept) as stub:
        broker = opened(brokers, stub.port)
        until(broker, BrokerUp)
        for _ in range(100_000):  # Many more than a socket buffers.
            broker.wake()
        started = time.monotonic()
        waker = threading.Thread(target=broker.wake)
        waker.start()
        broker.poll(PATIENCE_S)
        waker.join()
        assert time.monotonic() - started < PATIENCE_S
        broker.close()
        broker.close()
        broker.wake()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(noise=st.binary(min_size=1, max_size=60), version=st.sampled_from(BOTH))
def test_no_bytes_of_a_broker_raise_anything(noise: bytes, version: MqttVersion) -> None:
    def talk(connection: socket.socket, level: int) -> None:
        connection.sendall((ACCEPTED_5 if level == 5 else ACCEPTED_3) + noise)

    with StubBroker(talk) as stub:
        broker = PahoBroker(MqttSettings(host="127.0.0.1", port=stub.port), "edge-agent-x")
        broker.open((version,), "status", b"gone")
        until(broker, BrokerDown)
        broker.close()


@pytest.mark.parametrize(("most", "named"), [(0, 3), (1, 1)])
def test_a_broker_that_takes_aliases_hears_a_topic_once(
    brokers: list[PahoBroker], most: int, named: int
) -> None:
    """MQTT 5, 3.2.2.3.8: without a Topic Alias Maximum in CONNACK none may be sent."""
    said: list[bytes] = []
    over = threading.Event()

    def answer(connection: socket.socket, level: int) -> None:
        accepted = b"\x20\x06\x00\x00\x03\x22" + most.to_bytes(2, "big")
        connection.sendall(accepted if most else ACCEPTED_5)
        said.append(until_hung_up(connection))
        over.set()

    with StubBroker(answer) as server:
        broker = opened(brokers, server.port, ("5",))
        until(broker, BrokerUp)
        broker.publish("a/status", b"{}", retain=True)
        for number in range(3):
            broker.publish("a/ledger", b"%d" % number, content_type="text/plain")
        broker.close()
        assert over.wait(PATIENCE_S)
    assert said[0].count(b"a/ledger") == named
    assert said[0].count(b"a/status") == 1
    assert said[0].count(b"text/plain") == 3
