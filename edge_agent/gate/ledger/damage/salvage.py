"""What a damaged database still tells: what its hashes and checksums prove."""

from __future__ import annotations

import heapq
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct, field

from ....contract.atomic_file import create_private
from ....contract.errors import StoreFault
from ....contract.kinds import AMENDMENTS, CREDITS
from ....contract.stamps import Stamp
from ....contract.true_times import Landmark
from ..store.carry_over import LISTINGS, TABLES, Rows, rows_of
from ..store.database import open_as_it_is
from ..store.metadata import watermark_sum
from ..store.notes import leaving_note
from ..store.people_snapshot import PeopleSnapshot
from ..store.people_snapshot import read as read_snapshot
from ..store.time_rows import read_landmarks
from ..succession.handover import (
    FormerName,
    Handover,
    Old,
    doubted_in,
    doubts_in,
    former_names_in,
    heeded,
    known_end,
    needed_by_rules,
    pending_in,
    voided_in,
)
from ..succession.swap import building, discard_half_made
from .carve import PAGE, Found, Proved, find_entries, prove
from .rescue_people import OF_PEOPLE, RescuedPeople, rescue_people

if TYPE_CHECKING:
    from sqlite_utils import Database

_RECENT = 2_000
"""The latest punches, and what was said of them: the rules' memory is made of these."""

_OF_PUNCHES = CREDITS | AMENDMENTS.keys()
"""Kinds of entries on which the rules' memory rests."""

_CHUNK = 1 << 20

_UNREADABLE = (sqlite3.Error, ValueError, TypeError, LookupError, OverflowError, MemoryError)


class _Told(Struct):
    """What SQLite still gives."""

    ledger: str | None = None
    confirmed: int = 0
    pending: frozenset[int] = frozenset()
    doubts: list[range] = field(default_factory=list)
    landmarks: list[Landmark] = field(default_factory=list)
    voided: frozenset[int] = frozenset()
    rows: Rows = field(default_factory=dict)
    former_names: list[FormerName] = field(default_factory=list)
    whole: bool = False
    """Whether every table of people could be read to its end."""


class Salvaged(NamedTuple):
    """What the next ledger takes over, and what there is to say of the people in it."""

    handover: Handover
    people: RescuedPeople


def salvage(path: Path, gate: str, now: Stamp, beat: Callable[[], None]) -> Salvaged:
    """Read what can be read of the database, its log and what lies beside it; write nothing.

    ``beat`` is called again and again, and may raise.
    """
    told = _ask_sqlite(path, beat)
    noted = leaving_note.find(path)
    least = noted[1].confirmed(told.confirmed) if noted else told.confirmed
    files = [file for file in (path, path.with_name(f"{path.name}-wal")) if file.exists()]
    found = [
        f
        for file in files
        for f in find_entries(file, beat)
        if f.seq >= least - _RECENT or f.kind in OF_PEOPLE
    ]
    ledger = _whose(told.ledger, Counter(f.ledger for f in found))
    if noted and noted[0] == ledger:
        told.confirmed = least
    own = [f for f in found if f.ledger == ledger]
    wanted = [f for f in own if f.seq > told.confirmed and f.kind in _OF_PUNCHES]
    earlier = set(told.pending) | _amended(wanted, beat) | _last_punches(own, now, beat)
    earlier |= {seq for doubt in told.doubts for seq in doubt}
    withdrawn = _withdrawn(own, told, beat)
    earlier = {seq for seq in earlier if seq <= told.confirmed and seq not in withdrawn}
    wanted += [f for f in own if f.seq in earlier and f.kind in _OF_PUNCHES]
    if earlier - {f.seq for f in wanted}:
        wanted += [
            f
            for file in files
            for f in find_entries(file, beat)
            if f.ledger == ledger and f.seq in earlier and f.kind in _OF_PUNCHES
        ]
    end = next((p for f in own if f.seq == told.confirmed and (p := prove(f))), None)
    of_people = _proved(f for f in own if f.kind in OF_PEOPLE)
    said_of_people = [p.data for p in heeded(of_people, beat)]
    people = rescue_people(told.rows, told.whole, said_of_people, _snapshot_of(path, ledger, gate))
    pending = told.pending
    if not told.landmarks:  # then neither is to be believed to be empty
        pending |= {p.data["seq"] for p in heeded(_proved(wanted), beat) if p.data["at"] is None}
    handover = Handover(
        previous=known_end(ledger or "unknown", told.confirmed, end.hash if end else None),
        entries=(Old(p.hash, p.data) for p in heeded(_proved(wanted), beat)),
        pending=frozenset(pending),
        doubts=told.doubts,
        landmarks=told.landmarks,
        rows=people.rows,
        former_names=told.former_names,
    )
    return Salvaged(handover, people)


def _snapshot_of(path: Path, ledger: str | None, gate: str) -> PeopleSnapshot | None:
    """The one of this ledger; of this gate, where the file does not even tell whose it is."""
    kept = read_snapshot(path)
    if kept is None or (kept.gate != gate if ledger is None else kept.ledger != ledger):
        return None
    return kept


def _whose(told: str | None, entries: Counter[str]) -> str | None:
    """Which ledger it is: that of most entries, where none is of the one that the table tells."""
    if told in entries or not entries:
        return told
    return max(entries, key=entries.__getitem__)


def _proved(found: Iterable[Found]) -> Iterator[Proved]:
    """Each entry once, in order, wherever it was found whole."""
    seen: set[bytes] = set()
    last = 0
    for f in sorted(found, key=lambda f: f.seq):
        if f.seq != last:
            seen, last = set(), f.seq
        if (entry := prove(f)) and entry.hash not in seen:
            seen.add(entry.hash)
            yield entry


def _amended(found: Iterable[Found], beat: Callable[[], None]) -> set[int]:
    amendments = _proved(f for f in found if f.kind in AMENDMENTS)
    return {p.data["of"] for p in heeded(amendments, beat)}


def _withdrawn(found: Iterable[Found], told: _Told, beat: Callable[[], None]) -> frozenset[int]:
    """The punches of which payroll has heard that they do not count; none of them is needed."""
    voids = _proved(f for f in found if AMENDMENTS.get(f.kind) == "void")
    by_place = {p.data["of"]: p.data["seq"] for p in heeded(voids, beat)}
    to_tell = {of for of, seq in by_place.items() if seq > told.confirmed}
    return (told.voided | by_place.keys()) - to_tell


def _last_punches(found: Iterable[Found], now: Stamp, beat: Callable[[], None]) -> set[int]:
    of_punches = (f for f in found if f.kind in _OF_PUNCHES)
    latest = heapq.nlargest(_RECENT, of_punches, key=lambda f: f.seq)
    return needed_by_rules((p.data for f in heeded(latest, beat) if (p := prove(f))), now)


def _ask_sqlite(path: Path, beat: Callable[[], None]) -> _Told:
    if path.stat().st_size == 0:
        return _Told()  # SQLite would throw the log away.
    try:
        open_as_it_is(path).close()
    except (StoreFault, *_UNREADABLE):
        with _with_its_header(path, beat) as mended:
            return _read_tables(mended)
    return _read_tables(path)


@contextmanager
def _with_its_header(path: Path, beat: Callable[[], None]) -> Iterator[Path]:
    """A copy whose first hundred bytes are as SQLite wants them: all of them can be known.

    https://sqlite.org/fileformat2.html#the_database_header
    """
    copy = building(path)
    logs = path.with_name(f"{path.name}-wal"), copy.with_name(f"{copy.name}-wal")
    try:
        _copy(path, copy, beat)
        if logs[0].exists():
            _copy(*logs, beat)
        with copy.open("r+b") as file:
            head = bytearray(file.read(100).ljust(100, b"\0"))
            pages = (os.fstat(file.fileno()).st_size // PAGE).to_bytes(4, "big")
            head[0:24] = b"SQLite format 3\0" + PAGE.to_bytes(2, "big") + b"\2\2\0\x40\x20\x20"
            head[28:40] = pages + bytes(8)
            head[44:72] = bytes(3) + b"\4" + bytes(11) + b"\1" + bytes(12)
            head[92:96] = head[24:28]
            file.seek(0)
            file.write(head)
        yield copy
    finally:
        discard_half_made(path)


def _copy(source: Path, target: Path, beat: Callable[[], None]) -> None:
    with source.open("rb") as old, os.fdopen(create_private(target), "wb") as new:
        while chunk := old.read(_CHUNK):
            beat()
            new.write(chunk)


def _read_tables(path: Path) -> _Told:
    told = _Told()
    with suppress(StoreFault, *_UNREADABLE), closing(open_as_it_is(path)) as database:
        told.whole = True
        unsettled = [LISTINGS] if LISTINGS in database.table_names() else []
        for table in [*(table for table, goes in TABLES.items() if goes), *unsettled]:
            told.rows[table], whole = _readable(database, table)
            told.whole = told.whole and whole
        with suppress(*_UNREADABLE):
            [[told.ledger]] = database.conn.execute("SELECT ledger FROM identity")
        with suppress(*_UNREADABLE):
            told.pending = pending_in(database)
        with suppress(*_UNREADABLE):
            told.doubts = doubted_in(database)
        with suppress(StoreFault, *_UNREADABLE):
            told.doubts = doubts_in(database)
        with suppress(*_UNREADABLE):
            told.voided = voided_in(database)
        with suppress(*_UNREADABLE):
            told.former_names = former_names_in(database)
        with suppress(StoreFault, *_UNREADABLE):
            told.landmarks = read_landmarks(database)
        marks, _ = _readable(database, "watermarks")
        for row in marks:
            with suppress(*_UNREADABLE):
                kept = row["published"], row["confirmed"], row["rejected"]
                if row.get("sum") == watermark_sum(*kept):
                    told.confirmed = row["confirmed"]
    return told


def _readable(database: Database, table: str) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a small table before and behind what cannot be read, and whether that is all.

    A row with a value of another type than its column's is none: no new database takes it.
    """
    rows, whole = _rows_around_damage(database, table)
    types = dict[str, tuple[type, ...]]()
    with suppress(*_UNREADABLE):
        columns = database.conn.execute(f'PRAGMA table_info("{table}")')
        for _, name, said, never_null, _, key in columns:
            fits = _TYPES.get(said, object)
            types[name] = (fits,) if never_null or key else (fits, type(None))
    sound = [
        row
        for row in rows
        if all(isinstance(value, types.get(name, (object,))) for name, value in row.items())
    ]
    return sound, whole and len(sound) == len(rows)


_TYPES = {"TEXT": str, "INTEGER": int, "BLOB": bytes}


def _rows_around_damage(database: Database, table: str) -> tuple[list[dict[str, Any]], bool]:
    rows: list[dict[str, Any]] = []
    try:
        for row in rows_of(database, table):
            rows.append(row)
        return rows, True
    except _UNREADABLE:
        behind: list[dict[str, Any]] = []
        with suppress(*_UNREADABLE):
            for row in rows_of(database, table, backwards=True):
                behind.append(row)
        return rows + [row for row in reversed(behind) if row not in rows], False
