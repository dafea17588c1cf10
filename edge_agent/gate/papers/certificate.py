"""The certificate of an erasure, and whether one is what the gate has written down.

What the gate keeps of an erasure is a document, whose SHA-256 stands in the ledger's
``worker.erased``. A certificate is that document in words, and as it is.
"""

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ...contract.chain import GENESIS, Entry, read_wire
from ...contract.errors import BadRequest
from ...contract.kinds import kind_of
from ...contract.language import because
from ...contract.people_facts import WorkerErased
from ..ledger.store.sqlite_store import SqliteStore
from ..ledger.store.verify import altered

_ERASED = kind_of(WorkerErased)


class ErasureDocument(Struct, frozen=True, kw_only=True):
    """The document of an erasure, as far as a certificate says it in words. Times are local.

    ``stopped``: from where on nobody was recognised, where that was before it had ``begun``.
    ``sure``: which of ``begun`` and ``done`` are by a clock that was to be believed; None: an
    earlier version did not tell. ``last_day``: of whoever has left, where somebody has said it.
    """

    gate: str
    ledger: str
    worker: str
    begun: str
    done: str
    erased: dict[str, int]
    checked: list[str]
    kept: list[str]
    not_reached: list[str]
    stopped: str | None = None
    sure: list[str] | None = None
    last_day: str | None = None

    def is_sure(self, name: str) -> bool:
        """Whether nothing speaks against a time, ``begun`` or ``done``."""
        return self.sure is None or name in self.sure


class Certificate(Struct, frozen=True, kw_only=True):
    """``document``: canonical JSON; ``seq``: of the entry that has its digest, where it is here."""

    document: str
    seq: int | None = None

    @property
    def digest(self) -> str:
        """64 hex digits."""
        return hashlib.sha256(self.document.encode()).hexdigest()

    def read(self) -> ErasureDocument:
        """What the document says. Raises BadRequest where it is none."""
        try:
            return msgspec.json.decode(self.document, type=ErasureDocument)
        except msgspec.MsgspecError as error:
            raise BadRequest("proof.no-document") from error


class ErasedEntry(Struct, frozen=True, kw_only=True):
    """Whose digest a ``worker.erased`` has, and which entry that is."""

    worker: str
    seq: int


class Proofs(Struct, frozen=True, kw_only=True):
    """All of a ledger, by their digests; ``first``: the first entry that is there.

    ``documents``: what the gate itself keeps, of its earlier ledgers too.
    """

    gate: str
    ledger: str
    first: int
    known: dict[str, ErasedEntry]
    documents: frozenset[str] = frozenset()


class Verdict(StrEnum):
    """What a certificate is by the proofs at hand, the better before the worse."""

    GENUINE = "genuine"
    EARLIER = "earlier"
    """Of an earlier ledger of this gate, and the gate keeps the same document."""
    PRUNED = "pruned"
    """Its entry may have been among those that are no longer here."""
    FOREIGN = "foreign"
    FORGED = "forged"

    @property
    def holds(self) -> bool:
        """Whether the gate has said what the document says."""
        return self in (Verdict.GENUINE, Verdict.EARLIER)


def certificates_of(store: SqliteStore, code: str) -> list[Certificate]:
    """A worker's, in order: the last erasure's, and of those before it each that took something.

    Raises BadRequest where nothing was erased, or not all of it yet.
    """
    begun = [one for one in store.erasures() if one.worker == code and one.begun]
    if not begun:
        raise _nothing_erased(store, code)
    proofs, made = proofs_of(store).known, list[Certificate]()
    for one in begun:
        if one.document is None:
            raise BadRequest("proof.not-done", code=code)
        certificate = Certificate(document=one.document)
        if one is begun[-1] or any(certificate.read().erased.values()):
            proof = proofs.get(certificate.digest)
            made.append(msgspec.structs.replace(certificate, seq=proof.seq if proof else None))
    return made


def _nothing_erased(store: SqliteStore, code: str) -> BadRequest:
    """Of a worker whose prints went with all others, as the gate was taken down, nothing is to be
    erased any more: the ledger's last entry is what proves it."""
    if not store.retired:
        return BadRequest("proof.nothing-erased", code=code)
    last = store.tail().seq
    [entry] = store.entries(last, 1)
    reached = store.data_of(entry)["erased"] is not None
    told = "proof.erased-by-retiring" if reached else "proof.retired-without-sensor"
    return BadRequest(told, code=code, gate=store.gate, last=last)


def proofs_of(store: SqliteStore) -> Proofs:
    """Those of the gate's own ledger. Raises StoreFault, also where such an entry was altered."""
    known = {}
    for _, data in store.newest_first({_ERASED}):
        store.whole_entries(data["seq"], 1)
        known[data["proof"]] = _proof(data)
    documents = frozenset(one.document for one in store.erasures() if one.document is not None)
    first = store.checkpoint().seq + 1
    return Proofs(
        gate=store.gate, ledger=store.ledger, first=first, known=known, documents=documents
    )


def proofs_in(path: Path) -> Proofs:
    """Those in an export of a ledger (``.jsonl``), each link of whose chain is checked.

    Raises BadRequest where it cannot be read, or was altered.
    """
    known: dict[str, ErasedEntry] = {}
    gate = ledger = ""
    first, last, before = 0, 0, GENESIS
    try:
        with path.open("rb") as lines:
            for line in lines:
                envelope, data = read_wire(line)
                if not first:
                    gate, ledger = envelope.source.rpartition("/")[2], data["ledger"]
                    first, last = data["seq"], data["seq"] - 1
                    before = bytes.fromhex(envelope.prevhash) if last else GENESIS
                entry = Entry(
                    seq=last + 1,
                    kind=data["kind"],
                    hash=bytes.fromhex(envelope.hash),
                    wire=line.rstrip(b"\n"),
                )
                if altered(entry, before, gate, ledger) is not None:
                    raise BadRequest("proof.bad-export", file=path, seq=last + 1)
                if entry.kind == _ERASED:
                    known[data["proof"]] = _proof(data)
                last, before = entry.seq, entry.hash
    except OSError as error:
        raise BadRequest("file.unreadable", path=path, why=because(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest("proof.bad-export", file=path, seq=last + 1) from error
    if not first:
        raise BadRequest("proof.bad-export", file=path, seq=1)
    return Proofs(gate=gate, ledger=ledger, first=first, known=known)


def worst_of(
    last: Certificate, before: Iterable[Certificate], proofs: Proofs
) -> tuple[Certificate, Verdict]:
    """What a page of a worker's last one, and of those before it, is: by which of them, and what
    that is. Raises as ``judge`` does."""
    worker, found = last.read().worker, (last, judge(last, proofs))
    for one in before:
        verdict = judge(one, proofs) if one.read().worker == worker else Verdict.FORGED
        found = max(found, (one, verdict), key=lambda judged: [*Verdict].index(judged[1]))
    return found


def judge(certificate: Certificate, proofs: Proofs) -> Verdict:
    """What it is by these proofs. Raises BadRequest where it is no certificate."""
    said = certificate.read()
    proof = proofs.known.get(certificate.digest)
    if proof is not None and proof.worker == said.worker:
        return Verdict.GENUINE
    if certificate.document in proofs.documents:
        return Verdict.EARLIER
    if (said.gate, said.ledger) != (proofs.gate, proofs.ledger):
        return Verdict.FOREIGN
    # Whoever forges one may name an early entry: then nobody can tell, and nobody is told it is so.
    gone = certificate.seq is None or certificate.seq < proofs.first
    return Verdict.PRUNED if gone and proofs.first > 1 else Verdict.FORGED


def _proof(data: dict[str, Any]) -> ErasedEntry:
    return ErasedEntry(worker=data["worker"], seq=data["seq"])
