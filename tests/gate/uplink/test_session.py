"""The flow, against a broker that follows a script: one batch of events for each poll."""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from edge_agent.contract.broker.limits import BrokerLimits
from edge_agent.contract.errors import StoreFault
from edge_agent.contract.language import Message
from edge_agent.gate.events import Confirmed, Event, UplinkChanged, as_detail
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ports import Acknowledged, BrokerDown, BrokerUp, Received, Subscribed
from edge_agent.gate.settings.schema import MqttSettings

from .gates import GATE, TOPICS, HandClock, Ledger, Script, ScriptedBroker, play, uplink


@pytest.fixture
def ledger(new_ledger: Callable[[int], Ledger]) -> Ledger:
    """A ledger of ten entries."""
    return new_ledger(10)


def received(ledger: Ledger, payload: bytes, retained: bool = False) -> Received:
    return Received(ledger.receipts, payload, retained)


def command(**fields: Any) -> Received:
    return Received(TOPICS.commands, json.dumps(fields).encode(), False)


def test_fence_then_entries_as_they_are_then_receipt(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield [BrokerUp("5", BrokerLimits(20))]
        assert broker.subscribed == [ledger.receipts, TOPICS.commands, TOPICS.roster, TOPICS.status]
        assert not broker.sent
        yield [Subscribed({})]
        (online,) = broker.take()
        assert (online.topic, online.retain, online.json["state"]) == (
            TOPICS.status,
            True,
            "online",
        )
        yield [Acknowledged(online.token, 0, None)]
        sent = broker.take()
        stored = ledger.store.entries(1, 10)
        assert [message.payload for message in sent] == [entry.wire for entry in stored]
        assert {message.content_type for message in sent} == {"application/cloudevents+json"}
        yield [Acknowledged(message.token, 0, None) for message in sent]
        yield [received(ledger, ledger.receipt(10, rejected_count=2))]

    told = play(ledger, script)
    assert ledger.store.watermarks() == Watermarks(10, 10, 2)
    assert told.events == [UplinkChanged(state="connected"), Confirmed(through=10)]
    last = told.broker.sent[-1]
    assert (last.topic, last.retain, last.json["state"]) == (TOPICS.status, True, "offline")
    assert told.broker.closed


def test_the_will_is_the_offline_status(ledger: Ledger) -> None:
    def script(_: ScriptedBroker) -> Script:
        yield []

    versions, topic, will = play(ledger, script).broker.opened
    assert versions == ("5", "3.1.1")
    told = {"gate": GATE, "state": "offline", "ledger_id": ledger.store.ledger}
    assert (topic, json.loads(will)) == (TOPICS.status, told)


def test_what_the_retained_receipt_covers_is_not_sent(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(retained=[received(ledger, ledger.receipt(7), True)])
        assert broker.take_seqs() == [8, 9, 10]

    play(ledger, script)


def test_after_a_loss_it_goes_on_at_the_lowest_without_acknowledgement(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(receive_maximum=4)
        first = broker.take(TOPICS.ledger)
        assert len(first) == 4
        yield [Acknowledged(first[0].token, 0, None), Acknowledged(first[2].token, 0, None)]
        assert [entry.json["data"]["seq"] for entry in broker.take()] == [5]
        broker.up = False
        yield [BrokerDown(Message("gone"))]
        ledger.grow(1)
        yield []
        yield from broker.accept(receive_maximum=4)
        assert broker.take_seqs() == [2, 4, 5]

    told = play(ledger, script)
    few = BrokerLimits(4).sentences()["receive-maximum"]
    assert told.events == [
        UplinkChanged(state="connected", **as_detail(few)),
        UplinkChanged(state="disconnected", detail="gone"),
        UplinkChanged(state="connected", **as_detail(few)),
    ]


def test_a_failure_is_told_once_per_change(ledger: Ledger) -> None:
    def script(_: ScriptedBroker) -> Script:
        for reason in ("no host", "no host", "no port", "no port"):
            yield [BrokerDown(reason)]

    details = [event.detail for event in play(ledger, script).events]
    assert details == ["no host", "no port"]


def test_receive_maximum_counts_status_and_replies_too(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(receive_maximum=2)
        first, second = broker.take()
        yield [command(command="resend", id="a", ledger="x", **{"from": 1, "to": 1})]
        assert not broker.take()
        yield [Acknowledged(first.token, 0, None)]
        (reply,) = broker.take()
        assert reply.topic == TOPICS.replies
        yield [Acknowledged(second.token, 0, None)]
        assert broker.take_seqs() == [3]

    play(ledger, script)


BAD_RECEIPTS = {
    "not JSON": (b"{", "not a receipt"),
    "deep": (b"[" * 60_000, "not a receipt"),
    "not UTF-8": (b'{"ledger": "\xff"}', "not a receipt"),
    "a float": (b'{"ledger": "x", "through": 1.5, "hash": ""}', "not a receipt"),
    "long": (b" " * 70_000, "too long"),
    "another ledger's": ({"ledger": "other"}, "another ledger"),
    "nothing": ({"through": 0}, "$.through"),
    "negative": ({"through": -1}, "$.through"),
    "huge": ({"through": 2**62}, "$.through"),
    "beyond the tail": ({"through": 11}, "ledger ends before"),
    "foreign": ({"hash": "ab" * 32}, "hash is not"),
    "rejected without bounds": ({"rejected_count": 11}, "numbers"),
}


@pytest.mark.parametrize(("bad", "why"), BAD_RECEIPTS.values(), ids=BAD_RECEIPTS.keys())
def test_a_receipt_that_proves_nothing_moves_nothing(
    ledger: Ledger, caplog: pytest.LogCaptureFixture, bad: Any, why: str
) -> None:
    payload = ledger.receipt(10, **bad) if isinstance(bad, dict) else bad

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept()
        yield [received(ledger, payload)] * 3

    told = play(ledger, script)
    assert ledger.store.watermarks().confirmed == 0
    assert not any(isinstance(event, Confirmed) for event in told.events)
    (line,) = [record for record in caplog.records if record.name.endswith("inbox")]
    assert why in line.getMessage()
    disowned = "began because of such a receipt" in line.getMessage()
    assert (
        disowned
        == (line.levelno == logging.ERROR)
        == (why in ("ledger ends before", "hash is not"))
    )


def test_a_lower_receipt_moves_nothing_back_but_tells_what_is_rejected(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept()
        yield [
            received(ledger, ledger.receipt(8)),
            received(ledger, ledger.receipt(3, rejected_count=1)),
        ]

    play(ledger, script)
    marks = ledger.store.watermarks()
    assert (marks.confirmed, marks.rejected) == (8, 1)


def test_a_stall_of_receipts_repeats_one_window_then_pauses(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(receive_maximum=4)
        seen: list[int] = []
        while len(seen) < 10:
            seqs, acknowledged = broker.take_acknowledged()
            seen += seqs
            yield acknowledged
        assert seen == list(range(1, 11))
        at = {}
        for second in range(1, 400):
            broker.clock.now = second
            seqs, acknowledged = broker.take_acknowledged()
            if seqs:
                at[second - 1] = seqs
            yield acknowledged
        assert at == {30: [1, 2, 3, 4], 90: [1, 2, 3, 4], 210: [1, 2, 3, 4]}

    play(ledger, script, receipt_timeout_s=30)


def test_refused_entries_wait_and_are_told_once(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(receive_maximum=2)
        yield [Acknowledged(sent.token, 0x87, Message("Not authorised.")) for sent in broker.take()]
        for _ in range(3):
            broker.clock.now += 100
            yield []
            (trial,) = broker.take(TOPICS.ledger)
            assert trial.json["data"]["seq"] == 1
            yield [Acknowledged(trial.token, 0x87, Message("Not authorised."))]
        broker.clock.now += 1000
        yield []
        (trial,) = broker.take(TOPICS.ledger)
        yield [Acknowledged(trial.token, 0, None)]
        assert broker.take_seqs() == [2, 3]

    events = play(ledger, script).events
    refused = "The broker does not take entries, so they wait in the ledger. Not authorised."
    assert [event.detail for event in events if isinstance(event, UplinkChanged)] == [
        str(BrokerLimits(2).sentences()["receive-maximum"]),
        f"{BrokerLimits(2).sentences()['receive-maximum']!s} {refused}",
        str(BrokerLimits(2).sentences()["receive-maximum"]),
    ]


def test_a_refused_subscription_is_told(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield [BrokerUp("5", BrokerLimits(20))]
        yield [Subscribed({ledger.receipts: "Not authorised."})]
        (online,) = broker.take()
        yield [Acknowledged(online.token, 0, None)]
        assert broker.take_seqs()

    (told,) = play(ledger, script).events
    assert isinstance(told, UplinkChanged)
    assert (
        told.detail == f"The broker does not let the gate read {ledger.receipts}. Not authorised."
    )


COMMANDS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "resend": ({"from": 2, "to": 3}, {"id": "a", "command": "resend", "ok": True}),
    "beyond the tail": ({"from": 2, "to": 11}, {"error": "out-of-range"}),
    "backwards": ({"from": 3, "to": 2}, {"error": "out-of-range"}),
    "from nothing": ({"from": 0, "to": 2}, {"error": "out-of-range"}),
    "of another ledger": ({"ledger": "x", "from": 1, "to": 2}, {"error": "wrong-ledger"}),
    "malformed": ({"from": "1", "to": 2}, {"error": "malformed"}),
    "unknown": ({"command": "format-disk"}, {"command": "format-disk", "error": "unknown-command"}),
    "no id": ({"id": None}, None),
    "an id too long to repeat": ({"id": "a" * 1000}, None),
}


@pytest.mark.parametrize(("fields", "expected"), COMMANDS.values(), ids=COMMANDS.keys())
def test_commands_are_answered(
    ledger: Ledger, fields: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    asked = {"command": "resend", "id": "a", "ledger": ledger.store.ledger} | fields

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(retained=[received(ledger, ledger.receipt(10), True)])
        yield [command(**asked)]
        sent = broker.take()
        replies = [message.json for message in sent if message.topic == TOPICS.replies]
        if expected is None:
            assert not replies
        else:
            assert replies[0].items() >= expected.items()
            assert replies[0]["id"] == "a"
        again = [m.json["data"]["seq"] for m in sent if m.topic == TOPICS.ledger]
        assert again == ([2, 3] if expected and expected.get("ok") else [])

    play(ledger, script)


def test_a_retained_command_is_ignored(ledger: Ledger) -> None:
    asked = {"command": "resend", "id": "a", "ledger": ledger.store.ledger, "from": 1, "to": 2}

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(retained=[received(ledger, ledger.receipt(10), True)])
        yield [Received(TOPICS.commands, json.dumps(asked).encode(), True)]
        assert not broker.take()

    play(ledger, script)


def test_confirmed_by_the_broker_where_payroll_cannot_answer(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        assert broker.opened[0] == ("5",)
        yield from broker.accept()
        sent = broker.take()
        yield [Acknowledged(message.token, 0, None) for message in sent[:9]]
        yield [Acknowledged(sent[9].token, 0x10, Message("Nobody is subscribed there."))]
        assert ledger.store.watermarks().confirmed == 9

    told = play(ledger, script, confirm_by="broker")
    assert Confirmed(through=9) in told.events


def test_under_3_1_1_the_broker_confirms_nothing(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield [BrokerUp("3.1.1", BrokerLimits(65535))]
        yield [Subscribed({})]
        (online,) = broker.take()
        yield [Acknowledged(online.token, 0, None)]
        yield broker.take_acknowledged()[1]

    play(ledger, script, confirm_by="broker", protocol="3.1.1")
    assert ledger.store.watermarks() == Watermarks(10, 0)


@pytest.mark.parametrize(
    ("spoken", "versions"), [("5", ("5",)), ("3.1.1", ("5", "3.1.1"))], ids=["5", "3.1.1"]
)
def test_a_broker_that_once_spoke_5_is_remembered(
    ledger: Ledger, spoken: Any, versions: tuple[str, ...]
) -> None:
    def first(_: ScriptedBroker) -> Script:
        yield [BrokerUp(spoken, BrokerLimits(20))]

    def second(_: ScriptedBroker) -> Script:
        yield []

    play(ledger, first)
    assert play(ledger, second).broker.opened[0] == versions
    assert play(ledger, second, port=1884).broker.opened[0] == ("5", "3.1.1")


def test_watermarks_are_written_every_thirty_seconds_while_they_move(ledger: Ledger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(receive_maximum=1)
        kept = []
        for second in range(8):
            broker.clock.now = 6 * second
            yield broker.take_acknowledged()[1]
            kept.append(ledger.store.watermarks().published)
        assert kept == [1, 1, 1, 1, 1, 6, 6, 6]

    play(ledger, script)
    assert ledger.store.watermarks().published == 10


def test_what_was_written_last_goes_out_before_goodbye(ledger: Ledger) -> None:
    clock, stop = HandClock(), threading.Event()

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept()
        yield [received(ledger, ledger.receipt(10))]

    def tell(event: Event) -> None:
        if isinstance(event, Confirmed):  # Told at the end of a turn.
            ledger.grow(1)
            stop.set()

    broker = ScriptedBroker(clock, stop, script)
    uplink(MqttSettings(), ledger, broker, clock, tell).run(stop, lambda: None)
    last, goodbye = broker.sent[-2:]
    assert last.json["data"]["seq"] == 11
    assert goodbye.json["state"] == "offline"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Readings of the store that fail once each; the pause after one takes no time."""
    what: list[str] = []

    def reading(name: str) -> Callable[..., Any]:
        whole = getattr(SqliteStore, name)

        def read(self: SqliteStore, *args: Any) -> Any:
            if name in what:
                what.remove(name)
                raise StoreFault("The card does not answer.")
            return whole(self, *args)

        return read

    for name in ("tail", "hash_of"):
        monkeypatch.setattr(SqliteStore, name, reading(name))
    monkeypatch.setattr("edge_agent.gate.uplink.thread._TURN_S", 0.001)
    return what


def test_nothing_that_happened_is_lost_while_the_card_does_not_answer(
    ledger: Ledger, failing: list[str]
) -> None:
    """Each step of the way to the first entry, and on, falls into such a moment."""

    def script(broker: ScriptedBroker) -> Script:
        for events in ([BrokerUp("5", BrokerLimits(20))], [Subscribed({})]):
            failing.append("tail")
            yield events
            assert not failing
        (online,) = broker.take()
        failing.append("tail")
        yield [Acknowledged(online.token, 0, None)]
        yield []
        sent = broker.take()
        assert len(sent) == 10
        failing.append("tail")
        yield [Acknowledged(message.token, 0, None) for message in sent]
        receipt = received(ledger, ledger.receipt(10))
        failing.append("hash_of")
        yield [receipt]
        assert not failing

    play(ledger, script)
    assert ledger.store.watermarks() == Watermarks(10, 10, 0)


def test_a_line_that_drops_while_the_card_does_not_answer(
    ledger: Ledger, failing: list[str]
) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept()
        assert len(broker.take(TOPICS.ledger)) == 10
        receipt = received(ledger, ledger.receipt(4))
        failing.append("hash_of")
        broker.up = False
        ledger.grow(1)
        yield [receipt, BrokerDown(Message("gone"))]
        yield from broker.accept(retained=[receipt])
        assert broker.take_seqs() == [5, 6, 7, 8, 9, 10, 11]

    play(ledger, script)
    assert ledger.store.watermarks().confirmed == 4


def test_a_reply_goes_out_over_the_next_connection(ledger: Ledger) -> None:
    """Whether it was on its way when the line dropped, or was ready only then."""
    ask = {"ledger": ledger.store.ledger, "from": 1, "to": 1}

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(receive_maximum=11)
        entries = broker.take(TOPICS.ledger)
        yield [command(command="resend", id="a", **ask), command(command="report", id="b")]
        (first,) = broker.take()
        assert first.json["id"] == "a"
        yield [BrokerDown(Message("gone"))]
        yield [BrokerUp("5", BrokerLimits(20))]
        yield [Subscribed({})]
        (online,) = broker.take()
        yield [Acknowledged(online.token, 0, None)]
        replies = broker.take(TOPICS.replies)
        assert [reply.json["id"] for reply in replies] == ["a", "b"]
        assert len(entries) == 10

    play(ledger, script)


def test_a_goodbye_that_does_not_arrive_is_left_to_the_will(ledger: Ledger) -> None:
    """Entries have taken all the room that the broker gives, and it acknowledges none."""

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(receive_maximum=5)
        assert len(broker.take(TOPICS.ledger)) == 5
        broker.silent = True
        yield []

    assert play(ledger, script).broker.hung_up

    def well(broker: ScriptedBroker) -> Script:
        yield from broker.accept()

    assert not play(ledger, well).broker.hung_up
