"""Take entries in, whichever way they have come, and say how far they are held."""

import logging
import time
from collections import Counter

from ..contract.errors import EdgeAgentError
from ..contract.messages import Receipt
from ..contract.stamps import utc_time
from ..contract.told import identifier, rule
from .accept import Arrival, bare
from .store import BatchResult, LedgerProgress, PayrollStore
from .telling import Teller

_log = logging.getLogger(__name__)


class TakeIn:
    """Keeps arrivals, one batch after the other.

    ``counts``: what has come since it was made, see ``Receiver``.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.teller = Teller()

    def keep(self, store: PayrollStore, arrivals: list[Arrival]) -> list[LedgerProgress]:
        """Keep these durably; how far each of their ledgers is held after it."""
        return [progress for taken in self._take(store, arrivals) for progress in self._told(taken)]

    def _take(self, store: PayrollStore, arrivals: list[Arrival]) -> list[BatchResult]:
        """Keep these; one of which nobody foresaw what is in it must not hold up the others."""
        if not arrivals:
            return []
        try:
            return [store.take(arrivals, utc_now())]
        except EdgeAgentError:
            raise
        except Exception as error:
            if len(arrivals) > 1:
                return [taken for one in arrivals for taken in self._take(store, [one])]
            return self._take_bare(store, arrivals[0], error)

    def _take_bare(self, store: PayrollStore, one: Arrival, error: Exception) -> list[BatchResult]:
        """Keep an entry that the database does not take as what it is: as one for a person."""
        told = identifier(one.gate), one.ledger, one.seq, rule(error)
        try:
            taken = store.take([bare(one)], utc_now())
        except EdgeAgentError:
            raise
        except Exception:
            self.counts["damaged"] += 1
            _log.error(
                "not-taken gate=%s ledger=%s seq=%d reason=%s: not kept and not confirmed", *told
            )
            return []
        _log.error("set-aside gate=%s ledger=%s seq=%d reason=%s: kept as unreadable", *told)
        return [taken]

    def _told(self, taken: BatchResult) -> list[LedgerProgress]:
        self.counts.update(new=taken.new, duplicate=taken.duplicates)
        met = {
            "rejected": len(taken.rejected),
            "refused": len(taken.refused),
            "foreign": len(taken.foreign),
            "fork": sum(len(progress.forks) for progress in taken.progress),
            "dropped": sum(taken.dropped.values()),
        }
        self.counts.update({what: count for what, count in met.items() if count})
        self.teller.tell(taken)
        return taken.progress


def receipt_for(progress: LedgerProgress) -> Receipt | None:
    """What a gate is told of its ledger; None where there is no entry yet whose hash could prove
    anything."""
    if not progress.tip.through:
        return None
    return Receipt(
        ledger=progress.ledger,
        through=progress.tip.through,
        hash=progress.tip.hash,
        rejected=progress.rejected,
        rejected_count=progress.rejected_count,
        at=utc_now(),
    )


def utc_now(later_s: int = 0) -> str:
    """This moment in UTC, or one that many seconds later."""
    return utc_time(time.time_ns() // 1_000_000 + later_s * 1000)
