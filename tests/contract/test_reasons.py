"""Why something cannot be read is told in the language of whoever asked, whatever the cause."""

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from edge_agent.contract.chain import GENESIS, read_wire, seal
from edge_agent.contract.language import ENGLISH, VIETNAMESE, Message, said
from edge_agent.contract.reasons import reason
from edge_agent.gate.ledger.store.verify import altered
from tests.english import foreign
from tests.gate.ledger.ledgers import append, open_store, punch

GATE = "main-gate"


def in_(language: str, why: Message | str) -> str:
    return said(Message("store.altered", seq=17, why=why), language)


def envelope(wire: bytes, **other: Any) -> bytes:
    return json.dumps(json.loads(wire) | other).encode()


def without(wire: bytes, field: str) -> bytes:
    told = json.loads(wire)
    del told[field]
    return json.dumps(told).encode()


def other_data(wire: bytes, **other: Any) -> bytes:
    """Sewn up: its hash is that of its data."""
    data = json.loads(wire)["data"] | other
    return msgspec.json.encode(seal(GATE, data, GENESIS))


ALTERED: dict[str, Callable[[bytes], bytes]] = {
    "a word": lambda wire: wire.replace(b"first-start", b"other-start"),
    "not JSON": lambda wire: b"\0" + wire[1:],
    "cut off": lambda wire: wire[:-9],
    "empty": lambda wire: b"",
    "no UTF-8": lambda wire: wire.replace(b"first", b"\xff\xfe"),
    "more behind it": lambda wire: wire + b"x",
    "a trailing comma": lambda wire: wire[:-1] + b",}",
    "nested": lambda wire: b"[" * 100_000,
    "nested data": lambda wire: wire.replace(b'"data":', b'"data":' + b"[" * 100_000),
    "no object": lambda wire: b"[]",
    "no hash": lambda wire: without(wire, "hash"),
    "no data": lambda wire: without(wire, "data"),
    "data of another type": lambda wire: envelope(wire, data=[1]),
    "data that lack all": lambda wire: envelope(wire, data={}),
    "a number instead of text": lambda wire: envelope(wire, id=7),
    "no hexadecimal": lambda wire: envelope(wire, prevhash="xyz"),
    "another hash": lambda wire: envelope(wire, hash="00" * 32),
    "a number too large": lambda wire: wire.replace(b'"seq":', b'"seq":9e999,"seq":', 1),
    "a number that JSON has not": lambda wire: wire.replace(b'"seq":1', b'"seq":01', 1),
    "half a character": lambda wire: wire.replace(b"first", b"\\ud800"),
    "a great number": lambda wire: wire.replace(b'"seq":1', b'"seq":98765432109876543', 1),
    "another place": lambda wire: other_data(wire, seq=7),
    "another ledger": lambda wire: other_data(wire, ledger=str(UUID(int=1))),
    "another kind": lambda wire: other_data(wire, kind="punch.voided"),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_what_is_wrong_with_an_entry_is_said_in_vietnamese(kind: str, tmp_path: Path) -> None:
    with closing(open_store(tmp_path, GATE)) as store:
        append(store, punch("NV0042"))
        [entry] = store.entries(1, 1)
        ledger = store.ledger
    assert altered(entry, GENESIS, GATE, ledger) is None
    wire = ALTERED[kind](entry.wire)
    assert wire != entry.wire
    why = altered(msgspec.structs.replace(entry, wire=wire), GENESIS, GATE, ledger)
    assert why is not None
    assert "rule." not in in_(ENGLISH, why)
    told = in_(VIETNAMESE, why)
    assert foreign(told) == [], told
    assert told != in_(ENGLISH, why)


def test_words_of_one_entry() -> None:
    told = {
        b"\0": "mục 17 đã bị sửa: không phải JSON đúng (byte 0)",
        b"{}": "mục 17 đã bị sửa: thiếu specversion (toàn bộ)",
    }
    for wire, words in told.items():
        with pytest.raises(msgspec.MsgspecError) as refused:
            read_wire(wire)
        assert in_(VIETNAMESE, reason(refused.value)) == words


@pytest.mark.parametrize(
    "text", ['"a"b,c\n', '"open\n', "x" * 200_000, "a\rb\n"], ids=["after", "open", "long", "old"]
)
def test_what_is_wrong_with_a_csv_is_said_in_vietnamese(text: str) -> None:
    with pytest.raises(csv.Error) as refused:
        list(csv.reader([text], strict=True))
    assert isinstance(why := reason(refused.value), Message)
    assert why.name.startswith("rule.csv-")
    assert foreign(in_(VIETNAMESE, why)) == []


@pytest.mark.parametrize("content", [b"no database at all, and long" * 99, None])
def test_what_sqlite_says_is_said_in_vietnamese(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    if content is not None:
        path.write_bytes(content)
    uri = f"{path.as_uri()}?mode=ro"
    with pytest.raises(sqlite3.Error) as refused, closing(sqlite3.connect(uri, uri=True)) as opened:
        opened.execute("SELECT * FROM sqlite_master")
    why = reason(refused.value)
    assert in_(ENGLISH, why).endswith(f": {refused.value}")
    assert foreign(in_(VIETNAMESE, why)) == []
