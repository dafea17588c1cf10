"""What a broker says that it takes is obeyed, and told: CONNACK's limits (MQTT 5, 3.2.2.3)."""

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from edge_agent.contract.broker.limits import BrokerLimits, limits_of, publish_bytes, too_large
from edge_agent.contract.facts import GateAlive
from edge_agent.gate.doctor.findings import split
from edge_agent.gate.events import Confirmed, Event, UplinkChanged
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ports import Acknowledged, BrokerDown, BrokerUp
from edge_agent.gate.settings.schema import HomeAssistantSettings
from edge_agent.gate.uplink.mqtt import broker as attempts
from tests.brokers import Mosquitto
from tests.patience import PATIENCE_S

from .gates import NOON, TOPICS, Ledger, Script, ScriptedBroker, gate_status, play
from .payroll import Payroll
from .stub_broker import StubBroker, until_hung_up
from .test_adapter import brokers, opened, until
from .test_real_brokers import Gate

__all__ = ["brokers"]

NewLedger = Callable[[int], Ledger]
LONG = 900


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back at once."""
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_S", 0.05)


def write_long(ledger: Ledger) -> None:
    with ledger.store.changing() as change:
        change.append(GateAlive(recording=True, version="0" * LONG), NOON)


def telling(*words: str) -> Callable[[Event], bool]:
    def told(event: Event) -> bool:
        if not isinstance(event, UplinkChanged) or event.state != "connected":
            return False
        return all(word in (event.detail or "") for word in words)

    return told


def connections(mosquitto: Mosquitto) -> int:
    return mosquitto.log.read_text().count("as edge-agent-main-gate")


def test_an_entry_larger_than_the_broker_takes_is_told_and_the_rest_goes_on(
    tmp_path: Path, new_ledger: NewLedger
) -> None:
    ledger = new_ledger(5)
    write_long(ledger)
    ledger.grow(60)
    with (
        Mosquitto(tmp_path, ["max_packet_size 1300"]) as mosquitto,
        Payroll(mosquitto.port, ledger).listening() as payroll,
        Gate(mosquitto.port, ledger, receipt_timeout_s=1) as gate,
    ):
        gate.until(telling("entry 6 ", "more than 1300 bytes", "max_packet_size"))
        payroll.until(lambda: {*range(1, 6), *range(7, 67)} <= set(payroll.arrived))
        gate.until_confirmed(5)
        assert 6 not in payroll.arrived
        assert connections(mosquitto) == 1
    assert ledger.store.watermarks().confirmed == 5
    # A broker that takes it gets it, at the next start and without anybody's help.
    with (
        Mosquitto(tmp_path) as mosquitto,
        Payroll(mosquitto.port, ledger).listening(),
        Gate(mosquitto.port, ledger, receipt_timeout_s=1) as gate,
    ):
        gate.until_confirmed(66)


def test_status_and_discovery_that_are_too_large_are_left_out_and_told(
    tmp_path: Path, new_ledger: NewLedger
) -> None:
    """They were sent again and again over new connections, and the true reason overwritten."""
    ledger = new_ledger(5)
    sensor = structs.replace(gate_status().sensor, problem="x" * LONG)
    status = structs.replace(gate_status(), sensor=sensor)
    with (
        Mosquitto(tmp_path, ["max_packet_size 1000"]) as mosquitto,
        Payroll(mosquitto.port, ledger).listening(),
        Gate(
            mosquitto.port,
            ledger,
            home_assistant=HomeAssistantSettings(discovery=True),
            status=lambda: status,
        ) as gate,
    ):
        gate.until(telling("gate's status, what Home Assistant", "more than 1000 bytes"))
        gate.until_confirmed(5)
        assert connections(mosquitto) == 1


def test_a_broker_that_keeps_no_retained_messages(tmp_path: Path, new_ledger: NewLedger) -> None:
    """It refuses a CONNECT whose will is retained (0x9A), and ends a connection that retains."""
    ledger = new_ledger(5)
    with (
        Mosquitto(tmp_path, ["retain_available false"]) as mosquitto,
        Payroll(mosquitto.port, ledger, answers=False).listening() as payroll,
        Gate(mosquitto.port, ledger) as gate,
    ):
        gate.until(telling("keeps no retained messages", "retain_available"))
        payroll.until(lambda: len(payroll.wires) == 5)
        assert payroll.states == ["online"]
        gate.stop()
        payroll.until(lambda: payroll.states == ["online", "offline"])
        assert connections(mosquitto) == 1


@pytest.mark.parametrize("confirm_by", ["payroll", "broker"])
def test_a_broker_that_acknowledges_nothing(
    tmp_path: Path, new_ledger: NewLedger, confirm_by: str
) -> None:
    """Only payroll's receipts count there, whatever the settings say."""
    ledger = new_ledger(2000)
    with (
        Mosquitto(tmp_path, ["max_qos 0"]) as mosquitto,
        Payroll(mosquitto.port, ledger, answers=False).listening() as payroll,
        Gate(mosquitto.port, ledger, confirm_by=confirm_by, receipt_timeout_s=1) as gate,
    ):
        gate.until(telling("QoS 0", "max_qos"))
        payroll.until(lambda: len(payroll.wires) == 2000)
        assert connections(mosquitto) == 1
    assert ledger.store.watermarks().confirmed == 0  # This payroll cannot answer at QoS 1.


def test_few_at_a_time_is_told(tmp_path: Path, new_ledger: NewLedger) -> None:
    ledger = new_ledger(50)
    with (
        Mosquitto(tmp_path, ["max_inflight_messages 3"]) as mosquitto,
        Payroll(mosquitto.port, ledger).listening(),
        Gate(mosquitto.port, ledger) as gate,
    ):
        gate.until(telling("3 messages at a time", "max_inflight_messages"))
        gate.until_confirmed(50)
    assert connections(mosquitto) == 1


def test_one_message_at_a_time_is_one() -> None:
    [told] = map(str, BrokerLimits(receive_maximum=1).sentences().values())
    assert "takes 1 message at a time" in told


def test_where_the_broker_s_word_counts_nothing_is_passed_over(new_ledger: NewLedger) -> None:
    ledger = new_ledger(4)
    why = too_large(300)

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept()
        first, second, third, fourth = broker.take(TOPICS.ledger)
        assert second.json["data"]["seq"] == 2
        yield [
            Acknowledged(first.token, 0, None),
            Acknowledged(second.token, 0x95, why),
            Acknowledged(third.token, 0, None),
            Acknowledged(fourth.token, 0, None),
        ]

    told = play(ledger, script, confirm_by="broker")
    assert ledger.store.watermarks() == Watermarks(1, 1)
    assert isinstance(told.events[-1], UplinkChanged | Confirmed)


def test_a_limit_that_a_broker_only_shows_by_hanging_up_is_found_out(
    brokers: list[attempts.PahoBroker],
) -> None:
    """AWS and others end the connection (DISCONNECT 0x95) for what is larger than they told."""
    took: list[int] = []

    def answer(sock: socket.socket, level: int) -> None:
        sock.sendall(bytes.fromhex("2003000000"))
        with sock.makefile("rb") as packets:
            while (head := packets.read(2)) and head[0] == 0x32:
                body = packets.read(head[1] if head[1] < 0x80 else 0)
                if head[1] >= 0x80:
                    more = packets.read(1)[0]
                    body = packets.read((head[1] & 0x7F) + (more << 7))
                if len(body) > 100:
                    sock.sendall(bytes.fromhex("e0020095 00".replace(" ", ""))[:1] + b"\x01\x95")
                    return
                took.append(len(body))
                sock.sendall(b"\x40\x02" + body[8:10])

    with StubBroker(answer) as stub:
        broker = opened(brokers, stub.port, ("5",))
        until(broker, BrokerUp)
        broker.publish("ledger", bytes(50))
        broker.publish("ledger", bytes(500))
        assert "raise its limit" in str(until(broker, BrokerDown).reason)
        up = until(broker, BrokerUp)
        assert up.limits.packet_bytes is not None
        assert 500 <= up.limits.packet_bytes < 520
        small, large = (broker.publish("ledger", bytes(size)) for size in (50, 500))
        answers = {}
        while len(answers) < 2:
            for event in broker.poll(1.0):  # Both may come at once.
                if isinstance(event, Acknowledged):
                    answers[event.token] = event.code
        assert answers == {small: 0, large: 0x95}
        broker.close()


@pytest.mark.parametrize(
    ("code", "heard", "why"), [("95", 0x95, "message_size_limit"), ("ee", 0x80, None)]
)
def test_a_reason_that_the_standard_has_for_other_packets_only_is_no_end(
    brokers: list[attempts.PahoBroker], code: str, heard: int, why: str | None
) -> None:
    """mosquitto's ``message_size_limit`` is not told, and answered with 0x95 in a PUBACK."""

    def answer(sock: socket.socket, level: int) -> None:
        sock.sendall(bytes.fromhex("2003000000"))
        with sock.makefile("rb") as packets:
            while (head := packets.read(2)) and head[0] == 0x32:
                token = packets.read(head[1])[8:10]
                sock.sendall(b"\x40\x03" + token + bytes.fromhex(code))

    with StubBroker(answer) as stub:
        broker = opened(brokers, stub.port, ("5",))
        until(broker, BrokerUp)
        for _ in range(2):
            token = broker.publish("ledger", bytes(50))
            answered = until(broker, Acknowledged)
            assert (answered.token, answered.code) == (token, heard)
            assert why is None or why in str(answered.why)
        broker.close()


def test_an_entry_beyond_mosquitto_s_own_limit_is_told_and_the_rest_goes_on(
    tmp_path: Path, new_ledger: NewLedger
) -> None:
    ledger = new_ledger(5)
    write_long(ledger)
    with (
        Mosquitto(tmp_path, ["message_size_limit 1200"]) as mosquitto,
        Payroll(mosquitto.port, ledger).listening(),
        Gate(mosquitto.port, ledger) as gate,
    ):
        gate.until(telling("entry 6 ", "message_size_limit"))
        gate.until_confirmed(5)
    assert connections(mosquitto) == 1


def test_the_reason_that_comes_while_we_are_writing_is_heard(
    brokers: list[attempts.PahoBroker],
) -> None:
    """Our next message meets a socket that is closed already, and that hid what was said before."""
    said = threading.Event()

    def answer(sock: socket.socket, level: int) -> None:
        sock.sendall(bytes.fromhex("2003000000"))
        sock.recv(10)
        sock.sendall(bytes.fromhex("40020001e00195"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()
        said.set()

    with StubBroker(answer) as stub:
        broker = opened(brokers, stub.port, ("5",))
        until(broker, BrokerUp)
        broker.publish("ledger", bytes(2000))
        assert said.wait(PATIENCE_S)
        broker.publish("ledger", bytes(2000))
        broker.publish("ledger", bytes(2000))
        assert "too large" in str(until(broker, BrokerDown).reason)
        broker.close()


@pytest.mark.parametrize("connack", ["2006000003210000", "20080000052700000000"])
def test_a_limit_of_nothing_ends_the_connection(
    brokers: list[attempts.PahoBroker], connack: str
) -> None:
    def answer(sock: socket.socket, level: int) -> None:
        sock.sendall(bytes.fromhex(connack))
        until_hung_up(sock)

    with StubBroker(answer) as stub:
        broker = opened(brokers, stub.port, ("5",))
        assert "hung up without an answer" in str(until(broker, BrokerDown).reason)
        broker.close()


@pytest.mark.parametrize(("asked", "pings"), [(1, True), (0, False), (65535, False)])
def test_the_broker_s_keep_alive_counts_where_it_is_shorter(
    brokers: list[attempts.PahoBroker], asked: int, pings: bool
) -> None:
    said: list[bytes] = []
    over = threading.Event()

    def answer(sock: socket.socket, level: int) -> None:
        sock.sendall(b"\x20\x06\x00\x00\x03\x13" + asked.to_bytes(2, "big"))
        sock.settimeout(2.5)
        try:
            said.append(sock.recv(2))
        except TimeoutError:
            said.append(b"")
        over.set()
        until_hung_up(sock)

    with StubBroker(answer) as stub:
        broker = opened(brokers, stub.port, ("5",))
        until(broker, BrokerUp)
        while not over.is_set():
            broker.poll(0.1)
        assert (said == [b"\xc0\x00"]) is pings
        broker.close()


def test_an_assigned_client_id_and_all_else_in_connack_changes_nothing(
    brokers: list[attempts.PahoBroker],
) -> None:
    properties = bytes.fromhex("120001781f0001 79280029002a00".replace(" ", ""))

    def answer(sock: socket.socket, level: int) -> None:
        rest = b"\0\0" + bytes([len(properties)]) + properties
        sock.sendall(b"\x20" + bytes([len(rest)]) + rest)
        until_hung_up(sock)

    with StubBroker(answer) as stub:
        broker = opened(brokers, stub.port, ("5",))
        assert until(broker, BrokerUp).limits == BrokerLimits(wildcards=False)
        broker.close()


def test_what_is_not_mentioned_has_no_limit() -> None:
    assert limits_of(None) == BrokerLimits()
    assert not BrokerLimits().sentences()


@pytest.mark.parametrize("payload", [0, 100, 110, 120, 16_000, 16_370, 16_384, 2_097_152])
def test_the_length_of_a_publication_is_what_goes_over_the_line(payload: int) -> None:
    sent: list[bytes] = []
    over = threading.Event()

    def answer(sock: socket.socket, level: int) -> None:
        sock.sendall(bytes.fromhex("2003000000"))
        sent.append(until_hung_up(sock))
        over.set()

    made: list[attempts.PahoBroker] = []
    with StubBroker(answer) as stub:
        broker = opened(made, stub.port, ("5",))
        until(broker, BrokerUp)
        broker.publish("a/ledger", bytes(payload), content_type="text/plain")
        for _ in range(100):
            broker.poll(0.01)
        broker.close()
        assert over.wait(PATIENCE_S)
    properties = b"\x0d\x03\x00\x0atext/plain"
    goodbye = 2
    assert publish_bytes("a/ledger", bytes(payload), 1, properties) == len(sent[0]) - goodbye


def test_the_status_names_the_limits(new_ledger: NewLedger) -> None:
    limits = BrokerLimits(1, 700, False, 0)

    def script(broker: ScriptedBroker) -> Script:
        yield [BrokerUp("5", limits)]
        yield []

    told = play(new_ledger(1), script)
    assert json.dumps([str(event) for event in told.events]) == "[]"  # Not before it may send.
    assert set(limits.sentences()) == {"retain", "qos", "receive-maximum"}
    for sentence in map(str, (*limits.sentences().values(), too_large(700))):
        assert "(mosquitto" in split(sentence)[1]  # The doctor's advice.
