"""The coverage of a gate, read from payroll's database: nothing in it is changed."""

from collections.abc import Iterator
from functools import partial

import msgspec

from edge_agent.domain.chain import Envelope
from edge_agent.domain.errors import BadRequest

from .coverage import Seen, Span, coverage, extent, seen, together
from .database import Database

_BATCH = 2000


def gate_coverage(
    database: Database, gate: str, begin_ms: int, end_ms: int, drift_ppm: int
) -> list[Span]:
    """Whether ``gate`` was able to record between two moments, from all of its ledgers.

    Raises BadRequest where nothing was ever heard of the gate.
    """
    known = database.query("SELECT ledger FROM ledgers WHERE gate = ? ORDER BY ledger", (gate,))
    if not known:
        raise BadRequest(f"A gate {gate!r} was never heard of here: check the name.")
    spans, extents = [], []
    for (ledger,) in known:
        read = partial(_entries, database, ledger)
        spans.append(coverage(read, begin_ms, end_ms, drift_ppm))
        # A ledger of which nobody knows when it was written may have been at any time.
        extents.append(extent(read, drift_ppm) or (begin_ms, end_ms))
    return together(spans, extents)


def _entries(database: Database, ledger: str) -> Iterator[Seen]:
    """In batches: a ledger may have millions of entries."""
    after = 0
    while rows := database.query(
        "SELECT seq, wire FROM entries WHERE ledger = ? AND seq > ? ORDER BY seq LIMIT ?",
        (ledger, after, _BATCH),
    ):
        for _, wire in rows:
            envelope = msgspec.json.decode(bytes(wire), type=Envelope)
            yield seen(msgspec.json.decode(envelope.data))
        after = rows[-1][0]
