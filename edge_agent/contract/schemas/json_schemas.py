"""JSON Schemas of everything on the wire, made of the types that the code itself uses."""

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import UNSET, Struct, structs

from ..chain import Common, Envelope, event_type
from ..facts import Fact, OldEntry
from ..home_assistant import Discovery
from ..kinds import KINDS, kind_of
from ..messages import Erased, GateStatus, LastWill, Receipt, Reply, Report, Resend, Roster
from ..roster import MOST_WORKERS
from ..signatures import Signature

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
            *("slot", "generation", "openings", "credentials", "offset_ms", "times"),
            *("refused_receipts", "refused_commands", "not_signed"),
            *("evidence", "attempts", "consents", "claims", "erased", "slots"),
        ),
        _COUNT,
    ),
    "step_ms": {"integer": {"minimum": -_EXACT, "maximum": _EXACT}},
    **dict.fromkeys(("hash", "prevhash", "evidence_hash", "text_hash", "proof"), _HASH),
    **dict.fromkeys(
        (
            *("at", "time", "wall", "not_before", "not_after", "before", "after"),
            *("started_at", "complete_until", "expires", "pending_since"),
        ),
        _TIME,
    ),
    **dict.fromkeys(("valid_from", "valid_to", "signed", "last_day"), _DAY),
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

_FROM_PAYROLL = (Receipt, Resend, Report, Erased, Roster)
"""What others write may leave out whatever has a default; what the gate writes is always there."""

_MAY_LEAVE_OUT = ("Envelope", "Reply", "Entity")
"""Of the gate's own: these leave out what is null."""


def entry_of(fact: type[Fact]) -> str:
    """The name under which the schemas know the whole entry of a fact."""
    return f"{fact.__name__}Entry"


def components(ref_template: str) -> dict[str, Schema]:
    """All schemas by name, with references as ``ref_template`` ("…{name}") has them."""
    types = (*KINDS, Common, Envelope, GateStatus, LastWill, Receipt, Resend, Report, Reply, Roster)
    types += (Erased, Discovery, Signature)
    _, made = msgspec.json.schema_components(types, ref_template=ref_template)
    written_by_gate = set(made) - set(_names_in(_FROM_PAYROLL))
    for name, schema in made.items():
        _polish(name, schema)
        if name in written_by_gate and name not in _MAY_LEAVE_OUT and "required" in schema:
            schema["required"] = list(schema["properties"])
    for signed in _FROM_PAYROLL:  # A gate without payroll's key passes it over, whatever it is.
        made[signed.__name__]["properties"]["signature"] = _ref(ref_template, "Signature")
    # Payroll may have had none of the ledger that was left: seq 0.
    made[OldEntry.__name__]["properties"]["seq"] |= _COUNT["integer"]
    common, envelope = made.pop("Common"), made.pop("Envelope")
    for fact in KINDS:
        made[fact.__name__] = _data(fact, common, made[fact.__name__])
        made[entry_of(fact)] = _entry(fact, envelope, ref_template)
    made["EntryOfAnotherKind"] = _entry_of_another_kind(common, envelope)
    entries = [*map(entry_of, KINDS), "EntryOfAnotherKind"]
    made["Entry"] = {
        "description": "An entry of any kind, told apart by `type`. Store a kind that you don't "
        "know as it is.",
        **_one_of(ref_template, *entries),
    }
    made["Status"] = {
        "type": "object",
        "anyOf": [_ref(ref_template, one.__name__) for one in (GateStatus, LastWill)],
    }
    made["Command"] = _one_of(ref_template, Resend.__name__, Report.__name__, Erased.__name__)
    return {name: {"title": name, **schema} for name, schema in sorted(made.items())}


def _data(fact: type[Fact], common: Schema, own: Schema) -> Schema:
    """``data`` of a kind: what every entry has, and the kind's own part."""
    properties = {**common["properties"], **own["properties"], "kind": _const(kind_of(fact))}
    where_known = {f.encode_name for f in structs.fields(fact) if f.default is UNSET}
    required = [name for name in properties if name not in where_known]
    schema = {**own, "properties": properties, "required": required}
    if "at" not in own["properties"]:
        schema |= _NO_TIME_FROM_AN_UNTRUSTED_CLOCK
    return schema


_NO_TIME_FROM_AN_UNTRUSTED_CLOCK: Schema = {
    "if": {
        "type": "object",
        "properties": {
            "clock": {
                "type": "object",
                "properties": {"state": {"type": "string", "const": "unsynced"}},
            }
        },
    },
    "then": {"type": "object", "properties": {"at": {"type": "null"}}},
}


def _entry(fact: type[Fact], envelope: Schema, ref_template: str) -> Schema:
    """The whole of it, and nothing by reference but ``data``: code generators merge badly."""
    own = {
        "type": _const(event_type(kind_of(fact))),
        "data": _ref(ref_template, fact.__name__),
    }
    return {
        "description": _in_words(fact.__doc__ or ""),
        "type": "object",
        "properties": {**envelope["properties"], **own},
        "required": envelope["required"],
    }


def _entry_of_another_kind(common: Schema, envelope: Schema) -> Schema:
    """So that each entry is of one kind exactly, those that are still to come too."""
    kinds = [kind_of(fact) for fact in KINDS]
    kind = {"type": "string", "not": {"enum": kinds}}
    own = {
        "type": {"type": "string", "not": {"enum": list(map(event_type, kinds))}},
        "data": {**common, "properties": {**common["properties"], "kind": kind}},
    }
    return {
        "description": "An entry of a kind that came later than this document.",
        "type": "object",
        "properties": {**envelope["properties"], **own},
        "required": envelope["required"],
    }


def _one_of(ref_template: str, *names: str) -> Schema:
    return {"type": "object", "oneOf": [_ref(ref_template, name) for name in names]}


def _const(value: str) -> Schema:
    return {"type": "string", "const": value}


def _ref(ref_template: str, name: str) -> Schema:
    return {"$ref": ref_template.format(name=name)}


def _names_in(types: Iterable[type[Struct]]) -> Iterator[str]:
    """The names of these types and of the ones inside them."""
    _, made = msgspec.json.schema_components(types)
    yield from made


def _polish(title: str, schema: Schema) -> None:
    """Say what holds beyond the types; keep out what differs from one Python to the next."""
    if "description" in schema:
        schema["description"] = _in_words(schema["description"])
    schema.pop("title", None)
    schema.pop("discriminator", None)
    nodes = [schema]
    for name, field in schema.get("properties", {}).items():
        inner: list[Schema] = [field, *field.get("anyOf", ()), field.get("items", {})]
        for node in inner:
            node |= WORDS.get(name, {}).get(node.get("type", ""), {})
        nodes += inner
        for node in inner:
            if "enum" in node:  # Else a code generator calls it anonymous.
                node["title"] = title + name.title().replace("_", "")
    for node in nodes:
        if "enum" in node or "const" in node:
            node["type"] = "string"
        if node.get("type") == "integer":
            # Else a generator of Java makes 32 bits of it: 24 days of ``boottime_ms``.
            node["format"] = "int64"


def _in_words(docstring: str) -> str:
    return " ".join(cleandoc(docstring).replace("``", "`").split())
