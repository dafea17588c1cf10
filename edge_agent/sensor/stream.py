"""The data packets behind an ack, checked as they come. No I/O and no time."""

from .frames import Frame, Kind

_PACKET_SIZES = frozenset({32, 64, 128, 256})


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

    def takes(self, packet: Frame) -> bool:
        """Whether this can be the next packet; after one that cannot, nothing is believed."""
        size = len(packet.data)
        self._packet_size = self._packet_size or size
        self._total += size
        if packet.kind is Kind.END_DATA:
            self.complete = size <= self._packet_size and self._total in self._sizes
            return self.complete
        return (
            packet.kind is Kind.DATA
            and size == self._packet_size
            and size in _PACKET_SIZES
            and self._total < max(self._sizes)
        )
