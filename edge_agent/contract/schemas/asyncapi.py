"""The AsyncAPI 3.0 document of the gate: which message travels on which topic, and which way."""

from typing import Any

from msgspec import Struct

from ..home_assistant import discovery_topic
from ..kinds import KINDS, kind_of
from ..messages import Topics
from .examples import examples
from .json_schemas import Schema, components, entry_of

_TOPICS = Topics("{root}", "{gate}")
_CLOUDEVENTS = "application/cloudevents+json"
_JSON = "application/json"


class _Channel(Struct, frozen=True, kw_only=True):
    """A topic, seen from the gate."""

    address: str
    action: str
    retain: bool
    messages: dict[str, str]
    """Name → schema."""
    content_type: str = _JSON
    correlated: bool = False
    what: str


_CHANNELS = {
    "ledger": _Channel(
        address=_TOPICS.ledger,
        action="send",
        retain=False,
        messages={kind_of(fact): entry_of(fact) for fact in KINDS},
        content_type=_CLOUDEVENTS,
        what="Every ledger entry of the gate, in order. Kinds may be added: store what you don't "
        "know. The same (ledger, seq) with the same hash is a duplicate; with another, a fork.",
    ),
    "status": _Channel(
        address=_TOPICS.status,
        action="send",
        retain=True,
        messages={"status": "GateStatus", "last-will": "LastWill"},
        what="Birth, health and last will. Empty: the gate was taken out of service.",
    ),
    "receipts": _Channel(
        address=_TOPICS.receipts("{ledger}"),
        action="receive",
        retain=True,
        messages={"receipt": "Receipt"},
        what="How far payroll holds a ledger. Publish it after your commit.",
    ),
    "commands": _Channel(
        address=_TOPICS.commands,
        action="receive",
        retain=False,
        messages={"command": "Command"},
        correlated=True,
        what="What payroll asks of the gate. Retained ones are ignored.",
    ),
    "roster": _Channel(
        address=_TOPICS.roster,
        action="receive",
        retain=True,
        messages={"roster": "Roster"},
        what="Payroll's list of workers, for all gates. An older, empty or malformed one is "
        "refused; a worker who is not in it stays as they are.",
    ),
    "replies": _Channel(
        address=_TOPICS.replies,
        action="send",
        retain=False,
        messages={"reply": "Reply"},
        correlated=True,
        what="The gate's answers to commands.",
    ),
}

_CHANNELS["home-assistant"] = _Channel(
    address=discovery_topic("{prefix}", "{gate}"),
    action="send",
    retain=True,
    messages={"discovery": "Discovery"},
    what="Only where [home_assistant] discovery is on, and nothing that payroll needs: what Home "
    "Assistant finds the gate by, in its own format. Empty: taken back.",
)

_PARAMETERS = {
    "root": {"description": "The root of all topics, [mqtt] root.", "default": "attendance"},
    "gate": {"description": "The gate's id, of a-z 0-9 and - only."},
    "prefix": {"description": "[home_assistant] prefix.", "default": "homeassistant"},
    "ledger": {"description": "The ledger's id."},
}


def document() -> dict[str, Any]:
    """The whole document."""
    schemas = _schemas()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Edge Agent: attendance from the gate to payroll",
            "version": "1.3.0",
            "description": "Seen from the gate: it sends its ledger, payroll answers with receipts."
            " In words, with examples: docs/payroll.md.",
            "license": {
                "name": "CC0-1.0",
                "url": "https://creativecommons.org/publicdomain/zero/1.0/",
            },
            "tags": [{"name": "mqtt"}, {"name": "attendance"}],
        },
        "defaultContentType": _JSON,
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "mqtt",
                "description": "The co-operative's broker, MQTT 5 or 3.1.1.",
                "variables": {"host": {"default": "localhost"}, "port": {"default": "1883"}},
            }
        },
        "channels": {name: _channel(channel) for name, channel in _CHANNELS.items()},
        "operations": {f"{c.action}-{name}": _operation(name, c) for name, c in _CHANNELS.items()},
        "components": {"messages": _messages(schemas), "schemas": schemas},
    }


def _channel(channel: _Channel) -> dict[str, Any]:
    return {
        "address": channel.address,
        "description": channel.what,
        "messages": {name: _ref("components", "messages", name) for name in channel.messages},
        "parameters": {
            name: about for name, about in _PARAMETERS.items() if f"{{{name}}}" in channel.address
        },
    }


def _operation(name: str, channel: _Channel) -> dict[str, Any]:
    operation = {
        "action": channel.action,
        "channel": _ref("channels", name),
        "summary": channel.what,
        "bindings": {"mqtt": {"qos": 1, "retain": channel.retain, "bindingVersion": "0.2.0"}},
    }
    if name == "commands":
        operation["reply"] = {"channel": _ref("channels", "replies")}
    return operation


def _messages(schemas: dict[str, Schema]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for channel in _CHANNELS.values():
        for name, schema in channel.messages.items():
            made[name] = {
                "name": name,
                "title": schema,
                "summary": schemas[schema].get("description", channel.what),
                "contentType": channel.content_type,
                "payload": _ref("components", "schemas", schema),
                "examples": [{"payload": example} for example in examples()[schema]],
            }
            if channel.correlated:
                made[name]["correlationId"] = {"location": "$message.payload#/id"}
    return made


def _schemas() -> dict[str, Schema]:
    """As in the JSON Schemas, where no validator knows a ``discriminator`` by itself."""
    made = components("#/components/schemas/{name}")
    for name, told_by in (("Entry", "type"), ("Command", "command")):
        made[name] = {**made[name], "discriminator": told_by}
    return made


def _ref(*path: str) -> dict[str, str]:
    return {"$ref": "/".join(("#", *path))}
