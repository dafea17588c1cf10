"""Act on what payroll tells the gate: receipts, roster, commands."""

import hashlib
import logging
from collections.abc import Callable
from math import inf

from ...contract.messages import Topics
from ...contract.roster import Heard, read_roster
from ..ports import Received, Store
from .commands import CommandHandler
from .outbox import Outbox
from .payroll_says import Disowned, Ignored, read_receipt

log = logging.getLogger(__name__)

_COMPLAIN_EVERY_S = 60.0


class PayrollInbox:
    """Moves the outbox by receipts, and hands on what else arrives.

    ``rejected``: as the last receipt counts them.
    """

    def __init__(
        self,
        topics: Topics,
        store: Store,
        outbox: Outbox,
        leave: Callable[[Disowned], bool],
        on_roster: Callable[[Heard], None],
        commands: CommandHandler,
    ) -> None:
        """``leave`` has the gate go on with a new ledger, or says that it may not again.

        ``on_roster`` takes what arrives as payroll's roster, and never blocks.
        """
        self._on_roster = on_roster
        self._commands = commands
        self._topics = topics
        self._store = store
        self._outbox = outbox
        self._receipts = topics.receipts(store.ledger)
        self._leave = leave
        self._ignored = 0
        self._last_roster = b""
        self._complain_due = -inf
        self.left = False
        """Nothing of this ledger may be published any more: another one is about to begin."""
        self.rejected = store.watermarks().rejected

    @property
    def refused(self) -> int:
        """How many receipts were not believed."""
        return self._ignored

    def hear(self, now: float, message: Received) -> None:
        """Take in a message, whatever it is."""
        if message.topic == self._receipts:
            self._receipt(now, message.payload)
        elif message.topic == self._topics.roster:
            self._roster(message.payload)
        elif message.topic == self._topics.commands and not message.retained:
            self._commands.hear(now, message.payload)

    def _roster(self, payload: bytes) -> None:
        """The broker gives the same one at each connection: it is known by its digest, unread."""
        digest = hashlib.sha256(payload).digest()
        if digest != self._last_roster:
            self._last_roster = digest
            self._on_roster(read_roster(payload))

    def _receipt(self, now: float, payload: bytes) -> None:
        store = self._store
        receipt = read_receipt(
            payload, store.ledger, store.tail().seq, store.hash_of, store.checkpoint().seq
        )
        if isinstance(receipt, Disowned) and not self.left and self._leave(receipt):
            self.left = True
            log.error("payroll does not know this ledger: %s. A new one begins.", receipt.detail)
        elif isinstance(receipt, Ignored | Disowned):
            self._complain(now, receipt)
        else:
            self.rejected = receipt.rejected_count
            self._outbox.receipt(now, receipt.through)

    def _complain(self, now: float, receipt: Ignored | Disowned) -> None:
        self._ignored += 1
        if now < self._complain_due or self.left:
            return
        self._complain_due = now + _COMPLAIN_EVERY_S
        if isinstance(receipt, Disowned):
            self._disowned(receipt)
        else:
            log.warning("receipt ignored: %s (%d so far)", receipt.why, self._ignored)

    def _disowned(self, receipt: Disowned) -> None:
        """No new ledger for that: the last one began because of a receipt, and not long ago."""
        log.error(
            "receipt ignored: %s (%d so far). This ledger began because of such a receipt, less "
            "than a day ago: is somebody else publishing on the gate's receipts topic? Look at the "
            "broker's access list, and restart the gate tomorrow if payroll still lacks punches.",
            receipt.detail,
            self._ignored,
        )
