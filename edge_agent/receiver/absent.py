"""What is known to be missing, of which ledger, and which gate can be asked for it. Pure."""

import logging
from collections.abc import Iterator

from msgspec import Struct

from .store import Standing

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

    def stands(self, standing: Standing) -> bool:
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
