"""Nothing that anybody can publish ends the uplink's thread or the gate's."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from edge_agent.contract import messages
from edge_agent.contract.roster import read_roster
from edge_agent.gate.people.roster import RosterInbox, RosterKeeper
from edge_agent.gate.ports import Received
from edge_agent.gate.uplink.commands import read_command
from edge_agent.gate.uplink.duplicate_id import DuplicateIdDetector
from edge_agent.gate.uplink.inbox import read_receipt
from tests.gate.fakes import Site
from tests.hostile_json import hostile

from .gates import NOON, TOPICS, Ledger, Script, ScriptedBroker, play

LEDGER, HASH = "c33d4c07-c959-47aa-9e05-84ae7004a84f", bytes(32)

SOUND: dict[str, Any] = {
    "receipt": {
        "ledger": LEDGER,
        "through": 5,
        "hash": HASH.hex(),
        "rejected": [{"seq": 3, "reason": "unknown-worker"}],
        "rejected_count": 1,
        "at": "2026-11-23T07:00:00Z",
    },
    "resend": {
        "command": "resend",
        "id": "1",
        "ledger": LEDGER,
        "from": 1,
        "to": 2,
        "expires": "2026-11-23T07:00:00+07:00",
    },
    "report": {"command": "report", "id": "1", "expires": "2126-11-23T07:00:00Z"},
    "status": {"gate": "main-gate", "state": "online", "ledger": {"id": LEDGER}},
    "roster": {
        "version": 7,
        "count": 2,
        "workers": [
            {"code": "NV9", "name": "Nông Thị Thắm", "valid_from": "2026-11-01"},
            {"code": "NV0042", "name": "Nguyễn Thị Hoa", "active": False, "valid_to": "2026-12-01"},
        ],
    },
}


class Gate:
    """Everything of a gate that reads what comes from the broker."""

    def __init__(self) -> None:
        self._site = Site()
        self._rosters = RosterInbox()
        self._keeper = RosterKeeper(self._site.gate, self._rosters)
        self._duplicate = DuplicateIdDetector(LEDGER)
        self._readers: dict[str, Callable[[bytes], object]] = {
            "receipt": lambda said: read_receipt(said, LEDGER, 10, lambda seq: HASH),
            "resend": self._command,
            "report": self._command,
            "status": lambda said: self._duplicate.status(0.0, said, retained=False),
            "roster": self._roster,
        }

    def hear(self, what: str, said: bytes) -> None:
        """All of it is answered somehow, and what leaves the gate for it can be sent."""
        answer = self._readers[what](said)
        if isinstance(answer, messages.Receipt):
            assert 1 <= answer.through <= 10
            assert 0 <= answer.rejected_count <= answer.through
        elif isinstance(answer, messages.Reply):
            assert msgspec.json.decode(msgspec.json.encode(answer), type=messages.Reply) == answer

    def _command(self, said: bytes) -> object:
        return read_command(said, LEDGER, 10, NOON)

    def _roster(self, said: bytes) -> None:
        self._site.clock.now += 1000
        self._rosters.put(read_roster(said))
        self._keeper.look()


class NothingDropped(logging.Handler):
    """What is caught at the boundary has got past a bound that the contract lacks."""

    def emit(self, record: logging.LogRecord) -> None:
        assert "was dropped" not in record.getMessage(), record.getMessage()


@pytest.fixture(autouse=True)
def nothing_dropped() -> Iterator[None]:
    log, handler = logging.getLogger("edge_agent.gate.people.roster"), NothingDropped()
    log.addHandler(handler)
    yield
    log.removeHandler(handler)


def fuzz(first: int, inputs: int) -> None:
    gate, kinds = Gate(), list(SOUND)
    for seed in range(first, first + inputs):
        what = kinds[seed % len(kinds)]
        if seed % 500 == 0:
            gate = Gate()  # Its ledger of tests grows.
        gate.hear(what, hostile(Random(seed), SOUND[what]))


@pytest.mark.parametrize("what", ["receipt", "commands", "status"])
def test_what_gets_past_all_bounds_is_told_and_the_uplink_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """A broker gives what it keeps at each connection: it must not end the gate each time."""

    def nobody_foresaw_it(*_: Any, **__: Any) -> None:
        raise OverflowError("Nông Thị Thắm")

    for where in (
        "inbox.read_receipt",
        "commands.read_command",
        "duplicate_id.DuplicateIdDetector.status",
    ):
        monkeypatch.setattr(f"edge_agent.gate.uplink.{where}", nobody_foresaw_it)
    ledger = Ledger(tmp_path, 5)
    topic = {"receipt": ledger.receipts, "commands": TOPICS.commands, "status": TOPICS.status}[what]

    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept()
        assert broker.take_seqs() == [1, 2, 3, 4, 5]
        yield [Received(topic, b"{}", False)] * 3
        ledger.grow(1)
        yield []
        yield []
        assert broker.take_seqs() == [6]

    play(ledger, script)
    ledger.close()
    told = [one for one in caplog.messages if "was dropped" in one]
    assert len(told) == 1
    assert "OverflowError" in told[0]
    assert "Thắm" not in caplog.text


def test_hostile_messages() -> None:
    fuzz(0, 3000)


class AnyVersion(messages.Roster):
    version: int


class AnyCount(messages.Receipt):
    rejected_count: int = 0


@pytest.mark.parametrize("taken_out", ["roster", "receipt"])
def test_a_bound_that_is_taken_out_is_found(
    monkeypatch: pytest.MonkeyPatch, taken_out: str
) -> None:
    """The control: what was found in the field, a version that no JSON can hold, and another."""
    if taken_out == "roster":
        monkeypatch.setattr("edge_agent.contract.roster.Roster", AnyVersion)
        monkeypatch.setattr("edge_agent.contract.roster.LARGEST_NUMBER", 10**40)
    else:
        monkeypatch.setattr("edge_agent.gate.uplink.inbox.Receipt", AnyCount)
    with pytest.raises(AssertionError):
        fuzz(0, 3000)


@pytest.mark.long
def test_a_hundred_thousand_hostile_messages_of_each_kind() -> None:
    fuzz(0, 100_000 * len(SOUND))
