"""Tell a gate whose database may have come from before an erasure whose erasures payroll holds.

A gate whose ledger begins anew, because a copy was restored or a card has died, may have forgotten
who has left. Its older ledgers are here. It is told until its new ledger says that it knows.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import inf

from msgspec import ValidationError, convert

from ..contract.messages import ErasedWorker
from .accept import Arrival
from .databases.database import Database

_KNOWN = "erasures.known"
_TOLD = ("consent.withdrawn", "worker.left", _KNOWN)

AT_ONCE = 200
"""In one message, of 64 kB at most."""

_MOST = 10_000
"""Gates that are noted at one time."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 15.0, 600.0


def keep_erasures(database: Database, arrivals: Iterable[Arrival]) -> None:
    """Note what these entries, which are new, say of erasures; within their transaction."""
    for one in arrivals:
        if one.kind in _TOLD:  # What was set aside as another history may come again.
            database.execute(
                "INSERT INTO erasures (ledger, seq, gate, worker, kind) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                [one.ledger, one.seq, one.gate, one.worker, one.kind],
            )


def erasures_to_tell(database: Database, gate: str, ledger: str) -> list[ErasedWorker]:
    """Whose erasures the gate has told in other ledgers; none where this one knows them."""
    if database.query(
        "SELECT 1 FROM erasures WHERE ledger = ? AND kind = ? LIMIT 1", [ledger, _KNOWN]
    ):
        return []
    found = database.query(
        "SELECT ledger, seq, worker, kind FROM erasures WHERE gate = ? AND ledger <> ?"
        " AND kind <> ? AND worker IS NOT NULL ORDER BY ledger, seq",
        [gate, ledger, _KNOWN],
    )
    told = []
    for row in found:
        named = dict(zip(ErasedWorker.__struct_fields__, row, strict=True))
        with suppress(ValidationError):  # A gate may send anything for a code.
            told.append(convert(named, ErasedWorker))
    return told


class OwedErasures:
    """Which gates may have to be told, and when again. Times are in seconds of one clock."""

    def __init__(self) -> None:
        self._ledgers: dict[str, str] = {}
        self._due: dict[str, float] = {}
        self._pauses: dict[str, float] = {}

    def claimed(self, gate: str, ledger: str, now: float) -> None:
        """A gate says that this is its ledger."""
        if self._ledgers.get(gate) == ledger:
            return
        if gate not in self._ledgers and len(self._ledgers) >= _MOST:
            return
        self._ledgers[gate], self._due[gate] = ledger, now
        self._pauses[gate] = _FIRST_PAUSE_S

    def due(self, now: float) -> Iterator[tuple[str, str]]:
        """Gates that are to be told now, and their ledgers; each again after a pause."""
        for gate in [gate for gate, due in self._due.items() if due <= now]:
            self._due[gate] = now + self._pauses[gate]
            self._pauses[gate] = min(2 * self._pauses[gate], _LONGEST_PAUSE_S)
            yield gate, self._ledgers[gate]

    def settled(self, gate: str) -> None:
        """There is nothing to tell it, as long as it writes this ledger."""
        self._due[gate] = inf
