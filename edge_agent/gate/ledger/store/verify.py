"""Walk the whole ledger and check every link."""

import msgspec
from msgspec.structs import replace

from ....contract.chain import Entry, read_wire, seal
from ....contract.language import Message
from ....contract.reasons import reason
from ...errors import DamagedLedger
from ...evidence import AttemptOpening, Opening
from .ledger_rows import Tail
from .sqlite_store import SqliteStore

_BATCH = 500


def verify_ledger(store: SqliteStore, receipt: Tail | None = None) -> Tail:
    """Return the tail of an unbroken ledger.

    Raises DamagedLedger naming the first entry that is missing, altered or out of place. What was
    pruned is vouched for by the checkpoint's hash. Evidence that is still there has to be what its
    entry has committed the gate to. ``receipt`` is the last that payroll has given: a tail that was
    cut off and sewn up is then noticed, even where the database's own record of what had been sent
    was altered with it.
    """
    marks = store.watermarks()  # First: what the daemon publishes meanwhile is no damage.
    tail = begin = store.checkpoint()
    if receipt is not None and receipt.seq == begin.seq and receipt.hash != begin.hash:
        raise _damaged(store, Message("store.not-of-receipt", seq=begin.seq))
    while entries := store.entries(tail.seq + 1 if tail.seq > begin.seq else 1, _BATCH):
        openings = store.openings(entries[0].seq, _BATCH)
        attempts = store.attempts(entries[0].seq, _BATCH)
        for entry in entries:
            if entry.seq != tail.seq + 1:
                raise _damaged(store, _out_of_order(entry, tail))
            if why := altered(entry, tail.hash, store.gate, store.ledger):
                raise _damaged(store, Message("store.altered", seq=entry.seq, why=why))
            if entry.seq in openings and not _opens(entry, openings[entry.seq]):
                raise _damaged(store, Message("store.other-evidence", seq=entry.seq))
            if entry.seq in attempts and not _is_whose(entry, attempts[entry.seq]):
                raise _damaged(store, Message("store.other-evidence", seq=entry.seq))
            tail = Tail(entry.seq, entry.hash)
            if receipt is not None and receipt.seq == tail.seq and receipt.hash != tail.hash:
                raise _damaged(store, Message("store.not-of-receipt", seq=tail.seq))
    sent = max(marks.published, marks.confirmed)
    if tail.seq < sent:
        raise _damaged(store, Message("store.missing-sent", seq=tail.seq, sent=sent))
    if receipt is not None and tail.seq < receipt.seq:
        raise _damaged(store, Message("store.missing-held", seq=tail.seq, held=receipt.seq))
    return tail


def _opens(entry: Entry, opening: Opening) -> bool:
    """Whether it is what the entry says of this worker. Its bytes have proved themselves."""
    said = (
        b'"evidence_hash":' + msgspec.json.encode(opening.hash),
        b'"worker":' + msgspec.json.encode(opening.worker),
    )
    return all(one in entry.wire for one in said)


def _is_whose(entry: Entry, opening: AttemptOpening) -> bool:
    return b'"worker_hash":' + msgspec.json.encode(opening.hash) in entry.wire


def _out_of_order(entry: Entry, tail: Tail) -> Message:
    if entry.seq <= tail.seq:
        return Message("store.pruned-yet-there", seq=entry.seq, pruned=tail.seq)
    return Message("store.missing", seq=tail.seq + 1)


def altered(entry: Entry, prevhash: bytes, gate: str, ledger: str) -> Message | str | None:
    """What is wrong with the entry that stands behind the one whose hash is ``prevhash``."""
    try:
        envelope, data = read_wire(entry.wire)
        expected = seal(gate, data, prevhash)
    except ValueError as error:
        return reason(error)
    if (data["ledger"], data["seq"]) != (ledger, entry.seq):
        return Message("store.other-place", seq=data["seq"])
    if bytes.fromhex(envelope.prevhash) != prevhash:
        return Message("store.does-not-follow")
    if bytes.fromhex(envelope.hash) != entry.hash:
        return Message("store.other-hash")
    if data["kind"] != entry.kind:
        return Message("store.other-kind")
    # Without the data, whose bytes the hash has vouched for.
    if replace(envelope, data=expected.data) != expected:
        return Message("store.other-envelope")
    return None


def _damaged(store: SqliteStore, what: Message) -> DamagedLedger:
    return DamagedLedger("store.damaged", ledger=store.ledger, what=what)
