"""Packets of the sensor's wire, and series of them that are one template. No I/O and no time.

`EF01 | address 4 | kind 1 | length 2 | data | checksum 2`, big-endian; length counts the data and
the checksum; the checksum is the sum of kind, both length bytes and the data, mod 65536 (ZFM-20
manual, "Data package format").
"""

import struct
from enum import IntEnum

from msgspec import Struct

START = b"\xef\x01"
MAX_DATA = 256  # bytes: the largest packet size a module can be set to

_PACKET_SIZES = frozenset({32, 64, 128, 256})
_HEADER = struct.Struct(">2sIBH")
_CHECKSUM = struct.Struct(">H")
_LENGTHS = range(1 + _CHECKSUM.size, MAX_DATA + _CHECKSUM.size + 1)


class Kind(IntEnum):
    """What a packet is (the manual's package identifier)."""

    COMMAND = 0x01
    DATA = 0x02
    ACK = 0x07
    END_DATA = 0x08


_KINDS = frozenset(Kind)


class Frame(Struct, frozen=True):
    """One packet that arrived whole."""

    address: int
    kind: Kind
    data: bytes

    def __repr__(self) -> str:
        # The data may be a template, which appears nowhere.
        return f"<Frame {self.kind.name}, {len(self.data)} bytes>"


def encode(address: int, kind: int, data: bytes) -> bytes:
    """The bytes of one packet."""
    checked = struct.pack(">BH", kind, len(data) + _CHECKSUM.size) + data
    return START + address.to_bytes(4, "big") + checked + _CHECKSUM.pack(_sum(checked))


class FrameParser:
    """Finds packets in a stream of bytes, whatever lies between them.

    A start code that proves false gives up its own two bytes only, because a good packet may begin
    right behind it. Never holds more than one packet of the largest size.
    """

    def __init__(self) -> None:
        self.skipped = 0
        """Bytes that belonged to no packet."""
        self.damaged = 0
        """Packets of plausible shape whose checksum was wrong; their bytes are skipped too."""
        self._held = bytearray()

    @property
    def pending(self) -> int:
        """Bytes that may yet become a packet."""
        return len(self._held)

    @property
    def missing(self) -> int:
        """How many bytes, at least, complete the next packet; reading so many never overshoots."""
        return max(1, self._size() - len(self._held))

    def feed(self, data: bytes) -> list[Frame]:
        """Take the bytes in and return the packets they complete, in order."""
        frames = []
        for at in range(0, len(data), MAX_DATA):
            self._held += data[at : at + MAX_DATA]
            while self._at_start() and len(self._held) >= self._size():
                if frame := self._take():
                    frames.append(frame)
        return frames

    def _at_start(self) -> bool:
        """Skip to the next possible beginning of a packet; False until all its header is there."""
        while True:
            at = self._held.find(START)
            if at < 0:
                # The last byte may be the first half of a start code.
                at = len(self._held) - self._held.endswith(START[:1])
            self._skip(at)
            if len(self._held) < _HEADER.size:
                return False
            _, _, kind, length = _HEADER.unpack_from(self._held)
            if kind in _KINDS and length in _LENGTHS:
                return True
            self._skip(len(START))

    def _size(self) -> int:
        """The size of the packet that the held bytes begin, as far as they tell."""
        if len(self._held) < _HEADER.size:
            return _HEADER.size + _LENGTHS.start
        length: int = _HEADER.unpack_from(self._held)[3]
        return _HEADER.size + length

    def _take(self) -> Frame | None:
        size = self._size()
        _, address, kind, _ = _HEADER.unpack_from(self._held)
        with memoryview(self._held) as held:
            checked, data = held[6 : size - _CHECKSUM.size], bytes(held[9 : size - _CHECKSUM.size])
            right = _CHECKSUM.unpack_from(held, size - _CHECKSUM.size)[0] == _sum(checked)
            checked.release()
        if not right:
            self.damaged += 1
            self._skip(len(START))
            return None
        self._held[:size] = bytes(size)  # It may have been a part of a template.
        del self._held[:size]
        return Frame(address, Kind(kind), data)

    def _skip(self, count: int) -> None:
        del self._held[:count]
        self.skipped += count


def _sum(checked: bytes | memoryview) -> int:
    return sum(checked) & 0xFFFF


class Stream:
    """One template or image on its way to the host.

    Data packets have no number and nobody acknowledges them, so one that gets lost is told only by
    the shape of all: packets of one size, the last one of at most that, and the sum one of
    ``sizes``.
    """

    def __init__(self, sizes: frozenset[int]) -> None:
        self._sizes = sizes
        self._packet_size = 0
        self._total = 0
        self.complete = False
        """Whether the last packet is there and all of them fit together."""
        self.odd_size = 0
        """Bytes that came where all is right but their sum: a packet was lost, or a module's
        templates are of a size that nobody has told us of."""

    def takes(self, packet: Frame) -> bool:
        """Whether this can be the next packet; after one that cannot, nothing is believed."""
        size = len(packet.data)
        self._packet_size = self._packet_size or size
        self._total += size
        if packet.kind is Kind.END_DATA:
            fits = size <= self._packet_size
            good = self.complete = fits and self._total in self._sizes
        else:
            fits = packet.kind is Kind.DATA and size == self._packet_size and size in _PACKET_SIZES
            good = fits and self._total < max(self._sizes)
        if fits and not good:
            self.odd_size = self._total
        return good
