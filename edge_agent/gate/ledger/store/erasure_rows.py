"""Erase what is kept of a worker: rows, and what SQLite leaves of rows in pages, log and copies."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ....contract.messages import ErasedWorker
from ...erasure import Counts, Erasure
from .backup_rows import BackupChange
from .database import Part, read_data
from .metadata import ERASURES_UNKNOWN, remember
from .notes import backup_note
from .people_rows import SUMMED, print_sum, row_sum

if TYPE_CHECKING:
    from sqlite_utils import Database

_NAMES = ("id", "worker", "after", "begun", "slots", "counts", "scrubbed", "document", "stopped")
_COLUMNS = ", ".join(_NAMES)

_ALL = f"SELECT {_COLUMNS} FROM erasures"

_ERASED = "SELECT ledger, seq, worker, kind FROM erased"

KEPT = (
    "prints WHERE (removed = 0 OR digest IS NOT NULL OR finger != '')",
    *("evidence_openings WHERE TRUE", "credentials WHERE TRUE", "consents WHERE TRUE"),
)
"""What an erasure takes away."""

_WRITTEN_ANEW = "written-anew"
"""Remembered of a database in which nothing is left that was only deleted."""

_CHUNK = 1 << 20

_STEPS = 100_000
"""Of SQLite's machine between two signs of life, about 10 ms."""


class ErasureRows(Part):
    """Reads the erasures, and sees to it that nothing is left of what was erased."""

    def erasures(self) -> list[Erasure]:
        """All of them, in their order."""
        return [_erasure(row) for row in self._connection.rows(_ALL)]

    def planned_for(self, worker: str) -> Erasure | None:
        """The one that begins once a day is over; None: there is none."""
        planned = (one for one in self.erasures() if one.worker == worker and one.begun is None)
        return next(planned, None)

    def count_erasing(self) -> int:
        """How many erasures have begun and are not done."""
        [(count,)] = self._connection.rows(
            "SELECT count(*) FROM erasures WHERE begun IS NOT NULL AND document IS NULL"
        )
        return int(count)

    def stopped(self) -> set[str]:
        """Whose fingers are not used any more, although their erasure waits for its term."""
        rows = self._connection.rows(
            "SELECT worker FROM erasures WHERE stopped IS NOT NULL AND begun IS NULL"
        )
        return {worker for (worker,) in rows}

    def with_evidence(self) -> set[str]:
        """Of whom there is evidence of presses; it looks at all of it."""
        rows = self._connection.rows("SELECT DISTINCT worker FROM evidence_openings")
        return {worker for (worker,) in rows}

    def erased(self) -> list[ErasedWorker]:
        """Whose erasures are known here, those of former ledgers too."""
        return [_erased(row) for row in self._connection.rows(_ERASED)]

    def owed(self) -> list[ErasedWorker]:
        """Those that this database does not know of: it was restored from before them."""
        return [_erased(row) for row in self._connection.rows(f"{_ERASED} WHERE owed = 1")]

    def may_lack_erasures(self) -> bool:
        """Whether this ledger began where its gate may have forgotten what it had erased."""
        asks = "SELECT 1 FROM remembered WHERE key = ?"
        if self._connection.rows(asks, ERASURES_UNKNOWN):
            return True
        opened = self._connection.rows("SELECT seq, wire FROM ledger WHERE seq = 1")
        return any(read_data(seq, wire).get("why") == "first-start" for seq, wire in opened)

    def knows_erasures(self) -> bool:
        """Whether it was said in this ledger whose erasures there were before it."""
        return bool(
            self._connection.rows("SELECT 1 FROM ledger WHERE kind = 'erasures.known' LIMIT 1")
        )

    def came_since(self) -> set[str]:
        """Who has agreed or was enrolled since this ledger began."""
        wires = self._connection.rows(
            "SELECT seq, wire FROM ledger WHERE kind IN ('print.enrolled', 'consent.given')"
        )
        return {read_data(seq, wire)["worker"] for seq, wire in wires}

    def has_anything_of(self, worker: str) -> bool:
        """Whether there is anything that an erasure takes away."""
        [(found,)] = self._connection.rows(
            "SELECT "
            + " OR ".join(f"EXISTS (SELECT 1 FROM {kept} AND worker = ?1)" for kept in KEPT),
            worker,
        )
        return bool(found)

    def erased_lives(self) -> dict[int, tuple[str, int]]:
        """Slots whose last print was erased with its worker: that one's code and generation."""
        rows = self._connection.rows(
            "SELECT slot, worker, max(generation) FROM prints GROUP BY slot"
            " HAVING removed = 1 AND finger = ''"
        )
        return {slot: (worker, generation) for slot, worker, generation in rows}

    def traces_of(self, worker: str) -> list[bytes]:
        """Bytes that stand for a worker's templates, evidence, cards and PIN, and nothing else."""
        rows = self._connection.rows(
            "SELECT digest FROM prints WHERE worker = ?1 AND digest IS NOT NULL"
            " UNION SELECT salt FROM evidence_openings WHERE worker = ?1"
            " UNION SELECT salt FROM attempt_openings WHERE worker = ?1"
            " UNION SELECT hash FROM credentials WHERE worker = ?1",
            worker,
        )
        return [trace for (trace,) in rows]

    def take_log_home(self) -> bool:
        """Copy the write-ahead log home and cut it off. False where a reader is in the way."""
        with self._connection.reading() as conn:
            [(busy, _, _)] = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return not busy

    def rewrite(self, beat: Callable[[], None]) -> None:
        """Write the whole database anew: what older versions left in free room is gone then."""
        with self._connection.reading() as conn:
            conn.set_progress_handler(beat, _STEPS)
            try:
                conn.execute("VACUUM")
            finally:
                conn.set_progress_handler(None, 0)

    def overwrite_all(self, beat: Callable[[], None]) -> bool:
        """Have no file hold what was ever deleted or overwritten; False: a reader is in the way.

        An older version did not overwrite what it deleted, of which nobody knows any more what it
        was: the first time the whole database is written anew.
        """
        if not self.take_log_home():
            return False
        if self._connection.rows("SELECT 1 FROM remembered WHERE key = ?", _WRITTEN_ANEW):
            return True
        self.rewrite(beat)
        with self._connection.use() as database:
            remember(database, _WRITTEN_ANEW, "yes")
        return self.take_log_home()

    def files_with(self, traces: Iterable[bytes], beat: Callable[[], None]) -> list[str]:
        """The names of the files of this database, old ones too, in which one of them stands."""
        path, wanted = self._connection.path, list(traces)
        if not wanted:
            return []
        files = sorted(file for file in path.parent.glob(f"{path.name}*") if file.is_file())
        return [file.name for file in files if _holds(file, wanted, beat)]

    def set_aside(self) -> list[str]:
        """Databases that were left for a new one, and lie here still."""
        path = self._connection.path
        return sorted(file.name for file in path.parent.glob(f"{path.name}.old-*"))

    def was_copied(self) -> bool:
        """Whether a backup of the database was made: it has what was here then."""
        return backup_note.stands(self._connection.path)


class ErasureChange(BackupChange):
    """Erases, and notes how far it is."""

    people_changed = False

    def put_erasure(self, one: Erasure) -> None:
        """Note how far it is; ``id`` 0: a new one."""
        conn = self._database.conn
        number = one.id
        if not number:
            [(number,)] = conn.execute("SELECT coalesce(max(id), 0) + 1 FROM erasures")
        values = (
            *(number, one.worker, one.after, one.begun),
            msgspec.json.encode(one.slots).decode(),
            msgspec.json.encode(one.counts).decode(),
            *(int(one.scrubbed), one.document, one.stopped),
        )
        _put(self._database, "erasures", values)

    def drop_planned(self, worker: str) -> None:
        """The worker is not to leave; one whose fingers are not used any more has left already."""
        self._database.conn.execute(
            "DELETE FROM erasures WHERE worker = ? AND begun IS NULL AND stopped IS NULL", (worker,)
        )

    def put_erased(self, one: ErasedWorker) -> None:
        """An erasure is known, and done here as well."""
        self.people_changed = True
        _put(self._database, "erased", (*_row_of(one), 0))

    def owe(self, known: Iterable[ErasedWorker]) -> None:
        """These are known; those that were not before are still to be done here."""
        self.people_changed = True
        owe(self._database, known)

    def settle_unknown(self) -> None:
        """Somebody who knows has told whose erasures this database does not know."""
        self.people_changed = True
        self._database.conn.execute("DELETE FROM remembered WHERE key = ?", (ERASURES_UNKNOWN,))

    def drop_consent(self, worker: str) -> None:
        """The worker has agreed to nothing any more."""
        self.people_changed = True
        self._database.conn.execute("DELETE FROM consents WHERE worker = ?", (worker,))

    def drop_credentials(self, worker: str) -> int:
        """A worker's cards, PIN and QR code are nobody's any more; how many there were."""
        self.people_changed = True
        statement = "DELETE FROM credentials WHERE worker = ?"
        return int(self._database.conn.execute(statement, (worker,)).rowcount)

    def erase_worker(self, worker: str) -> Counts:
        """Forget all but the code and the name: prints and their digests, evidence, cards, PIN.

        A slot's generations stay known, without the finger. Counted are the prints that were the
        worker's: of what was removed before, the sensor in use has nothing any more.
        """
        self.people_changed = True
        conn = self._database.conn
        found = conn.execute(
            "SELECT slot, generation, worker, removed FROM prints WHERE worker = ?"
            " AND (removed = 0 OR digest IS NOT NULL OR finger != '')",
            (worker,),
        ).fetchall()
        for slot, generation, owner, _ in found:
            row = {
                **{"slot": slot, "generation": generation, "worker": owner},
                **{"finger": "", "removed": 1, "digest": None},
            }
            conn.execute(
                "UPDATE prints SET finger = '', removed = 1, digest = NULL, sum = ?"
                " WHERE slot = ? AND generation = ?",
                (print_sum(row), slot, generation),
            )
        if found:
            self.note_erased_elsewhere(worker)
        openings, attempts, credentials = (
            conn.execute(f"DELETE FROM {table} WHERE worker = ?", (worker,)).rowcount
            for table in ("evidence_openings", "attempt_openings", "credentials")
        )
        self.drop_consent(worker)
        conn.execute("DELETE FROM named_workers WHERE worker = ?", (worker,))
        prints = sum(not removed for *_, removed in found)
        return Counts(prints=prints, openings=openings + attempts, credentials=credentials)


def owe(database: "Database", known: Iterable[ErasedWorker]) -> None:
    """Note erasures that a database does not know of, as its to do again."""
    for one in known:
        _put(database, "erased", (*_row_of(one), 1), over="INSERT OR IGNORE")


def _put(database: "Database", table: str, values: tuple[Any, ...], over: str = "REPLACE") -> None:
    """Write a row of a table of SUMMED, with its checksum."""
    row = dict(zip(SUMMED[table], values, strict=True))
    names, places = ", ".join([*row, "sum"]), ", ".join("?" * (len(row) + 1))
    database.conn.execute(
        f"{over} INTO {table} ({names}) VALUES ({places})", (*values, row_sum(table, row))
    )


def _row_of(one: ErasedWorker) -> tuple[str, int, str, str]:
    return one.ledger, one.seq, one.worker, one.kind


def _erased(row: Any) -> ErasedWorker:
    ledger, seq, worker, kind = row
    return ErasedWorker(ledger=ledger, seq=seq, worker=worker, kind=kind)


def _holds(file: Path, wanted: list[bytes], beat: Callable[[], None]) -> bool:
    longest = max(map(len, wanted))
    with file.open("rb") as opened:
        before = b""
        while chunk := opened.read(_CHUNK):
            beat()
            window = before + chunk
            if any(trace in window for trace in wanted):
                return True
            before = window[-longest:]
    return False


def _erasure(row: Any) -> Erasure:
    number, worker, after, begun, slots, counts, scrubbed, document, stopped = row
    return Erasure(
        id=number,
        worker=worker,
        after=after,
        begun=begun,
        slots=msgspec.json.decode(slots, type=list[tuple[int, int]]),
        counts=msgspec.json.decode(counts, type=Counts),
        scrubbed=bool(scrubbed),
        document=document,
        stopped=stopped,
    )
