"""What is told of what others sent holds nothing of it."""

from enum import Enum
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from edge_agent.contract.language import LANGUAGES, Message, said
from edge_agent.contract.reasons import reason
from edge_agent.contract.told import RuleBroken, Sparing, escaped, identifier, rule

NAME = "Lò Thị Mây"


class _Kind(Enum):
    A = "a"


class _Sound(Struct, forbid_unknown_fields=True, tag="x"):
    kind: _Kind = _Kind.A
    way: Literal["in", "out"] = "in"
    number: int = 0
    inner: dict[str, int] = {}


class _Other(Struct, tag="y"):
    pass


@pytest.mark.parametrize("name", [NAME, f"x' - at `$.{NAME}`", f"`{NAME}`", "\n" + NAME, "x" * 500])
@pytest.mark.parametrize("field", ["type", "kind", "way", "number", "inner", "other"])
def test_a_library_s_text_is_told_without_what_it_quotes(field: str, name: str) -> None:
    for sent in ({field: name}, {field: {name: name}}, {name: name}):
        payload = msgspec.json.encode({"type": "x"} | sent)
        with pytest.raises(msgspec.ValidationError) as refused:
            msgspec.json.decode(payload, type=_Sound | _Other)
        why = Message("words.together", sentences=[reason(refused.value)])
        for told in (rule(refused.value), *(said(why, one) for one in LANGUAGES)):
            assert name not in told
            assert "Mây" not in told
            assert told


def test_the_place_and_the_rule_are_told() -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode(b'{"type":"x","kind":"b"}', type=_Sound | _Other)
    assert "'b'" in str(refused.value)  # The control: the library quotes it.
    assert rule(refused.value) == "Invalid value - at `$.kind`"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError(NAME), "KeyError"),
        (ValueError(NAME), "ValueError"),
        (RuleBroken(Message("rule.no-gate")), "this is no gate's name"),
        (PermissionError(13, "Permission denied", NAME), "Permission denied"),
        (RecursionError(NAME), "it is nested too deeply"),
        (UnicodeDecodeError("utf-8", NAME.encode(), 1, 2, "invalid"), "it is no UTF-8"),
    ],
)
def test_an_error_is_told_by_its_rule_or_its_kind(error: Exception, told: str) -> None:
    assert rule(error) == told


@pytest.mark.parametrize("name", ["main-gate", "c33d4c07-c959-47aa-9e05-84ae7004a84f", "a.b_c"])
def test_what_can_be_an_identifier_is_told(name: str) -> None:
    assert identifier(name) == name


@pytest.mark.parametrize("name", [NAME, "", "a b", "x" * 65, "a\n", "Mây", "\u202e"])
def test_what_cannot_be_one_is_told_by_its_length(name: str) -> None:
    assert identifier(name) == f"(no name of a gate or ledger: {len(name)} characters)"


@given(st.text(st.characters()))
def test_nothing_leaves_its_line(text: str) -> None:
    shown = escaped(text)
    assert len(shown.splitlines()) <= 1
    assert not [char for char in shown if ord(char) < 32 or 127 <= ord(char) < 160]
    shown.encode()


def test_each_matter_is_told_once_a_minute_with_its_count() -> None:
    sparing: Sparing[Any] = Sparing()
    told = [(now, met) for now in range(150) if (met := sparing.count("a", now)) is not None]
    assert told == [(0, 1), (60, 60), (120, 60)]
    assert sparing.count("b", 150) == 1  # Another one waits for nobody.
    assert sparing.untold(179) == []
    assert sparing.untold(180) == [("a", 29)]
    assert sparing.untold(180) == []


def test_matters_without_end_take_no_memory() -> None:
    sparing: Sparing[int] = Sparing()
    for number in range(5000):
        assert sparing.count(number, 0) == 1
    assert len(sparing._matters) <= 1000
