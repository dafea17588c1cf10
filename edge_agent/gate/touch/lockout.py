"""Nobody tries one PIN after the other. Pure: time is passed in, in monotonic seconds."""

from msgspec import Struct

TRIES = 5
"""So many wrong PINs, one after the other."""


class _Wrong(Struct):
    count: int
    last: float


class Lockout:
    """Counts what was wrong, by worker or by device; the right one begins anew.

    It is forgotten after ``for_s`` seconds, and with the process: who can restart a gate needs no
    PIN.
    """

    def __init__(self, for_s: float) -> None:
        """``for_s``: how long none is taken after the last wrong one that counted."""
        self._for_s = for_s
        self._wrong: dict[str, _Wrong] = {}

    def locked(self, who: str, now: float) -> bool:
        """Whether none is taken at present."""
        known = self._wrong.get(who)
        if known is not None and now - known.last >= self._for_s:
            del self._wrong[who]
            return False
        return known is not None and known.count >= TRIES

    def wrong(self, who: str, now: float) -> None:
        """One more."""
        count = known.count if (known := self._wrong.get(who)) else 0
        self._wrong[who] = _Wrong(count + 1, now)

    def right(self, who: str) -> None:
        """It was theirs."""
        self._wrong.pop(who, None)
