"""Packets of the ZFM-20 family: `EF01 | address 4 | PID 1 | length 2 | data | checksum 2`.

Big-endian; length = data + 2; checksum = PID + both length bytes + data, mod 65536
(ZFM-20 manual 1.8, "Data package format"). The daemon's codec is another one, so that a misreading
of the protocol there meets a second opinion here.

And the line's clock: when bytes have been heard, and when bytes go out. Pure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

START = b"\xef\x01"
MAX_CONTENT = 256  # bytes: the largest data packet a module can be set to
_HEADER = struct.Struct(">2sIBH")
_CHECKSUM_BYTES = 2
_BITS_PER_BYTE = 10  # 8N1
_PORTION = 16  # bytes: a UART's FIFO hands them over in about such portions


class Pid(IntEnum):
    """What a packet is (the manual's package identifier)."""

    COMMAND = 0x01
    DATA = 0x02
    ACK = 0x07
    END_DATA = 0x08


_PIDS = frozenset(Pid)


@dataclass(frozen=True)
class Packet:
    """One packet whose checksum is right."""

    address: int
    pid: Pid
    data: bytes

    def encode(self) -> bytes:
        """The packet's bytes on the wire."""
        length = len(self.data) + _CHECKSUM_BYTES
        header = _HEADER.pack(START, self.address, self.pid, length)
        return header + self.data + _checksum(self.pid, self.data).to_bytes(_CHECKSUM_BYTES, "big")


@dataclass(frozen=True)
class BadFrame:
    """A frame of plausible shape whose checksum is wrong."""

    address: int
    pid: Pid


class Parser:
    """Finds packets in a stream of bytes, whatever lies between them.

    A frame that proves false gives up only its start code: a good packet may begin inside it.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Packet | BadFrame]:
        """Take the bytes in and return the frames they complete, in order."""
        self._bytes += data
        frames: list[Packet | BadFrame] = []
        while self._seek_start() and len(self._bytes) >= _HEADER.size:
            _, address, pid, length = _HEADER.unpack_from(self._bytes)
            if pid not in _PIDS or not _CHECKSUM_BYTES < length <= MAX_CONTENT + _CHECKSUM_BYTES:
                del self._bytes[: len(START)]
                continue
            end = _HEADER.size + length
            if len(self._bytes) < end:
                break
            content = bytes(self._bytes[_HEADER.size : end - _CHECKSUM_BYTES])
            checksum = int.from_bytes(self._bytes[end - _CHECKSUM_BYTES : end], "big")
            if checksum == _checksum(pid, content):
                frames.append(Packet(address, Pid(pid), content))
                del self._bytes[:end]
            else:
                frames.append(BadFrame(address, Pid(pid)))
                del self._bytes[: len(START)]
        return frames

    def _seek_start(self) -> bool:
        at = self._bytes.find(START)
        if at >= 0:
            del self._bytes[:at]
            return True
        # The last byte may be the first half of a start code.
        half = self._bytes[-1:] == START[:1]
        del self._bytes[: len(self._bytes) - half]
        return False


def _checksum(pid: int, data: bytes) -> int:
    length = len(data) + _CHECKSUM_BYTES
    return (pid + (length >> 8) + (length & 0xFF) + sum(data)) & 0xFFFF


def line_seconds(count: int, baud: int) -> float:
    """How long `count` bytes take on the wire."""
    return count * _BITS_PER_BYTE / baud


@dataclass(frozen=True)
class Transmission:
    """Bytes that reach the host at `due`, sent at `baud`."""

    due: float
    data: bytes
    baud: int


class Line:
    """Both directions of the wire; without pace, bytes take no time but keep their order."""

    def __init__(self, paced: bool) -> None:
        self._paced = paced
        self._heard_at = 0.0
        self._sent_at = 0.0

    def heard(self, count: int, now: float, baud: int) -> float:
        """When the last of `count` bytes that the host wrote by `now` has arrived."""
        if self._paced:
            self._heard_at = max(self._heard_at, now) + line_seconds(count, baud)
        else:
            self._heard_at = now
        return self._heard_at

    def send(self, data: bytes, start: float, baud: int) -> list[Transmission]:
        """Send `data` from `start`, or from when the line is free, in portions."""
        self._sent_at = max(self._sent_at, start)
        if not self._paced:
            return [Transmission(self._sent_at, data, baud)] if data else []
        transmissions = []
        for at in range(0, len(data), _PORTION):
            portion = data[at : at + _PORTION]
            self._sent_at += line_seconds(len(portion), baud)
            transmissions.append(Transmission(self._sent_at, portion, baud))
        return transmissions
