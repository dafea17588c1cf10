"""What a damaged database still tells: what its hashes and checksums prove."""

import heapq
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from sqlite_utils import Database

from ....contract.errors import StoreFault
from ....contract.facts import AMENDMENTS, CREDITS
from ....contract.stamps import Stamp
from ....contract.true_times import Landmark
from ..store.carry_over import TABLES, Rows, rows_of, taken_over
from ..store.database import open_as_it_is
from ..store.metadata import watermark_sum
from ..store.people_rows import SUMMED, print_sum, row_sum
from ..store.schema import migrations
from ..store.time_rows import read_landmarks
from ..succession.handover import (
    Handover,
    Old,
    doubts_in,
    known_end,
    needed_by_rules,
    pending_in,
    voided_in,
)
from ..succession.swap import building, discard_half_made
from .carve import PAGE, Found, Proved, find_entries, prove

_RECENT = 2_000
"""The latest punches, from which the rules' memory of this shift is made."""

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
    whole: bool = False
    """Whether every table of people could be read to its end."""


class Salvaged(Struct, frozen=True):
    """``doubted``: prints that nothing proves any more, and that are therefore left behind.

    ``unsure``: codes of workers of whom only a print proves that there is such a one.
    """

    handover: Handover
    doubted: int
    unsure: list[str]


def salvage(path: Path, now: Stamp) -> Salvaged:
    """Read what can be read of the database and its log, and write nothing."""
    told = _ask_sqlite(path)
    files = [file for file in (path, path.with_name(f"{path.name}-wal")) if file.exists()]
    found = [f for file in files for f in find_entries(file) if f.seq >= told.confirmed - _RECENT]
    ledger = told.ledger or _commonest(f.ledger for f in found)
    own = [f for f in found if f.ledger == ledger]
    wanted = [f for f in own if f.seq > told.confirmed and f.kind in CREDITS | AMENDMENTS.keys()]
    earlier = set(told.pending) | _amended(wanted) | _last_punches(own, now, told.voided)
    earlier |= {seq for doubt in told.doubts for seq in doubt}
    earlier = {seq for seq in earlier if seq <= told.confirmed}
    wanted += [f for f in own if f.seq in earlier and f.kind in CREDITS]
    if earlier - {f.seq for f in wanted}:
        wanted += [
            f
            for file in files
            for f in find_entries(file)
            if f.ledger == ledger and f.seq in earlier and f.kind in CREDITS
        ]
    end = next((p for f in own if f.seq == told.confirmed and (p := prove(f))), None)
    rows, doubted, unsure = _people(told)
    pending = told.pending
    if not told.landmarks:  # then neither is to be believed to be empty
        pending |= {p.data["seq"] for p in _proved(wanted) if p.data["at"] is None}
    handover = Handover(
        previous=known_end(ledger or "unknown", told.confirmed, end.hash if end else None),
        entries=(Old(p.hash, p.data) for p in _proved(wanted)),
        pending=frozenset(pending),
        doubts=told.doubts,
        landmarks=told.landmarks,
        rows=rows,
    )
    return Salvaged(handover, doubted, unsure)


def _commonest(ledgers: Iterable[str]) -> str | None:
    counted = Counter(ledgers)
    return max(counted, key=counted.__getitem__, default=None)


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


def _amended(found: Iterable[Found]) -> set[int]:
    return {p.data["of"] for p in _proved(f for f in found if f.kind in AMENDMENTS)}


def _last_punches(found: Iterable[Found], now: Stamp, voided: frozenset[int]) -> set[int]:
    punches = (f for f in found if f.kind in CREDITS)
    latest = heapq.nlargest(_RECENT, punches, key=lambda f: f.seq)
    return needed_by_rules((p.data for f in latest if (p := prove(f))), now, voided)


def _ask_sqlite(path: Path) -> _Told:
    if path.stat().st_size == 0:
        return _Told()  # SQLite would throw the log away.
    try:
        open_as_it_is(path).close()
    except (StoreFault, *_UNREADABLE):
        with _with_its_header(path) as mended:
            return _read_tables(mended)
    return _read_tables(path)


@contextmanager
def _with_its_header(path: Path) -> Iterator[Path]:
    """A copy whose first hundred bytes are as SQLite wants them: all of them can be known.

    https://sqlite.org/fileformat2.html#the_database_header
    """
    copy = building(path)
    logs = path.with_name(f"{path.name}-wal"), copy.with_name(f"{copy.name}-wal")
    try:
        shutil.copyfile(path, copy)
        if logs[0].exists():
            shutil.copyfile(*logs)
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


def _read_tables(path: Path) -> _Told:
    told = _Told()
    with suppress(StoreFault, *_UNREADABLE), closing(open_as_it_is(path)) as database:
        told.whole = True
        for table, goes in TABLES.items():
            if goes:
                told.rows[table], whole = _readable(database, table)
                told.whole = told.whole and whole
        with suppress(*_UNREADABLE):
            [[told.ledger]] = database.conn.execute("SELECT ledger FROM identity")
        with suppress(*_UNREADABLE):
            told.pending = pending_in(database)
        with suppress(*_UNREADABLE):
            told.doubts = doubts_in(database)
        with suppress(*_UNREADABLE):
            told.voided = voided_in(database)
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
    """The rows of a small table before and behind what cannot be read, and whether that is all."""
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


def _people(told: _Told) -> tuple[Rows, int, list[str]]:
    """The rows that are certain, how many prints are not, and which workers only a print proves.

    A flipped byte would otherwise credit one worker with another's finger. A doubted print's slot
    keeps its generation, so that it is never mistaken for the next one.
    """
    doubted = 0
    for row in told.rows.get("prints", []):
        if not (row.get("removed") or row.get("sum") == print_sum(row)):
            row["removed"], doubted = 1, doubted + 1
            row["sum"] = print_sum(row)
    if doubted or not told.whole:
        # Then only the templates themselves can say whose slots these are.
        told.rows["sensor_mark"] = []
    unsure = _vouch_for_workers(told.rows)
    return _put_in_order(told.rows), doubted, unsure


def _vouch_for_workers(rows: Rows) -> list[str]:
    """Leave out workers that were altered, but for those of sound prints: they only lose a name.

    Whoever has a print is somebody who works here, and may be paid; payroll's roster says the rest
    again.
    """
    listed = [len(rows.get(table, [])) for table in ("workers", "employments")]
    for table in ("workers", "employments"):
        rows[table] = [row for row in rows.get(table, []) if _is_sure(table, row)]
    known = {row["code"] for row in rows["workers"]}
    unsure = sorted(
        {row["worker"] for row in rows.get("prints", []) if not row.get("removed")} - known
    )
    rows["workers"] += [{"code": code, "name": code, "active": 1} for code in unsure]
    if [len(rows["workers"]) - len(unsure), len(rows["employments"])] != listed:
        rows["roster"] = []
    return unsure


def _is_sure(table: str, row: dict[str, Any]) -> bool:
    """Nothing proves a row of a version that had no checksums: it is taken as it is."""
    if any(name not in row for name in SUMMED[table]):
        return False
    return row.get("sum") is None or row["sum"] == row_sum(table, row)


def _put_in_order(rows: Rows) -> Rows:
    """Only what the tables take: types, keys and references are theirs to check."""
    with closing(Database(memory=True)) as sound:
        migrations().apply(sound)
        sound.conn.execute("PRAGMA foreign_keys=ON")
        for table in TABLES:
            for row in rows.get(table, ()):
                names = [name for name in row if name in sound.table(table).columns_dict]
                columns = ", ".join(f'"{name}"' for name in names)
                places = ", ".join("?" * len(names))
                with suppress(*_UNREADABLE):
                    sound.conn.execute(
                        f'INSERT INTO "{table}" ({columns}) VALUES ({places})',
                        [row[name] for name in names],
                    )
        return taken_over(sound)
