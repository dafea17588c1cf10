"""Walk the whole ledger and check every link."""

from msgspec.structs import replace

from ....contract.chain import Entry, read_wire, seal
from ...errors import DamagedLedger
from .ledger_rows import Tail
from .sqlite_store import SqliteStore

_BATCH = 500


def verify_ledger(store: SqliteStore, receipt: Tail | None = None) -> Tail:
    """Return the tail of an unbroken ledger.

    Raises DamagedLedger naming the first entry that is missing, altered or out of place. What was
    pruned is vouched for by the checkpoint's hash. ``receipt`` is the last that payroll has given:
    a tail that was cut off and sewn up is then noticed, even where the database's own record of
    what had been sent was altered with it.
    """
    marks = store.watermarks()  # First: what the daemon publishes meanwhile is no damage.
    tail = begin = store.checkpoint()
    while entries := store.entries(tail.seq + 1 if tail.seq > begin.seq else 1, _BATCH):
        for entry in entries:
            if entry.seq != tail.seq + 1:
                raise _damaged(store, _out_of_order(entry, tail))
            if why := altered(entry, tail.hash, store.gate, store.ledger):
                raise _damaged(store, f"entry {entry.seq} was altered: {why}")
            tail = Tail(entry.seq, entry.hash)
            if receipt is not None and receipt.seq == tail.seq and receipt.hash != tail.hash:
                raise _damaged(
                    store, f"entry {tail.seq} is not the one that payroll's receipt covers"
                )
    sent = max(marks.published, marks.confirmed)
    if tail.seq < sent:
        raise _damaged(
            store, f"the entries after {tail.seq} are missing: {sent} had been sent to payroll"
        )
    if receipt is not None and tail.seq < receipt.seq:
        raise _damaged(
            store, f"the entries after {tail.seq} are missing: payroll holds {receipt.seq}"
        )
    return tail


def _out_of_order(entry: Entry, tail: Tail) -> str:
    if entry.seq <= tail.seq:
        return f"entry {entry.seq} is there, although the entries up to {tail.seq} were pruned"
    return f"entry {tail.seq + 1} is missing"


def altered(entry: Entry, prevhash: bytes, gate: str, ledger: str) -> str | None:
    """What is wrong with the entry that stands behind the one whose hash is ``prevhash``."""
    try:
        envelope, data = read_wire(entry.wire)
        expected = seal(gate, data, prevhash)
    except ValueError as error:
        return str(error)
    if (data["ledger"], data["seq"]) != (ledger, entry.seq):
        return f"it states another place, {data['seq']}, than the one it stands in"
    if bytes.fromhex(envelope.prevhash) != prevhash:
        return "it does not follow the entry before it"
    if bytes.fromhex(envelope.hash) != entry.hash:
        return "its stored hash is not the one it states"
    if data["kind"] != entry.kind:
        return "its stored kind is not the one it states"
    # Without the data, whose bytes the hash has vouched for.
    if replace(envelope, data=expected.data) != expected:
        return "its envelope does not belong to its data"
    return None


def _damaged(store: SqliteStore, what: str) -> DamagedLedger:
    return DamagedLedger(
        f"Ledger {store.ledger} is damaged: {what}. Keep this database as it is and ask for help."
    )
