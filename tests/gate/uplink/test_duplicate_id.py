"""Two gates of one name: each notices, goes on, and sends slowly until it is over."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.contract.broker.limits import BrokerLimits
from edge_agent.contract.language import Message
from edge_agent.contract.messages import UplinkStatus
from edge_agent.gate.events import UplinkChanged
from edge_agent.gate.ports import Acknowledged, BrokerDown, BrokerUp, Received, Subscribed
from edge_agent.gate.settings.schema import MqttSettings
from edge_agent.gate.uplink.duplicate_id import (
    HUNG_UP_OFTEN,
    DuplicateIdDetector,
    HangUpWatch,
)
from edge_agent.gate.uplink.mqtt import broker as attempts
from edge_agent.gate.uplink.thread import UplinkThread
from tests.brokers import Mosquitto

from .gates import TOPICS, HandClock, Ledger, Script, ScriptedBroker, uplink
from .payroll import Payroll
from .test_real_brokers import Gate


def status(ledger: str, state: str = "online") -> bytes:
    return json.dumps({"gate": "g", "state": state, "ledger": {"id": ledger}}).encode()


def test_takeovers_again_and_again_are_a_twin() -> None:
    twin = DuplicateIdDetector("ours")
    twin.taken_over(0)
    twin.taken_over(100)
    assert not twin.detected(100)
    twin.taken_over(590)
    assert twin.detected(591)
    assert twin.detected(590 + 899)
    assert not twin.detected(590 + 901)


def test_a_takeover_now_and_then_is_our_own_connection_that_had_died() -> None:
    twin = DuplicateIdDetector("ours")
    for hour in range(20):
        twin.taken_over(3600 * hour)
        assert not twin.detected(3600 * hour)


STATUSES = {
    "of another ledger": (status("theirs"), True),
    "our own": (status("ours"), False),
    "of another ledger that has gone": (status("theirs", "offline"), False),
    "a last will": (b'{"gate": "g", "state": "offline"}', False),
    "nothing": (b"", False),
    "no status": (b'{"state": 3}', False),
    "no text": (b"\xff\xfe", False),
    "endless": (b"[" * 100_000, False),
}


@pytest.mark.parametrize(("payload", "seen"), STATUSES.values(), ids=STATUSES.keys())
def test_a_status_under_our_name(payload: bytes, seen: bool) -> None:
    twin = DuplicateIdDetector("ours")
    twin.status(0, payload, retained=False)
    assert twin.detected(1) is seen


@pytest.mark.parametrize("retained", [True, False])
def test_what_another_ledger_left_behind_is_a_twin_the_third_time(retained: bool) -> None:
    """The first may be our own, from before this ledger began."""
    twin = DuplicateIdDetector("ours")
    left = b'{"gate": "g", "state": "offline", "ledger_id": "%s"}'
    for number in range(1, 4):
        twin.status(number, left % b"ours", retained=retained)
        assert not twin.detected(number)
        twin.status(number, left % b"theirs", retained=retained)
        assert twin.detected(number) is (number == 3)


@pytest.mark.parametrize(
    ("lasted", "pause", "often"),
    [(1, 60, True), (10, 280, True), (11, 60, False), (1, 310, False)],
    ids=["at once", "so often", "after a while", "now and then"],
)
def test_hang_ups_right_after_connecting(lasted: int, pause: int, often: bool) -> None:
    watch = HangUpWatch()
    for number in range(3):
        assert not watch.often(number * pause)
        watch.connected(number * pause)
        watch.hung_up(number * pause + lasted)
    last = 2 * pause + lasted
    assert watch.often(last) is often
    assert watch.often(last + 899) is often
    assert not watch.often(last + 900)


def test_a_gate_that_is_hung_up_on_goes_on_and_says_so(new_ledger: Callable[[int], Ledger]) -> None:
    ledger = new_ledger(2)
    clock, stop = HandClock(), threading.Event()
    flows: list[UplinkThread] = []

    def script(broker: ScriptedBroker) -> Script:
        for turn in range(3):
            clock.now = turn * 10.0
            yield [BrokerUp("5", BrokerLimits(20))]
            assert flows[0].standing == UplinkStatus(mqtt="5")
            yield [BrokerDown(Message("It hung up."), hung_up=True)]
            broker.up = False
        yield [BrokerDown(Message("It cannot be reached."))]
        assert flows[0].standing == UplinkStatus(hung_up_often=True)
        yield [BrokerUp("5", BrokerLimits(20))]
        yield [Subscribed({})]
        (online,) = broker.take()
        yield [Acknowledged(online.token, 0, None)]
        assert broker.take_seqs() == [1, 2]  # As fast as ever: each moment of a connection counts.
        clock.now = 1000.0
        yield []
        yield []
        assert flows[0].standing == UplinkStatus(mqtt="5")

    broker = ScriptedBroker(clock, stop, script)
    told: list[object] = []
    flows.append(uplink(MqttSettings(), ledger, broker, clock, told.append))
    flows[0].run(stop, lambda: None)
    changes = [event for event in told if isinstance(event, UplinkChanged)]
    assert changes[-1] == UplinkChanged(state="connected")
    assert [(change.state, change.detail) for change in changes[:-1]][-3:] == [
        ("disconnected", f"It hung up. {HUNG_UP_OFTEN}"),
        ("disconnected", f"It cannot be reached. {HUNG_UP_OFTEN}"),
        ("connected", str(HUNG_UP_OFTEN)),
    ]


def test_with_a_twin_one_entry_goes_out_every_five_seconds(
    new_ledger: Callable[[int], Ledger],
) -> None:
    ledger = new_ledger(10)
    clock, stop = HandClock(), threading.Event()
    flows: list[UplinkThread] = []

    def script(broker: ScriptedBroker) -> Script:
        for _ in range(3):
            yield [BrokerUp("5", BrokerLimits(20))]
            yield [BrokerDown(Message("Another client has connected."), taken_over=True)]
            broker.up = False
        assert flows[0].standing.duplicate_gate
        yield [BrokerUp("5", BrokerLimits(20))]
        assert TOPICS.status in broker.subscribed
        yield [Subscribed({})]
        (online,) = broker.take()
        yield [Acknowledged(online.token, 0, None)]
        sent = []
        for second in range(12):
            clock.now = 1.0 + second
            seqs, acknowledged = broker.take_acknowledged()
            sent.append(seqs)
            yield acknowledged
        assert [seq for seqs in sent for seq in seqs] == [1, 2, 3]
        clock.now = 1000.0
        yield []
        assert not flows[0].standing.duplicate_gate
        assert broker.take_seqs()[:7] == [4, 5, 6, 7, 8, 9, 10]
        # A living gate of another ledger is a twin too; what the broker had kept is not.
        yield [Received(TOPICS.status, status("theirs"), True)]
        assert not flows[0].standing.duplicate_gate
        yield [Received(TOPICS.status, status("theirs"), False)]
        assert flows[0].standing.duplicate_gate

    broker = ScriptedBroker(clock, stop, script)
    told: list[object] = []
    flows.append(uplink(MqttSettings(), ledger, broker, clock, told.append))
    flows[0].run(stop, lambda: None)
    details = [event.detail or "" for event in told if isinstance(event, UplinkChanged)]
    assert sum("duplicate-gate" in detail for detail in details) == 2


def test_two_gates_of_one_name_both_notice_and_lose_nothing(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_S", 0.2)
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    one, other = (Ledger(folder, 3) for folder in folders)
    try:
        with Payroll(mosquitto.port, one, answers=False).listening() as payroll:
            with Gate(mosquitto.port, one) as first, Gate(mosquitto.port, other) as second:
                for gate in (first, second):
                    gate.until(
                        lambda event: (
                            isinstance(event, UplinkChanged)
                            and "duplicate-gate" in (event.detail or "")
                        )
                    )
                    assert gate.flow.standing.duplicate_gate
                one.grow(1)  # It goes on recording.
            with Gate(mosquitto.port, one):
                payroll.until(lambda: 4 in payroll.wires)
            with Gate(mosquitto.port, other):
                payroll.until(lambda: all(len(payroll.wires.get(n, ())) == 2 for n in (1, 2, 3)))
    finally:
        one.close()
        other.close()
