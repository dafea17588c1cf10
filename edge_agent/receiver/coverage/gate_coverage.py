"""The coverage of a gate, read from payroll's database: nothing in it is changed."""

from collections.abc import Iterator

import msgspec

from edge_agent.domain.chain import Envelope
from edge_agent.domain.errors import BadRequest

from ..databases.database import Database
from .coverage import coverage
from .signs_of_life import DRIFT_PPM, SignsOfLife, Span, seen

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
