"""The glass: which finger lies on it, and when. Pure: every moment is passed in, in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .fingers import Quality

_GAP = 0.35  # seconds between two fingers, unless the host has noticed the lift before

_READ = (Quality.GOOD, Quality.WORN)
"""What is read whatever comes after it."""


@dataclass
class Press:
    """A finger as it will lie on the glass."""

    name: str
    seconds: float | None = None  # None: until it is lifted
    quality: Quality = Quality.GOOD
    captures: int | None = None  # how many the quality lasts, good after them; None: all

    def capture_quality(self) -> Quality:
        """The quality of the next capture, which this call counts."""
        if self.captures is None:
            return self.quality
        if self.captures == 0:
            return Quality.GOOD if self.quality in _READ else Quality.FAINT
        self.captures -= 1
        return self.quality


_SUNLIGHT = Press("sunlight", quality=Quality.GHOST)


class Glass:
    """At most one finger on the glass, and at most one waiting for the gap after it to end."""

    def __init__(self) -> None:
        self._down: Press | None = None
        self._lifts_at: float | None = None
        self._waiting: Press | None = None
        self._gap_ends = 0.0
        self._touched_at = -math.inf
        self.sunlit = False
        """Whether the camera sees something where there is no finger."""

    def press(self, press: Press, now: float) -> None:
        """Put a finger down: at once on a free glass, else after a gap that the host can see.

        A finger that is still waiting is replaced and never touches the glass.
        """
        if self.touched(now):
            self._down = None
            self._gap_ends = now + _GAP
            self._waiting = press
        elif self._waiting:
            self._waiting = press
        else:
            self._put_down(press, now)

    def lift(self, now: float) -> None:
        """Take away the finger that is down, and the one that is waiting."""
        self._settle(now)
        self._down = self._waiting = None

    def touched(self, now: float) -> bool:
        """Whether something is on the glass."""
        self._settle(now)
        return self._down is not None

    def senses_touch(self, now: float, since: float = math.inf) -> bool:
        """Whether a touch output senses a finger now, or has sensed one come ``since``."""
        is_ghost = self._down is not None and self._down.quality is Quality.GHOST
        return (self.touched(now) and not is_ghost) or self._touched_at >= since

    def expose(self, now: float) -> Press | None:
        """The finger in front of the camera now; None is what tells the host of a lift."""
        self._settle(now)
        if self._down is None:
            self._gap_ends = min(self._gap_ends, now)
        return self._down or (_SUNLIGHT if self.sunlit else None)

    def _settle(self, now: float) -> None:
        if self._waiting and now >= self._gap_ends:
            self._put_down(self._waiting, self._gap_ends)
        if self._lifts_at is not None and now >= self._lifts_at:
            self._down = None

    def _put_down(self, press: Press, at: float) -> None:
        self._down, self._waiting = press, None
        if press.quality is not Quality.GHOST:
            self._touched_at = at
        self._lifts_at = None if press.seconds is None else at + press.seconds
