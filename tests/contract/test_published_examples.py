"""The published documents have a full example of every message, and the schemas take each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec import Raw

from edge_agent.contract.chain import GENESIS, event_type, proven
from edge_agent.contract.kinds import KINDS, kind_of
from edge_agent.contract.schemas.files import FOLDER

FILES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.json"))
SCHEMAS = [name for name in FILES if name != "asyncapi.json"]


def published(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(Path(FOLDER, name).read_text(encoding="utf-8"))
    return told


def nodes(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """All schemas inside a schema; examples are none."""
    if isinstance(node, dict):
        yield path, node
        for key, inner in node.items():
            if key != "examples":
                yield from nodes(inner, f"{path}/{key}")
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from nodes(inner, f"{path}/{number}")


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_document_has_examples_and_takes_them(name: str) -> None:
    schema = published(name)
    valid = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert schema["title"]
    assert schema["type"] == "object"
    assert schema["examples"]
    for example in schema["examples"]:
        valid.validate(example)
        for word in schema.get("required", ()):
            assert not valid.is_valid({key: example[key] for key in example if key != word})


def test_every_kind_has_one_and_together_they_are_a_chain() -> None:
    examples = published("entry.json")["examples"]
    assert {one["data"]["kind"] for one in examples} == {kind_of(fact) for fact in KINDS}
    before = GENESIS
    for one in examples:
        assert published(f"kinds/{one['data']['kind']}.json")["examples"] == [one]
        assert one["prevhash"] == before.hex()
        before = bytes.fromhex(one["hash"])
        proven(Raw(json.dumps(one["data"]).encode()), one["prevhash"], one["hash"])


def test_every_entry_is_of_one_kind_exactly() -> None:
    schema = published("entry.json")
    kinds = [one["$ref"].removeprefix("#/$defs/") for one in schema["oneOf"]]
    assert len(kinds) == len(KINDS) + 1  # and one for those that are still to come.
    told = {schema["$defs"][kind]["properties"]["type"].get("const") for kind in kinds}
    assert told == {None, *(event_type(kind_of(fact)) for fact in KINDS)}


@pytest.mark.parametrize("name", FILES)
def test_a_type_stands_beside_whatever_needs_one(name: str) -> None:
    """A code generator guesses where it does not, and a strict validator refuses the schema."""
    schema = published(name)
    inner = schema["components"]["schemas"] if name == "asyncapi.json" else schema
    for path, node in nodes(inner):
        is_schema = not path.endswith(("/properties", "/$defs", "/not"))
        if is_schema and path and any(word in node for word in ("properties", "enum", "const")):
            assert "type" in node, path


def test_every_message_has_a_title_and_full_examples() -> None:
    document = published("asyncapi.json")
    schemas = document["components"]["schemas"]
    root = {"components": document["components"]}
    for name, message in document["components"]["messages"].items():
        assert message["title"], name
        assert message["summary"], name
        assert message["examples"], name
        for example in message["examples"]:
            Draft202012Validator({**root, **message["payload"]}).validate(example["payload"])
    assert schemas["Entry"]["discriminator"] == "type"
    assert schemas["Command"]["discriminator"] == "command"
