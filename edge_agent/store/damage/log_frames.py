"""The write-ahead log as bytes: what SQLite passes over in silence when a byte of it has flipped.

SQLite reads the log up to the first frame whose checksum is wrong and takes the rest as never
written, because that is how a power cut leaves it. But each transaction is on the disk before the
next one begins, so one that is followed by another had been acknowledged.
https://sqlite.org/fileformat2.html#walformat
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .carve import find_entries, prove

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
