"""Was this gate able to record from t1 to t2? From the entries of its ledgers alone. Pure.

Only what is certain is said: *yes* where every press would have been recorded, *no* where none
could be, *unknown* everywhere else. An absence may be judged where the answer is yes, and nowhere
else. A gate notices that nobody looked at its glass after 20 seconds, so shorter ones are not told.

Keeps the table ``covered``: when every press would have been recorded at a gate.

Made in quiet moments, a page of entries at a time. What is in it is certain when it is written;
entries that only go on cannot change it, and those that can take it away with them.

The coverage of a gate, read from payroll's database: nothing in it is changed.
"""

import time
from collections.abc import Iterable, Iterator
from itertools import pairwise

import msgspec

from ..contract.chain import Envelope
from ..contract.errors import BadRequest
from .accept import Arrival
from .databases.database import Database, packed
from .signs_of_life import DRIFT_PPM, Cover, SignsOfLife, Span, seen


def coverage(ledgers: list[SignsOfLife], begin_ms: int, end_ms: int) -> list[Span]:
    """The spans of a gate between two moments, without gaps and overlaps, from all its ledgers."""
    spans = [_laid_out(ledger.certain(), begin_ms, end_ms) for ledger in ledgers]
    # A ledger of which nobody knows when it was written may have been at any time.
    extents = [ledger.extent() or (begin_ms, end_ms) for ledger in ledgers]
    return together(spans, extents) or [Span(begin_ms, end_ms, Cover.UNKNOWN)]


def covered(ledgers: list[SignsOfLife]) -> list[Span]:
    """All the spans in which every press would have been recorded, in their order."""
    edges = [
        edge for one in ledgers for span in one.certain() for edge in (span.begin_ms, span.end_ms)
    ]
    if not edges:
        return []
    whole = coverage(ledgers, min(edges), max(edges))
    return [span for span in whole if span.cover is Cover.YES]


def together(ledgers: list[list[Span]], extents: list[tuple[int, int]]) -> list[Span]:
    """The spans of a gate that had several ledgers: where two were written at a time, nobody knows.

    ``ledgers`` cover the same time; ``extents`` are the first and last moment of each.
    """
    cuts = sorted(
        {edge for spans in ledgers for span in spans for edge in (span.begin_ms, span.end_ms)}
        | {edge for extent in extents for edge in extent}
    )
    whole = [span for spans in ledgers for span in spans]
    if not whole:
        return []
    begin, end = min(s.begin_ms for s in whole), max(s.end_ms for s in whole)
    cuts = [cut for cut in cuts if begin <= cut <= end]
    told = []
    for first, last in pairwise(cuts):
        at_work = [i for i, (low, high) in enumerate(extents) if low < last and first < high]
        cover = _cover_at(ledgers[at_work[0]], first) if len(at_work) == 1 else Cover.UNKNOWN
        told.append(Span(first, last, cover))
    return _merged(told)


def _laid_out(told: list[Span], begin_ms: int, end_ms: int) -> list[Span]:
    """The spans within the window, and unknown where nothing is said, or things that differ."""
    edges = {begin_ms, end_ms}
    for span in told:
        edges |= {e for e in (span.begin_ms, span.end_ms) if begin_ms < e < end_ms}
    open_: dict[Cover, int] = {Cover.YES: 0, Cover.NO: 0}
    changes: dict[int, list[tuple[Cover, int]]] = {}
    for span in told:
        if span.end_ms > begin_ms and span.begin_ms < end_ms:
            changes.setdefault(max(span.begin_ms, begin_ms), []).append((span.cover, 1))
            changes.setdefault(min(span.end_ms, end_ms), []).append((span.cover, -1))
    found = []
    for first, last in pairwise(sorted(edges)):
        for cover, by in changes.get(first, ()):
            open_[cover] += by
        said = [cover for cover, count in open_.items() if count]
        found.append(Span(first, last, said[0] if len(said) == 1 else Cover.UNKNOWN))
    return _merged(found)


def _cover_at(spans: list[Span], ms: int) -> Cover:
    return next((s.cover for s in spans if s.begin_ms <= ms < s.end_ms), Cover.UNKNOWN)


def _merged(spans: list[Span]) -> list[Span]:
    found: list[Span] = []
    for span in spans:
        if found and found[-1].cover is span.cover and found[-1].end_ms == span.begin_ms:
            found[-1] = Span(found[-1].begin_ms, span.end_ms, span.cover)
        else:
            found.append(span)
    return found


_PAGE = 500


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
        raise BadRequest(f"A gate {gate!r} was never heard of here: check the name.")
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
                    envelope = msgspec.json.decode(bytes(wire), type=Envelope)
                    signs.add(seen(msgspec.json.decode(envelope.data)))
                after = rows[-1][0]
                yield


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
