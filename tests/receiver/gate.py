"""A scripted gate: a true ledger, and just enough of an uplink to send it as a gate does."""

import queue
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge_agent.contract.chain import GENESIS, Entry, Scribe
from edge_agent.contract.facts import (
    Direction,
    DirectionSource,
    Fact,
    GateAlive,
    LedgerOpened,
    PunchRecorded,
)
from edge_agent.contract.messages import Receipt, Resend, Topics
from edge_agent.contract.stamps import ClockState, Stamp
from tests.patience import PATIENCE_S


def write_ledger(
    count: int, ledger: str = "", gate: str = "main-gate", after: list[Entry] | None = None
) -> list[Entry]:
    """Entries 1…``count`` of a ledger; with ``after``, another continuation of those entries."""
    scribe = Scribe(
        gate=gate, ledger=ledger or str(uuid.uuid4()), zone=ZoneInfo("Asia/Ho_Chi_Minh")
    )
    entries = list(after or ())
    version = "2" if after else "1"
    boot = uuid.uuid4().hex
    for seq in range(len(entries) + 1, count + 1):
        stamp = Stamp(
            boot=boot,
            boottime_ms=1000 * seq,
            wall_ms=1_795_413_483_120 + 1000 * seq,
            state=ClockState.SYNCED,
            uncertainty_ms=40,
        )
        prevhash = entries[-1].hash if entries else GENESIS
        entries.append(scribe.write(_fact(seq, gate, version), stamp, seq, prevhash))
    return entries


def _fact(seq: int, gate: str, version: str) -> Fact:
    if seq == 1:
        return LedgerOpened(gate=gate, zone="Asia/Ho_Chi_Minh", version=version, why="first-start")
    if seq % 10 == 0:
        return GateAlive(recording=True, version=version)
    return PunchRecorded(
        worker=f"NV{seq:04}",
        direction=Direction.IN if seq % 2 else Direction.OUT,
        direction_source=DirectionSource.ALTERNATE,
        evidence_hash="e5" * 32,
    )


class Gate:
    """A gate on the broker at ``port``, connected and hearing its receipts and commands.

    It answers a resend by itself with what ``keep`` has given it. A context manager.
    """

    def __init__(self, port: int, gate: str = "main-gate", root: str = "attendance") -> None:
        self.topics = Topics(root, gate)
        self.receipts: queue.Queue[Receipt] = queue.Queue()
        self.resends: queue.Queue[Resend] = queue.Queue()
        self._entries: dict[int, bytes] = {}
        self._ready: queue.Queue[None] = queue.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._ready.put(None)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)

    def keep(self, entries: list[Entry]) -> None:
        """Have these to send when a resend asks for them."""
        self._entries = {entry.seq: entry.wire for entry in entries}

    def send(self, *entries: Entry) -> None:
        """Publish entries in this order, whatever it is, and wait until the broker has them."""
        for sent in [self.say(entry.wire) for entry in entries]:
            sent.wait_for_publish(PATIENCE_S)

    def say(
        self, payload: bytes, channel: str = "ledger", retain: bool = False, qos: int = 1
    ) -> MQTTMessageInfo:
        """Publish any bytes on one of the gate's own topics."""
        return self._client.publish(
            f"{self.topics.root}/{self.topics.gate}/{channel}", payload, qos, retain
        )

    def confirmed(self, through: int) -> Receipt:
        """Wait for the receipt through exactly this entry, past lower ones."""
        while True:
            receipt = self.receipts.get(timeout=PATIENCE_S)
            assert receipt.through <= through, receipt
            if receipt.through == through:
                return receipt

    def asked(self) -> Resend:
        """Wait for the next resend."""
        return self.resends.get(timeout=PATIENCE_S)

    def _on_connect(self, client: Client, *_: Any) -> None:
        client.subscribe([(self.topics.receipts("+"), 1), (self.topics.commands, 1)])

    def _on_message(self, _c: Any, _u: Any, message: MQTTMessage) -> None:
        if message.topic == self.topics.commands:
            resend = msgspec.json.decode(message.payload, type=Resend)
            self.resends.put(resend)
            for seq in range(resend.from_, resend.to + 1):
                if seq in self._entries:
                    self.say(self._entries[seq])
        else:
            self.receipts.put(msgspec.json.decode(message.payload, type=Receipt))

    def __enter__(self) -> "Gate":
        self._client.loop_start()
        self._ready.get(timeout=PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
