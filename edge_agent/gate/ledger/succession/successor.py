"""Make the database of the ledger that comes after another one."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from ....contract.chain import Entry, Scribe, TooLong, stamp_of, told
from ....contract.facts import Fact, OldEntry, PunchRecovered, WhyOpened
from ....contract.kinds import CREDITS, KINDS, RECORDED, RECOVERED, kind_of
from ....contract.stamps import Stamp
from ....contract.true_times import Bounds, own_bounds
from ..store import people_snapshot
from ..store.carry_over import put_rows
from ..store.change import SqliteChange, begin_ledger
from ..store.database import open_database
from ..store.ledger_rows import read_tail
from ..store.metadata import remember
from ..store.time_rows import RECOVERED_THROUGH, put_earlier_landmarks
from .handover import FormerName, Handover, Old, heeded

if TYPE_CHECKING:
    from sqlite_utils import Database

log = logging.getLogger(__name__)

_BATCH = 500
"""Entries a transaction: nobody sees the database before it is finished."""

_ELSEWHERE: frozenset[WhyOpened] = frozenset({"other-board", "cloned-card"})


def make_successor(
    path: Path,
    gate: str,
    zone: ZoneInfo,
    now: Stamp,
    why: WhyOpened,
    handover: Handover,
    beat: Callable[[], None],
) -> int:
    """Make the whole database at ``path``, closed. Returns how many punches came along.

    ``beat`` is called for each entry, and may raise.
    """
    scribe = Scribe(gate=gate, ledger=str(uuid.uuid4()), zone=zone)
    with closing(open_database(path)) as database:
        with _transaction(database):
            begin_ledger(database, scribe, why, now, handover.previous)
            put_rows(database, handover.rows, same_board=why not in _ELSEWHERE)
            put_earlier_landmarks(database, handover.landmarks)
        moved: dict[int, int] = {}
        entries = heeded(handover.entries, beat)
        while batch := list(islice(entries, _BATCH)):
            with _transaction(database):
                change = SqliteChange(database, scribe)
                _write(change, database, heeded(batch, beat), handover, moved, now)
        with _transaction(database):
            _put_former_names(database, handover.former_names, moved)
        remember(database, RECOVERED_THROUGH, str(read_tail(database.conn).seq))
        people_snapshot.keep(path, database, gate, scribe.ledger)
        return len(moved)


def _write(
    change: SqliteChange,
    database: Database,
    batch: Iterable[Old],
    handover: Handover,
    moved: dict[int, int],
    now: Stamp,
) -> None:
    """``moved``: the seq of each punch here, by its seq in the old ledger."""
    for old in batch:
        seq = old.data["seq"]
        if old.data["kind"] in CREDITS:
            try:
                entry = _recover(change, old, now)
            except TooLong:  # No gate writes such a punch: somebody has made this database.
                log.error(
                    "entry %d is longer than payroll takes, and stays in the old ledger alone", seq
                )
                continue
            moved[seq] = entry.seq
            if seq in handover.pending:
                database.table("times").insert({"seq": entry.seq})
            elif (stated := _to_look_at_again(old, handover)) is not None:
                change.doubt_time(entry.seq, stated)
        elif old.data["of"] in moved:
            change.append(_restated(old.data, of=moved[old.data["of"]]), now)


def _put_former_names(
    database: Database, former: Iterable[FormerName], moved: Mapping[int, int]
) -> None:
    """Punches come in the order that they had, so each holder's are the first ones here too."""
    for one in former:
        through = max((new for old, new in moved.items() if old <= one.through), default=0)
        if through:
            row = (one.worker, one.name, through)
            database.conn.execute("INSERT INTO former_names VALUES (?, ?, ?)", row)


def _to_look_at_again(old: Old, handover: Handover) -> Bounds | None:
    """What a punch has said of its own time, where a later synchronisation may prove it wrong."""
    doubted = any(old.data["seq"] in doubt for doubt in handover.doubts)
    is_its_own = old.data["kind"] == RECORDED
    return own_bounds(stamp_of(old.data)) if doubted and is_its_own else None


def _recover(change: SqliteChange, old: Old, now: Stamp) -> Entry:
    data = old.data
    if data["kind"] == RECOVERED:
        origin = msgspec.convert(data["of"], OldEntry)
    else:
        origin = OldEntry(ledger=data["ledger"], seq=data["seq"], hash=old.hash.hex())
    original = told(data)
    fact = PunchRecovered(worker=data["worker"], at=original["at"], of=origin, data=original)
    return change.append(fact, now)


def _restated(data: dict[str, object], of: int) -> Fact:
    """What was said of a punch, said again of the punch as this ledger knows it."""
    kind = next(fact for fact in KINDS if kind_of(fact) == data["kind"])
    fields = {"kind", *kind.__struct_fields__}
    said = {name: value for name, value in data.items() if name in fields}
    return msgspec.convert({**said, "of": of}, kind)


@contextmanager
def _transaction(database: Database) -> Iterator[None]:
    database.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.rollback()
        raise
    database.conn.execute("COMMIT")
