"""A database and its log as raw bytes: entries, whatever has become of the file around them.

An entry proves itself: its hash covers its data. All kinds that a punch can have fit into one page,
so they stand in one piece in the file, in its free pages and in its log.

Of the log SQLite reads up to the first frame whose checksum is wrong and takes the rest as never
written, in silence, because that is how a power cut leaves it. But each transaction is on the disk
before the next one begins, so one that is followed by another had been acknowledged.
https://sqlite.org/fileformat2.html#walformat
"""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from ....contract.chain import read_wire

_BEGIN = re.compile(
    rb'\{"specversion":"1\.0","id":"([0-9a-f-]{36}):(\d{1,16})","source":"[^"]{1,99}",'
    rb'"type":"vn\.htx\.attendance\.([a-z.-]{1,40})\.v1"'
)

_CHUNK = 1 << 20
PAGE = 4096
"""Bytes: SQLite's default, which no gate has ever changed."""

_LONGEST = 1 << 14
"""Longer than any entry that stands in one piece."""


class Found(NamedTuple):
    """Where an entry seems to begin, and what it says it is."""

    path: Path
    offset: int
    ledger: str
    seq: int
    kind: str


class Proved(NamedTuple):
    """An entry whose hash is that of its data."""

    wire: bytes
    hash: bytes
    prevhash: bytes
    data: dict[str, Any]


def find_entries(path: Path, beat: Callable[[], None] = lambda: None) -> Iterator[Found]:
    """Whatever looks like the beginning of an entry, in the order of the file.

    ``beat`` is called now and then on the way.
    """
    for window, offset, sure in _windows(path):
        beat()
        for match in _BEGIN.finditer(window):
            if match.start() < sure:
                ledger, seq, kind = match.groups()
                yield Found(path, offset + match.start(), ledger.decode(), int(seq), kind.decode())


def prove(found: Found) -> Proved | None:
    """The entry, if every byte that its hash covers is whole and it is what it seemed."""
    with found.path.open("rb") as file:
        text = _read(file.fileno(), found.offset, _LONGEST).decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
        wire = text[:end].encode()
        envelope, data = read_wire(wire)
        own = (data["ledger"], data["seq"], data["kind"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if own != (found.ledger, found.seq, found.kind):
        return None
    return Proved(wire, bytes.fromhex(envelope.hash), bytes.fromhex(envelope.prevhash), data)


def _windows(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Pieces of the file that overlap, their offsets, and where a beginning is in the next one."""
    with path.open("rb") as file:
        size, offset, held = os.fstat(file.fileno()).st_size, 0, b""
        while offset < size:
            chunk = _read(file.fileno(), offset, min(_CHUNK, size - offset))
            window = held + chunk
            offset += len(chunk)
            last = offset >= size or not chunk
            sure = len(window) if last else max(0, len(window) - _LONGEST)
            yield window, offset - len(window), sure
            if last:
                return
            held = window[sure:]


def _read(fd: int, offset: int, count: int) -> bytes:
    """Read, with zeros where the card does not give its bytes any more."""
    try:
        return os.pread(fd, count, offset)
    except OSError:
        end = offset + count
        # By whole pages of the file: what stands right before a bad one can still be read.
        borders = [offset, *range(offset - offset % PAGE + PAGE, end, PAGE), end]
        if len(borders) == 2:
            return bytes(count)
        return b"".join(_read(fd, at, to - at) for at, to in pairwise(borders))


_HEADER = 32
_FRAME_HEADER = 24


def acknowledged_in_log(log: Path, ledger: str, tail: int) -> bool:
    """Whether the log holds an acknowledged entry of ``ledger`` that is not read any more."""
    found = (f for f in find_entries(log) if f.ledger == ledger and f.seq > tail)
    beyond = [entry for f in found if (entry := prove(f))]
    if not beyond:
        return False
    wires = {entry.wire for entry in beyond}
    unread = False
    commit: bytes | None = None
    for head, page in _frames(log):
        what = head[:8]  # the page's number, and the database's size: only a commit states that
        if commit is not None and what != commit:
            return True
        unread = unread or any(wire in page for wire in wires)
        # The same once more is no other transaction: without psow the last page of a commit is
        # written again until the sector is full.
        commit = what if unread and any(what[4:]) else None
    return False


def first_pages_in_log(log: Path) -> list[bytes]:
    """Each state of the database's first page that the log has.

    What stands in its place in the file meanwhile may be half of it: a power cut while the log was
    being copied home.
    """
    return [page for head, page in _frames(log) if int.from_bytes(head[:4], "big") == 1]


def _frames(log: Path) -> list[tuple[bytes, bytes]]:
    """Header and page of each frame of this use of the log."""
    raw = log.read_bytes()
    size = int.from_bytes(raw[8:12], "big")
    if size < 512 or size & (size - 1):
        size = 4096
    places = range(_HEADER, len(raw), _FRAME_HEADER + size)
    heads = [raw[at : at + _FRAME_HEADER] for at in places]
    salts = _current(raw[16:24], [head[8:16] for head in heads])
    return [
        (head, raw[at + _FRAME_HEADER : at + _FRAME_HEADER + size])
        for at, head in zip(places, heads, strict=True)
        if head[8:16] == salts
    ]


def _current(stated: bytes, of_frames: Iterable[bytes]) -> bytes:
    """The salts of this use of the log; most frames' where its header has been garbled."""
    counted = Counter(of_frames)
    return stated if stated in counted else max(counted, key=counted.__getitem__, default=stated)
