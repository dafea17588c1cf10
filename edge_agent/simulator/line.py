"""The serial line's clock: when bytes have been heard, and when bytes go out. Pure."""

from __future__ import annotations

from dataclasses import dataclass

_BITS_PER_BYTE = 10  # 8N1
_PORTION = 16  # bytes: a UART's FIFO hands them over in about such portions


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
