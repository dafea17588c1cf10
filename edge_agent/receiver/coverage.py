"""When every press would have been recorded at a gate, read from payroll's database."""

import time
from collections.abc import Iterable, Iterator

from ..contract.errors import BadRequest
from ..contract.kinds import MOVING_TIMES
from .accept import Arrival, data_in
from .databases.database import Database, packed
from .signs_of_life import DRIFT_PPM, SignsOfLife, Span, coverage, covered, sign_of

_PAGE = 500

_SHARE = 20
"""At most this part of the time is spent on reading, however many and old the ledgers are."""

_MOST = 10_000
"""Gates that wait at one time. Those left out are noted at their next entry."""

_MOST_NAMED = 20
"""Gates that are named to whoever has mistyped one."""


def gate_coverage(
    database: Database, gate: str, begin_ms: int, end_ms: int, drift_ppm: int
) -> list[Span]:
    """Whether ``gate`` was able to record between two moments, from all of its ledgers.

    Raises BadRequest where nothing was ever heard of the gate.
    """
    reading = GateReading(database, gate, drift_ppm)
    for _ in reading:
        pass
    if not reading.ledgers:
        some = "SELECT DISTINCT gate FROM ledgers ORDER BY gate LIMIT ?"
        if known := [name for (name,) in database.query(some, [_MOST_NAMED])]:
            raise BadRequest("payroll.no-gate-but", gate=gate, known=known)
        raise BadRequest("payroll.no-gate", gate=gate)
    return coverage(reading.ledgers, begin_ms, end_ms)


class GateReading:
    """Reads all that a gate's ``ledgers`` say, a page for each step of the iteration.

    A ledger may have millions of entries. What comes meanwhile behind the place that was reached
    shows as a hole.
    """

    def __init__(self, database: Database, gate: str, drift_ppm: int = DRIFT_PPM) -> None:
        self.gate = gate
        self.ledgers: list[SignsOfLife] = []
        self._database = database
        self._drift_ppm = drift_ppm

    def __iter__(self) -> Iterator[None]:
        for (ledger,) in self._database.query(
            "SELECT ledger FROM ledgers WHERE gate = ? ORDER BY ledger", [self.gate]
        ):
            signs = SignsOfLife(drift_ppm=self._drift_ppm)
            self.ledgers.append(signs)
            after = 0
            while rows := self._database.query(
                "SELECT seq, wire FROM entries WHERE ledger = ? AND seq > ?"
                f" ORDER BY seq LIMIT {_PAGE}",
                [ledger, after],
            ):
                for _, wire in rows:
                    signs.add(sign_of(data_in(bytes(wire))))
                after = rows[-1][0]
                yield


def _moves_times(entry: Arrival) -> bool:
    """Whether an entry may take a time from others, even from those of boots before its own."""
    return entry.kind in MOVING_TIMES or entry.data.get("hardware_clock") == "lost"


class CoverageTable:
    """Keeps the table ``covered``, in quiet moments and a page of entries at a time.

    What is in it is certain when it is written; entries that only go on cannot change it, and
    those that can take it away with them. The gates that have waited longest are read first.
    """

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
        disturbed = disturbed | {one.gate for one in new if _moves_times(one)}
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
