"""Entries of the ledger, their hash chain, and their bytes on the wire.

``hash`` = SHA-256 over the previous entry's hash bytes followed by the RFC 8785 canonical JSON of
``data``; the first entry's previous hash is 32 zero bytes. The wire bytes are a CloudEvents 1.0
envelope in structured JSON mode, made once when the entry is written and never again; ``data``
stands in them in its canonical form.
"""

import hashlib
import re
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import rfc8785
from msgspec import UNSET, Raw, Struct, UnsetType

from .bounds import LARGEST_ENTRY
from .errors import BadRequest
from .facts import Fact
from .kinds import RECOVERED
from .language import Message
from .reasons import reason
from .stamps import ClockState, Stamp, parse_time, true_time, utc_time
from .told import RuleBroken

GENESIS = bytes(32)
"""The previous hash of a ledger's first entry."""

_TYPE = "vn.htx.attendance.{kind}.v1"


class TooLong(BadRequest):
    """What was asked for does not fit into an entry."""


class Entry(Struct, frozen=True, kw_only=True):
    """One entry: its place, its hash (32 bytes) and its wire bytes."""

    seq: int
    kind: str
    hash: bytes
    wire: bytes


class Envelope(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The CloudEvents attributes of an entry; ``data`` stays the bytes that were received."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str | UnsetType = UNSET
    time: str | UnsetType = UNSET
    datacontenttype: str
    prevhash: str
    hash: str
    data: Raw


class Reading(Struct, frozen=True, kw_only=True):
    """The raw clock readings behind an entry; ``wall`` is in UTC, and not to be paid from.

    ``boot`` and ``boottime_ms`` (milliseconds since that boot began) never step.
    """

    state: ClockState
    uncertainty_ms: int | None
    boot: str
    boottime_ms: int
    wall: str


class Common(Struct, frozen=True, kw_only=True):
    """What every entry's ``data`` has; the rest is its kind's own.

    ``at`` is null where the moment's true time is not known.
    """

    ledger: str
    seq: int
    kind: str
    at: str | None
    clock: Reading


class Scribe(Struct, frozen=True, kw_only=True):
    """Turns facts into entries of one ledger of one gate."""

    gate: str
    ledger: str
    zone: ZoneInfo

    def write(self, fact: Fact, stamp: Stamp, seq: int, prevhash: bytes) -> Entry:
        """Make the entry that follows the one whose hash is ``prevhash``.

        Raises TooLong, and nothing is to be written, where payroll would not take it: its receipts
        would end before it for good.
        """
        data = {
            "ledger": self.ledger,
            "seq": seq,
            "at": true_time(stamp, self.zone),
            "clock": msgspec.to_builtins(_reading(stamp)),
            **msgspec.to_builtins(fact),
        }
        envelope = seal(self.gate, data, prevhash)
        wire = msgspec.json.encode(envelope)
        if len(wire) > LARGEST_ENTRY:
            raise TooLong("command.entry-too-long", size=len(wire), most=LARGEST_ENTRY)
        return Entry(seq=seq, kind=data["kind"], hash=bytes.fromhex(envelope.hash), wire=wire)


def seal(gate: str, data: dict[str, Any], prevhash: bytes) -> Envelope:
    """The envelope that belongs to ``data`` as the entry after ``prevhash``.

    Raises ValueError where ``data`` has no canonical form or lacks what every entry has.
    """
    try:
        canonical = rfc8785.dumps(data)
        return Envelope(
            specversion="1.0",
            id=f"{data['ledger']}:{data['seq']}",
            source=source_of(gate),
            type=event_type(data["kind"]),
            subject=data.get("worker") or UNSET,
            time=data["at"] or UNSET,
            datacontenttype="application/json",
            prevhash=prevhash.hex(),
            hash=link(prevhash, canonical).hex(),
            data=Raw(canonical),
        )
    except (rfc8785.CanonicalizationError, KeyError) as error:
        raise RuleBroken(Message("rule.no-data", why=reason(error))) from error


def is_whole(entry: Entry, gate: str, ledger: str) -> bool:
    """Whether an entry's bytes are those that were written: its hash, its place, its envelope.

    What it follows is not looked at.
    """
    try:
        envelope, data = read_wire(entry.wire)
        own = (data["ledger"], data["seq"], data["kind"], envelope.hash)
        told = (envelope.id, envelope.source, envelope.type, envelope.subject, envelope.time)
        return own == (ledger, entry.seq, entry.kind, entry.hash.hex()) and told == (
            f"{ledger}:{entry.seq}",
            source_of(gate),
            event_type(entry.kind),
            data.get("worker") or UNSET,
            data["at"] or UNSET,
        )
    except (ValueError, KeyError):
        return False


def event_type(kind: str) -> str:
    """The CloudEvents type of a kind of entry."""
    return _TYPE.format(kind=kind)


def source_of(gate: str) -> str:
    """The CloudEvents source of a gate's entries."""
    return f"/attendance/gates/{gate}"


def link(prevhash: bytes, canonical: bytes) -> bytes:
    """The hash of an entry: 32 bytes, from the previous hash and the canonical JSON of ``data``."""
    return hashlib.sha256(prevhash + canonical).digest()


def read_wire(wire: bytes) -> tuple[Envelope, dict[str, Any]]:
    """Parse wire bytes into the envelope and its ``data``.

    Raises ValueError where they are no entry, or where the stated hash is not that of the stated
    previous hash and the data: the bytes were altered after they were written.
    """
    try:
        envelope = msgspec.json.decode(wire, type=Envelope)
    except RecursionError as error:
        raise RuleBroken(Message("rule.no-entry", why=reason(error))) from error
    return envelope, proven(envelope.data, envelope.prevhash, envelope.hash)


def proven(raw: Raw, prevhash: str, digest: str) -> dict[str, Any]:
    """The ``data`` of an entry that states these two hashes (64 hex digits each).

    Raises ValueError where it is no data of an entry, or ``digest`` is not its hash: the bytes were
    altered after they were written.
    """
    try:
        data = msgspec.json.decode(raw, type=dict[str, Any])
        canonical = bytes(raw)
        if not _is_canonical(canonical, data):
            canonical = rfc8785.dumps(data)
        before = bytes.fromhex(prevhash)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise RuleBroken(Message("rule.no-entry", why=reason(error))) from error
    if len(before) != len(GENESIS) or link(before, canonical).hex() != digest:
        raise RuleBroken(Message("rule.other-hash"))
    return data


def _is_canonical(raw: bytes, data: dict[str, Any]) -> bool:
    """Whether these bytes of ``data`` are RFC 8785's certainly; False leaves it open.

    For entries as gates write them, in a fraction of the time that rfc8785 takes: with nothing but
    ASCII, no escapes and no numbers but plain integers, canonical means sorted and without spaces.
    """
    if _DOUBTFUL_TEXT.search(raw) or _DOUBTFUL_NUMBER.search(_TEXTS.sub(b"", raw)):
        return False
    return msgspec.json.encode(data, order="sorted") == raw


_DOUBTFUL_TEXT = re.compile(rb"[^ -~]|\\")
_TEXTS = re.compile(rb'"[^"]*"')
_DOUBTFUL_NUMBER = re.compile(rb"[.E]|\de|\d{16}")


def stamp_of(data: dict[str, Any]) -> Stamp:
    """When the entry was written: the stamp that stands in its ``data``."""
    clock = data["clock"]
    return Stamp(
        boot=clock["boot"],
        boottime_ms=clock["boottime_ms"],
        wall_ms=parse_time(clock["wall"]),
        state=ClockState(clock["state"]),
        uncertainty_ms=clock["uncertainty_ms"],
    )


def told(data: dict[str, Any]) -> dict[str, Any]:
    """What an entry tells of: the original's ``data`` where it is a punch recorded again.

    Its stamp is that of the touch, whichever ledger the punch was first recorded in.
    """
    original: dict[str, Any] = data["data"] if data["kind"] == RECOVERED else data
    return original


def _reading(stamp: Stamp) -> Reading:
    return Reading(
        state=stamp.state,
        uncertainty_ms=stamp.uncertainty_ms,
        boot=stamp.boot,
        boottime_ms=stamp.boottime_ms,
        wall=utc_time(stamp.wall_ms),
    )
