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
    raw = log.read_bytes()
    page = int.from_bytes(raw[8:12], "big")
    if page < 512 or page & (page - 1):
        page = 4096
    frames = [raw[at : at + _FRAME_HEADER] for at in range(_HEADER, len(raw), _FRAME_HEADER + page)]
    salts = _current(raw[16:24], [frame[8:16] for frame in frames])
    wires = {entry.wire for entry in beyond}
    unread = committed = False
    for number, frame in enumerate(frames):
        if frame[8:16] != salts:
            continue
        if committed:
            return True
        at = _HEADER + number * (_FRAME_HEADER + page) + _FRAME_HEADER
        unread = unread or any(wire in raw[at : at + page] for wire in wires)
        committed = unread and any(frame[4:8])  # the database's size: only a commit states it
    return False


def _current(stated: bytes, of_frames: Iterable[bytes]) -> bytes:
    """The salts of this use of the log; most frames' where its header has been garbled."""
    counted = Counter(of_frames)
    return stated if stated in counted else max(counted, key=counted.__getitem__, default=stated)
