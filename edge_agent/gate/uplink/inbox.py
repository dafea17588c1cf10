"""Act on what payroll sends (receipts, roster, commands), as far as the ledger bears it out."""

import hashlib
import logging
from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec import Struct

from ...contract.language import Message
from ...contract.messages import Receipt, Topics
from ...contract.roster import LARGEST_ROSTER, Heard, Refusal, read_roster
from ...contract.signatures import Believed, NotSigned
from ...contract.told import Sparing, rule
from ..ledger.store.sqlite_store import SqliteStore
from ..ports import Received
from .commands import LARGEST_MESSAGE, NOT_READABLE, CommandHandler
from .outbox import Outbox

log = logging.getLogger(__name__)

_NOT_SIGNED = hashlib.sha256(Refusal.NOT_SIGNED.encode()).digest()


class Ignored(Struct, frozen=True):
    """A receipt that proves nothing."""

    why: str


class ForeignReceipt(Struct, frozen=True):
    """A receipt that speaks of entries that are not this ledger's: payroll holds another history.

    That is what an old copy of the database gets to hear, and a gate whose ledger has a clone.
    """

    why: Literal["payroll-is-ahead", "forked"]
    through: int
    detail: str


class PayrollInbox:
    """Moves the outbox by receipts, and hands on what else arrives.

    ``rejected``: as the last receipt counts them.
    """

    def __init__(
        self,
        topics: Topics,
        store: SqliteStore,
        outbox: Outbox,
        leave: Callable[[ForeignReceipt], bool],
        on_roster: Callable[[Heard], None],
        commands: CommandHandler,
        believed: Believed,
    ) -> None:
        """``leave`` has the gate go on with a new ledger, or says that it may not again.

        ``on_roster`` takes what arrives as payroll's roster, and never blocks.
        """
        self._on_roster = on_roster
        self._commands = commands
        self._believed = believed
        self._topics = topics
        self._store = store
        self._outbox = outbox
        self._receipts = topics.receipts(store.ledger)
        self._leave = leave
        self._ignored = 0
        self._last_roster = b""
        self._complaints: Sparing[str] = Sparing()
        self.left = False
        """Nothing of this ledger may be published any more: another one is about to begin."""
        self.rejected = store.watermarks().rejected

    @property
    def refused(self) -> int:
        """How many receipts were not believed."""
        return self._ignored

    def handle(self, now: float, message: Received) -> None:
        """Take in a message, whatever it is."""
        if message.topic == self._receipts:
            self._receipt(now, message.payload)
        elif message.topic == self._topics.roster:
            self._roster(message.payload)
        elif message.topic == self._topics.commands and not message.retained:
            self._commands.handle(now, message.payload)

    def _roster(self, payload: bytes) -> None:
        """The broker gives the same one at each connection: it is known by its digest, unread."""
        digest = hashlib.sha256(payload).digest()
        if digest != self._last_roster:
            self._last_roster = digest
            try:
                signed = self._believed.opened(self._topics.roster, payload, LARGEST_ROSTER)
            except NotSigned as error:
                # All under one digest: a row of them is told once, whatever stands in them.
                heard = Heard(
                    digest=_NOT_SIGNED, refused=Refusal.NOT_SIGNED, why=Message(str(error))
                )
            else:
                heard = read_roster(signed)
            self._on_roster(heard)

    def _receipt(self, now: float, payload: bytes) -> None:
        try:
            payload = self._believed.opened(self._receipts, payload, LARGEST_MESSAGE)
        except NotSigned as error:
            self._complain(now, Ignored(str(error)))
            return
        store = self._store
        receipt = read_receipt(
            payload, store.ledger, store.tail().seq, store.hash_of, store.checkpoint().seq
        )
        if isinstance(receipt, ForeignReceipt) and not self.left and self._leave(receipt):
            self.left = True
            log.error("payroll does not know this ledger: %s. A new one begins.", receipt.detail)
        elif isinstance(receipt, Ignored | ForeignReceipt):
            self._complain(now, receipt)
        else:
            self.rejected = receipt.rejected_count
            self._outbox.receipt(now, receipt.through)

    def _complain(self, now: float, receipt: Ignored | ForeignReceipt) -> None:
        self._ignored += 1
        if self.left or self._complaints.count("receipt", now) is None:
            return
        if isinstance(receipt, ForeignReceipt):
            self._complain_of_another(receipt)
        else:
            log.warning("receipt ignored: %s (%d so far)", receipt.why, self._ignored)

    def _complain_of_another(self, receipt: ForeignReceipt) -> None:
        """No new ledger for that: the last one began so not long ago, or the card is full."""
        log.error(
            "receipt ignored: %s (%d so far). This ledger began because of such a receipt, less "
            "than a day ago, or the disk has no room for a new one: see 'edge-agent doctor'. Is "
            "somebody else publishing on the gate's receipts topic? Look at the broker's access "
            "list, and restart the gate tomorrow if payroll still lacks punches.",
            receipt.detail,
            self._ignored,
        )


def read_receipt(
    payload: bytes,
    ledger: str,
    last_seq: int,
    hash_of: Callable[[int], bytes | None],
    pruned: int = 0,
) -> Receipt | ForeignReceipt | Ignored:
    """Return a receipt whose hash is that of our own entry; any other proves nothing of ours."""
    if len(payload) > LARGEST_MESSAGE:
        return Ignored("it is too long")
    try:
        receipt = msgspec.json.decode(payload, type=Receipt)
    except NOT_READABLE as error:
        return Ignored(f"it is not a receipt: {rule(error)}")
    if receipt.ledger != ledger:
        return Ignored("it is for another ledger")
    if receipt.rejected_count > receipt.through:
        return Ignored("its numbers cannot be right")
    if receipt.through > last_seq:
        detail = f"it covers entry {receipt.through} and the ledger ends before"
        return ForeignReceipt("payroll-is-ahead", receipt.through, detail)
    if receipt.through < pruned:
        # A payroll that was set back: what it lacks is gone here, and no hash is left to compare.
        return Ignored(f"the entries up to {pruned} were pruned")
    own = hash_of(receipt.through)
    if own is None or receipt.hash != own.hex():
        detail = f"its hash is not that of entry {receipt.through}"
        return ForeignReceipt("forked", receipt.through, detail)
    return receipt
