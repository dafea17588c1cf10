"""What Home Assistant is told of a gate, in its own format. Pure.

One retained message makes a device of the gate, whose values are read out of the status that the
gate publishes anyway. Format: Home Assistant's MQTT integration, "Device discovery payload", and
its pages on the MQTT sensor, binary sensor and event (https://www.home-assistant.io).
"""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from .messages import Topics


class Origin(Struct, frozen=True, kw_only=True):
    """Which program speaks."""

    name: str
    sw_version: str


class Device(Struct, frozen=True, kw_only=True):
    """The gate as a device."""

    identifiers: list[str]
    name: str
    model: str
    sw_version: str


class Availability(Struct, frozen=True, kw_only=True):
    """By which topic a device is there or not; the template gives ``online`` or ``offline``."""

    topic: str
    value_template: str


class Entity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value of the device. ``value_template`` is Jinja, over a status or an entry.

    With nothing but its platform it is taken away again, where it was there.
    """

    platform: Literal["sensor", "binary_sensor", "event"]
    name: str = ""
    value_template: str = ""
    unique_id: str = ""
    device_class: str | None = None
    unit_of_measurement: str | None = None
    state_class: str | None = None
    options: list[str] | None = None
    event_types: list[str] | None = None
    entity_category: str | None = None
    state_topic: str | None = None
    availability: list[Availability] | None = None
    json_attributes_topic: str | None = None
    json_attributes_template: str | None = None


class Discovery(Struct, frozen=True, kw_only=True):
    """The whole message."""

    device: Device
    origin: Origin
    components: dict[str, Entity]
    state_topic: str
    availability: list[Availability]
    qos: int = 1


def discovery_topic(prefix: str, gate: str) -> str:
    """Where the gate says what it has; a gate's id holds nothing that a topic may not."""
    return f"{prefix}/device/edge-agent-{gate}/config"


def discovery(topics: Topics, version: str, *, punches: bool) -> bytes:
    """The message; with ``punches``, whoever reads it knows of a topic with personal data."""
    device = f"edge-agent-{topics.gate}"
    entities = _entities(topics)
    gone = {}
    if punches:
        entities["punch"] = _punch(topics)
    else:  # Left out, it would stay where it had been told once.
        gone["punch"] = Entity(platform="event")
    whole = Discovery(
        device=Device(
            identifiers=[device],
            name=f"Gate {topics.gate}",
            model="Attendance gate",
            sw_version=version,
        ),
        origin=Origin(name="Edge Agent", sw_version=version),
        components={
            key: msgspec.structs.replace(entity, unique_id=f"{device}-{key}")
            for key, entity in entities.items()
        }
        | gone,
        state_topic=topics.status,
        availability=[Availability(topic=topics.status, value_template=_STATE)],
    )
    return msgspec.json.encode(whole)


def _at(path: str, default: str = "none") -> str:
    """A Jinja expression: what stands there in the status, where it stands there.

    A last will has next to nothing, and an emptied topic not even JSON.
    """
    found = "value_json"
    for name in path.split("."):
        found = f"({found} | default({{}})).{name}"
    return f"{found} | default({default})"


def _show(expression: str) -> str:
    return f"{{{{ {expression} }}}}"


def _on_if(condition: str) -> str:
    """A binary sensor's value."""
    return _show(f"'ON' if {condition} else 'OFF'")


_STATE = _show(_at("state", "'offline'"))

_PROBLEMS = {
    "sensor": "sensor.problem",
    "store": "store.problem",
    "clock": "clock.problem",
    "roster": "roster.refused",
    "duplicate_gate": "uplink.duplicate_gate",
}
"""Attribute of the alarm → where the status tells of it: null or false where all is well."""

_WAITING = (
    "{% set ledger = (value_json | default({})).ledger %}"
    "{{ ledger.last_seq - ledger.confirmed_seq if ledger is defined else none }}"
)

_FREE_MB = (
    f"{{% set free = {_at('disk_free_bytes')} %}}"
    "{{ none if free is none else free // 1000000 }}"
)

_PUNCH = (
    "{% set it = (value_json | default({})).data | default({}) %}"
    "{% if it.kind == 'punch.recorded' %}{{ {'event_type': it.direction or 'punch', "
    "'worker': it.worker, 'at': it.at, 'seq': it.seq} | tojson }}{% endif %}"
)
"""Empty for any other entry, which Home Assistant passes over."""


def _entities(topics: Topics) -> dict[str, Entity]:
    """The gate's health. The values of ``device_class`` and the like are Home Assistant's."""
    problems = ", ".join(f"'{name}': {_at(path)}" for name, path in _PROBLEMS.items())
    return {
        "online": Entity(
            platform="binary_sensor",
            name="Online",
            device_class="connectivity",
            value_template=_on_if(f"({_at('state')}) == 'online'"),
            # The others are unavailable while the gate is away; this one then says so.
            availability=[Availability(topic=topics.status, value_template="online")],
        ),
        "recording": Entity(
            platform="binary_sensor",
            name="Recording",
            device_class="running",
            value_template=_on_if(
                f"({_at('sensor.state')}) == 'ready' and ({_at('store.state')}) != 'failing'"
            ),
        ),
        "alarm": Entity(
            platform="binary_sensor",
            name="Alarm",
            device_class="problem",
            value_template=_on_if(" or ".join(f"({_at(path)})" for path in _PROBLEMS.values())),
            json_attributes_topic=topics.status,
            json_attributes_template=_show(f"{{{problems}}} | tojson"),
        ),
        "sensor": _text("Fingerprint sensor", "sensor.state"),
        "store": _choice("Store", "store.state", ["ready", "reserve", "failing"]),
        "clock": _choice("Clock", "clock.state", ["synced", "holdover", "unsynced"]),
        "waiting": _number("Entries waiting for payroll", _WAITING),
        "pending": _number("Punches waiting for their time", _show(_at("clock.pending"))),
        "rejected": _number("Entries rejected by payroll", _show(_at("ledger.rejected"))),
        "prints": _number("Prints", _show(_at("sensor.prints"))),
        "not_backed_up": _number("Prints without a backup", _show(_at("sensor.not_backed_up"))),
        "disk_free": _number("Free disk", _FREE_MB, unit="MB", device_class="data_size"),
        "complete_until": Entity(
            platform="sensor",
            name="Payroll complete until",
            device_class="timestamp",
            entity_category="diagnostic",
            value_template=_show(_at("ledger.complete_until")),
        ),
    }


def _text(name: str, path: str, **more: Any) -> Entity:
    return Entity(
        platform="sensor",
        name=name,
        entity_category="diagnostic",
        value_template=_show(_at(path)),
        **more,
    )


def _choice(name: str, path: str, options: list[str]) -> Entity:
    return _text(name, path, device_class="enum", options=options)


def _number(
    name: str, template: str, unit: str | None = None, device_class: str | None = None
) -> Entity:
    return Entity(
        platform="sensor",
        name=name,
        entity_category="diagnostic",
        state_class="measurement",
        unit_of_measurement=unit,
        device_class=device_class,
        value_template=template,
    )


def _punch(topics: Topics) -> Entity:
    """An event for each punch, with the worker's code and nothing else of theirs."""
    return Entity(
        platform="event",
        name="Punch",
        state_topic=topics.ledger,
        event_types=["in", "out", "punch"],
        value_template=_PUNCH,
    )
