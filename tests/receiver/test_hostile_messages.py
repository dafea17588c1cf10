"""Nothing that anybody can publish ends the receiver, whatever database it has."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import rfc8785
from paho.mqtt.client import MQTTMessage

from edge_agent.contract.chain import Entry, link, seal, source_of
from edge_agent.contract.kinds import KINDS as KINDS_OF_FACTS
from edge_agent.receiver.accept import Arrival, read
from edge_agent.receiver.messages import Damaged, read_messages
from edge_agent.receiver.store import PayrollStore
from tests.contract.samples import entry as sample
from tests.hostile_json import hostile, value

from .gate import write_ledger
from .office_desk import Desk
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


ODD: list[Any] = [
    *(None, True, 0, -1, 2**53 - 1, 1.5, "", "\0", "x\0y", "7", "x" * 5000, [], [[["a"]]], {}),
    *([None], {"worker": 7}, ["NV1", "\0"], "2026-13-45T99:00:00Z", "0001-01-01T00:00:00+23:59"),
    *("9999-12-31T23:59:59.999+00:00", "=1+1", "NV1\n", "2026-11-23T06:58:03.120+07:00"),
]
"""What no gate writes into any field."""


def places(data: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The way to each field that an entry has, of what it holds as well."""
    for name, member in data.items():
        yield (*at, name)
        if isinstance(member, dict):
            yield from places(member, (*at, name))


def odd_entries(part: Callable[[int], bool]) -> list[Arrival]:
    """A sound chain of entries of every kind, each with one field that is odd, or missing."""
    ledger, hashes, found = "c7c336fc-e83b-454b-80e7-09c96ee9725a", [bytes(32)], list[Arrival]()
    number = 0
    for kind in KINDS_OF_FACTS:
        sound = sample(kind)["data"]
        for place in places(sound):
            if place[0] in ("ledger", "seq"):
                continue
            for odd in [*ODD, ...]:
                number += 1
                if not part(number):
                    continue
                data = deepcopy(sound)
                holder = data
                for name in place[:-1]:
                    holder = holder[name]
                if odd is ...:
                    del holder[place[-1]]
                else:
                    holder[place[-1]] = odd
                data |= {"ledger": ledger, "seq": len(hashes)}
                canonical = rfc8785.dumps(data)
                digest = link(hashes[-1], canonical)
                envelope = {
                    "source": source_of("main-gate"),
                    "prevhash": hashes[-1].hex(),
                    "hash": digest.hex(),
                    "data": msgspec.Raw(canonical),
                }
                found.append(read("main-gate", msgspec.json.encode(envelope)))
                hashes.append(digest)
    return found


def held_and_read(database: str, part: Callable[[int], bool], out: Path) -> None:
    """None of them holds up the receipts, or a command of the office."""
    found = odd_entries(part)
    with closing(PayrollStore(database)) as store:
        for begin in range(0, len(found), 200):
            taken = store.take(found[begin : begin + 200], "2026-11-23T07:00:00.000Z")
        assert [one.tip.through for one in taken.progress] == [len(found)]
        assert 0 < taken.progress[0].rejected_count < len(found)
        settle(store)
        list(store.progress())
    desk = Desk(database)
    month = ["--month", "2026-11"]
    for view in ("punches", "sessions"):
        desk.done("export", *month, "--view", view, "--output", str(out / f"{view}.csv"))
    desk.done("export", *month, "--output", str(out / "month.xlsx"))
    for form in ("01a", "01b"):
        desk.done("sheet", *month, "--form", form, "--output", str(out / f"{form}.xlsx"))
    for command in ("closings", "correct list", "leave list", "roster show", "stolen main-gate"):
        desk.done(*command.split())
    assert desk.items()


def test_a_field_that_no_gate_writes_holds_up_nothing(database: str, tmp_path: Path) -> None:
    held_and_read(database, lambda number: number % 23 == 0, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("rest", range(4))
def test_every_field_that_no_gate_writes_holds_up_nothing(
    database: str, tmp_path: Path, rest: int
) -> None:
    held_and_read(database, lambda number: number % 4 == rest, tmp_path)


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
