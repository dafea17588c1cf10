"""Keeps the table ``covered``: when every press would have been recorded at a gate.

Made in quiet moments, a page of entries at a time. What is in it is certain when it is written;
entries that only go on cannot change it, and those that can take it away with them.
"""

import time
from collections.abc import Iterable, Iterator

from ..accept import Arrival
from ..databases.database import Database, packed
from .coverage import covered
from .gate_coverage import GateReading

_SHARE = 20
"""At most this part of the time is spent on reading, however many and old the ledgers are."""

_MOST = 10_000
"""Gates that wait at one time. Those left out are noted at their next entry."""

_PROVES_WRONG = {"clock.stepped", "punch.time-corrected"}
"""What may move the times of entries that came before."""


class Covered:
    """Which gates have to be read, those that have waited longest first, and what is being read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._due: dict[str, None] = {}
        self._reading: GateReading | None = None
        self._pages: Iterator[None] = iter(())
        self._rests_until = 0.0

    def begin(self) -> None:
        """All gates are due: nobody knows what came after they were last read."""
        found = self._database.query(f"SELECT DISTINCT gate FROM ledgers LIMIT {_MOST}")
        self._due.update((gate, None) for (gate,) in found)

    def arrived(self, new: Iterable[Arrival], disturbed: set[str]) -> None:
        """Entries have come, in the transaction that keeps them.

        Of gates that are ``disturbed`` (their history proved to be another, or they have begun
        another ledger), nothing that was certain is so any more.
        """
        disturbed = disturbed | {one.gate for one in new if one.kind in _PROVES_WRONG}
        for gate in {one.gate for one in new} | disturbed:
            if len(self._due) < _MOST:
                self._due.setdefault(gate)
        if not disturbed:
            return
        gates = self._database.rows(gate="TEXT")
        self._database.execute(
            f"DELETE FROM covered WHERE gate IN (SELECT gate FROM {gates} disturbed)",
            [packed([gate] for gate in disturbed)],
        )
        if self._reading is not None and self._reading.gate in disturbed:
            self._reading = None

    def step(self, now: float) -> None:
        """A little of the work, if there is any: some milliseconds. ``now`` is in seconds."""
        if now < self._rests_until:
            return
        began = time.monotonic()
        if self._reading is None:
            if not self._due:
                return
            gate = next(iter(self._due))
            del self._due[gate]
            self._reading = GateReading(self._database, gate)
            self._pages = iter(self._reading)
        if next(self._pages, self) is self:
            self._write(self._reading)
            self._reading = None
        self._rests_until = now + _SHARE * (time.monotonic() - began)

    def _write(self, read: GateReading) -> None:
        spans = [(read.gate, span.begin_ms, span.end_ms) for span in covered(read.ledgers)]
        columns = ("gate", "begin_ms", "end_ms")
        if spans == self._database.query(
            f"SELECT {', '.join(columns)} FROM covered WHERE gate = ? ORDER BY begin_ms",
            [read.gate],
        ):
            return
        with self._database.transaction():
            self._database.execute("DELETE FROM covered WHERE gate = ?", [read.gate])
            self._database.insert("covered", columns, spans)
