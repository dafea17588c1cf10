"""Walk the whole ledger and check every link."""

from msgspec.structs import replace

from ..domain.chain import GENESIS, Entry, read_wire, seal
from ..domain.errors import DamagedLedger
from ..ports import Store, Tail

_BATCH = 500


def verify_ledger(store: Store) -> Tail:
    """Return the tail of an unbroken ledger.

    Raises DamagedLedger naming the first entry that is missing, altered or out of place.
    """
    marks = store.watermarks()  # First: what the daemon publishes meanwhile is no damage.
    tail = Tail(0, GENESIS)
    while entries := store.entries(tail.seq + 1, _BATCH):
        for entry in entries:
            if entry.seq != tail.seq + 1:
                raise _damaged(store, f"entry {tail.seq + 1} is missing")
            if why := _altered(store, entry, tail):
                raise _damaged(store, f"entry {entry.seq} was altered: {why}")
            tail = Tail(entry.seq, entry.hash)
    if tail.seq < max(marks.published, marks.confirmed):
        raise _damaged(
            store,
            f"the entries after {tail.seq} are missing: {max(marks.published, marks.confirmed)} "
            "had been sent to payroll",
        )
    return tail


def _altered(store: Store, entry: Entry, tail: Tail) -> str | None:
    """What is wrong with the entry that stands behind ``tail``."""
    try:
        envelope, data = read_wire(entry.wire)
        expected = seal(store.gate, data, tail.hash)
    except ValueError as error:
        return str(error)
    if (data["ledger"], data["seq"]) != (store.ledger, entry.seq):
        return "it states another place than the one it stands in"
    if bytes.fromhex(envelope.prevhash) != tail.hash:
        return "it does not follow the entry before it"
    if bytes.fromhex(envelope.hash) != entry.hash:
        return "its stored hash is not the one it states"
    if data["kind"] != entry.kind:
        return "its stored kind is not the one it states"
    # Without the data, whose bytes the hash has vouched for.
    if replace(envelope, data=expected.data) != expected:
        return "its envelope does not belong to its data"
    return None


def _damaged(store: Store, what: str) -> DamagedLedger:
    return DamagedLedger(
        f"Ledger {store.ledger} is damaged: {what}. Keep this database as it is and ask for help."
    )
