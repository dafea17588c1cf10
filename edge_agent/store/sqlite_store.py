"""The Store port on one SQLite file: put together of its parts, and whose ledger it is."""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from ..domain.chain import Scribe
from ..domain.errors import DamagedLedger, NoLedgerYet, StoreFault
from ..domain.stamps import Stamp
from ..ports import Gap
from . import gap_note, reserve
from .change import SqliteChange, changing
from .checkpoint_rows import CheckpointRows
from .connection import Connection
from .database import open_database, open_for_reading
from .ledger_rows import LedgerRows
from .memory_rows import MemoryRows
from .pairing_rows import PairingRows
from .people_rows import PeopleRows
from .succession.successor import begin_ledger

log = logging.getLogger(__name__)


class SqliteStore(LedgerRows, CheckpointRows, PeopleRows, PairingRows, MemoryRows):
    """Ledger, workers and prints of one gate. One object a thread."""

    @classmethod
    def open(
        cls,
        path: Path,
        gate: str,
        zone: ZoneInfo,
        now: Stamp,
        on_damage: Callable[[DamagedLedger], None] = lambda fault: None,
    ) -> "SqliteStore":
        """Open the database at ``path``; at the very first start, open a ledger in it.

        ``on_damage`` is told, on this thread, where it turns out to be damaged later.
        Raises StoreFault where it cannot be used or belongs to another gate.
        """
        with _kept_on_success(open_database(path)) as database:
            ledger = identity(database)
            if ledger is None:
                return cls._first_start(path, database, gate, zone, now)
            if ledger["gate"] != gate:
                raise StoreFault(
                    f"The ledger in {path} belongs to gate {ledger['gate']!r}, but [gate] id is "
                    f"{gate!r}: start the daemon, it opens a new ledger for this gate."
                )
            scribe = Scribe(gate=gate, ledger=ledger["ledger"], zone=zone)
            return cls(Connection(path, database, on_damage), scribe)

    @classmethod
    def read_only(cls, path: Path, gate: str, zone: ZoneInfo) -> "SqliteStore":
        """Open the database for commands that only look; every write on it fails."""
        with _kept_on_success(open_for_reading(path)) as database:
            ledger = identity(database)
            if ledger is None:
                raise NoLedgerYet(
                    f"The database at {path} holds no ledger yet: start the daemon once."
                )
            scribe = Scribe(gate=gate, ledger=ledger["ledger"], zone=zone)
            return cls(Connection(path, database), scribe)

    @classmethod
    def _first_start(
        cls, path: Path, database: Database, gate: str, zone: ZoneInfo, now: Stamp
    ) -> "SqliteStore":
        scribe = Scribe(gate=gate, ledger=str(uuid.uuid4()), zone=zone)
        connection = Connection(path, database)
        with changing(connection, scribe):
            begin_ledger(database, scribe, "first-start", now)
        log.info("ledger %s opened in %s", scribe.ledger, path)
        return cls(connection, scribe)

    def changing(self) -> AbstractContextManager[SqliteChange]:
        """One durable transaction: all of it or nothing. Raises StoreFault where that failed."""
        return changing(self._connection, self._scribe)

    def keep_reserve(self) -> bool:
        """Make the reserve where it is missing and there is room. Returns whether it is there."""
        gap_note.prepare(self._connection.path)
        return reserve.keep(self._connection.path)

    def spend_reserve(self) -> bool:
        """Give the reserve's room to the database. False where there is no reserve any more."""
        return reserve.spend(self._connection.path)

    def note_gap(self, gap: Gap | None) -> None:
        """Remember, beside the database, what it does not take; None: it has taken it."""
        if gap is None:
            gap_note.take_back(self._connection.path)
        else:
            gap_note.put(self._connection.path, self.ledger, gap)

    def noted_gap(self) -> Gap | None:
        """What was noted and never taken back: the power failed before it could be written."""
        return gap_note.read(self._connection.path, self.ledger)

    def close(self) -> None:
        """Close the database for good."""
        self._connection.close()


@contextmanager
def _kept_on_success(database: Database) -> Iterator[Database]:
    try:
        yield database
    except BaseException:
        database.close()
        raise


def identity(database: Database) -> dict[str, Any] | None:
    """The ids of the ledger and its gate; None where no ledger was opened yet."""
    row = database.conn.execute("SELECT ledger, gate FROM identity").fetchone()
    return {"ledger": row[0], "gate": row[1]} if row else None
