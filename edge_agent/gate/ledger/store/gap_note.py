"""A note beside the database, in room that it has already: what the full disk did not let it say.

Every entry needs room, and there is none; but a file of one sector can be written over in its
place. After a power cut the next start finds there since when nobody could be recorded.
"""

import os
import zlib
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from ....contract.facts import RecordingStopped
from ....contract.stamps import Stamp

_SECTOR = 512
"""Bytes: what a card writes whole or not at all, if it keeps its word; the checksum tells."""

_NOTHING = b"\n" * _SECTOR


class Gap(Struct, frozen=True):
    """Since when, and why, no entry could be written."""

    stopped: RecordingStopped
    since: Stamp


class _Note(Struct, frozen=True):
    """``ledger``: another one's gap is not to be told in this one."""

    ledger: str
    gap: Gap


def prepare(database: Path) -> None:
    """Make the note's room where it is missing, as long as there is room."""
    path = note_of(database)
    with suppress(OSError):
        if not path.exists() or path.stat().st_size != _SECTOR:
            _write(path, _NOTHING, os.O_CREAT | os.O_TRUNC)


def put(database: Path, ledger: str, gap: Gap) -> None:
    """Write the note. A card that takes nothing at all, takes this neither: never raises."""
    line = msgspec.json.encode(_Note(ledger, gap))
    with suppress(OSError):
        _write(note_of(database), b"%08x %s" % (zlib.crc32(line), line), 0)


def take_back(database: Path) -> None:
    """The ledger says it by now."""
    with suppress(OSError):
        _write(note_of(database), b"", 0)


def read(database: Path, ledger: str) -> Gap | None:
    """The note on this ledger; None where there is none, or its bytes are not what was written."""
    try:
        found = note_of(database).read_bytes()[:_SECTOR].strip()
    except OSError:
        return None
    stated, _, line = found.partition(b" ")
    if stated != b"%08x" % zlib.crc32(line):
        return None
    try:
        note = msgspec.json.decode(line, type=_Note)
    except msgspec.MsgspecError:
        return None
    return note.gap if note.ledger == ledger else None


def note_of(database: Path) -> Path:
    """Where the note of a database is."""
    return database.with_name(f"{database.name}.gap")


def _write(path: Path, content: bytes, making: int) -> None:
    """Over what was there, at once, and to the card."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | making, 0o600)
    try:
        os.pwrite(fd, content.ljust(_SECTOR, b"\n"), 0)
        os.fsync(fd)
    finally:
        os.close(fd)
