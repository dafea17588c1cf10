"""The SQLite file: opened so that a power cut can neither lose nor tear what was committed.

What its errors mean for a technician, one thread's connection to it, and what every part of the
store is made of: each knows its own tables only.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....contract.atomic_file import close_to_others, create_private
from ....contract.chain import Scribe, read_wire
from ....contract.errors import StoreFault
from ....contract.kinds import RETIRED
from ....contract.language import Message, because
from ....contract.planted_links import refuse_planted_links
from ....contract.reasons import reason
from ...errors import DamagedLedger, DiskFull, NoLedgerYet, NotUpToDate
from ...host.lock import give_to_folder_owner
from ...host.rights import unusable_store
from ...host.service import starting
from .carry_over import TABLES
from .reserve import index_may_fault, is_full, spend
from .schema import NAME, STEPS, TABLE, migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

_BUSY_S = 5.0
"""How long a transaction waits for another thread's; each takes about a millisecond."""

_CHECKPOINT_PAGES = 100
"""Pages in the write-ahead log before they are copied home: bounds its size and the start-up."""


def open_database(path: Path) -> Database:
    """Open, create or migrate the database at ``path`` for reading and writing.

    A start on a full disk is helped by the reserve. Raises StoreFault with what is wrong and what
    to do; the file is never altered in that case.
    """
    try:
        return _open_database(path)
    except DiskFull:
        if not spend(path):
            raise
        return _open_database(path)


def _open_database(path: Path) -> Database:
    refuse_planted_links(path)
    _make_private(path)
    # It is there: in no case does SQLite make one where a link points to.
    with _opened(path, "mode=rw&psow=0") as conn:
        database = _wrapped(conn)
        # EXTRA comes before WAL: the switch itself already has to survive a power cut. psow=0:
        # no SD card is trusted to leave the bytes beside a torn write alone. Measured over 20,000
        # crash states, garbled sectors included: 0 lost; without psow=0, 364 of 2,000 lost.
        database.conn.execute("PRAGMA synchronous=EXTRA")
        database.conn.execute("PRAGMA journal_mode=WAL")
        database.conn.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        database.conn.execute("PRAGMA foreign_keys=ON")
        # What is deleted is overwritten: a worker who is erased is not to be found in free pages.
        database.conn.execute("PRAGMA secure_delete=ON")
        if _known() - _applied(conn, path):
            _migrate(database, path)
        for beside in path.parent.glob(f"{path.name}*"):
            close_to_others(beside)
    return database


_MODE = 0o640
"""The group of the service may read it, and what SQLite puts beside it, which has its mode."""


def _make_private(path: Path) -> None:
    """An empty file, whatever the umask, where there is nothing: there will be names in it.

    Where that fails, opening it tells why.
    """
    with suppress(OSError):
        os.close(create_private(path, _MODE))
        give_to_folder_owner(path)


def _migrate(database: Database, path: Path) -> None:
    # A database that proves to be damaged is kept as it was found: all of them or none, and the
    # log stays beside it, which whoever closes a file last takes home, unless they only read.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("SELECT 1 FROM sqlite_master").fetchone()
        try:
            with database.atomic():
                migrations().apply(database)
        except sqlite3.OperationalError as error:
            database.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise
            # A table or a column that is to be made is there: an altered byte hides that it was.
            raise _without_version(path, reason(error)) from error


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the database at ``path`` for commands that only look.

    With no write-ahead log and no index of it nobody has the file open, and SQLite may take it as
    it stands; otherwise it reads along, and at most renews that index. Raises StoreFault.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise NoLedgerYet("store.none-yet", path=path) from None
    except OSError as error:
        why = unusable_store(path, to_write=False) or because(error)
        raise StoreFault("store.unreadable", path=path, why=why) from error
    with _opened(path, _as_it_stands(path)) as conn:
        if _known() - _applied(conn, path):
            raise NotUpToDate(path, None if is_retired(conn) else starting())
    return conn


def is_retired(conn: sqlite3.Connection) -> bool:
    """Whether the last entry says that the gate is out of service; of any version's database."""
    with suppress(sqlite3.Error):
        last = conn.execute("SELECT kind FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
        return bool(last == (RETIRED,))
    return False


def is_behind(path: Path) -> bool:
    """Whether opening a database to write would alter its tables. Raises StoreFault."""
    with _opened(path, _as_it_stands(path)) as conn, closing(conn):
        return bool(_known() - _applied(conn, path))


def is_newer(path: Path) -> bool:
    """Whether a newer program has altered a database, so that this one refuses it as it is."""
    try:
        is_behind(path)
    except StoreFault as fault:
        return fault.message.name == _NEWER
    return False


_NEWER = "store.newer"


def open_as_it_is(path: Path) -> Database:
    """Open a database to look at, of whatever version it is. Raises StoreFault."""
    with _opened(path, _as_it_stands(path)) as conn:
        return _wrapped(conn)


def _as_it_stands(path: Path) -> str:
    in_use = any(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-shm"))
    return "mode=ro" if in_use else _IMMUTABLE


_IMMUTABLE = "immutable=1"
"""There is no log, and so no index of it."""


def _wrapped(conn: sqlite3.Connection) -> Database:
    # Here, for whoever only reads does without it: its import takes five bare starts of Python.
    from .lean_sqlite_utils import Database

    # No plugins: what else is installed on the machine has no business in the ledger.
    return Database(conn, execute_plugins=False)


@contextmanager
def _opened(path: Path, query: str) -> Iterator[sqlite3.Connection]:
    """Make ready a database that is a gate's and no newer than this version; closed on failure."""
    try:
        if query != _IMMUTABLE and index_may_fault(path):
            raise DiskFull("store.disk-full", path=path)
        uri = f"{path.absolute().as_uri()}?{query}"
        conn = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)
        try:
            _refuse_foreign(conn, path)
            yield conn
        except BaseException:
            conn.close()
            raise
    except sqlite3.Error as error:
        raise database_fault(path, error) from error


def _refuse_foreign(conn: sqlite3.Connection, path: Path) -> None:
    known, applied = _known(), _applied(conn, path)
    newer = applied - known
    # A newer version knows all that this one does. Otherwise a name was altered: see DamagedLedger.
    if newer and not known - applied:
        raise StoreFault(_NEWER, path=path, steps=sorted(newer))
    if newer:
        lacks, has = sorted(known - applied), sorted(newer)
        raise DamagedLedger("store.lacks", path=path, lacks=lacks, has=has, start=starting())
    tables = _tables(conn)
    if not applied and TABLE in tables and len(tables) > 1:
        raise _without_version(path, Message("store.no-migration"))
    if not applied and _has_tables_of_a_gate(conn):
        raise _without_version(path, "its table of migrations is not listed")
    if not applied and tables - {TABLE}:
        raise StoreFault("store.foreign", path=path)


def _has_tables_of_a_gate(conn: sqlite3.Connection) -> bool:
    """Whether one stands there as a gate makes it: STRICT, which hardly another program writes."""
    found = conn.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE ?", (_STRICT,)
    )
    return not TABLES.keys().isdisjoint(name for (name,) in found)


_STRICT = "%) STRICT%"


def _without_version(path: Path, why: Message | str) -> DamagedLedger:
    return DamagedLedger("store.no-version", path=path, why=why, start=starting())


def _known() -> set[str]:
    return {step.__name__ for step in STEPS}


def _applied(conn: sqlite3.Connection, path: Path) -> set[str]:
    """As sqlite_utils tells it, which takes longer to import than all else takes."""
    try:
        if TABLE not in _tables(conn):
            return set()
        found = conn.execute(f"SELECT * FROM {TABLE} WHERE migration_set = ?", (NAME,))
        columns = [name for name, *_ in found.description]
        return {dict(zip(columns, row, strict=True))["name"] for row in found}
    except (UnicodeDecodeError, KeyError) as error:  # of a table's altered description
        advice = Message(_ADVICE[sqlite3.SQLITE_CORRUPT], start=starting())
        raise DamagedLedger(
            "store.unusable", path=path, error=repr(error), advice=advice
        ) from error


def _tables(conn: sqlite3.Connection) -> set[str]:
    return {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def database_fault(path: Path, error: sqlite3.Error) -> StoreFault:
    """What an error of SQLite means for a technician; a DamagedLedger where the file is."""
    code = getattr(error, "sqlite_errorcode", None)
    code = code & 0xFF if code is not None else None
    if code in _SHORT_OF_ROOM and is_full(path):
        return DiskFull("store.disk-full", path=path)
    advice = Message(_ADVICE.get(code, "store.see-log"), start=starting())
    if code in _FORBIDDEN:
        why = unusable_store(path, to_write=False) or unusable_store(path, to_write=True)
        advice = Message("store.full-stop", clause=why) if why else advice
    fault = DamagedLedger if code in _DAMAGED else StoreFault
    return fault("store.unusable", path=path, error=reason(error), advice=advice)


_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}


_FORBIDDEN = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


_SHORT_OF_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
"""What SQLite makes of a full disk: at a write, at the log's index, at making a file."""


_ADVICE: dict[int | None, str] = {
    sqlite3.SQLITE_NOTADB: "store.not-sqlite",
    sqlite3.SQLITE_CORRUPT: "store.corrupt",
    sqlite3.SQLITE_CANTOPEN: "store.see-doctor",
    sqlite3.SQLITE_READONLY: "store.see-doctor",
    sqlite3.SQLITE_PERM: "store.not-for-user",
    sqlite3.SQLITE_FULL: "store.make-room",
    sqlite3.SQLITE_IOERR: "store.disk-fails",
    sqlite3.SQLITE_BUSY: "store.busy",
}


class StoreConnection:
    """What all parts of a store share."""

    def __init__(
        self,
        path: Path,
        conn: sqlite3.Connection,
        on_damage: Callable[[DamagedLedger], None] = lambda fault: None,
    ) -> None:
        """``on_damage`` is told of every sign that the database is damaged."""
        self.path = path
        self._conn: sqlite3.Connection | None = conn
        self._database: Database | None = None
        self._on_damage = on_damage
        self._spent = False

    def spend_reserve(self) -> bool:
        """Give the reserve's room to the database. False where there is no reserve any more."""
        spent = spend(self.path)
        self._spent = self._spent or spent
        return spent

    def has_spent_reserve(self) -> bool:
        """Whether that was done since this was last asked."""
        spent, self._spent = self._spent, False
        return spent

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        """All rows that a query finds. Raises StoreFault."""
        with self.reading() as conn:
            return conn.execute(sql, parameters).fetchall()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database for looking, its errors told as a StoreFault."""
        with self.telling():
            conn = self._open()
            try:
                yield conn
            except sqlite3.Error as error:
                raise database_fault(self.path, error) from error

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Whoever comes upon damage: it is told before it is raised."""
        try:
            yield
        except DamagedLedger as fault:
            self._on_damage(fault)
            raise

    @contextmanager
    def use(self) -> Iterator[Database]:
        """The database for writing, its errors told as a StoreFault."""
        with self.reading():
            yield self.database()

    def fault(self, error: sqlite3.Error) -> StoreFault:
        """What an error of SQLite means for a technician."""
        fault = database_fault(self.path, error)
        if isinstance(fault, DamagedLedger):
            self._on_damage(fault)
        return fault

    def database(self) -> Database:
        """The database; opened anew where a fault has closed it. Raises StoreFault."""
        conn = self._open()
        if self._database is None:
            self._database = _wrapped(conn)
        return self._database

    def _open(self) -> sqlite3.Connection:
        if self._conn is None:
            self._conn = open_database(self.path).conn
        return self._conn

    def drop(self) -> None:
        """Close it after a fault: the next use opens it anew and sees what the disk holds."""
        if self._conn is not None:
            with suppress(sqlite3.Error):
                self._conn.close()
        self._conn = self._database = None

    def close(self) -> None:
        """Close the database for good."""
        if self._conn is not None:
            self._conn.close()


class Part:
    """Reads its tables, and writes what needs no entry beside it."""

    def __init__(self, connection: StoreConnection, scribe: Scribe) -> None:
        self._connection = connection
        self._scribe = scribe


class ChangePart:
    """Writes its tables inside a transaction that has already begun with BEGIN IMMEDIATE."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        self._database = database
        self._scribe = scribe


def read_data(seq: int, wire: bytes) -> dict[str, Any]:
    """What an entry says. Raises DamagedLedger where a byte of it was altered."""
    try:
        return read_wire(wire)[1]
    except ValueError as error:
        raise DamagedLedger(
            f"Entry {seq} of the ledger was altered ({error}): see 'edge-agent ledger verify', and "
            "keep the database as it is."
        ) from error
