"""JSON Schemas of everything on the wire, made of the types that the code itself uses."""

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import UNSET, Struct, structs

from ..chain import Common, Envelope, event_type
from ..facts import KINDS, Fact, kind_of
from ..home_assistant import Discovery
from ..messages import GateStatus, LastWill, Receipt, Reply, Report, Resend, Roster
from ..roster import MOST_WORKERS

Schema = dict[str, Any]
Words = dict[str, dict[str, Schema]]

_EXACT = 2**53 - 1
"""RFC 8259, 6: larger integers are not exact in every reader."""

_SEQ = {"integer": {"minimum": 1, "maximum": _EXACT}}
_COUNT = {"integer": {"minimum": 0, "maximum": _EXACT}}
_HASH = {"string": {"pattern": "^[0-9a-f]{64}$"}}
_TIME = {
    "string": {
        "format": "date-time",
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
    }
}
_DAY = {"string": {"format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"}}
_CODE = {"string": {"minLength": 1, "maxLength": 32}}

WORDS: Words = {
    **dict.fromkeys(("seq", "of", "through", "from", "to"), _SEQ),
    **dict.fromkeys(
        (
            *("suppressed", "rejected_count", "rejected", "uncertainty_ms", "boottime_ms"),
            *("last_seq", "confirmed_seq", "prints", "capacity", "disk_free_bytes"),
            *("slot", "generation", "score", "offset_ms", "times"),
            *("refused_receipts", "refused_commands"),
        ),
        _COUNT,
    ),
    "step_ms": {"integer": {"minimum": -_EXACT, "maximum": _EXACT}},
    **dict.fromkeys(("hash", "prevhash"), _HASH),
    **dict.fromkeys(
        (
            *("at", "time", "wall", "not_before", "not_after", "before", "after"),
            *("started_at", "complete_until", "expires"),
        ),
        _TIME,
    ),
    **dict.fromkeys(("valid_from", "valid_to"), _DAY),
    **dict.fromkeys(("worker", "subject", "code"), _CODE),
    "name": {"string": {"minLength": 1, "maxLength": 100}},
    "version": _SEQ,
    **dict.fromkeys(("count", "added", "changed", "in_force"), _COUNT),
    "workers": {"array": {"minItems": 1, "maxItems": MOST_WORKERS}, **_COUNT},
    "ledger": {"string": {"pattern": "^[0-9A-Za-z_-]{1,64}$"}},
    "specversion": {"string": {"const": "1.0"}},
    "datacontenttype": {"string": {"const": "application/json"}},
    "gate": {"string": {"pattern": "^[a-z0-9-]{1,32}$"}},
}
"""Field → JSON type → what holds beyond its type, for a word means the same in every message.

``rejected`` is a number in the status only.
"""

_FROM_PAYROLL = (Receipt, Resend, Report, Roster)
"""What others write may leave out whatever has a default; what the gate writes is always there."""

_MAY_LEAVE_OUT = ("Envelope", "Reply", "Entity")
"""Of the gate's own: these leave out what is null."""


def entry_of(fact: type[Fact]) -> str:
    """The name under which the schemas know the whole entry of a fact."""
    return f"{fact.__name__}Entry"


def components(ref_template: str) -> dict[str, Schema]:
    """All schemas by name, with references as ``ref_template`` ("…{name}") has them."""
    types = (*KINDS, Common, Envelope, GateStatus, LastWill, Receipt, Resend, Report, Reply, Roster)
    types += (Discovery,)
    _, made = msgspec.json.schema_components(types, ref_template=ref_template)
    written_by_gate = set(made) - set(_names_in(_FROM_PAYROLL))
    for name, schema in made.items():
        _polish(schema)
        if name in written_by_gate and name not in _MAY_LEAVE_OUT and "required" in schema:
            schema["required"] = list(schema["properties"])
    common = made.pop("Common")
    for fact in KINDS:
        made[fact.__name__] = _data(fact, common, made[fact.__name__])
        made[entry_of(fact)] = _entry(fact, ref_template)
    made["Entry"] = _any_entry(common, ref_template)
    made["Status"] = _either(ref_template, GateStatus, LastWill)
    made["Command"] = _either(ref_template, Resend, Report)
    return dict(sorted(made.items()))


def _data(fact: type[Fact], common: Schema, own: Schema) -> Schema:
    """``data`` of a kind: what every entry has, and the kind's own part."""
    properties = {**common["properties"], **own["properties"], "kind": {"const": kind_of(fact)}}
    where_known = {f.encode_name for f in structs.fields(fact) if f.default is UNSET}
    required = [name for name in properties if name not in where_known]
    schema = {**own, "properties": properties, "required": required}
    if "at" not in own["properties"]:
        schema |= _NO_TIME_FROM_AN_UNTRUSTED_CLOCK
    return schema


_NO_TIME_FROM_AN_UNTRUSTED_CLOCK: Schema = {
    "if": {"properties": {"clock": {"properties": {"state": {"const": "unsynced"}}}}},
    "then": {"properties": {"at": {"type": "null"}}},
}


def _entry(fact: type[Fact], ref_template: str) -> Schema:
    return {
        "title": entry_of(fact),
        "description": cleandoc(fact.__doc__ or ""),
        "allOf": [_ref(ref_template, "Envelope")],
        "properties": {
            "type": {"const": event_type(kind_of(fact))},
            "data": _ref(ref_template, fact.__name__),
        },
    }


def _any_entry(common: Schema, ref_template: str) -> Schema:
    """An entry of any kind, of those that are still to come too."""
    return {
        "title": "Entry",
        "description": "An entry of any kind. Store a kind that you don't know as it is.",
        "allOf": [_ref(ref_template, "Envelope")],
        "properties": {
            "data": {
                **common,
                "allOf": [
                    {
                        "if": {"properties": {"kind": {"const": kind_of(fact)}}},
                        "then": _ref(ref_template, fact.__name__),
                    }
                    for fact in KINDS
                ],
            }
        },
    }


def _either(ref_template: str, *types: type[Struct]) -> Schema:
    return {"anyOf": [_ref(ref_template, one.__name__) for one in types]}


def _ref(ref_template: str, name: str) -> Schema:
    return {"$ref": ref_template.format(name=name)}


def _names_in(types: Iterable[type[Struct]]) -> Iterator[str]:
    """The names of these types and of the ones inside them."""
    _, made = msgspec.json.schema_components(types)
    yield from made


def _polish(schema: Schema) -> None:
    """Say what holds beyond the types; keep out what differs from one Python to the next."""
    if "description" in schema:
        schema["description"] = " ".join(cleandoc(schema["description"]).replace("``", "`").split())
    schema.pop("title", None)
    for name, field in schema.get("properties", {}).items():
        for node in (field, *field.get("anyOf", ())):
            node |= WORDS.get(name, {}).get(node.get("type"), {})
