"""Whose dates in payroll's roster are over: they have left, and what is kept of them goes."""

import logging
from collections.abc import Set
from contextlib import suppress
from math import inf

import msgspec

from ...contract.stamps import local_date
from ..erasure import LONGEST_TERM, after_working_days
from ..ledger.recorder import Recorder
from ..rules import dates_are_over

log = logging.getLogger(__name__)

_SEEN = "dates-over"
"""What is remembered: the day on which the gate has first seen it, by code."""

_MANY = 10
"""So many at once, and more than half of all who are enrolled, may be a wrong column."""

_EVIDENCE_EVERY_S = 3600.0
"""All of it is looked at, and it belongs to a few who have nothing else here."""


class DatesOver:
    """Lives on the gate's thread. The rules refuse these workers from the first moment on."""

    def __init__(self, gate: Recorder) -> None:
        self._gate = gate
        self._waiting: dict[str, str] = {}
        self._with_evidence: Set[str] = frozenset()
        self._look_again = -inf

    def due(self) -> list[str]:
        """Who is to be erased now, by code. Raises StoreFault.

        Each once the term is over, counted from the day on which it was seen. Where it is more than
        half of the enrolled at once, the longest term: payroll may have published a wrong column,
        and with another roster it has not happened.
        """
        gate = self._gate
        now = gate.clock.stamp()
        if not gate.known.is_sure(now):
            return []
        today = local_date(now.wall_ms, gate.policy.zone)
        seen: dict[str, str] = {}
        with suppress(msgspec.MsgspecError):  # A byte of it was altered: it begins anew.
            seen = msgspec.json.decode(gate.store.remembered(_SEEN) or "{}", type=dict[str, str])
        over = {code: seen.get(code, today) for code in self._over()}
        if over != seen:
            gate.store.remember(_SEEN, msgspec.json.encode(over).decode())
        enrolled = {print_.worker for print_ in gate.known.prints}
        many = len(over) >= _MANY and 2 * len(over) > len(enrolled)
        term = LONGEST_TERM if many else gate.policy.erase_within_days
        due = {code: after_working_days(day, term) for code, day in over.items()}
        told = bool(self._waiting)
        self._waiting = due if many else {}
        if many and not told:
            self.tell()
        return [code for code, day in due.items() if day <= today]

    def tell(self) -> None:
        """Say that so many are waited for, where it is so."""
        if self._waiting:
            log.error(
                "payroll's dates of %d workers are over, which is more than half of all: they are "
                "refused now, and erased on %s. Is that a mistake? Publish another roster before.",
                len(self._waiting),
                min(self._waiting.values()),
            )

    def _over(self) -> list[str]:
        """Whose dates are over, and of whom anything is here.

        A site may list 20,000 workers: what costs little is asked first.
        """
        gate = self._gate
        now, last, zone = gate.clock.stamp(), gate.known.last_punches, gate.policy.zone
        today = local_date(now.wall_ms, zone)
        past = {
            code: worker.listed
            for code, worker in gate.known.workers.items()
            if worker.listed and worker.listed.valid_to and worker.listed.valid_to < today
        }
        if not past:
            return []
        here = {print_.worker for print_ in gate.known.prints} | gate.store.consents().keys()
        here |= {one.worker for one in gate.store.credentials()}
        if gate.clock.monotonic() >= self._look_again:
            self._look_again = gate.clock.monotonic() + _EVIDENCE_EVERY_S
            self._with_evidence = gate.store.with_evidence()
        return [
            code
            for code in past.keys() & (here | self._with_evidence)
            if dates_are_over(past[code], last.get(code), now, zone)
        ]
