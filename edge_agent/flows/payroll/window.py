"""How many entries may be on their way at once: as many as the line takes, and no more. Pure."""

from math import inf

FIRST = 100
"""A connection begins with this: 500 entries a second where the round trip takes 200 ms."""

LARGEST = 1000
"""About 1 MB of entries in memory; 30,000 entries a second where the round trip takes 30 ms."""

SMALLEST = 10

_QUICK_S = 1.0
_SLOW_S = 3.0
"""What waits in a slow modem is in nobody's interest: the status waits behind it."""


class Window:
    """Grows by one with each quick answer, and so doubles in a round trip; halves where answers
    take seconds. Between the two it stays. Moments are seconds of one monotonic clock.
    """

    def __init__(self) -> None:
        self.size = 0
        """0: not connected."""
        self._limit = 0
        self._judge_from = -inf

    def open(self, receive_maximum: int) -> None:
        """The broker is there, and takes ``receive_maximum`` at once."""
        self._limit = min(LARGEST, receive_maximum)
        self.size = min(FIRST, self._limit)
        self._judge_from = -inf

    def close(self) -> None:
        """The broker is gone."""
        self.size = 0

    def answered(self, now: float, sent: float) -> None:
        """The broker answered now for what went out at ``sent``."""
        if now - sent <= _QUICK_S:
            self.size = min(self.size + 1, self._limit)
        elif now - sent > _SLOW_S and sent >= self._judge_from:
            # What went out before the last halving tells nothing of what it has brought.
            self.size = max(self.size // 2, min(SMALLEST, self._limit))
            self._judge_from = now
