"""The receiver and a broker that keeps to nothing, or to little: a connection ends, never all."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from edge_agent.contract.broker.client import BrokerClient
from edge_agent.contract.messages import Receipt, Rejection
from edge_agent.receiver import project, subscriber
from edge_agent.receiver.accept import Arrival, Tip
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.effects import Effect, effect_of
from edge_agent.receiver.store import LedgerProgress, PayrollStore
from tests.brokers import Mosquitto
from tests.gate.uplink.stub_broker import ACCEPTED_5, StubBroker, until_hung_up

from .gate import Gate, write_ledger
from .running import Running

SUBACK = bytes.fromhex("9007000100000000 00".replace(" ", ""))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back at once."""
    monkeypatch.setattr(subscriber, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(subscriber, "_LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(subscriber, "_LONGEST_PAUSE_OF_TWO", 0.05)


def options(tmp_path: Path, port: int) -> ReceiverOptions:
    database = str(tmp_path / "payroll.db")
    return ReceiverOptions(host="127.0.0.1", port=port, database=database, protocol="5")


def saying(said: bytes) -> Callable[[socket.socket, int], None]:
    def answer(sock: socket.socket, level: int) -> None:
        sock.sendall(said)
        until_hung_up(sock)

    return answer


SAID = {
    "too few answers": (ACCEPTED_5 + bytes.fromhex("900500010000 00".replace(" ", "")), "no MQTT"),
    "too many": (ACCEPTED_5 + bytes.fromhex("9009000100000000000000"), "no MQTT"),
    "no wildcards": (bytes.fromhex("2005000002 2800".replace(" ", "")), "no wildcards"),
    "a limit of nothing": (bytes.fromhex("2006000003210000"), "ended the connection"),
    "QoS 2": (ACCEPTED_5 + SUBACK + bytes.fromhex("34060001740001") + b"\0", "QoS 2"),
}


@pytest.mark.parametrize(("said", "words"), SAID.values(), ids=SAID.keys())
def test_what_breaks_the_protocol_ends_the_connection(
    tmp_path: Path, said: bytes, words: str
) -> None:
    with (
        StubBroker(saying(said)) as stub,
        Running(options(tmp_path, stub.port)) as running,
    ):
        while words not in running.said("disconnected"):
            pass
        running.said("disconnected")  # It comes back, again and again.
        assert running.error is None


def test_what_the_client_raises_ends_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(_: object) -> None:
        raise KeyError(7)

    monkeypatch.setattr(BrokerClient, "_handle_suback", raising)
    with (
        StubBroker(saying(ACCEPTED_5 + SUBACK)) as stub,
        Running(options(tmp_path, stub.port)) as running,
    ):
        assert "no MQTT (KeyError)" in running.said("disconnected")
        running.said("disconnected")
        assert running.error is None


def test_an_entry_that_nobody_foresaw_holds_up_no_other(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unforeseen(arrival: Arrival) -> Effect | None:
        if arrival.seq == 3:
            raise KeyError("unforeseen")
        return effect_of(arrival)

    monkeypatch.setattr(project, "effect_of", unforeseen)
    with Running(options(tmp_path, mosquitto.port)) as running, Gate(mosquitto.port) as gate:
        running.said("connected")
        gate.send(*write_ledger(5))
        assert "seq=3 reason=KeyError" in running.said("not-taken")
        gate.confirmed(2)
        monkeypatch.undo()
        assert running.error is None


LIMITS = {
    "max_packet_size 2000": None,
    "retain_available false": "keeps no retained messages",
    "max_qos 0": "QoS 0 only",
    "max_inflight_messages 2": "2 messages at a time",
}


@pytest.mark.parametrize(("setting", "words"), LIMITS.items())
def test_the_broker_s_limits_are_obeyed_and_told(
    tmp_path: Path, setting: str, words: str | None
) -> None:
    with Mosquitto(tmp_path, [setting]) as mosquitto:
        with closing(PayrollStore(str(tmp_path / "payroll.db"))):
            pass
        with Running(options(tmp_path, mosquitto.port)) as running, Gate(mosquitto.port) as gate:
            if words:
                assert words in running.said("broker-limit")
            running.said("connected")
            for entry in write_ledger(5):
                gate.say(entry.wire, qos=0 if "qos" in setting else 1)
            gate.confirmed(5)
        # Once: it was never ended for sending what the broker does not take.
        assert mosquitto.log.read_text().count("as payroll-receiver") == 1


def test_a_receipt_that_is_too_large_goes_without_its_list(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Small:
        """A broker that takes ``most`` bytes."""

        def __init__(self, most: int) -> None:
            self.most, self.sent = most, list[Receipt]()

        def too_large(self, topic: str, payload: bytes) -> str | None:
            return "It takes less." if len(payload) > self.most else None

        def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
            self.sent.append(msgspec.json.decode(payload, type=Receipt))

    progress = LedgerProgress(
        *("ledger", "main-gate", Tip(200, "0" * 64), range(0), []),
        [Rejection(seq=seq, reason="unknown-worker") for seq in range(1, 101)],
        150,
    )
    receiver = subscriber.Receiver(ReceiverOptions(database="x"))
    for most, rejected in ((10_000, 100), (1000, 0)):
        broker = Small(most)
        receiver._confirm(cast(Any, broker), progress)
        (receipt,) = broker.sent
        assert (len(receipt.rejected), receipt.rejected_count) == (rejected, 150)
    for _ in range(3):
        broker = Small(10)
        receiver._confirm(cast(Any, broker), progress)
        assert not broker.sent
    assert caplog.text.count("left-out") == 1
