"""A gate that has payroll's key believes nothing else, and a gate without one all as before."""

import json
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from edge_agent.contract.roster import Heard, Refusal
from edge_agent.contract.signatures import SigningKey
from edge_agent.gate.ports import Received
from edge_agent.gate.settings.schema import MqttSettings
from edge_agent.gate.uplink.thread import UplinkThread

from .gates import TOPICS, HandClock, Ledger, Script, ScriptedBroker, uplink

KEY, OTHER = SigningKey(bytes(range(32))), SigningKey(bytes(32))
LEDGER_BEYOND = {"through": 99, "hash": "ab" * 32}
ROSTER = json.dumps(
    {"version": 7, "workers": [{"code": "NV1", "name": "Ma Thị Nhung", "active": False}]}
).encode()

Say = Callable[[str, bytes], bytes]

HONEST: dict[str, Say] = {"signed": KEY.signed}
HOSTILE: dict[str, Say] = {
    "unsigned": lambda topic, said: said,
    "by another": OTHER.signed,
    "of another gate": lambda topic, said: KEY.signed(
        topic.replace("main-gate", "north-gate") + "x" * ("main-gate" not in topic), said
    ),
    "altered": lambda topic, said: json.dumps(
        json.loads(KEY.signed(topic, said)) | {"more": 1}
    ).encode(),
}


class Run:
    """What became of messages at a gate with these keys."""

    def __init__(
        self, ledger: Ledger, keys: Sequence[str], *messages: Callable[[Ledger], Received]
    ) -> None:
        self.ledger = ledger
        self.heard: list[Heard] = []
        self.replies: list[Any] = []
        clock, stop = HandClock(), threading.Event()

        def script(broker: ScriptedBroker) -> Script:
            yield from broker.accept()
            broker.take()
            for message in messages:
                yield [message(ledger)]
                yield []
                self.replies += [sent.json for sent in broker.take(TOPICS.replies)]

        broker = ScriptedBroker(clock, stop, script)
        self.flow: UplinkThread = uplink(
            MqttSettings(),
            ledger,
            broker,
            clock,
            on_roster=self.heard.append,
            payroll_keys=keys,
        )
        self.flow.run(stop, lambda: None)

    @property
    def confirmed(self) -> int:
        return self.ledger.store.watermarks().confirmed


@pytest.fixture
def ledger(new_ledger: Callable[[int], Ledger]) -> Ledger:
    return new_ledger(10)


def receipt(say: Say, **other: Any) -> Callable[[Ledger], Received]:
    return lambda ledger: Received(
        ledger.receipts, say(ledger.receipts, ledger.receipt(10, **other)), True
    )


def resend(say: Say, **other: Any) -> Callable[[Ledger], Received]:
    def made(ledger: Ledger) -> Received:
        whole = {"command": "resend", "id": "1", "ledger": ledger.store.ledger, "from": 1, "to": 3}
        said = json.dumps(whole | other).encode()
        return Received(TOPICS.commands, say(TOPICS.commands, said), False)

    return made


def roster(say: Say) -> Callable[[Ledger], Received]:
    return lambda ledger: Received(TOPICS.roster, say(TOPICS.roster, ROSTER), True)


@pytest.mark.parametrize("say", [*HOSTILE.values(), *HONEST.values()], ids=[*HOSTILE, *HONEST])
def test_a_gate_without_a_key_believes_all_as_before(ledger: Ledger, say: Say) -> None:
    """The control: each of them would change something. Signatures are passed over."""
    run = Run(ledger, (), resend(say), roster(say), receipt(say))
    assert run.confirmed == 10
    assert [heard.refused for heard in run.heard] == [None]
    assert [reply["ok"] for reply in run.replies] == [True]
    assert (run.flow.standing.keys, run.flow.standing.not_signed) == ([], 0)


@pytest.mark.parametrize("say", HOSTILE.values(), ids=HOSTILE)
def test_what_payroll_has_not_signed_changes_nothing_and_is_told(
    ledger: Ledger, say: Say, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.may_leave = True
    with caplog.at_level(logging.WARNING):
        beyond = receipt(say, **LEDGER_BEYOND)
        said_again = [one for one in (resend(say), roster(say), receipt(say)) for _ in range(5)]
        run = Run(ledger, (KEY.public,), *said_again, beyond)
    assert run.confirmed == 0
    assert not ledger.disowned
    assert [heard.refused for heard in run.heard] == [Refusal.NOT_SIGNED]
    assert all(heard.roster is None for heard in run.heard)
    assert [reply.get("error") for reply in run.replies] == ["not-signed"] * 5
    standing = run.flow.standing
    assert standing.keys == [KEY.public[:8]]
    assert standing.not_signed == 5 + 1 + 6
    assert (standing.refused_commands, standing.refused_receipts) == (5, 6)
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "sign" in line]) == 2  # One of each kind a minute.
    assert not any("Nhung" in line for line in said)


@pytest.mark.parametrize("keys", [[KEY], [OTHER, KEY], [KEY, OTHER]], ids=["one", "2nd", "1st"])
def test_what_payroll_has_signed_counts(ledger: Ledger, keys: list[SigningKey]) -> None:
    """With two keys as well, while one takes the place of the other."""
    say = KEY.signed
    run = Run(ledger, [key.public for key in keys], resend(say), roster(say), receipt(say))
    assert run.confirmed == 10
    assert [heard.refused for heard in run.heard] == [None]
    assert [heard.version for heard in run.heard] == [7]
    assert [reply["ok"] for reply in run.replies] == [True]
    assert run.flow.standing.not_signed == 0


def test_a_command_that_is_repeated_is_carried_out_once_however_it_is_written(
    ledger: Ledger,
) -> None:
    def spaced(topic: str, said: bytes) -> bytes:
        return json.dumps(json.loads(KEY.signed(topic, said)), indent=1).encode()

    run = Run(ledger, (KEY.public,), resend(KEY.signed), resend(spaced))
    assert run.replies[0] == run.replies[1]
    assert run.flow.standing.refused_commands == 0


def test_a_receipt_of_yesterday_takes_nothing_back(ledger: Ledger) -> None:
    old = lambda ledger: Received(  # noqa: E731
        ledger.receipts, KEY.signed(ledger.receipts, ledger.receipt(4)), True
    )
    run = Run(ledger, (KEY.public,), receipt(KEY.signed), old)
    assert run.confirmed == 10
    assert run.flow.standing.refused_receipts == 0
