"""When the daemon goes round again, because its ledger is left for a new one."""

import logging
from contextlib import closing

from ..assembly import Assembly
from ..domain.errors import DamagedLedger
from ..flows.payroll.payroll_says import Disowned

log = logging.getLogger(__name__)


class Rounds:
    """What the rounds of one process know of each other; for any thread."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._damage: str | None = None
        self._disowned = False
        self._payroll_has_had_its_way = False

    @property
    def another(self) -> bool:
        """Whether the ledger in use is to be left."""
        return self._damage is not None or self._disowned

    def take_damage(self) -> str | None:
        """What was found out about the database in the round before; a new round begins."""
        damage, self._damage, self._disowned = self._damage, None, False
        return damage

    def damaged(self, fault: DamagedLedger) -> None:
        """The database cannot be relied on any more."""
        if self._damage is None:
            log.error("the ledger is left: %s", fault)
            self._damage = str(fault)

    def payroll_disowns(self, receipt: Disowned) -> bool:
        """Have a new ledger begin because of a receipt, once in the life of a process.

        And once in a day of the ledger: a receipt can be forged by whoever the broker lets, and
        each ledger that is left stays on the card.
        """
        if self._payroll_has_had_its_way:
            return False
        with closing(self._assembly.store()) as store:
            if not self._assembly.may_leave(store):
                return False
            store.disown(receipt.why, receipt.through)
        self._payroll_has_had_its_way = self._disowned = True
        return True
