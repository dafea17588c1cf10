"""Walk the whole ledger and check every link."""

from ..domain.chain import GENESIS, read_wire
from ..domain.errors import DamagedLedger
from ..ports import Store, Tail

_BATCH = 500


def verify_ledger(store: Store) -> Tail:
    """Return the tail of an unbroken ledger.

    Raises DamagedLedger naming the first entry that is missing, altered or out of place.
    """
    tail = Tail(0, GENESIS)
    while entries := store.entries(tail.seq + 1, _BATCH):
        for entry in entries:
            expected = tail.seq + 1
            if entry.seq != expected:
                raise DamagedLedger(
                    f"Entry {expected} of ledger {store.ledger} is missing: the next one found is "
                    f"{entry.seq}. Keep this database as it is and ask for help."
                )
            try:
                envelope, data = read_wire(entry.wire)
            except ValueError as error:
                raise _damaged(store, expected, str(error)) from error
            if (data["ledger"], data["seq"]) != (store.ledger, expected):
                raise _damaged(store, expected, "it states another place than the one it stands in")
            if bytes.fromhex(envelope.prevhash) != tail.hash:
                raise _damaged(store, expected, "it does not follow the entry before it")
            if bytes.fromhex(envelope.hash) != entry.hash:
                raise _damaged(store, expected, "its stored hash is not the one it states")
            tail = Tail(entry.seq, entry.hash)
    return tail


def _damaged(store: Store, seq: int, why: str) -> DamagedLedger:
    return DamagedLedger(
        f"Entry {seq} of ledger {store.ledger} was altered: {why}. "
        "Keep this database as it is and ask for help."
    )
