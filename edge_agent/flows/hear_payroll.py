"""Act on what payroll tells the gate: receipts, roster, commands."""

import logging
from collections.abc import Callable
from math import inf

from ..domain.roster import Heard, read_roster
from ..domain.topics import Topics
from ..ports import Received, Store
from .obey_payroll import ObeyPayroll
from .outbox import Outbox
from .payroll_says import Ignored, read_receipt

log = logging.getLogger(__name__)

_COMPLAIN_EVERY_S = 60.0


class HearPayroll:
    """Moves the outbox by receipts, and hands on what else arrives.

    ``rejected``: as the last receipt counts them.
    """

    def __init__(
        self,
        topics: Topics,
        store: Store,
        outbox: Outbox,
        on_roster: Callable[[Heard], None],
        commands: ObeyPayroll,
    ) -> None:
        """``on_roster`` takes what arrives as payroll's roster, and never blocks."""
        self._on_roster = on_roster
        self._commands = commands
        self._topics = topics
        self._store = store
        self._outbox = outbox
        self._receipts = topics.receipts(store.ledger)
        self._ignored = 0
        self._complain_due = -inf
        self.rejected = store.watermarks().rejected

    def hear(self, now: float, message: Received) -> None:
        """Take in a message, whatever it is."""
        if message.topic == self._receipts:
            self._receipt(now, message.payload)
        elif message.topic == self._topics.roster:
            self._on_roster(read_roster(message.payload))
        elif message.topic == self._topics.commands and not message.retained:
            self._commands.hear(now, message.payload)

    def _receipt(self, now: float, payload: bytes) -> None:
        store = self._store
        receipt = read_receipt(
            payload, store.ledger, store.tail().seq, store.hash_of, store.checkpoint().seq
        )
        if isinstance(receipt, Ignored):
            self._complain(now, receipt)
        else:
            self.rejected = receipt.rejected_count
            self._outbox.receipt(now, receipt.through)

    def _complain(self, now: float, receipt: Ignored) -> None:
        self._ignored += 1
        if now < self._complain_due:
            return
        self._complain_due = now + _COMPLAIN_EVERY_S
        if receipt.foreign:
            self._disowned(receipt)
        else:
            log.warning("receipt ignored: %s (%d so far)", receipt.why, self._ignored)

    def _disowned(self, receipt: Ignored) -> None:
        """Payroll holds another history under this ledger's id: here a new ledger has to begin."""
        log.error(
            "receipt ignored: %s (%d so far). This database is an old copy, or another gate has a "
            "copy of it: payroll may take new punches for old ones. Stop the gate, keep this "
            "database as it is, and ask for help.",
            receipt.why,
            self._ignored,
        )
