"""A receipt that is carried here by hand: judged at once, and counted as one of the broker's is."""

from collections.abc import Callable, Sequence

from ...contract.carried import RECEIPTS, WRITTEN_BY
from ...contract.errors import BadRequest
from ...contract.messages import Receipt, Topics
from ...contract.signatures import Believed, NotSigned
from ..host.service import starting
from ..ledger.store.sqlite_store import SqliteStore
from .commands import LARGEST_MESSAGE
from .inbox import ForeignReceipt, Ignored, read_receipt


class CarriedReceipts:
    """Knows whom the gate believes, and where a receipt counts."""

    def __init__(
        self, topics: Topics, keys: Sequence[str], count: Callable[[bytes], None] | None = None
    ) -> None:
        """``count`` has a receipt count at the running uplink; None: there is none."""
        self._topics = topics
        self._keys = keys
        self.count = count

    def judged(self, store: SqliteStore, payload: bytes) -> Receipt:
        """What a receipt of this ledger says, if it is to be believed.

        Raises BadRequest, in words for whoever has brought it.
        """
        topic = self._topics.receipts(store.ledger)
        try:
            opened = Believed(self._keys).opened(topic, payload, LARGEST_MESSAGE)
        except NotSigned as error:
            raise BadRequest("carry.not-signed") from error
        receipt = read_receipt(
            opened, store.ledger, store.tail().seq, store.hash_of, store.checkpoint().seq
        )
        if isinstance(receipt, ForeignReceipt):
            raise self._of_another_history(payload)
        if isinstance(receipt, Ignored):
            raise BadRequest("carry.unsound", again=WRITTEN_BY[RECEIPTS])
        return receipt

    def _of_another_history(self, payload: bytes) -> BadRequest:
        """For one of the broker's the gate begins a new ledger. So it does for one that payroll
        has signed; not for what anybody who had the stick can have written."""
        if not self._keys:
            return BadRequest("carry.other-history")
        if self.count is None:
            return BadRequest("carry.other-history-stopped", start=starting())
        self.count(payload)
        return BadRequest("carry.other-history-told")
