"""What is no receipt or command for this ledger: refused, counted, told, and nothing moves."""

import json
import logging
import threading
from collections.abc import Callable

import pytest

from edge_agent.contract.broker.limits import BrokerLimits
from edge_agent.contract.messages import UplinkStatus
from edge_agent.gate.events import UplinkChanged
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ports import Acknowledged, Received
from edge_agent.gate.settings.schema import MqttSettings
from edge_agent.gate.uplink.thread import UplinkThread

from .gates import TOPICS, HandClock, Ledger, Script, ScriptedBroker, uplink

ENTRIES = 10


@pytest.fixture
def ledger(new_ledger: Callable[[int], Ledger]) -> Ledger:
    """A ledger of ten entries."""
    return new_ledger(ENTRIES)


def run(ledger: Ledger, script: Callable[[ScriptedBroker], Script]) -> tuple[UplinkThread, list]:
    clock, stop, told = HandClock(), threading.Event(), []
    broker = ScriptedBroker(clock, stop, script)
    flow = uplink(MqttSettings(), ledger, broker, clock, told.append)
    flow.run(stop, lambda: None)
    return flow, told


FORGED = {
    "nothing": b"",
    "no JSON": b"\xff{",
    "another shape": b'{"ledger": 3}',
    "endless": b"[" * 60_000,
    "oversized": b" " * 70_000,
    "for another ledger": {"ledger": "another"},
    "with impossible numbers": {"through": 0},
    "with more rejected than there are": {"rejected_count": 11},
}


@pytest.mark.parametrize("payload", FORGED.values(), ids=FORGED.keys())
def test_a_receipt_that_is_none(
    ledger: Ledger, payload: bytes | dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    if isinstance(payload, dict):
        payload = json.dumps(json.loads(ledger.receipt(5)) | payload).encode()

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(retained=[Received(ledger.receipts, payload, True)])
        yield [Received(ledger.receipts, payload, False)] * 1000

    with caplog.at_level(logging.WARNING):
        flow, _ = run(ledger, script)
    assert flow.standing == UplinkStatus(refused_receipts=1001, mqtt="5")
    assert ledger.store.watermarks().confirmed == 0
    assert len([line for line in caplog.messages if "receipt" in line]) == 1


def test_an_old_receipt_moves_nothing_back_and_is_no_forgery(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept()
        yield [Received(ledger.receipts, ledger.receipt(9), False)]
        yield [Received(ledger.receipts, ledger.receipt(4), False)]

    flow, _ = run(ledger, script)
    assert flow.standing == UplinkStatus(mqtt="5")
    assert ledger.store.watermarks().confirmed == 9


COMMANDS = {
    "no JSON": b"{",
    "without an id": {"command": "resend"},
    "unknown": {"command": "format-disk", "id": "1"},
    "oversized": {"command": "resend", "id": "1", "more": "x" * 70_000},
    "for another ledger": {"command": "resend", "id": "1", "ledger": "x", "from": 1, "to": 2},
    "beyond the tail": {"command": "resend", "id": "1", "from": 1, "to": ENTRIES + 1},
    "malformed": {"command": "resend", "id": "1", "from": "a", "to": 2},
}


@pytest.mark.parametrize("asked", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_command_that_is_none(
    ledger: Ledger, asked: bytes | dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    """Each its own: the same once more would be answered from memory."""

    def payload(number: int) -> bytes:
        if isinstance(asked, bytes):
            return asked + b" " * number
        return json.dumps({"ledger": ledger.store.ledger, "n": number} | asked).encode()

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(retained=[Received(ledger.receipts, ledger.receipt(10), True)])
        yield [Received(TOPICS.commands, payload(number), False) for number in range(300)]
        assert not broker.take_seqs()
        assert len(broker.take(TOPICS.replies)) <= 50

    with caplog.at_level(logging.WARNING):
        flow, _ = run(ledger, script)
    assert flow.standing == UplinkStatus(refused_commands=300, mqtt="5")
    assert len([line for line in caplog.messages if "command refused" in line]) == 1


REFUSALS = {0x10: "Nobody is subscribed", 0x80: "do not take", 0x87: "not authorised"}
REFUSALS |= {0x90: "does not allow this topic", 0x97: "A quota is used up"}


@pytest.mark.parametrize("code", REFUSALS, ids=[f"{code:#x}" for code in REFUSALS])
def test_a_refusal_of_the_broker_keeps_the_entry_pauses_and_is_told(
    ledger: Ledger, code: int
) -> None:
    from edge_agent.gate.uplink.mqtt.endings import meaning

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(receive_maximum=3)
        pauses, refused_at = [], 0.0
        refusing = [Acknowledged(sent.token, code, meaning(code)) for sent in broker.take()]
        yield refusing
        for second in range(1, 2000):
            broker.clock.now = float(second)
            sent = broker.take(TOPICS.ledger)
            if sent:
                assert [message.json["data"]["seq"] for message in sent] == [1]
                pauses.append(second - refused_at)
                refused_at = second
            yield [Acknowledged(message.token, code, meaning(code)) for message in sent]
        assert pauses[:4] == sorted(pauses[:4])
        assert 6 <= len(pauses) <= 10  # 5, 10, 20, … at most 600 s.
        broker.clock.now = 4000.0
        yield []
        yield [Acknowledged(message.token, 0, None) for message in broker.take(TOPICS.ledger)]
        assert broker.take_seqs()[:2] == [2, 3]

    _, told = run(ledger, script)
    details = [event.detail for event in told if isinstance(event, UplinkChanged)]
    few = str(BrokerLimits(3).sentences()["receive-maximum"])
    assert details[0] == few
    assert len(details) == 3, details
    assert "wait in the ledger" in (details[1] or "")
    assert details[2] == few
    assert ledger.store.watermarks() == Watermarks(1, 0)
