"""When to ask a gate again for entries that are missing. Pure: the time is passed in."""

from dataclasses import dataclass

MOST_ENTRIES = 200
"""In one request: a broker that keeps a thousand messages for us has room for several."""

MOST_AT_ONCE = 4
"""Ledgers that are asked for at one time, until they answer or FIRST_PAUSE has passed."""

FIRST_PAUSE = 15.0
LONGEST_PAUSE = 600.0


@dataclass
class _Asked:
    first: int
    last: int
    pause: float
    due: float


class Resends:
    """Asks once for a gap, then with growing pauses until the entries come.

    Times are in seconds of one monotonic clock. A gate that is answering is not asked again for
    what is on its way; the pauses start anew with each entry that fills the gap from its front. A
    payroll that was emptied misses everything of all gates: they take their turns.
    """

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}
        self._awaited: dict[str, float] = {}
        """Ledgers whose answer is on its way → until when that is believed."""

    def due(self, ledger: str, missing: range, now: float) -> range | None:
        """The seqs to ask for now, MOST_ENTRIES at most; None where it is not yet time."""
        if not missing:
            self.filled(ledger)
            return None
        pause = FIRST_PAUSE
        asked = self._asked.get(ledger)
        if asked and missing.start <= asked.last:
            if missing.start > asked.first:
                asked.first, asked.pause, asked.due = missing.start, pause, now + pause
                self._awaited[ledger] = now + FIRST_PAUSE
            if now < asked.due:
                return None
            pause = min(asked.pause * 2, LONGEST_PAUSE)
        if not self._has_turn(ledger, now):
            return None
        ask = missing[:MOST_ENTRIES]
        self._asked[ledger] = _Asked(ask[0], ask[-1], pause, now + pause)
        self._awaited[ledger] = now + FIRST_PAUSE
        return ask

    def filled(self, ledger: str) -> None:
        """Nothing is missing of this ledger any more."""
        self._asked.pop(ledger, None)
        self._awaited.pop(ledger, None)

    def _has_turn(self, ledger: str, now: float) -> bool:
        if ledger in self._awaited or len(self._awaited) < MOST_AT_ONCE:
            return True
        for silent in [other for other, until in self._awaited.items() if until <= now]:
            del self._awaited[silent]
        return len(self._awaited) < MOST_AT_ONCE
