"""A gate whose ledger begins anew is told whose erasures payroll holds of its older ones."""

import queue
import uuid
from contextlib import closing
from math import inf
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from paho.mqtt.client import MQTTMessage

from edge_agent.contract.chain import GENESIS, Entry, Scribe
from edge_agent.contract.facts import Fact, LedgerOpened
from edge_agent.contract.messages import Erased, Receipt
from edge_agent.contract.people_facts import ConsentWithdrawn, ErasuresKnown, WorkerLeft
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.receiver.accept import read
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.erasures import OwedErasures, keep_erasures
from edge_agent.receiver.store import PayrollStore
from tests.brokers import Mosquitto
from tests.patience import PATIENCE_S

from .gate import Gate
from .running import Running

ACTOR = "uid:1000"


class Listening(Gate):
    """Takes commands as they come, and answers none."""

    def __init__(self, port: int) -> None:
        self.commands: queue.Queue[Erased] = queue.Queue()
        super().__init__(port)

    def _on_message(self, _c: Any, _u: Any, message: MQTTMessage) -> None:
        if message.topic == self.topics.commands:
            self.commands.put(msgspec.json.decode(message.payload, type=Erased))
        else:
            self.receipts.put(msgspec.json.decode(message.payload, type=Receipt))

    def told(self) -> Erased:
        return self.commands.get(timeout=PATIENCE_S)


def ledger_of(*facts: Fact, why: str = "first-start") -> list[Entry]:
    scribe = Scribe(gate="main-gate", ledger=str(uuid.uuid4()), zone=ZoneInfo("Asia/Ho_Chi_Minh"))
    opened = msgspec.convert(
        {
            **{"kind": "ledger.opened", "gate": "main-gate", "zone": "Asia/Ho_Chi_Minh"},
            **{"version": "1", "why": why},
        },
        LedgerOpened,
    )
    entries: list[Entry] = []
    for seq, fact in enumerate((opened, *facts), 1):
        stamp = Stamp(
            boot="b",
            boottime_ms=1000 * seq,
            wall_ms=1_795_413_483_120 + 1000 * seq,
            state=ClockState.SYNCED,
            uncertainty_ms=40,
        )
        before = entries[-1].hash if entries else GENESIS
        entries.append(scribe.write(fact, stamp, seq, before))
    return entries


def id_of(entries: list[Entry]) -> str:
    return str(msgspec.json.decode(entries[0].wire)["data"]["ledger"])


def test_it_is_told_until_its_ledger_says_that_it_knows(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    options = ReceiverOptions(
        host=mosquitto.host, port=mosquitto.port, database=str(tmp_path / "payroll.db")
    )
    old = ledger_of(
        WorkerLeft(worker="NV001", actor=ACTOR), ConsentWithdrawn(worker="NV002", actor=ACTOR)
    )
    anew = ledger_of(ErasuresKnown(workers=2, actor="payroll"), why="cloned-card")
    with Running(options) as running, Listening(mosquitto.port) as gate:
        running.said("connected")
        gate.send(*old)
        gate.confirmed(3)
        gate.send(anew[0])
        told = gate.told()
        assert (told.ledger, told.more) == (id_of(anew), False)
        assert [(one.ledger, one.seq, one.worker, one.kind) for one in told.erased] == [
            (id_of(old), 2, "NV001", "worker.left"),
            (id_of(old), 3, "NV002", "consent.withdrawn"),
        ]
        gate.send(anew[1])
        gate.confirmed(2)
    with Running(options) as running, Listening(mosquitto.port) as gate:
        running.said("connected")
        gate.send(anew[0])  # Known already: a gate that sends again is not told again.
        another = ledger_of(why="cloned-card")
        gate.send(*another)
        assert gate.told().ledger == id_of(another)


def test_whatever_a_gate_sends_for_a_code_ends_nobody(tmp_path: Path) -> None:
    old = ledger_of(
        WorkerLeft(worker="NV001", actor=ACTOR), WorkerLeft(worker="x" * 20_000, actor=ACTOR)
    )
    arrivals = [read("main-gate", entry.wire) for entry in old]
    with closing(PayrollStore(str(tmp_path / "payroll.db"))) as store:
        store.take(arrivals, "2026-11-29T06:00:00.000Z")
        keep_erasures(store._database, arrivals)  # As after another history was set aside.
        told = store.erasures_to_tell("main-gate", "another")
    assert [one.worker for one in told] == ["NV001"]


def test_pauses_grow_and_what_is_settled_is_not_asked_again() -> None:
    owed = OwedErasures()
    owed.claimed("east", "one", 0)
    asked = []
    for now in range(0, 2000):
        owed.claimed("east", "one", now)
        asked += [now for _ in owed.due(now)]
    assert asked[:4] == [0, 15, 45, 105]
    assert asked[-1] - asked[-2] == 600
    owed.settled("east")
    owed.claimed("east", "one", 3000)
    assert list(owed.due(1e12)) == []
    owed.claimed("east", "two", 3000)
    assert list(owed.due(3000)) == [("east", "two")]
    assert list(owed.due(-inf)) == []
