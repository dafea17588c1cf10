"""When to ask a gate again for entries that are missing. Pure: the time is passed in."""

from dataclasses import dataclass

MOST_ENTRIES = 500
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
    what is on its way; the pauses start anew with each entry that fills the gap from its front.
    """

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}

    def due(self, ledger: str, missing: range, now: float) -> range | None:
        """The seqs to ask for now, MOST_ENTRIES at most; None where it is not yet time."""
        if not missing:
            self._asked.pop(ledger, None)
            return None
        pause = FIRST_PAUSE
        asked = self._asked.get(ledger)
        if asked and missing.start <= asked.last:
            if missing.start > asked.first:
                asked.first, asked.pause, asked.due = missing.start, pause, now + pause
            if now < asked.due:
                return None
            pause = min(asked.pause * 2, LONGEST_PAUSE)
        ask = missing[:MOST_ENTRIES]
        self._asked[ledger] = _Asked(ask[0], ask[-1], pause, now + pause)
        return ask
