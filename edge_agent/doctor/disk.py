"""The disk that the database is on."""

import re
from pathlib import Path

from msgspec import Struct

from .findings import Verdict
from .machine import Machine
from .sentences import machine as say
from .visit import Visit

_CLOSED = {"ro", "emergency_ro", "shutdown"}
"""Nothing can be written: as it was mounted, or since the kernel met an error (the last two on
newer kernels, which leave "rw" beside them)."""

_FILLING, _FULL = 80, 95
"""Percent used."""


class _Mount(Struct, frozen=True):
    device: str
    folder: str
    kind: str
    options: frozenset[str]


def space(visit: Visit) -> Verdict | None:
    """Whether there is room for more entries."""
    folder = Path(visit.settings.store.path).parent
    try:
        usage = visit.machine.usage(folder)
    except FileNotFoundError:
        return None  # Another check tells.
    percent = 100 * usage.used // ((usage.used + usage.free) or 1)
    sentence = say.DISK_ROOMY
    if percent >= _FILLING:
        sentence = say.DISK_FULL if percent >= _FULL else say.DISK_FILLING
    return sentence(free=_size(usage.free), path=folder, percent=percent)


def mount(visit: Visit) -> Verdict | None:
    """Whether it can be written to at all."""
    found = _mount(visit)
    if found is None:
        return None
    closed = _CLOSED & found.options
    sentence = say.MOUNT_READ_ONLY if closed else say.MOUNT_WRITABLE
    return sentence(device=found.device, folder=found.folder, kind=found.kind)


def card(visit: Visit) -> Verdict | None:
    """What the card and its file system say of themselves; nothing is read from the card."""
    found = _mount(visit)
    if found is None:
        return None
    partition = Path(found.device).name
    count = visit.machine.number(f"/sys/fs/ext4/{partition}/errors_count")
    if count is None:
        return None
    name = _name(visit.machine, partition)
    return say.CARD_ERRORS(name=name, count=count) if count else say.CARD_GOOD(name=name)


def _mount(visit: Visit) -> _Mount | None:
    """The file system that the database is on: the deepest mount above it, the latest of those."""
    database = Path(visit.settings.store.path)
    found = None
    for line in (visit.machine.text("/proc/self/mounts") or "").splitlines():
        device, folder, kind, options, *_ = map(_plain, line.split(" "))
        deep_enough = found is None or len(folder) >= len(found.folder)
        if deep_enough and database.is_relative_to(folder):
            found = _Mount(device, folder, kind, frozenset(options.split(",")))
    return found


def _plain(field: str) -> str:
    r"""A field of the mount table, where a space is \040 (fstab(5))."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field)


def _name(machine: Machine, partition: str) -> str:
    card = re.fullmatch(r"(mmcblk\d+)p\d+", partition)
    if card is None:
        return partition
    said = [machine.text(f"/sys/block/{card[1]}/device/{what}") for what in ("name", "date")]
    made = f" made {said[1]}" if said[1] else ""
    return f"Card {said[0] or card[1]}{made}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count // 1_000_000} MB"
