"""Everything that a real gate and payroll's receiver put on the wire is as the schemas say."""

import json
from typing import Any

from paho.mqtt.client import MQTTMessage

from tests.brokers import Mosquitto
from tests.contract.samples import validator
from tests.patience import PATIENCE_S

from .gate import Gate
from .payroll import Listener


def _schema_of(topic: str) -> str:
    _, _, kind, *_ = topic.split("/")
    return {
        "ledger": "entry",
        "status": "status",
        "receipts": "receipt",
        "commands": "command",
        "replies": "reply",
    }[kind]


def _until(listener: Listener, topic: str, says: bytes) -> list[MQTTMessage]:
    """Everything up to a message on this topic of the gate that says so."""
    heard: list[MQTTMessage] = []
    while not (heard and heard[-1].topic.endswith(topic) and says in heard[-1].payload):
        heard.append(listener.messages.get(timeout=PATIENCE_S))
    return heard


def test_the_wire_is_as_the_schemas_say(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(mqtt={"port": mosquitto.port})
    topics: dict[str, set[str]] = {}
    with Listener(mosquitto.port) as listener:
        gate.receive()
        daemon = gate.start()
        watch = gate.watch()
        for code in ("NV001", "NV001", "a-stranger"):
            gate.press(code)
            watch.panel()
        gate.cli("workers", "deactivate", "NV002")
        gate.press("NV002")
        watch.panel()
        ledger = gate.status()["ledger"]["id"]
        resend = {"command": "resend", "id": "1", "ledger": ledger, "from": 1, "to": 2}
        listener.say("attendance/main-gate/commands", resend)
        gate.in_step(watch)
        heard = _until(listener, "/replies", b"resend")
        daemon.kill()
        heard += _until(listener, "/status", b'"offline"')
    for message in heard:
        schema = _schema_of(message.topic)
        validator(schema).validate(json.loads(message.payload))
        topics.setdefault(schema, set()).add(message.topic)
        if schema == "entry":
            kind = _data(message)["kind"]
            validator(f"kinds/{kind}").validate(json.loads(message.payload))
            topics.setdefault(kind, set()).add(message.topic)
    assert {"entry", "status", "receipt", "command", "reply"} <= topics.keys()
    assert {"ledger.opened", "punch.recorded", "punch.repeated"} <= topics.keys()
    assert {"attempt.refused", "worker.changed", "gate.alive"} <= topics.keys()


def _data(message: MQTTMessage) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(message.payload)["data"]
    return data
