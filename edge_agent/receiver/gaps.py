"""What is known to be missing, of which ledger, and which gate can be asked for it. Pure.

When to ask a gate again for entries that are missing. Pure: the time is passed in.

Which receipts are owed. One for each ledger, the newest: it says all that an older one said.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from .store import LedgerProgress

_MOST = 10_000
"""Ledgers that are noted at one time. Those left out are noted at their next message."""

_log = logging.getLogger(__name__)


class Wanted(Struct, frozen=True):
    """Seqs that are missing, and the gate to ask."""

    ledger: str
    gate: str
    missing: range


class Absent:
    """Bounded, whatever arrives: one ledger for each gate by its status, and known gaps."""

    def __init__(self) -> None:
        self._gaps: dict[str, Wanted] = {}
        self._told: dict[str, tuple[str, int]] = {}

    def stands(self, standing: LedgerProgress) -> bool:
        """A ledger is held this far now; returns whether something of it is still wanted."""
        ledger, gate = standing.ledger, standing.gate
        missing = standing.missing
        if not missing:
            told, last = self._told.get(gate, ("", 0))
            missing = range(standing.tip.through + 1, last + 1) if told == ledger else range(0)
        if missing:
            self._keep(Wanted(ledger, gate, missing))
        else:
            self._gaps.pop(ledger, None)
        return bool(missing)

    def told(self, gate: str, ledger: str, last: int, through: int) -> None:
        """A gate says that its ledger goes this far; we hold it ``through``."""
        known, before = self._told.pop(gate, (ledger, 0))
        if len(self._told) >= _MOST:
            self._told.pop(next(iter(self._told)))
        last = max(last, before) if known == ledger else last
        self._told[gate] = (ledger, last)
        if ledger not in self._gaps and through < last:
            self._keep(Wanted(ledger, gate, range(through + 1, last + 1)))

    def __iter__(self) -> Iterator[Wanted]:
        return iter(list(self._gaps.values()))

    def _keep(self, wanted: Wanted) -> None:
        if wanted.ledger not in self._gaps and len(self._gaps) >= _MOST:
            _log.error("too-many-gaps gate=%s ledger=%s", wanted.gate, wanted.ledger)
            return
        self._gaps[wanted.ledger] = wanted


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


class Receipts:
    """Owed receipts, those that have waited longest first."""

    def __init__(self) -> None:
        self._owed: dict[tuple[str, str], LedgerProgress] = {}

    def owe(self, standing: LedgerProgress) -> None:
        """The gate that sent this ledger is to hear how far it is held."""
        self._owed[standing.ledger, standing.gate] = standing

    def due(self, room: int) -> list[LedgerProgress]:
        """As many as there is room for on the line; they are not owed any more."""
        keys = list(self._owed)[: max(room, 0)]
        return [self._owed.pop(key) for key in keys]
