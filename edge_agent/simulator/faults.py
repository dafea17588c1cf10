"""The faults that can be staged on the line, one row each: name and how; what it
does is told where the list is asked for.

A fault waits for the next exchange (an instruction that the sensor understood). Most mangle the
reply, whose packets they get and return as (seconds of delay, bytes) in the order of sending; the
others happen to the module itself, which the sensor sees to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

Mangled = list[tuple[float, bytes]]

_LATE = 3.0  # seconds: past any host's deadline
_SPLIT = 0.15  # seconds
_NOISE = bytes.fromhex("00 ff 55 ef 01 9c 7f ef ef 01 ff ff 03 80 0a e1 ef 00 4d f0")
_LENGTH_AT = 7  # offset of the length field in a packet
_DROPPED = slice(-4, -1)  # in the last packet, the checksum's half among them


class Mishap(Enum):
    """What happens to the module instead of, or during, an exchange."""

    REBOOT = auto()
    SWAP = auto()
    UNVERIFIED = auto()
    POWER_CUT = auto()


def _untouched(packets: list[bytes]) -> Mangled:
    return [(0.0, packet) for packet in packets]


@dataclass(frozen=True)
class Fault:
    """One kind of fault: what it makes of a reply, or what happens to the module."""

    mangle: Callable[[list[bytes]], Mangled] = _untouched
    mishap: Mishap | None = None


NO_FAULT = Fault()


def _with_last(packets: list[bytes], change: Callable[[bytes], bytes]) -> Mangled:
    return _untouched([*packets[:-1], change(packets[-1])])


def _drop_bytes(packet: bytes) -> bytes:
    kept = bytearray(packet)
    del kept[_DROPPED]
    return bytes(kept)


def _lengthen(packet: bytes) -> bytes:
    wrong = bytearray(packet)
    wrong[_LENGTH_AT] += 1  # 256 bytes more than there are
    return bytes(wrong)


def _split(packets: list[bytes]) -> Mangled:
    first = packets[0]
    half = len(first) // 2
    return [(0.0, first[:half]), (_SPLIT, first[half:]), *_untouched(packets[1:])]


FAULTS: dict[str, Fault] = {
    "stray-byte": Fault(
        lambda packets: _untouched([b"\x00", *packets]),
    ),
    "drop-bytes": Fault(
        lambda packets: _with_last(packets, _drop_bytes),
    ),
    "corrupt-checksum": Fault(
        lambda packets: _with_last(packets, lambda last: last[:-1] + bytes([last[-1] ^ 0xFF])),
    ),
    "wrong-length": Fault(
        lambda packets: _untouched([_lengthen(packets[0]), *packets[1:]]),
    ),
    "late-ack": Fault(
        lambda packets: [(_LATE, packets[0]), *_untouched(packets[1:])],
    ),
    "duplicate-ack": Fault(
        lambda packets: _untouched([packets[0], *packets]),
    ),
    "split-reply": Fault(
        _split,
    ),
    "silence": Fault(
        lambda packets: [],
    ),
    "busy-21": Fault(
        mishap=Mishap.UNVERIFIED,
    ),
    "reboot": Fault(
        mishap=Mishap.REBOOT,
    ),
    "swap-sensor": Fault(
        mishap=Mishap.SWAP,
    ),
    "noise": Fault(
        lambda packets: _untouched([_NOISE, *packets]),
    ),
    "power-cut": Fault(
        mishap=Mishap.POWER_CUT,
    ),
}
