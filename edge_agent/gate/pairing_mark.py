"""Is this the sensor whose slots our prints stand for?

A mark in the sensor's notepad, a token and a counter, stands beside a copy of it in the database.
Another token means another module. A counter that is ahead of ours means that the library was
changed after this database was saved: slot 17 may have another owner by now.
"""

import zlib
from enum import StrEnum

from msgspec import Struct

from ..contract.language import Message

TOKEN_BYTES = 16
PAGE_BYTES = 32
"""One page of the notepad (ZFM-20 manual, instructions 18 and 19)."""

_MAGIC = b"EdA1"
_SUM_BYTES = 4


class PairingMark(Struct, frozen=True):
    """Which module this is, and how often its library was changed by a gate."""

    token: bytes
    counter: int

    def page(self) -> bytes:
        """The mark as a page of the notepad; its checksum tells it from another program's notes."""
        head = _MAGIC + self.token + self.counter.to_bytes(4, "big")
        return (head + zlib.crc32(head).to_bytes(_SUM_BYTES, "big")).ljust(PAGE_BYTES, b"\0")

    def raised(self) -> "PairingMark":
        """The mark after one more change of the library."""
        return PairingMark(self.token, self.counter + 1)


def read_mark(page: bytes) -> PairingMark | None:
    """The mark in a page of the notepad; None where there is none, or a torn one."""
    size = len(_MAGIC) + TOKEN_BYTES + 4
    head, checksum = page[:size], page[size : size + _SUM_BYTES]
    if not head.startswith(_MAGIC) or zlib.crc32(head).to_bytes(_SUM_BYTES, "big") != checksum:
        return None
    token = head[len(_MAGIC) : len(_MAGIC) + TOKEN_BYTES]
    return PairingMark(token, int.from_bytes(head[-4:], "big"))


_TELLING = len(_MAGIC) + TOKEN_BYTES // 2


def is_left_of(page: bytes, mark: PairingMark) -> bool:
    """Whether a page is what a power cut has left while a mark of this token was written.

    Flash is programmed from its beginning on. A page that was only erased tells nothing.
    """
    return read_mark(page) is None and page[:_TELLING] == mark.page()[:_TELLING]


class Doubt(StrEnum):
    """Why nobody may be credited by this sensor until that is settled."""

    FOREIGN = "foreign"
    DATABASE_OLDER = "database-older"
    SENSOR_OLDER = "sensor-older"
    TEMPLATES_DIFFER = "templates-differ"
    """The mark is ours, and the templates beside it are not: so it was copied, or they were."""


def adopting(why: Doubt) -> Message:
    """What is in doubt, and both ways to settle it."""
    if why is Doubt.TEMPLATES_DIFFER:
        return Message("sensor.templates-differ")
    return Message(f"doubt.{why}")


def doubt(ours: PairingMark | None, sensors: PairingMark | None, prints: bool) -> Doubt | None:
    """Compare the marks. ``prints``: whether there is anybody who could be credited wrongly."""
    if not prints:
        return None
    if ours is None or sensors is None or ours.token != sensors.token:
        return Doubt.FOREIGN
    if sensors.counter > ours.counter:
        return Doubt.DATABASE_OLDER
    if sensors.counter < ours.counter:
        return Doubt.SENSOR_OLDER
    return None
