"""What to do with entries that arrived. Pure: no database, no network, no clock."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Raw, Struct

from ..contract.bounds import LARGEST_ENTRY, LARGEST_KEPT, LedgerId, Seq
from ..contract.chain import GENESIS, proven, source_of
from ..contract.facts import LedgerOpened
from ..contract.told import RuleBroken, rule
from .moments import moment_of

_LONGEST_KIND = 200

OPENED = str(LedgerOpened.__struct_config__.tag)


class MalformedEntry(RuleBroken):
    """The bytes are not an entry of the gate that sent them: they are refused and not confirmed."""


class Novelty(StrEnum):
    """What an arrived entry is to the one that is held under the same (ledger, seq)."""

    NEW = "new"
    DUPLICATE = "duplicate"
    FORK = "fork"


class Arrival(Struct, frozen=True, kw_only=True):
    """An entry that has its place and its hash, and the gate that sent it.

    The hashes are 64 hex digits. ``data`` is what its wire bytes hold, whatever that is; ``kind``
    is empty where it names none.
    """

    ledger: str
    seq: int
    gate: str
    kind: str
    worker: str | None
    at: str | None
    hash: str
    prevhash: str
    wire: bytes
    data: dict[str, Any]


class ChainLink(Struct, frozen=True):
    """An entry as a link of its ledger's chain."""

    seq: int
    hash: str
    prevhash: str


class Tip(Struct, frozen=True):
    """The last entry up to which nothing is missing: what a receipt says."""

    through: int = 0
    hash: str = GENESIS.hex()


class Course(Struct, frozen=True):
    """How far a chain can be followed.

    ``strays`` are entries that contradict the chain; ``missing`` is the first gap, empty where
    nothing is known to lie beyond the tip.
    """

    tip: Tip
    strays: list[int]
    missing: range


class _Wire(Struct):
    """What an entry is believed by. No more of its envelope: the hash is over ``data`` alone."""

    source: str
    prevhash: str
    hash: str
    data: Raw
    id: Any = None


class _Place(Struct):
    """Without it nobody knows where an entry belongs."""

    ledger: LedgerId
    seq: Seq


class _Kept(Struct):
    """What is read of an entry that was believed."""

    data: dict[str, Any]


def data_in(wire: bytes) -> dict[str, Any]:
    """What an entry says that we hold: it was proved when it came."""
    return msgspec.json.decode(wire, type=_Kept).data


def read(gate: str, wire: bytes) -> Arrival:
    """Parse what arrived on the ledger topic of ``gate``; kinds we don't know are fine.

    What has its place and its hash is an entry, however odd the rest of it is: the gate cannot
    write it anew, and refused it would hold up every later entry of its ledger. Of one that is
    longer than any gate writes nothing but that is believed.

    Raises MalformedEntry, whatever the bytes are.
    """
    if len(wire) > LARGEST_KEPT:
        raise MalformedEntry(f"longer than {LARGEST_KEPT} bytes")
    try:
        stated = msgspec.json.decode(wire, type=_Wire)
        data = proven(stated.data, stated.prevhash, stated.hash)
        place = msgspec.convert(data, _Place)
    except (ValueError, RecursionError) as error:
        raise MalformedEntry(rule(error)) from error
    if stated.source != source_of(gate):
        raise MalformedEntry("it says that it comes from another gate")
    if isinstance(stated.id, str) and stated.id != f"{place.ledger}:{place.seq}":
        raise MalformedEntry("its id names another entry than its data")
    kind = _text(data.get("kind")) or ""
    if place.seq == 1 and kind == OPENED and _text(data.get("gate")) not in (None, gate):
        raise MalformedEntry("it opens another gate's ledger")
    arrival = Arrival(
        ledger=place.ledger,
        seq=place.seq,
        gate=gate,
        kind=kind if len(kind) <= _LONGEST_KIND else "",
        worker=_text(data.get("worker")),
        at=_time(data.get("at")),
        hash=stated.hash,
        prevhash=bytes.fromhex(stated.prevhash).hex(),
        wire=wire,
        data=data,
    )
    return arrival if len(wire) <= LARGEST_ENTRY else bare(arrival)


def bare(arrival: Arrival) -> Arrival:
    """Its place, its hash and its bytes alone: for a person, whatever stands in it."""
    return msgspec.structs.replace(arrival, kind="", worker=None, at=None, data={})


def settles(arrival: Arrival) -> bool:
    """Whether it is the entry that tells which gate writes its ledger, and for ever."""
    opens = arrival.seq == 1 and arrival.kind == OPENED
    return opens and arrival.data.get("gate") == arrival.gate


def novelty(arrived: str, held: str | None) -> Novelty:
    """Compare the hash that arrived with the one held under the same (ledger, seq), if any."""
    if held is None:
        return Novelty.NEW
    return Novelty.DUPLICATE if arrived == held else Novelty.FORK


def follow(tip: Tip, later: Iterable[ChainLink], forks: Iterable[str]) -> Course:
    """Follow a ledger's chain from ``tip`` through ``later``, its held entries in order of seq.

    The history that was complete first is the one we hold. An entry that follows the tip without
    linking to it, or links to one of ``forks`` (hashes set aside earlier), belongs to another
    history. Reads no further than the first gap: what lies beyond cannot be judged yet.
    """
    strays: list[int] = []
    astray = set(forks)
    for link in later:
        next_seq = tip.through + 1
        if link.seq == next_seq and link.prevhash == tip.hash:
            tip = Tip(link.seq, link.hash)
        elif link.seq == next_seq or link.prevhash in astray:
            strays.append(link.seq)
            astray.add(link.hash)
        else:
            return Course(tip, strays, range(next_seq, link.seq))
    return Course(tip, strays, range(0))


def _time(value: Any) -> str | None:
    try:
        return moment_of(value).at if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _text(value: Any) -> str | None:
    """Text that a column can hold: PostgreSQL's know no NUL."""
    return value if isinstance(value, str) and "\0" not in value else None
