"""Nothing that anybody can publish ends the receiver, whatever database it has."""

import logging
from contextlib import closing
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from paho.mqtt.client import MQTTMessage

from edge_agent.contract.chain import Entry, seal
from edge_agent.receiver.accept import Arrival, read
from edge_agent.receiver.messages import Damaged, read_messages
from edge_agent.receiver.store import PayrollStore
from tests.hostile_json import hostile, value

from .gate import write_ledger
from .running import settle

ROSTER = "attendance/roster"
SOUND: dict[str, Any] = {
    "status": {
        "state": "online",
        "ledger": {"id": "c33d4c07-c959-47aa-9e05-84ae7004a84f", "last_seq": 9, "confirmed_seq": 3},
    },
    "replies": {"id": "1", "command": "resend", "ok": False, "error": "busy"},
    "roster": {
        "version": 7,
        "count": 1,
        "workers": [{"code": "NV9", "name": "Nông Thị Thắm", "valid_from": "2026-11-01"}],
    },
}
GATES = [*["main-gate"] * 9, "", "\0", "a\nb", "+", "x" * 300, "Cổng", "\x7f", "\u202e", "'; DROP"]


def message(topic: str, payload: bytes, retain: bool = False) -> MQTTMessage:
    return cast(MQTTMessage, SimpleNamespace(topic=topic, payload=payload, retain=retain))


def entry(random: Random, sound: Entry, gate: str) -> bytes:
    """One that is what it says by its hash, with anything in it; or one that is not."""
    envelope = msgspec.json.decode(sound.wire)
    if random.random() < 0.3:
        return hostile(random, envelope)
    data = envelope["data"]
    for _ in range(random.randrange(1, 4)):
        place = data
        if random.random() < 0.3:
            place = random.choice(
                [data, *(part for part in data.values() if part and isinstance(part, dict))]
            )
        place[random.choice(list(place))] = value(random)
    if random.random() < 0.5:
        data["kind"] = random.choice(KINDS)
        data |= {"of": random.choice([1, value(random)]), "worker": "NV1"}
    if random.random() < 0.8:
        data |= {"seq": random.randrange(1, 2**53), "ledger": f"ledger-{random.randrange(20)}"}
    try:
        return msgspec.json.encode(seal(gate, data, bytes(32)))
    except (ValueError, TypeError, RecursionError, AttributeError):
        return hostile(random, envelope)


KINDS = [
    *("punch.recorded", "punch.repeated", "punch.added", "punch.voided", "punch.recovered"),
    *("punch.time-resolved", "punch.time-corrected", "gate.alive", "recording.stopped", "other"),
]


def batch(random: Random, sound: list[Entry]) -> list[MQTTMessage]:
    """Some messages on any topic."""
    messages = []
    for _ in range(10):
        gate = random.choice(GATES)
        channel = random.choice(["ledger"] * 6 + ["status", "replies", "roster", "?", ""])
        if channel == "ledger":
            wire = entry(random, random.choice(sound), gate)
            messages.append(message(f"attendance/{gate}/ledger", wire))
        elif channel == "roster":
            messages.append(message(ROSTER, hostile(random, SOUND["roster"])))
        else:
            said = hostile(random, SOUND.get(channel, {}))
            messages.append(message(f"attendance/{gate}/{channel}", said, random.random() < 0.5))
    if random.random() < 0.2:
        messages.append(message(random.choice(["", "/", "x", "a/b"]), b"{}"))
    return messages


def fuzz(store: PayrollStore, first: int, inputs: int) -> int:
    sound, taken = write_ledger(12), 0
    for seed in range(first, first + inputs // 10):
        found = read_messages(batch(Random(seed), sound), ROSTER)
        taken += store.take(found.arrivals, "2026-11-23T07:00:00.000Z").new
        for payload in found.rosters:
            store.apply_roster(payload, "2026-11-23T07:00:00.000Z")
    settle(store)
    list(store.progress())
    return taken


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """A line for each would only take time."""
    caplog.set_level(logging.CRITICAL, "edge_agent.receiver")  # Until the test's end.


def test_a_message_that_nobody_foresaw_is_damaged_and_the_others_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (first,) = write_ledger(1)

    def unforeseen(gate: str, wire: bytes) -> Arrival:
        if wire == b"{}":
            raise OverflowError("Nông Thị Thắm")
        return read(gate, wire)

    monkeypatch.setattr("edge_agent.receiver.messages.read", unforeseen)
    topic = "attendance/main-gate/ledger"
    found = read_messages([message(topic, b"{}"), message(topic, first.wire)], ROSTER)
    assert found.damaged == [Damaged("main-gate", "ledger", "OverflowError")]
    assert len(found.arrivals) == 1


def test_hostile_messages(database: str) -> None:
    with closing(PayrollStore(database)) as store:
        assert fuzz(store, 0, 600) > 20


@pytest.mark.long
def test_a_hundred_thousand_hostile_messages(database: str) -> None:
    with closing(PayrollStore(database)) as store:
        fuzz(store, 0, 100_000)
