"""Act on what payroll tells the gate: receipts and commands."""

import logging
from collections.abc import Callable
from math import inf

import msgspec

from ..domain.messages import Reply
from ..domain.roster import Heard, read_roster
from ..domain.topics import Topics
from ..ports import Received, Store
from .deliver import Deliveries
from .outbox import Outbox
from .payroll_says import Ignored, read_command, read_receipt, refusal

log = logging.getLogger(__name__)

_COMPLAIN_EVERY_S = 60.0


class HearPayroll:
    """Moves the outbox by receipts and resends. ``rejected``: as the last receipt counts them."""

    def __init__(
        self,
        topics: Topics,
        store: Store,
        outbox: Outbox,
        deliveries: Deliveries,
        on_roster: Callable[[Heard], None],
    ) -> None:
        """``on_roster`` takes what arrives as payroll's roster, and never blocks."""
        self._on_roster = on_roster
        self._topics = topics
        self._store = store
        self._outbox = outbox
        self._deliveries = deliveries
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
            self._command(message.payload)

    def _receipt(self, now: float, payload: bytes) -> None:
        store = self._store
        receipt = read_receipt(payload, store.ledger, store.tail().seq, store.hash_of)
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

    def _command(self, payload: bytes) -> None:
        command = read_command(payload, self._store.ledger, self._store.tail().seq)
        if command is None:
            log.warning("a command was ignored: not even its id can be read")
            return
        if isinstance(command, Reply):
            reply = command
        elif self._outbox.resend(command.from_, command.to):
            log.info("payroll asks for entries %d to %d again", command.from_, command.to)
            reply = Reply(id=command.id, command="resend", ok=True)
        else:
            reply = refusal(command.id, "resend", "busy")
        self._deliveries.note(self._topics.replies, msgspec.json.encode(reply))
