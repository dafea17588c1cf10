"""The files of ``docs/contract/``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..kinds import KINDS, kind_of
from .asyncapi import document
from .examples import examples
from .json_schemas import Schema, components, entry_of

FOLDER = Path(__file__).parents[3] / "docs" / "contract"
"""Where they are kept in the project."""

_MESSAGES = {
    "entry": "Entry",
    "status": "Status",
    "receipt": "Receipt",
    "command": "Command",
    "reply": "Reply",
    "roster": "Roster",
}
_LOCAL = "#/$defs/"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LICENCE = "SPDX-License-Identifier: CC0-1.0"


def files() -> dict[str, str]:
    """Path below the folder → text."""
    every = components(_LOCAL + "{name}")
    wanted = {f"{name}.json": schema for name, schema in _MESSAGES.items()}
    wanted |= {f"kinds/{kind_of(fact)}.json": entry_of(fact) for fact in KINDS}
    made = {path: _text(_standalone(every, name)) for path, name in wanted.items()}
    return {"asyncapi.json": _text(document()), **made}


def write(folder: Path) -> None:
    """Write the files, and take away those that are none any more."""
    made = files()
    for path in folder.rglob("*.json"):
        if str(path.relative_to(folder)) not in made:
            path.unlink()
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _standalone(every: dict[str, Schema], name: str) -> Schema:
    """One schema with everything that it refers to."""
    needed: dict[str, Schema] = {}
    waiting = list(_references(every[name]))
    while waiting:
        if (other := waiting.pop()) not in needed:
            needed[other] = every[other]
            waiting += _references(every[other])
    head = {"$schema": _DIALECT, "$comment": _LICENCE}
    whole = {**head, **every[name], "examples": examples()[name]}
    return {**whole, "$defs": dict(sorted(needed.items()))}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for value in node:
            yield from _references(value)
    elif isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].removeprefix(_LOCAL)
        for value in node.values():
            yield from _references(value)


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
