"""What is carried between gate and payroll by hand, where there is no line: a file on a stick.

One JSON object a line: a head, what is carried, and an end with the SHA-256 of every byte before
it. So a file that was cut off or altered on its way is known before anything in it is believed.
What is in it proves itself besides, as it does over MQTT: entries by their chain, receipts by the
hash of the gate's own entry and, where the site signs, by payroll's signature.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import IO, Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from .bounds import LARGEST_KEPT, Count, LedgerId, Seq, Word
from .errors import BadRequest
from .language import Message

Carried = Literal["edge-agent entries", "edge-agent receipts"]

ENTRIES: Carried = "edge-agent entries"
RECEIPTS: Carried = "edge-agent receipts"

VERSION = 1

_LONGEST_LINE = LARGEST_KEPT + 1
"""With its line feed."""

_END = b'{"sha256":'

WRITTEN_BY = {
    ENTRIES: Message("carry.write-entries"),
    RECEIPTS: Message("carry.write-receipts"),
}
"""What is typed to have it written anew, at the gate and at payroll."""


class BadFile(BadRequest):
    """A file that cannot be what it should be; nothing was taken from it."""


class Head(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What ``lines`` lines are. Of entries also whose they are, and the number of the first one."""

    format: Word
    version: Annotated[int, Meta(ge=1)]
    lines: Count
    gate: Word | None = None
    ledger: LedgerId | None = None
    first: Seq | None = None


class CarriedReceipt(Struct, frozen=True, kw_only=True):
    """A receipt as it would be published for a gate, with its signature where payroll signs."""

    gate: Word
    receipt: Raw


class _End(Struct, frozen=True):
    sha256: str


def written(head: Head, carried: Iterable[bytes]) -> Iterator[bytes]:
    """The file's lines; ``carried`` are JSON objects without a line feed in them."""
    digest = hashlib.sha256()
    for line in _with_head(head, carried):
        digest.update(line)
        yield line
    yield msgspec.json.encode(_End(digest.hexdigest())) + b"\n"


def _with_head(head: Head, carried: Iterable[bytes]) -> Iterator[bytes]:
    yield msgspec.json.encode(head) + b"\n"
    for one in carried:
        yield one + b"\n"


def proven(file: IO[bytes], name: object, wanted: Carried) -> Head:
    """Read the whole file and return its head. ``name`` is what people call it.

    Raises BadFile where it is not what is wanted, was cut off, or is not as it was written.
    """
    first = _line(file, name, wanted)
    if not first:
        raise BadFile("carry.cut-off", file=name, again=WRITTEN_BY[wanted])
    head = _head(first, name, wanted)
    digest = hashlib.sha256(first)
    count, line = 0, b""
    while (line := _line(file, name, wanted)) and not line.startswith(_END):
        digest.update(line)
        count += 1
    if not line:
        raise BadFile("carry.cut-off", file=name, again=WRITTEN_BY[wanted])
    try:
        end = msgspec.json.decode(line, type=_End)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadFile("carry.cut-off", file=name, again=WRITTEN_BY[wanted]) from error
    if end.sha256 != digest.hexdigest() or count != head.lines or file.read(1):
        raise BadFile("carry.altered", file=name, again=WRITTEN_BY[wanted])
    return head


def receipts_of(entries: str) -> str:
    """A name for the receipts of a file of entries, beside it."""
    return f"{entries.removesuffix('.entries')}.receipts"


def lines(file: IO[bytes]) -> Iterator[bytes]:
    """What is carried in a file that has proved itself, from its beginning."""
    file.seek(0)
    file.readline(_LONGEST_LINE)
    while (line := file.readline(_LONGEST_LINE)) and not line.startswith(_END):
        yield line[:-1]


def _line(file: IO[bytes], name: object, wanted: Carried) -> bytes:
    line = file.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise BadFile("carry.altered", file=name, again=WRITTEN_BY[wanted])
    return line


def _head(line: bytes, name: object, wanted: Carried) -> Head:
    try:
        head = msgspec.json.decode(line, type=Head)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadFile("carry.no-such-file", file=name) from error
    if head.format != wanted:
        other: dict[str, str] = {ENTRIES: "carry.for-payroll", RECEIPTS: "carry.for-a-gate"}
        told = other.get(head.format, "carry.no-such-file")
        raise BadFile(told, file=name, receipts=receipts_of(str(name)))
    if head.version != VERSION:
        raise BadFile("carry.newer", file=name)
    return head
