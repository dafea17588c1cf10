"""The schemas accept what the gate writes, and nothing that is wrong."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.chain import event_type
from edge_agent.contract.facts import Fact
from edge_agent.contract.kinds import KINDS, kind_of
from edge_agent.contract.stamps import ClockState

from .samples import STAMP, entry, validator

each_kind = pytest.mark.parametrize("kind", KINDS, ids=kind_of)

_MAY_BE_MISSING = {("subject",), ("time",)}


@each_kind
def test_an_entry_is_valid(kind: type[Fact]) -> None:
    validator("entry").validate(entry(kind))
    validator(f"kinds/{kind_of(kind)}").validate(entry(kind))


@each_kind
def test_an_entry_of_another_kind_is_not_taken_for_it(kind: type[Fact]) -> None:
    for other in KINDS:
        if other is not kind:
            assert not validator(f"kinds/{kind_of(kind)}").is_valid(entry(other))


@each_kind
def test_a_time_from_an_untrusted_clock_is_invalid(kind: type[Fact]) -> None:
    unsynced = structs.replace(STAMP, state=ClockState.UNSYNCED, uncertainty_ms=None)
    honest = entry(kind, unsynced)
    validator("entry").validate(honest)
    if honest["data"]["at"] is None:
        honest["data"]["at"] = "2026-11-23T06:58:03.120+07:00"
        assert not validator("entry").is_valid(honest)


def test_an_entry_of_a_kind_to_come_is_valid() -> None:
    later = entry(KINDS[0])
    later["data"] = {key: later["data"][key] for key in ("ledger", "seq", "at", "clock")} | {
        "kind": "gate.moved",
        "where": 1,
    }
    later["type"] = event_type("gate.moved")
    validator("entry").validate(later)
    for known in KINDS:
        later["type"] = event_type(kind_of(known))
        assert not validator("entry").is_valid(later)


def test_a_field_that_is_added_later_does_not_make_an_entry_invalid() -> None:
    for kind in KINDS:
        later = entry(kind)
        later["data"]["added-later"] = later["added-later"] = 1
        validator("entry").validate(later)


@dataclass
class Wrong:
    """An entry with one thing wrong."""

    entry: dict[str, Any]
    what: str


def places(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(node, dict):
        for key, inner in node.items():
            yield (*path, key)
            yield from places(inner, (*path, key))


@st.composite
def wrong_entries(draw: st.DrawFn) -> Wrong:
    made = copy.deepcopy(entry(draw(st.sampled_from(KINDS))))
    path = draw(st.sampled_from(list(places(made))))
    holder = made
    for key in path[:-1]:
        holder = holder[key]
    was = holder[path[-1]]
    if path not in _MAY_BE_MISSING and draw(st.booleans()):
        del holder[path[-1]]
        return Wrong(made, f"{path} is missing")
    # A value of no type that any field has; and for a number one that none may have.
    choices: list[Any] = [[1.5], True if not isinstance(was, bool) else 1]
    if isinstance(was, int) and not isinstance(was, bool):
        choices += [0.5, 2**53, str(was)] + [-1] * (path[-1] != "step_ms")
    if path[-1] in ("hash", "prevhash"):
        choices += [was[:-1], "A" * 64, "g" * 64]
    if path[-1] in ("at", "time", "wall"):
        choices += ["2026-11-23 06:58", "06:58", "2026-11-23T06:58:03", ""]
    if path[-1] in ("kind", "type", "specversion", "state"):
        choices += ["", "punch", "2.0"]
    holder[path[-1]] = draw(st.sampled_from(choices))
    return Wrong(made, f"{path} is {holder[path[-1]]!r}")


@given(wrong_entries())
def test_a_wrong_entry_is_found(wrong: Wrong) -> None:
    kinds = [kind_of(kind) for kind in KINDS]
    assert not any(validator(f"kinds/{kind}").is_valid(wrong.entry) for kind in kinds), wrong.what
