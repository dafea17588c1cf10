"""Remove what was kept for a time that is over: entries, and what is kept of workers beside them.

How long what is kept of workers stands in ``[privacy]``; what goes of it is counted in the ledger,
once a day, and overwritten, and the write-ahead log is taken home after it.
"""

import logging
from math import inf

from msgspec import structs

from ...contract.errors import StoreFault
from ...contract.people_facts import RetentionApplied
from ...contract.stamps import DAY_MS, Stamp, local_date
from ..settings.schema import PrivacySettings
from .old_entries import MONTH_MS, last_old
from .recorder import Recorder
from .store.retention_rows import Over

log = logging.getLogger(__name__)

YEAR_MS = 366 * DAY_MS
"""The longest: nothing goes a day before its years are over."""

_EVERY_S = 86_400.0

_NEXT_S = 60.0
"""After a batch, behind which there may be more; and while nobody knows the time."""

_QUIET_S = 60.0
"""Seconds without a press: what follows takes a moment."""

_AT_ONCE = 500
"""Entries whose evidence goes in one transaction: those of a busy day."""


class Expirer:
    """Lives on the gate's thread, for that alone writes the ledger."""

    def __init__(self, gate: Recorder, kept: PrivacySettings) -> None:
        self._gate = gate
        self._kept = kept
        self._due = -inf

    def turn(self, quiet_s: float) -> None:
        """Remove what is over, if it is time to; ``quiet_s``: how long nobody has pressed."""
        now = self._gate.clock.monotonic()
        if now < self._due or quiet_s < _QUIET_S:
            return
        self._due = now + _NEXT_S
        try:
            stamp = self._gate.clock.stamp()
            if self._gate.known.is_sure(stamp) and not self._remove(stamp):
                self._due = now + _EVERY_S
        except StoreFault as fault:
            log.error("what was kept long enough could not be removed: %s", fault)

    def _remove(self, now: Stamp) -> bool:
        """Whether anything was removed, behind which there may be more."""
        gate, store = self._gate, self._gate.store
        if any(one.ended is None for one in store.ended_consents()):
            with store.changing() as change:
                change.date_ends(local_date(now.wall_ms, gate.policy.zone))
        over = self._over(now)
        found = store.count_over(over)
        if not found.any:
            return False
        fact = RetentionApplied(**structs.asdict(found))
        gate.record(fact, now, also=lambda change: change.remove_over(over))
        if not store.take_log_home():
            log.info("what was removed leaves the database's log a little later: it is being read")
        return True

    def _over(self, now: Stamp) -> Over:
        store, kept = self._gate.store, self._kept
        earliest = now.wall_ms - (now.uncertainty_ms or 0)
        before = earliest - kept.consent_record_years * YEAR_MS
        return Over(
            evidence=self._through(store.first_evidence(), kept.evidence_months, now),
            attempts=self._through(store.first_attempt(), kept.attempts_months, now),
            before=local_date(before, self._gate.policy.zone),
        )

    def _through(self, first: int | None, months: int, now: Stamp) -> int | None:
        """The last entry from ``first`` on that is certainly as old as that."""
        if first is None:
            return None
        last = self._gate.store.tail().seq
        return last_old(self._gate, first, last, months * MONTH_MS, now, _AT_ONCE)


class Pruner:
    """Prunes the oldest entries, where the technician has asked for it: none that payroll may miss.

    Lives on the gate's thread, for that alone writes the ledger.
    """

    def __init__(self, gate: Recorder, after_months: int | None) -> None:
        """``after_months`` None: nothing is ever pruned."""
        self._gate = gate
        self._after_ms = after_months * MONTH_MS if after_months else inf
        self._due = -inf

    def turn(self) -> None:
        """Prune a few entries, if it is time to and there are any."""
        if self._after_ms == inf or self._gate.clock.monotonic() < self._due:
            return
        self._due = self._gate.clock.monotonic() + _NEXT_S
        try:
            if through := self._prunable():
                with self._gate.store.changing() as change:
                    change.forget_through(through)
        except StoreFault as fault:
            log.error("old entries could not be pruned: %s", fault)

    def _prunable(self) -> int | None:
        """The last of the next entries that are certainly old enough and that payroll holds."""
        store, now = self._gate.store, self._gate.clock.stamp()
        confirmed, first = store.watermarks().confirmed, store.checkpoint().seq + 1
        return last_old(self._gate, first, confirmed, self._after_ms, now)
