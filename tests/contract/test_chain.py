"""Entries: their layout, their chain, and that nothing in them changes unnoticed."""

import hashlib
import json
import re
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.bounds import LARGEST_ENTRY
from edge_agent.contract.chain import (
    GENESIS,
    Scribe,
    TooLong,
    _is_canonical,
    read_wire,
    stamp_of,
)
from edge_agent.contract.facts import (
    AttemptRefused,
    Direction,
    DirectionSource,
    Fact,
    GateAlive,
    PunchAdded,
    PunchRecorded,
    PunchRecovered,
    PunchTimeCorrected,
    PunchTimeResolved,
)
from edge_agent.contract.people_facts import PrintRestored
from edge_agent.contract.stamps import ClockState, Stamp

from .made_up import KINDS, facts, stamps

LEDGER = "0f3a0000-0000-4000-8000-000000000000"
SCRIBE = Scribe(gate="main-gate", ledger=LEDGER, zone=ZoneInfo("Asia/Ho_Chi_Minh"))
SYNCED = Stamp(
    boot="b0071d",
    boottime_ms=123,
    wall_ms=1_795_391_883_120,
    state=ClockState.SYNCED,
    uncertainty_ms=40,
)
PUNCH = PunchRecorded(
    worker="NV0042",
    direction=Direction.IN,
    direction_source=DirectionSource.IN,
    evidence_hash="e5" * 32,
)


def canonical(data: Any) -> bytes:
    """RFC 8785 for the JSON that a ledger holds: integers, and keys in ASCII."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def wired(fact: Fact, stamp: Stamp) -> Any:
    return json.loads(SCRIBE.write(fact, stamp, 1042, GENESIS).wire)


def test_a_punch_stands_on_the_wire_as_the_contract_says() -> None:
    prevhash = bytes(range(32))
    data = {
        "ledger": LEDGER,
        "seq": 1042,
        "kind": "punch.recorded",
        "worker": "NV0042",
        "at": "2026-11-23T06:58:03.120+07:00",
        "direction": "in",
        "direction_source": "in",
        "method": "finger",
        "evidence_hash": "e5" * 32,
        "clock": {
            "state": "synced",
            "uncertainty_ms": 40,
            "boot": "b0071d",
            "boottime_ms": 123,
            "wall": "2026-11-22T23:58:03.120Z",
        },
    }
    assert json.loads(SCRIBE.write(PUNCH, SYNCED, 1042, prevhash).wire) == {
        "specversion": "1.0",
        "id": f"{LEDGER}:1042",
        "source": "/attendance/gates/main-gate",
        "type": "vn.htx.attendance.punch.recorded.v1",
        "subject": "NV0042",
        "time": "2026-11-23T06:58:03.120+07:00",
        "datacontenttype": "application/json",
        "prevhash": prevhash.hex(),
        "hash": hashlib.sha256(prevhash + canonical(data)).hexdigest(),
        "data": data,
    }


def test_nobody_can_pay_from_a_time_that_is_not_known() -> None:
    envelope = wired(PUNCH, structs.replace(SYNCED, state=ClockState.UNSYNCED, uncertainty_ms=None))
    assert "time" not in envelope
    assert envelope["data"]["at"] is None
    assert envelope["data"]["clock"]["wall"] == "2026-11-22T23:58:03.120Z"


def test_holdover_is_a_time() -> None:
    stamp = structs.replace(SYNCED, state=ClockState.HOLDOVER, uncertainty_ms=900)
    envelope = wired(PUNCH, stamp)
    assert envelope["time"] == envelope["data"]["at"] == "2026-11-23T06:58:03.120+07:00"


@pytest.mark.parametrize(
    "fact",
    [
        GateAlive(recording=True, version="1"),
        AttemptRefused(reason="unknown", hint=None, worker=None, suppressed=0),
    ],
)
def test_only_what_is_about_a_worker_has_a_subject(fact: Fact) -> None:
    assert "subject" not in wired(fact, SYNCED)


ABOUT_ANOTHER_MOMENT = {PunchTimeResolved, PunchTimeCorrected, PunchAdded, PunchRecovered}
"""Their ``at`` is the punch's, not the entry's own."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_keeps_clear_of_what_all_entries_have(kind: type[Fact]) -> None:
    common = {"ledger", "seq", "at", "clock", "kind"}
    if kind in ABOUT_ANOTHER_MOMENT:
        common.remove("at")
    assert not common & {field.encode_name for field in structs.fields(kind)}
    assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", str(kind.__struct_config__.tag))


def test_every_kind_has_its_own_name() -> None:
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS)


@given(st.lists(st.tuples(facts, stamps), min_size=1, max_size=4))
def test_anybody_can_check_the_chain_with_json_and_sha256(story: list[tuple[Fact, Stamp]]) -> None:
    expected = GENESIS
    for seq, (fact, stamp) in enumerate(story, 1):
        entry = SCRIBE.write(fact, stamp, seq, expected)
        envelope = json.loads(entry.wire)
        own = canonical(envelope["data"])
        assert own in entry.wire
        assert envelope["prevhash"] == expected.hex()
        expected = hashlib.sha256(expected + own).digest()
        assert envelope["hash"] == expected.hex()
        assert (entry.seq, entry.kind, entry.hash) == (seq, envelope["data"]["kind"], expected)


@given(facts, stamps)
def test_what_was_written_is_read_again(fact: Fact, stamp: Stamp) -> None:
    entry = SCRIBE.write(fact, stamp, 7, GENESIS)
    envelope, data = read_wire(entry.wire)
    assert envelope.hash == entry.hash.hex()
    assert stamp_of(data) == stamp
    assert (data["ledger"], data["seq"], data["kind"]) == (LEDGER, 7, entry.kind)


@given(facts, stamps, st.data())
def test_no_byte_of_the_data_changes_unnoticed(
    fact: Fact, stamp: Stamp, draw: st.DataObject
) -> None:
    wire = bytearray(SCRIBE.write(fact, stamp, 7, GENESIS).wire)
    data = json.loads(wire)["data"]
    begin = wire.index(canonical(data))
    wire[draw.draw(st.integers(begin, len(wire) - 2))] = draw.draw(st.integers(0, 255))
    try:
        _, read = read_wire(bytes(wire))
    except ValueError:
        return
    assert read == data  # the same byte again, or the same character written another way


@given(facts, stamps, st.data())
def test_altered_hashes_are_noticed(fact: Fact, stamp: Stamp, draw: st.DataObject) -> None:
    wire = SCRIBE.write(fact, stamp, 7, bytes(range(32))).wire
    envelope = json.loads(wire)
    name = draw.draw(st.sampled_from(["hash", "prevhash"]))
    other = draw.draw(st.binary(min_size=32, max_size=32)).hex()
    if other != envelope[name]:
        with pytest.raises(ValueError, match="does not have the hash"):
            read_wire(wire.replace(envelope[name].encode(), other.encode()))


@given(st.binary() | st.text().map(str.encode) | st.sampled_from([b"{}", b"null", b"[]"]))
def test_what_is_no_entry_is_a_value_error(wire: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 — each kind of rubbish has its own words
        read_wire(wire)


@pytest.mark.parametrize(
    "alter",
    [
        lambda wire: wire.replace(b'"data":{', b'"data":{"x":' + b"[" * 50_000),
        lambda wire: wire.replace(b'"seq":7', b'"seq":7' + b"0" * 400),
        lambda wire: wire.replace(b'"seq":7', b'"seq":1e999'),
        lambda wire: wire.replace(b"NV0042", b"NV\\ud800"),
        lambda wire: wire.replace(b"NV0042", b"NV\xff\xff"),
        lambda wire: wire[:-1],
        lambda wire: wire + b"}",
    ],
    ids=["deep", "huge", "infinite", "surrogate", "no utf-8", "cut", "trailing"],
)
def test_hostile_entries_are_a_value_error(alter: Any) -> None:
    wire = SCRIBE.write(PUNCH, SYNCED, 7, GENESIS).wire
    assert alter(wire) != wire
    with pytest.raises(ValueError):  # noqa: PT011
        read_wire(alter(wire))


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(), ANY_JSON), st.sampled_from([None, "deterministic", "sorted"]))
def test_only_canonical_bytes_are_taken_for_canonical(data: dict[str, Any], order: Any) -> None:
    raw = msgspec.json.encode(data, order=order)
    if _is_canonical(raw, msgspec.json.decode(raw)):
        assert rfc8785.dumps(data) == raw


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":1E2}',
        b'{"a":-0}',
        b'{"a":9007199254740993}',
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\t"}',
        b'{"a":[1.5]}',
    ],
)
def test_what_is_not_canonical_is_looked_at_again(raw: bytes) -> None:
    assert not _is_canonical(raw, msgspec.json.decode(raw))


@given(facts, stamps)
def test_what_a_gate_writes_in_ascii_is_known_at_once(fact: Fact, stamp: Stamp) -> None:
    entry = SCRIBE.write(fact, stamp, 1, GENESIS)
    envelope, data = read_wire(entry.wire)
    raw = bytes(envelope.data)
    doubtful = re.search(rb"[^ -~]|\\|\d{16}", raw)
    assert _is_canonical(raw, data) or doubtful


def test_an_entry_that_was_written_out_anew_is_still_the_same() -> None:
    """Whoever puts spaces into JSON has changed nothing that was hashed."""
    stamp = Stamp(
        boot="a", boottime_ms=1, wall_ms=10**12, state=ClockState.SYNCED, uncertainty_ms=1
    )
    entry = SCRIBE.write(GateAlive(recording=True, version="ổn"), stamp, 1, GENESIS)
    spaced = json.dumps(json.loads(entry.wire), indent=1).encode()
    assert read_wire(spaced)[1] == read_wire(entry.wire)[1]
    with pytest.raises(ValueError, match="hash"):
        read_wire(spaced.replace(b"true", b"false"))


def test_no_entry_is_written_that_payroll_would_not_take() -> None:
    def written(origin: str) -> int:
        fact = PrintRestored(
            worker="NV1",
            finger="right-index",
            slot=1,
            generation=1,
            origin=origin,
            backup="b",
            actor="uid:0",
        )
        return len(SCRIBE.write(fact, SYNCED, 2, GENESIS).wire)

    room = LARGEST_ENTRY - written("")
    assert written("x" * room) == LARGEST_ENTRY  # The control: one byte less is written.
    with pytest.raises(TooLong, match="nothing of it was written"):
        written("x" * (room + 1))
