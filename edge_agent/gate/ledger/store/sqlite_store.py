"""The database of one gate, put together of its parts.

What changes it (change.py) is loaded where it is opened to write: whoever looks does without it.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from ....contract.chain import Scribe
from ....contract.errors import StoreFault
from ....contract.stamps import Stamp
from ...errors import DamagedLedger, NoLedgerYet
from ...host.service import starting
from . import reserve
from .backup_rows import BackupRows
from .claim_rows import ClaimRows
from .database import StoreConnection, open_database, open_for_reading
from .evidence_rows import EvidenceRows
from .leaving_rows import LeavingRows
from .ledger_rows import CheckpointRows, LedgerRows
from .metadata import MetadataRows
from .notes import Gap, gap_note, leaving_note
from .people_rows import PairingRows, PeopleRows
from .retention_rows import RetentionRows
from .score_rows import ScoreRows

if TYPE_CHECKING:
    from sqlite_utils import Database

    from .change import SqliteChange


class SqliteStore(
    LedgerRows,
    CheckpointRows,
    EvidenceRows,
    LeavingRows,
    BackupRows,
    PeopleRows,
    PairingRows,
    MetadataRows,
    RetentionRows,
    ClaimRows,
    ScoreRows,
):
    """Ledger, workers and prints of one gate. One object a thread."""

    @classmethod
    def open(
        cls,
        path: Path,
        gate: str,
        zone: ZoneInfo,
        now: Stamp,
        on_damage: Callable[[DamagedLedger], None] = lambda fault: None,
    ) -> SqliteStore:
        """Open the database at ``path``; at the very first start, open a ledger in it.

        ``on_damage`` is told, on this thread, where it turns out to be damaged later.
        Raises StoreFault where it cannot be used or belongs to another gate.
        """
        with _kept_on_success(open_database(path)) as database:
            ledger = identity(database.conn)
            if ledger is None:
                return cls._first_start(path, database, gate, zone, now)
            if ledger["gate"] != gate:
                told = {"path": path, "owner": ledger["gate"], "gate": gate}
                raise StoreFault("store.other-gate", **told, start=starting())
            scribe = Scribe(gate=gate, ledger=ledger["ledger"], zone=zone)
            return cls(StoreConnection(path, database.conn, on_damage), scribe)

    @classmethod
    def read_only(cls, path: Path, zone: ZoneInfo) -> SqliteStore:
        """Open the database for commands that only look; every write on it fails.

        It is read as its own gate's, whatever the settings call this one: its entries would pass
        for altered.
        """
        with _kept_on_success(open_for_reading(path)) as conn:
            ledger = identity(conn)
            if ledger is None:
                raise NoLedgerYet("store.no-ledger-yet", path=path, start=starting())
            scribe = Scribe(gate=ledger["gate"], ledger=ledger["ledger"], zone=zone)
            return cls(StoreConnection(path, conn), scribe)

    @classmethod
    def _first_start(
        cls, path: Path, database: Database, gate: str, zone: ZoneInfo, now: Stamp
    ) -> SqliteStore:
        from .change import first_ledger

        scribe = Scribe(gate=gate, ledger=str(uuid.uuid4()), zone=zone)
        connection = StoreConnection(path, database.conn)
        first_ledger(connection, scribe, now)
        return cls(connection, scribe)

    def changing(self) -> AbstractContextManager[SqliteChange]:
        """One durable transaction: all of it or nothing. Raises StoreFault where that failed."""
        from .change import changing

        return changing(self._connection, self._scribe)

    def keep_reserve(self) -> bool:
        """Make the reserve where it is missing and there is room. Returns whether it is there.

        So is made what else is to lie beside the database, and could not be when it was its turn.
        """
        from . import people_snapshot

        path = self._connection.path
        for note in (gap_note, leaving_note):
            note.prepare(path)
        kept = reserve.keep(path)
        if kept and not people_snapshot.snapshot_of(path).exists():
            with suppress(StoreFault), self._connection.use() as database:
                people_snapshot.keep(path, database, self.gate, self.ledger)
        return kept

    def spend_reserve(self) -> bool:
        """Give the reserve's room to the database. False where there is no reserve any more."""
        return self._connection.spend_reserve()

    def has_spent_reserve(self) -> bool:
        """Whether that was done since this was last asked, by a commit of its own accord too."""
        return self._connection.has_spent_reserve()

    def note_gap(self, gap: Gap | None) -> None:
        """Remember, beside the database, what it does not take; None: it has taken it."""
        if gap is None:
            gap_note.take_back(self._connection.path)
        else:
            gap_note.put(self._connection.path, self.ledger, gap)

    def noted_gap(self) -> Gap | None:
        """What was noted and never taken back: the power failed before it could be written."""
        return gap_note.read(self._connection.path, self.ledger)

    def other_gate(self, gate: str) -> str | None:
        """The gate whose ledger it is, where that is not ``gate``, whose daemon will leave it."""
        return None if self.gate == gate else self.gate

    def close(self) -> None:
        """Close the database for good."""
        self._connection.close()


def identity(conn: sqlite3.Connection) -> dict[str, Any] | None:
    """The ids of the ledger and its gate; None where no ledger was opened yet."""
    row = conn.execute("SELECT ledger, gate FROM identity").fetchone()
    return {"ledger": row[0], "gate": row[1]} if row else None


_Opened = TypeVar("_Opened", "Database", sqlite3.Connection)


@contextmanager
def _kept_on_success(opened: _Opened) -> Iterator[_Opened]:
    try:
        yield opened
    except BaseException:
        opened.close()
        raise
