"""Payroll's database as a SQLite file, which any SQLite tool may read while the receiver runs."""

import fcntl
import os
import re
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, ClassVar

from ...contract.atomic_file import close_to_others, create_private, refuse_unmounted
from ...contract.errors import StoreFault
from ...contract.language import Message, together
from ...contract.planted_links import refuse_planted_links
from ...contract.reasons import reason
from ...contract.rights import unusable_file
from .database import READERS_END_S, Guard, Row, StillThere, Unfit
from .sqlite_file import receivers_beside, refuse_another_file

_BUSY_SECONDS = 30.0
"""As long as a clerk's tool may hold the file before the receiver gives up."""

_WRITTEN_ANEW = 1
"""SQLite's ``user_version`` of a file in which nothing is left that was only deleted."""

_OF_A_VALUE = ("SQLITE_CONSTRAINT_NOTNULL", "SQLITE_CONSTRAINT_CHECK", "SQLITE_TOOBIG")
"""Not that of a trigger, which guards what may not be changed."""


class SqliteDatabase:
    """The file at ``path``; see ``Database``."""

    types: ClassVar = {
        "bytes": "BLOB",
        "id": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "moment": "TEXT",
    }

    def __init__(self, path: Path, *, alone: bool, may_be_new: bool = False) -> None:
        refuse_planted_links(path)
        self._path = path.resolve()
        self.name = str(self._path)
        with self._faults(), ExitStack() as opened:
            if not self._path.exists():
                if not may_be_new:
                    raise _missing(self._path)
                refuse_unmounted(self._path)  # Payroll's own may be on the disk that is missing.
            # One that no receiver has begun was made by a slip: it is no database to be.
            begun = may_be_new and _lock_of(self._path).exists()
            refuse_another_file(self._path, may_be_empty=begun)
            if alone:
                opened.enter_context(_locked(self._path))
            if may_be_new:
                _make_private(self._path)
            # It is there: in no case does SQLite make one where a link points to.
            connection = sqlite3.connect(
                f"{self._path.as_uri()}?mode=rw",
                uri=True,
                isolation_level=None,
                timeout=_BUSY_SECONDS,
            )
            self._conn = opened.enter_context(closing(connection))
            # A receipt lets the gate forget: what it covers must survive a power cut.
            self._conn.execute("PRAGMA synchronous = EXTRA")
            self._conn.execute("PRAGMA secure_delete = ON")  # Names that were asked to go.
            self._opened = opened.pop_all()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._faults():
            if self._conn.in_transaction:
                with self._part():
                    yield
                return
            self._conn.execute("BEGIN IMMEDIATE")
            with self._conn:
                yield

    @contextmanager
    def _part(self) -> Iterator[None]:
        self._conn.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._conn.execute("ROLLBACK TO part")
            raise
        finally:
            self._conn.execute("RELEASE part")

    def query(self, sql: str, parameters: Row = ()) -> list[tuple[Any, ...]]:
        with self._faults():
            return self._conn.execute(sql, parameters).fetchall()

    def execute(self, sql: str, parameters: Row = ()) -> int:
        with self._faults():
            return self._conn.execute(sql, parameters).rowcount

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        values = ", ".join("?" * len(columns))
        with self._faults():
            self._conn.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})", rows
            )

    def rows(self, **columns: str) -> str:
        fields = ", ".join(
            f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns)
        )
        return f"(SELECT {fields} FROM json_each(?))"

    def tables(self) -> set[str]:
        return {
            name
            for (name,) in self.query(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        }

    def guard(self, guard: Guard) -> None:
        table, why = guard.table, f"SELECT RAISE(ABORT, '{guard.why}');"
        known = " AND ".join(f"o.{name} = NEW.{name}" for name in guard.key)
        for name, when, unless in (
            ("changed", "UPDATE", "FALSE"),
            ("removed", "DELETE", guard.elsewhere),
            # INSERT OR REPLACE removes rows of which no other trigger hears.
            ("replaced", "INSERT", f"NOT EXISTS (SELECT 1 FROM {table} o WHERE {known})"),
        ):
            self.execute(
                f"CREATE TRIGGER {table}_are_not_{name} BEFORE {when} ON {table}"
                f" WHEN NOT ({unless}) BEGIN {why} END"
            )

    def uncheck(self, table: str, column: str) -> None:
        # A check cannot be dropped here: the table is written anew, and its triggers with it.
        ((made,),) = self.query("SELECT sql FROM sqlite_master WHERE name = ?", [table])
        triggers = self.query(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [table]
        )
        without = re.sub(rf"({column} TEXT NOT NULL) CHECK \([^)]*\)\)", r"\1", made)
        self.execute(without.replace(f"CREATE TABLE {table}", f"CREATE TABLE {table}_anew", 1))
        self.execute(f"INSERT INTO {table}_anew SELECT * FROM {table}")
        self.execute(f"DROP TABLE {table}")
        # Views that read it are left as they are: they find it again under its name.
        self.execute("PRAGMA legacy_alter_table = ON")
        self.execute(f"ALTER TABLE {table}_anew RENAME TO {table}")
        self.execute("PRAGMA legacy_alter_table = OFF")
        for (trigger,) in triggers:
            self.execute(trigger)

    def grants(self, views: Iterable[str]) -> list[str]:
        return []

    def adopt(self) -> None:
        with self._faults():  # Readers and the receiver work side by side from now on.
            self._conn.execute("PRAGMA journal_mode = WAL")
            _close_to_everybody(self._path)

    def scrub(self, columns: Mapping[str, str]) -> None:
        self._take_log_home()
        # An older version did not overwrite what it deleted, of which nobody knows any more what it
        # was: all of it goes, once.
        [(written,)] = self.query("PRAGMA user_version")
        if written < _WRITTEN_ANEW:
            self.execute("VACUUM")
            self.execute(f"PRAGMA user_version = {_WRITTEN_ANEW}")
            self._take_log_home()

    def _take_log_home(self) -> None:
        """Cut off the write-ahead log, which has pages as they were before."""
        self.execute(f"PRAGMA busy_timeout = {READERS_END_S * 1000}")
        try:
            [(somebody_reads, *_)] = self.query("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000:.0f}")
        if somebody_reads:
            raise StillThere("payroll.name-still-read", name=self.name)

    def wait_for_turn(self) -> None:
        """Each transaction has begun with BEGIN IMMEDIATE."""

    def beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)

    def close(self) -> None:
        self._opened.close()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DataError, OverflowError, UnicodeEncodeError) as error:
            raise Unfit(f"SQLite does not take a value ({type(error).__name__})") from error
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorname", None) in _OF_A_VALUE:
                raise Unfit(f"SQLite does not take a value ({type(error).__name__})") from error
            why = unusable_file(self._path) or unusable_file(_lock_of(self._path))
            told = Message(
                "payroll.database-unusable",
                name=self.name,
                why=reason(error) if why is None else why,
            )
            look = None if why else Message("payroll.database-look-at-file")
            raise StoreFault(together(told, look) or told) from error


def _missing(path: Path) -> StoreFault:
    """To make one is not proposed where payroll has one: what was typed is mistyped then."""
    if beside := receivers_beside(path):
        return StoreFault("payroll.database-missing-beside", name=path, beside=beside)
    if path == OF_SERVICE:
        return StoreFault("payroll.database-missing-service", name=path)
    return StoreFault("payroll.database-missing", name=path)


OF_SERVICE = Path("/var/lib/edge-agent-receiver/payroll.db")
"""What the refusal of another name proposes."""


def _close_to_everybody(path: Path) -> None:
    """What an older version, or an umask, has left open to everybody, is its owner's again.

    Of files of our own and of nothing else; one that was opened to a group is somebody's decision.
    """
    for suffix in ("", "-wal", "-shm", ".lock", ".corrections"):
        close_to_others(path.with_name(path.name + suffix), stat.S_IRUSR | stat.S_IWUSR)


def _make_private(path: Path) -> None:
    """Before SQLite makes it: there are names in it, and what it puts beside has its mode.

    An empty file, whatever the umask, where there is nothing of that name.
    """
    with suppress(FileExistsError):
        fd = create_private(path)
        with closing(os.fdopen(fd, "wb")):
            if os.geteuid() == 0:  # A first run of root's must not shut the receiver's user out.
                folder = path.parent.stat()
                os.fchown(fd, folder.st_uid, folder.st_gid)


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _locked(path: Path) -> IO[bytes]:
    """A lock beside the database, held until it is closed or the process ends, however it ends.

    On a file of its own: closing any handle of the database would drop SQLite's own locks.
    """
    name = _lock_of(path)
    _make_private(name)
    lock = os.fdopen(os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise StoreFault("payroll.database-in-use", name=path) from error
    return lock
