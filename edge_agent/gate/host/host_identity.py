"""Which board and which card the gate runs on, as far as the kernel tells anybody."""

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct


class HostIdentity(Struct, frozen=True, kw_only=True):
    """What is known of a board and a card: ways of knowing it, the surest first → the id."""

    board: dict[str, str]
    card: dict[str, str]


_ROOT = Path("/")

_CARD = (
    # An SD card's CID names the very card; a copy of it has another.
    ("cid", "device/cid"),
    ("wwid", "wwid"),
    ("wwid", "device/wwid"),
    ("serial", "serial"),
    ("serial", "device/serial"),
)
"""Below /sys/block/…, what tells one disk from another."""


def host_identity(folder: Path, root: Path = _ROOT) -> HostIdentity:
    """The board, and the card under the file system that ``folder`` is on.

    What cannot be read is left out, and never raises: a laptop has no serial number in its device
    tree, a container no disk of its own.
    """
    return HostIdentity(board=dict(_board(root)), card=dict(_card(folder, root)))


def _board(root: Path) -> Iterator[tuple[str, str]]:
    """A Pi's serial number is burnt in; a machine id is only that of the installation."""
    for way, path in (
        ("serial", "sys/firmware/devicetree/base/serial-number"),
        ("machine-id", "etc/machine-id"),
    ):
        if said := _text(root / path):
            yield way, said


def _card(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    try:
        device = folder.stat().st_dev
    except OSError:
        return
    number = f"{os.major(device)}:{os.minor(device)}"
    partition = Path(os.path.realpath(root / "sys/dev/block" / number))
    disk = partition.parent if (partition / "partition").exists() else partition
    seen = set()
    for way, path in _CARD:
        if way not in seen and (said := _text(disk / path)):
            seen.add(way)
            yield way, said
    # A copy made block by block has the same; a file system made anew does not.
    if uuid := _uuid(partition.name, root):
        yield "uuid", uuid


def _uuid(partition: str, root: Path) -> str | None:
    try:
        links = sorted(os.scandir(root / "dev/disk/by-uuid"), key=lambda link: link.name)
    except OSError:
        return None
    return next((a.name for a in links if Path(os.path.realpath(a)).name == partition), None)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip("\0 \n") or None
    except (OSError, ValueError):
        return None
