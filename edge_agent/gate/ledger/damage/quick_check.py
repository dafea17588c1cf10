"""Look at a database before it is used: is it whole, as far as the gate is going to rely on it?

Its cost does not grow with the ledger: everything but the ledger is looked at, and of the ledger
the last entries. Nothing is written, so that what is damaged stays as it was found.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ....contract.chain import Entry, read_wire
from ....contract.errors import StoreFault
from ....contract.facts import AttemptRefused
from ....contract.kinds import kind_of
from ...errors import DamagedLedger
from ..store.carry_over import TABLES, rows_of
from ..store.database import open_as_it_is
from ..store.metadata import COPY, description_altered, in_use, recall, watermark_sum
from ..store.people_rows import SUMMED, read_roster, row_sum
from ..store.schema import migrations
from ..store.sqlite_store import identity
from ..store.time_rows import read_landmarks
from ..store.verify import altered
from .carve import acknowledged_in_log, find_entries, first_pages_in_log

if TYPE_CHECKING:
    from sqlite_utils import Database

_LAST, _MOST = 100, 2_000
"""Entries that are checked: the last ones, and those that payroll lacks, up to a fifth of a second
here. A longer backlog is checked from its end."""

_HEADER = 100
"""Bytes: https://sqlite.org/fileformat2.html#the_database_header"""

_VERSIONS = (b"\1\1", b"\2\2")
"""Of the header: a backup's, and a gate's with its log. With a greater one SQLite only reads."""


def damage(path: Path) -> str | None:
    """What is damaged, in words for a technician's log; None where nothing seems to be.

    Raises StoreFault where the file is not the gate's to set aside, or not the one to blame: of
    a newer version, another program's, a disk that does not read.
    """
    log = path.with_name(f"{path.name}-wal")
    if path.stat().st_size == 0:
        # SQLite would take it for a new one, and throw the log away.
        has_log = log.exists() and next(find_entries(log), None)
        return "it is empty, and its write-ahead log is not" if has_log else None
    try:
        with path.open("rb") as file:
            first_pages = [file.read(_HEADER)]
        if log.exists():
            first_pages += first_pages_in_log(log)
        with closing(open_as_it_is(path)) as database:
            return next(_damages(path, database, first_pages), None)
    except StoreFault as fault:
        cause = fault.__cause__
        strange = isinstance(cause, sqlite3.Error) and not _transient(cause)
        if strange or isinstance(fault, DamagedLedger):
            return str(fault)
        raise
    except sqlite3.Error as error:
        if isinstance(error, sqlite3.OperationalError) and _transient(error):
            raise StoreFault(f"The database at {path} cannot be examined ({error}).") from error
        return str(error)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        return f"it holds what the gate never wrote ({error})"


def rehearse(database: Database) -> None:
    """Write an entry and take it back, to see that it harms no other.

    Of the ledger's pages only what is read is looked at. Where the next entry goes says its last
    page, and a bit of that altered has SQLite write over entries that are there: payroll may not
    have them yet. Raises DamagedLedger, or sqlite3's error; nothing gets as far as the disk.
    """
    before = _last_entries(database)
    database.conn.execute("BEGIN IMMEDIATE")
    try:
        last = before[0][0] if before else 0
        database.conn.execute(
            "INSERT INTO ledger (seq, kind, hash, wire) VALUES (?, '', zeroblob(32), ?)",
            (last + 1, b"{}"),
        )
        [written, *others] = _last_entries(database)
        if written != (last + 1, "", bytes(32), b"{}") or others != before[: len(others)]:
            raise DamagedLedger("an entry that was written would have altered another one")
    finally:
        database.conn.execute("ROLLBACK")


def _last_entries(database: Database) -> list[Any]:
    return database.conn.execute(
        "SELECT seq, kind, hash, wire FROM ledger ORDER BY seq DESC LIMIT ?", (_LAST,)
    ).fetchall()


def _transient(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return code in _NOT_ITS_FAULT


_NOT_ITS_FAULT = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
}


def _damages(path: Path, database: Database, first_pages: list[bytes]) -> Iterator[str]:
    applied = {migration.name for migration in migrations().applied(database)}
    names = set(database.table_names())
    if not applied and not names:
        return
    if not any(page[18:20] in _VERSIONS for page in first_pages):
        yield "its header was altered"
    [[pages]] = database.conn.execute("PRAGMA page_count")
    if not any(_free_pages_make_sense(page, pages) for page in first_pages):
        # Otherwise it would come to light when a press needs one of them.
        yield "its list of free pages was altered"
    missing = [table for table in TABLES if table not in names]
    if missing and not migrations().pending(database):
        yield f"tables are missing: {', '.join(missing)}"
    # Its own list of them is read in whatever order it stands; the first write to it breaks it.
    yield from _structure_damage(database, "sqlite_schema")
    for table in TABLES:
        if table in names and table != "ledger":
            yield from _table_damage(database, table)
    whose = identity(database.conn)
    if whose is None:
        if database.conn.execute("SELECT 1 FROM ledger LIMIT 1").fetchone():
            yield "it does not say whose the ledger is"
        return
    UUID(whose["ledger"])
    if description_altered(database, whose["ledger"]):
        yield "what it says of its tables was altered"
    [[waiting]] = database.conn.execute(
        "SELECT max(seq) - (SELECT confirmed FROM watermarks) FROM ledger"
    )
    last = min(max(waiting or 0, _LAST), _MOST)
    tail = yield from _tail_damage(database, whose, last)
    [[first, kept]] = database.conn.execute(
        "SELECT (SELECT min(seq) FROM ledger), coalesce(max(seq), 0) + 1 FROM checkpoint"
    )
    if first is not None and first != kept:
        yield f"its first entries are missing: {kept} to {first - 1}"
    if "attempt_openings" in names:
        yield from _openings_damage(database)
    yield from _marks_damage(database, tail)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        if acknowledged_in_log(log, whose["ledger"], tail):
            yield "its write-ahead log is damaged"
    elif in_use(database) and recall(database, COPY) is None:  # a copy has never had one
        yield "its write-ahead log is missing"


def _free_pages_make_sense(header: bytes, pages: int) -> bool:
    first, count = (int.from_bytes(header[at : at + 4], "big") for at in (32, 36))
    return (first == 0) == (count == 0) and first <= pages and count < pages


def _structure_damage(database: Database, table: str) -> Iterator[str]:
    for (said,) in database.conn.execute(f'PRAGMA integrity_check("{table}")'):
        if said != "ok":
            yield f"table {table}: {said}"


def _table_damage(database: Database, table: str) -> Iterator[str]:
    yield from _structure_damage(database, table)
    if table == "landmarks":
        read_landmarks(database)
    for row in rows_of(database, table):
        if table == "roster":
            read_roster(row)
        if table in SUMMED and row.get("sum") not in (None, row_sum(table, row)):
            yield f"table {table}: the row of {next(iter(row.values()))} was altered"


def _tail_damage(database: Database, whose: dict[str, Any], last: int) -> Generator[str, None, int]:
    """Check the last links of the chain; returns the last seq."""
    rows = database.conn.execute(
        "SELECT seq, kind, hash, wire FROM ledger ORDER BY seq DESC LIMIT ?", (last,)
    ).fetchall()
    if not rows:
        yield "its ledger is empty"
        return 0
    follows: Entry | None = None
    for seq, kind, digest, wire in rows:
        entry = Entry(seq=seq, kind=kind, hash=digest, wire=wire)
        if why := altered(entry, _prevhash(entry), whose["gate"], whose["ledger"]):
            yield f"entry {seq} was altered: {why}"
        if follows and (follows.seq, _prevhash(follows)) != (seq + 1, digest):
            yield f"entry {seq + 1} is missing or altered"
        if not database.conn.execute("SELECT 1 FROM ledger WHERE seq = ?", (seq,)).fetchone():
            yield f"entry {seq} is not found by its number"
        follows = entry
    return int(rows[0][0])


def _openings_damage(database: Database) -> Iterator[str]:
    """A page of another table reads as such rows: they are of refused touches, or of none."""
    for (seq,) in database.conn.execute(
        "SELECT o.seq FROM attempt_openings o LEFT JOIN ledger l ON l.seq = o.seq"
        " WHERE l.kind IS NOT ? LIMIT 1",
        (kind_of(AttemptRefused),),
    ):
        yield f"table attempt_openings: entry {seq} is no refused touch"


def _marks_damage(database: Database, tail: int) -> Iterator[str]:
    row = database.conn.execute("SELECT * FROM watermarks").fetchone()
    if row is None:
        yield "its watermarks are missing"
    elif len(row) > 4 and row[4] != watermark_sum(*row[1:4]):
        yield "its watermarks were altered"
    elif not 0 <= row[2] <= row[1] <= tail:
        yield f"entries after {tail} are missing: {row[1]} had been sent"


def _prevhash(entry: Entry) -> bytes:
    return bytes.fromhex(read_wire(entry.wire)[0].prevhash)
