"""Payroll's database: every entry once, and beside them whatever contradicts them.

Any SQLite tool may read it while the receiver runs; the view ``punches`` is made for that.
"""

import fcntl
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import starmap
from pathlib import Path
from typing import IO

from msgspec import Struct
from msgspec.structs import asdict
from sqlite_utils import Database

from edge_agent.domain.errors import StoreFault

from .accept import Arrival, Link, Tip, Verdict, follow, judge
from .schema import COLUMNS, prepare

_INSERT = (
    f"INSERT OR IGNORE INTO {{table}} ({', '.join(COLUMNS)})"
    f" VALUES ({', '.join(f':{column}' for column in COLUMNS)})"
)
_ADD_ENTRY = _INSERT.format(table="entries")
_ADD_FORK = _INSERT.format(table="forks")


class Standing(Struct, frozen=True):
    """How far a ledger is held, its first gap, and the gate that sent it last.

    ``forks`` are the seqs of entries found just now to contradict those we hold.
    """

    ledger: str
    gate: str
    tip: Tip
    missing: range
    forks: list[int]


class Taken(Struct, frozen=True):
    """What became of a batch: how many entries were new and how many known, and the standings."""

    new: int
    duplicates: int
    standings: list[Standing]


class Store:
    """The database at ``path``, made where there is none, for one receiver at a time.

    For use on one thread. Every method raises StoreFault where the database fails; a batch that
    failed may be there or not, and taking it again is harmless.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        with self._faults(), ExitStack() as opened:
            opened.enter_context(_locked(self._path))
            connection = sqlite3.connect(self._path, isolation_level=None)
            self._conn = opened.enter_context(closing(connection))
            prepare(Database(self._conn, execute_plugins=False), self._path)
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close the database, then let another receiver have it."""
        self._opened.close()

    def standings(self) -> list[Standing]:
        """Where every known ledger stands."""
        with self._transaction():
            known = self._conn.execute("SELECT ledger, gate FROM ledgers").fetchall()
            return [self._advance(ledger, gate, []) for ledger, gate in known]

    def take(self, arrivals: Iterable[Arrival], received_at: str) -> Taken:
        """Keep a batch durably, in one transaction."""
        new = duplicates = 0
        touched: dict[tuple[str, str], list[int]] = defaultdict(list)
        with self._transaction():
            for arrival in arrivals:
                forks = touched[arrival.ledger, arrival.gate]
                row = asdict(arrival) | {"received_at": received_at}
                verdict = judge(arrival.hash, self._held(arrival))
                if verdict is Verdict.NEW:
                    self._conn.execute(_ADD_ENTRY, row)
                    new += 1
                elif verdict is Verdict.FORK and self._conn.execute(_ADD_FORK, row).rowcount:
                    forks.append(arrival.seq)
                else:
                    duplicates += 1
            standings = [self._advance(*key, forks) for key, forks in touched.items()]
        return Taken(new, duplicates, standings)

    def _held(self, arrival: Arrival) -> str | None:
        found = self._conn.execute(
            "SELECT hash FROM entries WHERE ledger = ? AND seq = ?", (arrival.ledger, arrival.seq)
        ).fetchone()
        return str(found[0]) if found else None

    def _advance(self, ledger: str, gate: str, forks: list[int]) -> Standing:
        """Move the ledger's tip as far as its chain goes, and set aside what strays from it."""
        found = self._conn.execute(
            "SELECT through, hash FROM ledgers WHERE ledger = ?", (ledger,)
        ).fetchone()
        tip = Tip(*found) if found else Tip()
        since = (ledger, tip.through)
        aside = self._conn.execute("SELECT hash FROM forks WHERE ledger = ? AND seq >= ?", since)
        later = self._conn.execute(
            "SELECT seq, hash, prevhash FROM entries WHERE ledger = ? AND seq > ? ORDER BY seq",
            since,
        )
        course = follow(tip, starmap(Link, later), {fork for (fork,) in aside})
        later.close()
        strays = [seq for seq in course.strays if self._set_aside(ledger, seq)]
        # What was set aside before the chain reached it may since have proved to be of the chain.
        self._conn.execute(
            "DELETE FROM forks WHERE ledger = ? AND seq > ? AND seq <= ? AND hash ="
            " (SELECT hash FROM entries WHERE ledger = forks.ledger AND seq = forks.seq)",
            (*since, course.tip.through),
        )
        self._conn.execute(
            "INSERT OR REPLACE INTO ledgers (ledger, gate, through, hash) VALUES (?, ?, ?, ?)",
            (ledger, gate, course.tip.through, course.tip.hash),
        )
        return Standing(ledger, gate, course.tip, course.missing, forks + strays)

    def _set_aside(self, ledger: str, seq: int) -> bool:
        """Move an entry to the forks; False where it was there already, having come again."""
        key = (ledger, seq)
        moved = self._conn.execute(
            "INSERT OR IGNORE INTO forks SELECT * FROM entries WHERE ledger = ? AND seq = ?", key
        )
        self._conn.execute("DELETE FROM entries WHERE ledger = ? AND seq = ?", key)
        return moved.rowcount > 0

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._faults():
            self._conn.execute("BEGIN IMMEDIATE")
            with self._conn:
                yield

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreFault(
                f"The database {self._path} cannot be used: {error}."
                " Look at the file, its folder's permissions and the free space on its disk."
            ) from error


def _locked(path: Path) -> IO[bytes]:
    """A lock beside the database, held until it is closed or the process ends, however it ends.

    On a file of its own: closing any handle of the database would drop SQLite's own locks.
    """
    lock = path.with_name(path.name + ".lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise StoreFault(
            f"Another receiver uses the database {path}: stop it, or name another database."
        ) from error
    return lock
