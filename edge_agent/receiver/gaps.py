"""Which entries are missing of which ledger, and when its gate is asked for them. Pure but for
the log: the time is passed in.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from msgspec import Struct

from .store import LedgerProgress

MOST_ENTRIES = 200
"""In one request: a broker that keeps a thousand messages for us has room for several."""

MOST_AT_ONCE = 4
"""Ledgers that are asked for at one time, until they answer or FIRST_PAUSE has passed."""

UNHEARD_TURN = 2.0
"""A gate of which we have only what the broker keeps is believed to answer for so long: it may be
in use no more."""

FIRST_PAUSE = 15.0
LONGEST_PAUSE = 600.0

_MOST = 10_000
"""Ledgers that are noted at one time. Those left out are noted at their next message."""

_log = logging.getLogger(__name__)


class Gap(Struct, frozen=True):
    """The first seqs that are missing of a ledger, and the gate to ask."""

    ledger: str
    gate: str
    missing: range


class Gaps:
    """Bounded, whatever arrives: one ledger for each gate by its status, and known gaps."""

    def __init__(self) -> None:
        self._gaps: dict[str, Gap] = {}
        self._claims: dict[str, tuple[str, int]] = {}

    def update(self, progress: LedgerProgress) -> bool:
        """A ledger is held this far now; returns whether something of it is still missing."""
        ledger, gate = progress.ledger, progress.gate
        missing = progress.missing
        if not missing:
            claimed, last = self._claims.get(gate, ("", 0))
            missing = range(progress.tip.through + 1, last + 1) if claimed == ledger else range(0)
        if missing:
            self._keep(Gap(ledger, gate, missing))
        else:
            self._gaps.pop(ledger, None)
        return bool(missing)

    def claimed(self, gate: str, ledger: str, last: int, through: int) -> None:
        """A gate says that its ledger goes this far; we hold it ``through``."""
        known, before = self._claims.pop(gate, (ledger, 0))
        if len(self._claims) >= _MOST:
            self._claims.pop(next(iter(self._claims)))
        last = max(last, before) if known == ledger else last
        self._claims[gate] = (ledger, last)
        if ledger not in self._gaps and through < last:
            self._keep(Gap(ledger, gate, range(through + 1, last + 1)))

    def __iter__(self) -> Iterator[Gap]:
        return iter(list(self._gaps.values()))

    def _keep(self, gap: Gap) -> None:
        if gap.ledger not in self._gaps and len(self._gaps) >= _MOST:
            _log.error("too-many-gaps gate=%s ledger=%s", gap.gate, gap.ledger)
            return
        self._gaps[gap.ledger] = gap


class Presence:
    """Which gates have said something themselves since we came, and which are known to be away.

    Of a gate that is in use no more the broker keeps its last status for ever. Bounded.
    """

    def __init__(self) -> None:
        self.heard: set[str] = set()
        self.away: set[str] = set()

    def update(self, present: Mapping[str, bool | None]) -> None:
        """Gate → whether it is there; None where only the broker says so."""
        for gate, there in present.items():
            if there is False:
                self.heard.discard(gate)
                if len(self.away) < _MOST:
                    self.away.add(gate)
            else:
                self.away.discard(gate)
                if there and len(self.heard) < _MOST:
                    self.heard.add(gate)


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
        self._tried: dict[str, float] = {}
        """The same of gates of which nothing has been heard: they hold up nobody else."""

    def due(self, ledger: str, missing: range, now: float, heard: bool = True) -> range | None:
        """The seqs to ask for now, MOST_ENTRIES at most; None where it is not yet time.

        ``heard``: its gate has said something itself since we came.
        """
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
        turns = self._awaited if heard else self._tried
        if not _has_turn(turns, ledger, now):
            return None
        ask = missing[:MOST_ENTRIES]
        self._asked[ledger] = _Asked(ask[0], ask[-1], pause, now + pause)
        turns[ledger] = now + (FIRST_PAUSE if heard else UNHEARD_TURN)
        return ask

    def stays(self, ledger: str) -> bool:
        """Whether it was asked for in vain before it was asked for now."""
        return ledger in self._asked and self._asked[ledger].pause > FIRST_PAUSE

    def filled(self, ledger: str) -> None:
        """Nothing is missing of this ledger any more."""
        self._asked.pop(ledger, None)
        self._awaited.pop(ledger, None)
        self._tried.pop(ledger, None)


def _has_turn(turns: dict[str, float], ledger: str, now: float) -> bool:
    if ledger in turns or len(turns) < MOST_AT_ONCE:
        return True
    for silent in [other for other, until in turns.items() if until <= now]:
        del turns[silent]
    return len(turns) < MOST_AT_ONCE


@dataclass
class _Asked:
    first: int
    last: int
    pause: float
    due: float
