"""How often something may be done: often for a while, then at a steady pace.

Pure: time is passed in, in monotonic seconds.
"""


class TokenBucket:
    """Holds ``most`` tokens, is full at first, and gets one more every ``every_s`` seconds."""

    def __init__(self, most: int, every_s: float) -> None:
        self._most = float(most)
        self._every_s = every_s
        self._tokens = self._most
        self._asked_at: float | None = None

    def take(self, now: float) -> bool:
        """Take a token; False where there is none."""
        if self._asked_at is not None:
            refilled = self._tokens + (now - self._asked_at) / self._every_s
            self._tokens = min(self._most, refilled)
        self._asked_at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def give_back(self) -> None:
        """Have a token again that was taken."""
        self._tokens = min(self._most, self._tokens + 1.0)

    def fill(self) -> None:
        """Have all tokens again."""
        self._tokens = self._most

    def empty(self) -> None:
        """Have none."""
        self._tokens = 0.0


class RefusalLimit:
    """How many refused attempts are written: a hand on the glass all night must not fill the card.

    A shift's start, with every worker needing a second try, is written in full; then one a minute.
    What is left out is counted.
    """

    def __init__(self) -> None:
        self._bucket = TokenBucket(60, 60.0)
        self._suppressed = 0

    def admit(self, now: float) -> int | None:
        """Whether an attempt at ``now`` is written.

        Returns how many were left out since the last one written, or None to leave this one out.
        """
        if not self._bucket.take(now):
            self._suppressed += 1
            return None
        suppressed, self._suppressed = self._suppressed, 0
        return suppressed

    def not_written(self, suppressed: int) -> None:
        """The entry that ``admit`` let through, with its count, could not be written after all."""
        self._suppressed += suppressed + 1
