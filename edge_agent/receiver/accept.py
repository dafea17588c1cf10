"""What to do with entries that arrived. Pure: no database, no network, no clock."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from ..contract.chain import GENESIS, read_wire, source_of

LedgerId = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z_-]{1,64}\Z")]
"""It becomes part of a topic name and of log lines, so it is not just any text."""

MAX_WIRE_BYTES = 64 * 1024
"""An entry has a few hundred bytes; what is longer than this is not looked at."""


class MalformedEntry(ValueError):
    """The bytes are not an entry of the gate that sent them: they are refused and not confirmed."""


class Novelty(StrEnum):
    """What an arrived entry is to the one that is held under the same (ledger, seq)."""

    NEW = "new"
    DUPLICATE = "duplicate"
    FORK = "fork"


class Arrival(Struct, frozen=True, kw_only=True):
    """A sound entry, and the gate that sent it. The hashes are 64 hex digits.

    ``data`` is what its wire bytes hold.
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


class _Header(Struct):
    """What every kind of entry says of itself."""

    ledger: LedgerId
    seq: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    kind: Annotated[str, Meta(pattern=r"\A[^\0]{1,200}\Z")]


def read(gate: str, wire: bytes) -> Arrival:
    """Parse what arrived on the ledger topic of ``gate``; kinds we don't know are fine.

    Raises MalformedEntry, whatever the bytes are.
    """
    if len(wire) > MAX_WIRE_BYTES:
        raise MalformedEntry(f"longer than {MAX_WIRE_BYTES} bytes")
    try:
        envelope, data = read_wire(wire)
        header = msgspec.convert(data, _Header)
        prevhash = bytes.fromhex(envelope.prevhash)
    except (ValueError, RecursionError) as error:
        raise MalformedEntry(str(error)) from error
    if len(prevhash) != len(GENESIS):
        raise MalformedEntry("its previous hash does not have 64 hex digits")
    if envelope.source != source_of(gate):
        raise MalformedEntry(f"it says that it comes from {envelope.source}")
    if envelope.id != f"{header.ledger}:{header.seq}":
        raise MalformedEntry(f"its id {envelope.id} names another entry than its data")
    return Arrival(
        ledger=header.ledger,
        seq=header.seq,
        gate=gate,
        kind=header.kind,
        worker=_text(data.get("worker")),
        at=_text(data.get("at")),
        hash=envelope.hash,
        prevhash=prevhash.hex(),
        wire=wire,
        data=data,
    )


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


def _text(value: Any) -> str | None:
    """Text that a column can hold: PostgreSQL's know no NUL."""
    return value if isinstance(value, str) and "\0" not in value else None
