"""A gate's real store in a file of its own, in memory where there is a tmpfs.

Its transactions end as a test says, and what they have written can be looked at and undone.
"""

import atexit
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.contract.chain import Entry, read_wire
from edge_agent.contract.errors import StoreFault
from edge_agent.contract.people import Worker
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.gate.ledger.store.change import SqliteChange
from edge_agent.gate.ledger.store.people_snapshot import snapshot_of
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore

GATE = "main-gate"
ZONE = ZoneInfo("UTC")

_LONG_AGO = Stamp(
    boot="a", boottime_ms=0, wall_ms=1_790_000_000_000, state=ClockState.SYNCED, uncertainty_ms=1
)
_OF_ENTRIES = ("ledger", "landmarks", "times", "time_doubts", "voided", "checkpoint")
_numbers = count()


class StagedStore(SqliteStore):
    """``faults`` says how the next transactions end."""

    faults: list[str]
    """``""``: none. ``"lost"``: nothing was written. ``"kept"``: it was, though it says not."""

    on_change: Callable[[], None]
    """Called before a transaction begins and after it was committed."""

    @classmethod
    def fresh(cls, known: Callable[[SqliteChange], None] | None = None) -> "StagedStore":
        """A ledger without an entry, so that the first one that a test writes is number 1.

        ``known`` puts there who is known from before; it is asked once.
        """
        template, path = _template(known), _folder() / f"{next(_numbers)}.db"
        shutil.copyfile(template, path)
        if snapshot_of(template).exists():  # Where somebody is known.
            shutil.copyfile(snapshot_of(template), snapshot_of(path))
        store = cls.open(path, GATE, ZONE, _LONG_AGO)
        assert isinstance(store, cls)
        store.faults = []
        store.on_change = lambda: None
        weakref.finalize(store, _discard, store._connection.close, path)
        return store

    @contextmanager
    def changing(self) -> Iterator[SqliteChange]:
        self.on_change()
        fault = self.faults.pop(0) if self.faults else ""
        with super().changing() as change:
            yield change
            if fault == "lost":
                raise StoreFault("The disk is full.")
        self.on_change()
        if fault == "kept":
            raise StoreFault("The disk was full for a moment.")

    def close(self) -> None:
        """Whoever uses it has ended; a test may still look."""
        self._connection.drop()

    def put_worker(self, worker: Worker) -> None:
        """Somebody is known from before, without an entry."""
        with super().changing() as change:
            change.put_worker(worker)

    def sql(self, statement: str) -> None:
        """Have things be as no transaction of the gate leaves them."""
        with self._connection.use() as database:
            database.conn.execute(statement)

    def forget_entries(self) -> None:
        """The ledger begins here."""
        for table in _OF_ENTRIES:
            self.sql(f"DELETE FROM {table}")

    def contents(self) -> sqlite3.Connection:
        """A copy of all that is on the disk, for ``take``."""
        copy = sqlite3.connect(":memory:")
        with self._connection.use() as database:
            database.conn.backup(copy)
        return copy

    def take(self, contents: sqlite3.Connection) -> None:
        """Have what was on the disk when the copy was made."""
        with self._connection.use() as database:
            contents.backup(database.conn)

    @property
    def all(self) -> list[Entry]:
        """All entries, in order."""
        return self.entries(1, 1_000_000)

    def data(self) -> list[dict[str, Any]]:
        """The ``data`` of all entries, in order."""
        return [read_wire(entry.wire)[1] for entry in self.all]

    def kinds(self) -> list[str]:
        """The kinds of all entries, in order."""
        return [entry.kind for entry in self.all]


def _discard(close: Callable[[], None], path: Path) -> None:
    with suppress(sqlite3.Error):  # Another thread's, where that one collects the garbage.
        close()
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink(missing_ok=True)


@cache
def _folder() -> Path:
    tmpfs = Path("/dev/shm")
    folder = tempfile.TemporaryDirectory(
        prefix="edge-agent-tests-", dir=tmpfs if tmpfs.is_dir() else None
    )
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def _template(known: Callable[[SqliteChange], None] | None) -> Path:
    """A database of today's schema, with a ledger in it."""
    path = _folder() / f"template-{next(_numbers)}.db"
    store = StagedStore.open(path, GATE, ZONE, _LONG_AGO)
    assert isinstance(store, StagedStore)
    if known:
        with SqliteStore.changing(store) as change:
            known(change)
    store.forget_entries()
    SqliteStore.close(store)
    return path
