"""The decision about one entry, and how a chain is followed."""

import uuid
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.bounds import LARGEST_KEPT
from edge_agent.contract.chain import GENESIS, link
from edge_agent.receiver.accept import (
    ChainLink,
    Course,
    MalformedEntry,
    Novelty,
    Tip,
    follow,
    novelty,
    read,
    settles,
)
from edge_agent.receiver.effects import Unusable, effect_of

from .gate import write_ledger

GATE = "main-gate"
LEDGER = str(uuid.UUID(int=1))


def envelope(data: Any, **changed: Any) -> bytes:
    """Wire bytes with the hash that belongs to ``data``, whatever it holds."""
    digest = link(GENESIS, rfc8785.dumps(data)).hex()
    place = data if isinstance(data, dict) else {}
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": f"{place.get('ledger')}:{place.get('seq')}",
            "source": f"/attendance/gates/{GATE}",
            "type": "vn.htx.attendance.x.v1",
            "datacontenttype": "application/json",
            "prevhash": GENESIS.hex(),
            "hash": digest,
            "data": data,
        }
        | changed
    )


SOUND = {"ledger": LEDGER, "seq": 1, "kind": "from.the-future", "worker": {"odd": 1}, "at": None}


def test_entry_is_read_with_what_its_columns_need() -> None:
    first, entry = write_ledger(2)
    arrival = read(GATE, entry.wire)
    assert (arrival.seq, arrival.gate, arrival.kind) == (2, GATE, "punch.recorded")
    assert (arrival.worker, arrival.at) == ("NV0002", "2026-11-23T12:58:05.120+07:00")
    assert (arrival.hash, arrival.prevhash) == (entry.hash.hex(), first.hash.hex())
    assert arrival.wire == entry.wire


def test_unknown_kind_with_unknown_fields_is_an_entry() -> None:
    arrival = read(GATE, envelope(SOUND))
    assert (arrival.kind, arrival.worker, arrival.at) == ("from.the-future", None, None)


@pytest.mark.parametrize("kind", [None, 7, "", "nul\0", "x" * 201, ["punch.recorded"], {}])
def test_entry_of_no_kind_has_its_place_and_is_kept_for_a_person(kind: Any) -> None:
    arrival = read(GATE, envelope(SOUND | {"kind": kind}))
    assert (arrival.seq, arrival.kind) == (1, "")
    assert effect_of(arrival) == Unusable("unreadable")


@pytest.mark.parametrize(
    "changed",
    [{"subject": 7}, {"time": []}, {"type": None}, {"specversion": 1}, {"datacontenttype": {}},
     {"id": None}],
)  # fmt: skip
def test_what_the_hash_does_not_cover_stops_nobody(changed: dict[str, Any]) -> None:
    assert read(GATE, envelope(SOUND, **changed)).seq == 1


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b"null", id="not an object"),
        pytest.param(b"[" * 60_000, id="nested too deep"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="objects nested too deep"),
        pytest.param(envelope(SOUND) + b" " * LARGEST_KEPT, id="too long"),
        pytest.param(envelope(SOUND, hash="0" * 64), id="another hash"),
        pytest.param(envelope(SOUND, prevhash="zz"), id="previous hash is not hex"),
        pytest.param(
            envelope(SOUND, prevhash="", hash=link(b"", rfc8785.dumps(SOUND)).hex()),
            id="previous hash too short",
        ),
        pytest.param(envelope(SOUND, source="/attendance/gates/other"), id="another gate"),
        pytest.param(envelope(SOUND, id=f"{uuid.UUID(int=2)}:1"), id="another ledger in the id"),
        pytest.param(envelope(SOUND, id=f"{LEDGER}:2"), id="another seq in the id"),
        pytest.param(envelope(SOUND | {"seq": 0}), id="seq 0"),
        pytest.param(envelope(SOUND | {"seq": True}), id="seq is no number"),
        pytest.param(envelope(SOUND | {"seq": 1.5}), id="seq between entries"),
        pytest.param(envelope(SOUND | {"ledger": "a/+/#"}), id="ledger would be a topic filter"),
        pytest.param(envelope(SOUND | {"ledger": "a\n"}), id="ledger with a line end"),
        pytest.param(envelope([1]), id="data is no object"),
        pytest.param(
            envelope(SOUND).replace(b'"at":null', b'"at":1e400'), id="number beyond all bounds"
        ),
        pytest.param(
            envelope(SOUND).replace(b'"at":null', b'"at":' + b"9" * 5000), id="endless number"
        ),
        pytest.param(
            envelope(SOUND).replace(b'"at":null', rb'"at":"\ud800"'), id="half a character"
        ),
    ],
)
def test_damaged_bytes_are_refused(wire: bytes) -> None:
    with pytest.raises(MalformedEntry):
        read(GATE, wire)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.binary() | JSON.map(msgspec.json.encode) | st.builds(bytes, st.lists(st.just(91))))
def test_any_bytes_are_refused_and_nothing_worse(wire: bytes) -> None:
    with pytest.raises(MalformedEntry):
        read(GATE, wire)


@given(st.dictionaries(st.sampled_from([*SOUND, "x"]), JSON))
def test_any_data_with_a_true_hash_is_an_entry_or_refused(changes: dict[str, Any]) -> None:
    try:
        wire = envelope(SOUND | changes)
    except rfc8785.CanonicalizationError:
        return  # It has no hash that could be true.
    try:
        arrival = read(GATE, wire)
    except MalformedEntry:
        return
    assert arrival.ledger
    assert arrival.seq >= 1


@given(st.data())
def test_no_byte_of_the_data_can_be_changed(data: st.DataObject) -> None:
    wire = bytearray(envelope(SOUND))
    begin = wire.index(b'"data":') + len(b'"data":')
    where = data.draw(st.integers(begin, len(wire) - 2))
    wire[where] ^= data.draw(st.integers(1, 255))
    with pytest.raises(MalformedEntry):
        read(GATE, bytes(wire))


@pytest.mark.parametrize(
    ("arrived", "held", "verdict"),
    [("a", None, Novelty.NEW), ("a", "a", Novelty.DUPLICATE), ("a", "b", Novelty.FORK)],
)
def test_novelty(arrived: str, held: str | None, verdict: Novelty) -> None:
    assert novelty(arrived, held) is verdict


NOTHING = range(0)


@pytest.mark.parametrize(
    ("later", "forks", "course"),
    [
        pytest.param([], [], Course(Tip(2, "b"), [], NOTHING), id="nothing later"),
        pytest.param(
            [ChainLink(3, "c", "b"), ChainLink(4, "d", "c")],
            [],
            Course(Tip(4, "d"), [], NOTHING),
            id="on",
        ),
        pytest.param([ChainLink(5, "e", "d")], [], Course(Tip(2, "b"), [], range(3, 5)), id="gap"),
        pytest.param(
            [ChainLink(3, "c", "b"), ChainLink(5, "e", "d"), ChainLink(8, "h", "g")],
            [],
            Course(Tip(3, "c"), [], range(4, 5)),
            id="first of two gaps",
        ),
        pytest.param(
            [ChainLink(3, "C", "B"), ChainLink(4, "D", "C"), ChainLink(6, "f", "e")],
            [],
            Course(Tip(2, "b"), [3, 4], range(3, 6)),
            id="another history, and what follows it",
        ),
        pytest.param(
            [ChainLink(4, "D", "C")], ["C"], Course(Tip(2, "b"), [4], NOTHING), id="follows a fork"
        ),
    ],
)
def test_follow(later: list[ChainLink], forks: list[str], course: Course) -> None:
    assert follow(Tip(2, "b"), later, forks) == course


@pytest.mark.parametrize(("names", "is_settled"), [(GATE, True), (None, False), (7, False)])
def test_only_an_opening_that_names_its_sender_settles_whose_a_ledger_is(
    names: Any, is_settled: bool
) -> None:
    """One that names nobody could be sent by anybody, and is kept as any other entry."""
    sent = envelope({**SOUND, "kind": "ledger.opened", "gate": names})
    assert settles(read(GATE, sent)) is is_settled
