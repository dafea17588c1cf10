"""Entries that are brought on a stick or a phone, and the receipts that go back on it.

A file is read to its end before anything in it is kept. Then it is taken in as what the broker
brings is: the same tests, the same chains, the same tables. To bring it again changes nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from itertools import islice
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from ..contract.atomic_file import new_private_file, refuse_existing
from ..contract.carried import (
    ENTRIES,
    RECEIPTS,
    VERSION,
    WRITTEN_BY,
    BadFile,
    CarriedReceipt,
    Head,
    lines,
    proven,
    written,
)
from ..contract.errors import BadRequest, StoreFault
from ..contract.messages import Topics
from .accept import Arrival, MalformedEntry, read
from .connection import ReceiverOptions
from .messages import is_gate
from .signing_key import Signer
from .store import LedgerProgress, PayrollStore
from .take_in import TakeIn, receipt_for

_BATCH = 500


class Brought(Struct, frozen=True, kw_only=True):
    """What became of the entries of one file.

    ``first`` is the number of its first entry. ``known`` had come before; ``through``: the ledger
    is held up to there (0: it gets no receipt), and ``missing`` is its first gap (first and last
    number; null: none). ``rejected`` are kept and not used, ``forks`` contradict what is held;
    ``foreign`` are of another gate's ledger, ``refused`` of one ledger too many, and ``dropped``
    too many beside what is held: these three are not kept. ``first_ever``: the database held
    nothing of any gate before.
    """

    file: str
    gate: str
    ledger: str
    first: int | None
    entries: int
    new: int
    known: int
    through: int
    missing: tuple[int, int] | None
    rejected: int
    forks: int
    foreign: int
    refused: int
    dropped: int
    first_ever: bool


def carry_in(options: ReceiverOptions, files: Sequence[Path], receipts: Path) -> list[Brought]:
    """Take in the entries of these files, and write the receipts of their ledgers to a new file.

    None is written where there is no receipt. Raises BadRequest, with nothing taken in, where a
    file is not whole or ``receipts`` is there already; StoreFault where that cannot be written, or
    the database cannot be used: it is not there, or a receiver is at work on it.
    """
    signer = Signer.of(options.signing_key)
    held: dict[tuple[str, str], LedgerProgress] = {}
    with ExitStack() as opened:
        brought = [(path, opened.enter_context(path.open("rb"))) for path in files]
        whole = [(path, file, _proven(file, path)) for path, file in brought]
        with closing(PayrollStore(options.database, may_be_new=False)) as store:
            # Last: who is told that the receipts are there must not learn of the wrong database
            # after having deleted them.
            _refuse_unwritable(receipts)
            first_ever = next(store.progress(), None) is None
            done = [_take(store, path, file, head, held, first_ever) for path, file, head in whole]
    told = [line for progress in held.values() if (line := _line(progress, options, signer))]
    if told:
        _write(receipts, told)
    return done


class _Tried(Exception):
    pass


def _refuse_unwritable(receipts: Path) -> None:
    """Find out before anything is taken in: a stick may be full, or closed to us."""
    if receipts.is_file():  # A pipe would be waited for.
        with suppress(OSError, BadFile), receipts.open("rb") as file:
            proven(file, receipts, RECEIPTS)
            raise BadRequest("carry.receipts-there", file=receipts)
    refuse_existing(receipts)
    with suppress(_Tried), new_private_file(receipts):
        raise _Tried


def _write(receipts: Path, told: list[bytes]) -> None:
    try:
        with new_private_file(receipts) as out:
            for line in written(Head(format=RECEIPTS, version=VERSION, lines=len(told)), told):
                out.write(line)
    except StoreFault as fault:
        raise StoreFault("carry.no-receipts-written", why=fault) from fault


def _proven(file: IO[bytes], path: Path) -> Head:
    """The head of a file in which each line is an entry of the one ledger that it names."""
    head = proven(file, path, ENTRIES)
    if head.gate is None or not is_gate(head.gate) or head.ledger is None:
        raise BadFile("carry.no-such-file", file=path)
    for number, line in enumerate(lines(file), 2):
        try:
            arrival = read(head.gate, line)
        except MalformedEntry as error:
            raise BadFile("carry.no-entry", **_at(path, number)) from error
        if arrival.ledger != head.ledger:
            raise BadFile("carry.no-entry", **_at(path, number))
    return head


def _at(path: Path, line: int) -> dict[str, object]:
    return {"file": path, "line": line, "again": WRITTEN_BY[ENTRIES]}


def _take(
    store: PayrollStore,
    path: Path,
    file: IO[bytes],
    head: Head,
    held: dict[tuple[str, str], LedgerProgress],
    first_ever: bool,
) -> Brought:
    gate, ledger = str(head.gate), str(head.ledger)
    take_in = TakeIn()
    for batch in _batches(gate, file):
        for progress in take_in.keep(store, batch):
            held[progress.ledger, progress.gate] = progress
    counts = take_in.counts
    last = held.get((ledger, gate))
    gap = last.missing if last is not None else range(0)
    return Brought(
        file=str(path),
        gate=gate,
        ledger=ledger,
        first=head.first,
        entries=head.lines,
        new=counts["new"],
        known=counts["duplicate"],
        through=last.tip.through if last is not None else 0,
        missing=(gap.start, gap.stop - 1) if gap else None,
        rejected=counts["rejected"],
        forks=counts["fork"],
        foreign=counts["foreign"],
        refused=counts["refused"],
        dropped=counts["dropped"] + counts["damaged"],
        first_ever=first_ever,
    )


def _batches(gate: str, file: IO[bytes]) -> Iterator[list[Arrival]]:
    carried = lines(file)
    while batch := [read(gate, line) for line in islice(carried, _BATCH)]:
        yield batch


def _line(progress: LedgerProgress, options: ReceiverOptions, signer: Signer) -> bytes | None:
    if (receipt := receipt_for(progress)) is None:
        return None
    topic = Topics(options.root, progress.gate).receipts(progress.ledger)
    payload = signer.signed(topic, msgspec.json.encode(receipt))
    return msgspec.json.encode(CarriedReceipt(gate=progress.gate, receipt=msgspec.Raw(payload)))
