"""One plausible entry of each kind, and validators for the published schemas."""

import json
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from jsonschema import Draft202012Validator
from msgspec import NODEFAULT, Struct, structs

from edge_agent.contract.chain import GENESIS, Scribe
from edge_agent.contract.facts import Fact
from edge_agent.contract.schemas.files import FOLDER
from edge_agent.contract.stamps import ClockState, Stamp

SCRIBE = Scribe(
    gate="main-gate",
    ledger="c7c336fc-e83b-454b-80e7-09c96ee9725a",
    zone=ZoneInfo("Asia/Ho_Chi_Minh"),
)
STAMP = Stamp(
    boot="0d4d6d1280534ad49f1325f45b2ffd38",
    boottime_ms=2843046,
    wall_ms=1_795_413_483_120,
    state=ClockState.SYNCED,
    uncertainty_ms=40,
)

_TIME = "2026-11-23T06:58:03.120+07:00"
_BY_NAME = {
    "worker": "NV0042",
    "gate": "main-gate",
    "ledger": SCRIBE.ledger,
    **dict.fromkeys(("hash", "text_hash", "proof"), "ab" * 32),
    "signed": "2026-11-22",
    "last_day": "2026-12-05",
    **dict.fromkeys(("at", "not_before", "not_after", "before", "after"), _TIME),
}


@cache
def validator(name: str) -> Draft202012Validator:
    """The validator of ``docs/contract/{name}.json``, which is itself a sound schema."""
    schema = json.loads(Path(FOLDER, f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def entry(kind: type[Fact], stamp: Stamp = STAMP, seq: int = 9) -> dict[str, Any]:
    """An entry of this kind, as it stands on the wire."""
    wire = SCRIBE.write(value("", kind), stamp, seq, GENESIS).wire
    decoded: dict[str, Any] = json.loads(wire)
    return decoded


def value(name: str, kind: Any) -> Any:
    """A plausible value for a field of this name and type."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(one for one in get_args(kind) if one is not NoneType)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return kind(
            **{
                field.name: value(field.name, field.type)
                if field.default is NODEFAULT or field.default is None
                else field.default
                for field in structs.fields(kind)
            }
        )
    if kind is NoneType:
        return None
    if kind is str:
        return _BY_NAME.get(name, "text")
    if kind in (int, bool):
        return kind(1)
    if get_origin(kind) is dict:
        return {}
    if get_origin(kind) is list:
        return [value(name, get_args(kind)[0])]
    return (get_args(kind) or tuple(kind))[0]
