"""The presses of fingers that the ledger has, with their scores: for the health of the prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from ....contract.chain import stamp_of
from ....contract.facts import Method
from ...print_health import ScoredPress
from ...rules import Reason
from .database import Part, read_data

_UNREAD = (Reason.UNKNOWN, Reason.POOR_SCAN)
"""Why a finger is refused that is hard to read."""


class ScoreRows(Part):
    """Reads scores. Where they are kept is known here and nowhere else."""

    def scores_of(self, first: int, last: int) -> Iterator[ScoredPress]:
        """The presses of fingers among the entries ``first`` to ``last``, in order.

        Raises DamagedLedger where a byte of one was altered.
        """
        rows = self._connection.rows(
            "SELECT seq, wire, slot, generation, score FROM ledger"
            " LEFT JOIN evidence_openings USING (seq) WHERE seq BETWEEN ? AND ?"
            " AND kind IN ('punch.recorded', 'punch.repeated', 'attempt.refused') ORDER BY seq",
            first,
            last,
        )
        for seq, wire, slot, generation, score in rows:
            with self._connection.telling():
                data = read_data(seq, wire)
            stamp, day = stamp_of(data), data["at"] and data["at"][:10]
            press = ScoredPress(seq=seq, boot=stamp.boot, boottime_ms=stamp.boottime_ms, day=day)
            if slot is not None:
                yield replace(press, slot=slot, generation=generation, score=score)
            elif "evidence" in data:  # It stood in the entries of earlier versions.
                told = {key: data["evidence"][key] for key in ("slot", "generation", "score")}
                yield replace(press, **told)
            elif _is_unread_finger(data):
                yield press


def _is_unread_finger(data: dict[str, Any]) -> bool:
    """Not a card, nor a punch whose evidence was erased."""
    return data.get("reason") in _UNREAD and data.get("method", Method.FINGER) == Method.FINGER
