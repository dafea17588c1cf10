"""How many refused attempts are written: a hand on the glass all night must not fill the card.

Sunlight on the glass: the sensor sees a finger where there is none.

A ghost gives no features ever: the sensor calls it messy or partial (codes 06 and 07). So may a
real finger be, and where there is no touch pin to tell them apart, a worker who pressed badly is
owed an answer. So such touches are answered as long as they are as rare as a worker's, and those
beyond are nobody's.
"""

from ..rules import Hint

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


GHOSTLY = frozenset({Hint.WIPE, Hint.PRESS_FLAT})
"""What the sensor makes of a glass without a finger. Other advice needs one."""

STAYS_S = 10.0
"""No worker holds a finger for so long that has been answered."""

_MOST_GHOSTS = 3
_GHOST_EVERY_S = 300.0


class Ghosts:
    """How many touches without features are answered. Pure: time is passed in."""

    def __init__(self) -> None:
        self._left = float(_MOST_GHOSTS)
        self._asked_at: float | None = None

    def answers(self, now: float) -> bool:
        """Whether a touch without features at ``now`` (monotonic seconds) is taken for a worker."""
        if self._asked_at is not None:
            self._left = min(
                float(_MOST_GHOSTS), self._left + (now - self._asked_at) / _GHOST_EVERY_S
            )
        self._asked_at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def stayed(self) -> None:
        """One was there for longer than any finger: so are those that follow."""
        self._left = 0.0

    def person(self) -> None:
        """A finger with features was on the glass: somebody is there."""
        self._left = float(_MOST_GHOSTS)
