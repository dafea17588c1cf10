"""What a card has to bear: bytes written for a punch, and by a gate where nothing happens."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.contract.facts import Direction, DirectionSource, PunchRecorded
from edge_agent.gate.evidence import Evidence, Opening
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore

from .ledgers import ALIVE, append, later

IO = Path("/proc/self/io")

pytestmark = pytest.mark.skipif(not IO.exists(), reason="this kernel counts no bytes")

PUNCH = PunchRecorded(
    worker="NV000042",
    direction=Direction.OUT,
    direction_source=DirectionSource.ALTERNATE,
    evidence_hash="e5" * 32,
)
"""About as long as a punch becomes."""

OPENING = Opening(
    worker="NV000042",
    evidence=Evidence(finger="right-little", slot=1234, generation=12, score=4321),
    salt=bytes(range(16)),
)
"""What its finger's evidence becomes, beside it."""


def written(work: Callable[[], object]) -> int:
    """Bytes that the write calls of this process were given meanwhile."""

    def count() -> int:
        lines = dict(line.split(": ") for line in IO.read_text().splitlines())
        return int(lines["wchar"])

    before = count()
    work()
    return count() - before


def test_a_punch_writes_at_most_18_kilobytes(store: SqliteStore) -> None:
    """Checkpoints included: they come every 100 pages, some thirty punches."""

    def shift() -> None:
        for number in range(300):
            with store.changing() as change:
                change.put_opening(change.append(PUNCH, later(number * 7_000)).seq, OPENING)

    shift()  # A table that has grown already.
    assert written(shift) / 300 <= 18_000


def test_an_idle_day_writes_at_most_a_megabyte(store: SqliteStore) -> None:
    """An entry an hour, which goes out and is confirmed: both watermarks move, one by one."""

    def day() -> None:
        for hour in range(24):
            last = append(store, ALIVE, later(hour * 3_600_000)).seq
            store.move_watermarks(Watermarks(last, last - 1))
            store.move_watermarks(Watermarks(last, last))

    assert written(day) <= 1_000_000
