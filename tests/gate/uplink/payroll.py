"""A payroll for tests: holds what it gets, asks for what is missing, answers with receipts."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.patience import PATIENCE_S

from .gates import TOPICS, Ledger

PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


class Payroll:
    """Subscribes again whenever its connection is back, as any payroll does."""

    def __init__(self, port: int, ledger: Ledger, *, mqtt: str = "5", answers: bool = True) -> None:
        self.arrived: list[int] = []
        self.wires: dict[int, set[bytes]] = {}
        self.states: list[str] = []
        self.replies: list[Any] = []
        self._ledger = ledger
        self._answers = answers
        self._changed = threading.Condition()
        self._through = 0
        self._asked_to = 0
        self.subscriptions = 0
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id="payroll", protocol=PROTOCOLS[mqtt]
        )
        self._client.reconnect_delay_set(0.02, 0.02)  # type: ignore[arg-type]
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)

    @contextmanager
    def listening(self) -> Iterator["Payroll"]:
        self._client.loop_start()
        try:
            self.until(lambda: self.subscriptions == 1)
            yield self
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def until(self, come_true: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(come_true, PATIENCE_S)

    def say(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def _on_connect(self, client: Client, *_: Any) -> None:
        client.subscribe([(TOPICS.ledger, 1), (TOPICS.status, 1), (TOPICS.replies, 1)])

    def _on_subscribe(self, *_: Any) -> None:
        with self._changed:
            self.subscriptions += 1
            self._asked_to = 0
            self._changed.notify_all()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        with self._changed:
            if message.topic == TOPICS.status:
                self.states.append(json.loads(message.payload)["state"])
            elif message.topic == TOPICS.replies:
                self.replies.append(json.loads(message.payload))
            else:
                self._take(message.payload)
            self._changed.notify_all()

    def _take(self, wire: bytes) -> None:
        entry = json.loads(wire)
        seq = entry["data"]["seq"]
        self.arrived.append(seq)
        self.wires.setdefault(seq, set()).add(wire)
        while self._through + 1 in self.wires:
            self._through += 1
        if not self._answers:
            return
        if self._through:
            digest = json.loads(next(iter(self.wires[self._through])))["hash"]
            receipt = {"ledger": self._ledger.store.ledger, "through": self._through}
            payload = json.dumps(receipt | {"hash": digest}).encode()
            self.say(self._ledger.receipts, payload, retain=True)
        if self._through < max(self.wires) and self._through >= self._asked_to:
            first = self._through + 1
            self._asked_to = min(max(self.wires) - 1, self._through + 500)
            self.resend("gap", first, self._asked_to)

    def resend(self, id_: str, first: int, last: int) -> None:
        ask = {"command": "resend", "id": id_, "ledger": self._ledger.store.ledger}
        self.say(TOPICS.commands, json.dumps(ask | {"from": first, "to": last}).encode())
