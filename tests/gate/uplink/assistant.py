"""What Home Assistant makes of a gate's messages, as its documentation says it."""

import json
from contextlib import suppress
from typing import Any

import jinja2
import jsonschema

_TEXT = {"type": "string", "minLength": 1}
_TOPIC = {"type": "string", "pattern": "^[^+#]+$"}
_AVAILABILITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["topic"],
        "properties": {"topic": _TOPIC, "value_template": _TEXT},
        "additionalProperties": False,
    },
}
_COMPONENT = {
    "type": "object",
    "required": ["platform"],
    "properties": {
        "platform": {"enum": ["sensor", "binary_sensor", "event"]},
        "name": _TEXT,
        "unique_id": _TEXT,
        "state_topic": _TOPIC,
        "value_template": _TEXT,
        "availability": _AVAILABILITY,
        "entity_category": {"enum": ["diagnostic", "config"]},
        "json_attributes_topic": _TOPIC,
        "json_attributes_template": _TEXT,
        "device_class": _TEXT,
    },
    # Everything but the platform left out takes the component away.
    "if": {"minProperties": 2},
    "then": {"required": ["name", "unique_id", "value_template"]},
    "allOf": [
        {
            "if": {"properties": {"platform": {"const": "binary_sensor"}}},
            "then": {
                "properties": {"device_class": {"enum": ["connectivity", "problem", "running"]}},
                "not": {"anyOf": [{"required": ["state_class"]}, {"required": ["options"]}]},
            },
        },
        {
            "if": {"properties": {"platform": {"const": "sensor"}}},
            "then": {
                "properties": {
                    "device_class": {"enum": ["enum", "data_size", "timestamp"]},
                    "state_class": {"enum": ["measurement", "total", "total_increasing"]},
                    "options": {"type": "array", "items": _TEXT, "minItems": 1},
                    "unit_of_measurement": _TEXT,
                },
                "dependentRequired": {"unit_of_measurement": ["state_class"]},
                "if": {"required": ["options"]},
                "then": {
                    "properties": {"device_class": {"const": "enum"}},
                    "required": ["device_class"],
                    "not": {"required": ["state_class"]},
                },
            },
        },
        {
            "if": {"properties": {"platform": {"const": "event"}}, "minProperties": 2},
            "then": {
                "properties": {"event_types": {"type": "array", "items": _TEXT, "minItems": 1}},
                "required": ["event_types"],
            },
        },
    ],
    "unevaluatedProperties": False,
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["device", "origin", "components"],
    "properties": {
        "device": {
            "type": "object",
            "required": ["identifiers"],
            "properties": {
                "identifiers": {"type": "array", "items": _TEXT, "minItems": 1},
                "name": _TEXT,
                "model": _TEXT,
                "sw_version": _TEXT,
            },
            "additionalProperties": False,
        },
        "origin": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": _TEXT, "sw_version": _TEXT, "support_url": _TEXT},
            "additionalProperties": False,
        },
        "components": {"type": "object", "additionalProperties": _COMPONENT},
        "availability": _AVAILABILITY,
        "state_topic": _TOPIC,
        "qos": {"enum": [0, 1, 2]},
    },
    "additionalProperties": False,
}
"""From https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload and its pages on
sensor.mqtt, binary_sensor.mqtt and event.mqtt, as far as a gate uses them."""

_JINJA = jinja2.Environment(undefined=jinja2.StrictUndefined)
"""Whatever is printed without being there would be a warning in Home Assistant's log."""


def render(template: str, payload: bytes) -> str:
    """A template's text; ``value_json`` is there only where the payload is JSON."""
    variables: dict[str, Any] = {"value": payload.decode()}
    with suppress(ValueError):
        variables["value_json"] = json.loads(payload)
    return _JINJA.from_string(template).render(variables)


class Device:
    """The gate, as Home Assistant knows it from its message."""

    def __init__(self, message: bytes) -> None:
        self.message = json.loads(message)
        jsonschema.Draft202012Validator(SCHEMA).validate(self.message)
        every = self.message["components"].items()
        self.components = {key: value for key, value in every if len(value) > 1}
        self.taken_away = {key for key, value in every if len(value) == 1}

    def states(self, status: bytes) -> dict[str, str | None]:
        """Every value that is read out of a status; None where it is not known."""
        states: dict[str, str | None] = {}
        for key, component in self.components.items():
            if "state_topic" in component:
                continue
            value = render(component["value_template"], status)
            states[key] = None if value == "None" else value
            if "options" in component and states[key] is not None:
                assert value in component["options"], (key, value)
            if component["platform"] == "binary_sensor":
                assert value in ("ON", "OFF"), (key, value)
            if "state_class" in component and states[key] is not None:
                float(value)
        return states

    def available(self, status: bytes) -> set[str]:
        """Which entities are there."""
        there = set()
        for key, component in self.components.items():
            [by] = component.get("availability", self.message["availability"])
            if render(by["value_template"], status) == "online":
                there.add(key)
        return there

    def attributes(self, key: str, payload: bytes) -> Any:
        return json.loads(render(self.components[key]["json_attributes_template"], payload))

    def event(self, payload: bytes) -> Any:
        """The event that an entry of the ledger is; None where it is none."""
        punch = self.components["punch"]
        text = render(punch["value_template"], payload)
        if not text:
            return None
        event = json.loads(text)
        assert event["event_type"] in punch["event_types"]
        return event
