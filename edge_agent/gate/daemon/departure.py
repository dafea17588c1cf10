"""Whether the ledger in use is to be left, which is noted beside the database first."""

import logging
import shutil
import threading
from contextlib import closing

from ..errors import DamagedLedger
from ..ledger.store.notes import Leaving, leaving, leaving_note
from ..uplink.inbox import ForeignReceipt
from .assembly import Assembly

log = logging.getLogger(__name__)

LEAVES = 80
"""Of no table of exit codes: the ledger is left, and the next start begins another one."""


class Departure:
    """Whether the ledger in use is to be left; for any thread."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        with closing(assembly.store()) as store:
            self._ledger = store.ledger
        self._lock = threading.Lock()
        self.decided = False

    def damaged(self, fault: DamagedLedger) -> None:
        """The database cannot be relied on any more."""
        self._decide(leaving("damaged", detail=str(fault)), str(fault))

    def payroll_disowns(self, receipt: ForeignReceipt) -> bool:
        """Have a new ledger begin because of a receipt; whether it does.

        Once in a day of the ledger: a receipt can be forged by whoever the broker lets, and each
        ledger that is left stays on the card. Not without room for the new one either: the start
        would fail again and again, while this one still takes punches.
        """
        if not self._room_for_another():
            return False
        with closing(self._assembly.store(self.damaged)) as store:
            if not self._assembly.may_leave(store):
                return False
        return self._decide(leaving(receipt.why, through=receipt.through), receipt.detail)

    def _room_for_another(self) -> bool:
        database = self._assembly.database
        return shutil.disk_usage(database.parent).free > database.stat().st_size

    def _decide(self, why: Leaving, detail: str) -> bool:
        """Note it durably. Not where that cannot be done: no new ledger could be made there."""
        with self._lock:
            if not self.decided and leaving_note.put(self._assembly.database, self._ledger, why):
                log.error("the ledger is left: %s", detail)
                self.decided = True
            return self.decided
