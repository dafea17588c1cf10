"""One power cut: of what was not synced, anything may be on the disk, in part, or as rubbish."""

import random

from .disk import Disk, File, applied, put
from .trace import Truncated, Written

SECTOR = 512

MODES = ("dropped", "kept", "prefix", "reordered", "torn", "garbled")
"""What happens to the unsynced writes of a file."""


def crash(disk: Disk, mode: str, dice: random.Random) -> dict[str, bytes]:
    """A folder as the next start may find it."""
    return {name: _content(file, mode, dice) for name, file in sorted(_folder(disk, dice).items())}


def _folder(disk: Disk, dice: random.Random) -> dict[str, File]:
    """The names that survive: in order, as a journal keeps them, or any of them (strict POSIX)."""
    folder = dict(disk.durable)
    if dice.random() < 0.5:
        kept = disk.pending[: dice.randint(0, len(disk.pending))]
    else:
        kept = [links for links in disk.pending if dice.random() < 0.5]
    for links in kept:
        put(folder, links)
    return folder


def _content(file: File, mode: str, dice: random.Random) -> bytes:
    match mode:
        case "dropped":
            return file.durable
        case "kept":
            return applied(file.durable, file.pending)
        case "prefix":
            return applied(file.durable, file.pending[: dice.randint(0, len(file.pending))])
        case "reordered":
            return applied(file.durable, [c for c in file.pending if dice.random() < 0.5])
    pieces: list[Written | Truncated] = []
    for change in file.pending:
        whole = [change] if isinstance(change, Truncated) else _by_sector(change)
        chance = dice.random()  # Some writes nearly whole, some nearly gone.
        pieces += [piece for piece in whole if dice.random() < chance]
    content = applied(file.durable, pieces)
    return _garble(content, file, dice) if mode == "garbled" else content


def _by_sector(change: Written) -> list[Written | Truncated]:
    pieces: list[Written | Truncated] = []
    at, end = change.offset, change.offset + len(change.data)
    while at < end:
        stop = min(end, (at // SECTOR + 1) * SECTOR)
        data = change.data[at - change.offset : stop - change.offset]
        pieces.append(Written(change.fd, at, data))
        at = stop
    return pieces


def _garble(content: bytes, file: File, dice: random.Random) -> bytes:
    """Whole sectors that were being written are rubbish: what was synced beside them, too."""
    garbled = bytearray(content)
    for change in file.pending:
        if isinstance(change, Truncated):
            continue
        first, last = change.offset // SECTOR, (change.offset + len(change.data) - 1) // SECTOR
        for sector in range(first, last + 1):
            if dice.random() < 0.3:
                start = sector * SECTOR
                size = len(garbled[start : start + SECTOR])
                garbled[start : start + SECTOR] = dice.randbytes(size)
    return bytes(garbled)
