"""What a ledger that is left hands over to the next one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ....contract.chain import GENESIS, read_wire
from ....contract.facts import OldEntry
from ....contract.kinds import AMENDMENTS, CREDITS, RECORDED
from ....contract.stamps import Stamp
from ....contract.true_times import Landmark, Timeline
from ...errors import DamagedLedger
from ...last_punch import recall
from ...rules import LONGEST_LOOK_BACK_MS
from ..store.carry_over import Rows, taken_over
from ..store.notes import Leaving
from ..store.time_rows import DRIFT_PPM, read_landmarks

if TYPE_CHECKING:
    from sqlite_utils import Database

_LOOK_BACK = 20_000
"""Entries among which a worker's last punch is looked for: a shift at a big site has fewer."""


Item = TypeVar("Item")


class Old(NamedTuple):
    """An entry of the old ledger."""

    hash: bytes
    data: dict[str, Any]


class FormerName(NamedTuple):
    """The punches of a code up to entry ``through`` are those of whoever had this name."""

    worker: str
    name: str
    through: int


class Handover(NamedTuple):
    """``entries``: punches, and amendments of these, in the order in which they happened.

    ``pending``: those punches whose true time is still to be found. ``doubts``: among these
    entries are punches whose own time a later synchronisation may prove wrong. ``landmarks``: the
    stamps on which both rest.
    """

    previous: OldEntry
    entries: Iterable[Old]
    pending: frozenset[int]
    doubts: list[range]
    landmarks: list[Landmark]
    rows: Rows
    former_names: list[FormerName]


def handover_of(
    database: Database,
    ledger: str,
    now: Stamp,
    beat: Callable[[], None],
    noted: Leaving | None = None,
) -> Handover:
    """What a ledger that can be read hands over: all that payroll is not known to have.

    ``beat`` is called for each entry that is read. ``noted``: why it is left, where that was found
    out while it was in use.
    """
    [[confirmed]] = database.conn.execute("SELECT confirmed FROM watermarks")
    if noted is not None:
        confirmed = noted.confirmed(confirmed)
    pending, doubts = pending_in(database), doubts_in(database)
    amended, to_withdraw = set[int](), set[int]()
    for old in heeded(_after(database, confirmed, AMENDMENTS), beat):
        of_kind = to_withdraw if AMENDMENTS[old.data["kind"]] == "void" else amended
        of_kind.add(old.data["of"])
    withdrawn = voided_in(database) - to_withdraw
    newest = (old.data for old in heeded(_newest_first(database), beat))
    needed = {
        seq
        for seq in pending
        | amended
        | to_withdraw
        | needed_by_rules(newest, now)
        | {seq for doubt in doubts for seq in _punches_among(database, doubt)}
        if 0 < seq <= confirmed and seq not in withdrawn
    }
    return Handover(
        previous=known_end(ledger, confirmed, _hash_of(database, confirmed)),
        entries=_handed_over(database, sorted(needed), confirmed),
        pending=pending,
        doubts=doubts,
        landmarks=read_landmarks(database),
        rows=taken_over(database),
        former_names=former_names_in(database),
    )


def heeded(entries: Iterable[Item], beat: Callable[[], None]) -> Iterator[Item]:
    """The same, with a ``beat`` before each."""
    for entry in entries:
        beat()
        yield entry


def known_end(ledger: str, seq: int, digest: bytes | None) -> OldEntry:
    """The last entry that payroll is known to have; none of them where its hash is not known."""
    if digest is None:
        seq, digest = 0, GENESIS
    return OldEntry(ledger=ledger, seq=seq, hash=digest.hex())


def pending_in(database: Database) -> frozenset[int]:
    """The punches of which more may have to be said."""
    return frozenset(s for (s,) in database.conn.execute("SELECT seq FROM times WHERE open = 1"))


def doubted_in(database: Database) -> list[range]:
    """The entries whose times are to be looked at again."""
    rows = database.conn.execute("SELECT first_seq, last_seq FROM time_doubts")
    return [range(first, last + 1) for first, last in rows]


def doubts_in(database: Database) -> list[range]:
    """The entries whose times are to be looked at again, or may have to be.

    Those that rest on a battery-backed clock of which no synchronisation has told yet whether it
    held are in doubt for the next ledger: it can say nothing of what it does not have.
    """
    doubts = doubted_in(database)
    landmarks = read_landmarks(database)
    since = Timeline(landmarks, DRIFT_PPM).vouched_since
    return doubts if since is None else [*doubts, range(since, landmarks[-1].seq + 1)]


def voided_in(database: Database) -> frozenset[int]:
    """The punches that a supervisor has withdrawn."""
    return frozenset(seq for (seq,) in database.conn.execute("SELECT seq FROM voided"))


def former_names_in(database: Database) -> list[FormerName]:
    """Who had a code before it was another person's."""
    rows = database.conn.execute(
        "SELECT worker, name, through FROM former_names"
        " WHERE typeof(worker) || typeof(name) || typeof(through) = 'texttextinteger'"
    )
    return [FormerName(*row) for row in rows]


def needed_by_rules(newest_first: Iterable[dict[str, Any]], now: Stamp) -> set[int]:
    """The seq of all that a worker's last punch rests on, as far back as a rule may look.

    That is more than the last one: it may be withdrawn in the new ledger. Payroll may well have
    them; it drops what it has.
    """
    needed: set[int] = set()
    for one in recall(newest_first, now, LONGEST_LOOK_BACK_MS):
        needed.add(one.punch.seq)
        needed |= {seq for seq in (one.time_said_by, one.way_said_by) if seq is not None}
    return needed


def _handed_over(database: Database, seqs: list[int], confirmed: int) -> Iterator[Old]:
    for seq in seqs:
        yield from _entries(database, "seq = ?", seq)
    yield from _after(database, confirmed, {*CREDITS, *AMENDMENTS})


def _after(database: Database, confirmed: int, kinds: Collection[str]) -> Iterator[Old]:
    kind = f"kind IN ({', '.join('?' * len(kinds))})"
    return _entries(database, f"seq > ? AND {kind} ORDER BY seq", confirmed, *kinds)


def _punches_among(database: Database, seqs: range) -> list[int]:
    found = database.conn.execute(
        "SELECT seq FROM ledger WHERE seq >= ? AND seq < ? AND kind = ?",
        (seqs.start, seqs.stop, RECORDED),
    )
    return [seq for (seq,) in found]


def _newest_first(database: Database) -> Iterator[Old]:
    return islice(_entries(database, "seq > 0 ORDER BY seq DESC"), _LOOK_BACK)


def _entries(database: Database, where: str, *parameters: Any) -> Iterator[Old]:
    for seq, digest, wire in database.conn.execute(
        f"SELECT seq, hash, wire FROM ledger WHERE {where}", parameters
    ):
        try:
            data = read_wire(wire)[1]
        except ValueError as error:
            raise DamagedLedger("store.entry-altered", seq=seq, error=error) from error
        yield Old(digest, data)


def _hash_of(database: Database, seq: int) -> bytes | None:
    row = database.conn.execute("SELECT hash FROM ledger WHERE seq = ?", (seq,)).fetchone()
    return row[0] if row else None
