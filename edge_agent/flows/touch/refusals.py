"""How many refused attempts are written: a hand on the glass all night must not fill the card."""

_BURST = 60
"""A shift's start, with every worker needing a second try, is written in full."""

_REFILL_S = 60.0


class RefusalLimit:
    """A token bucket that counts what it leaves out. Pure: time is passed in."""

    def __init__(self) -> None:
        self._tokens = float(_BURST)
        self._asked_at: float | None = None
        self._suppressed = 0

    def admit(self, now: float) -> int | None:
        """Whether an attempt at ``now`` (monotonic seconds) is written.

        Returns how many were left out since the last one written, or None to leave this one out.
        """
        if self._asked_at is not None:
            refilled = self._tokens + (now - self._asked_at) / _REFILL_S
            self._tokens = min(float(_BURST), refilled)
        self._asked_at = now
        if self._tokens < 1.0:
            self._suppressed += 1
            return None
        self._tokens -= 1.0
        suppressed, self._suppressed = self._suppressed, 0
        return suppressed

    def not_written(self, suppressed: int) -> None:
        """The entry that ``admit`` let through, with its count, could not be written after all."""
        self._suppressed += suppressed + 1
