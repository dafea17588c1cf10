"""The Store port on one SQLite file: put together of its parts, and whose ledger it is."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from .. import __version__
from ..domain.chain import Scribe
from ..domain.errors import NoLedgerYet, StoreFault
from ..domain.facts import LedgerOpened
from ..domain.stamps import Stamp
from . import reserve
from .change import SqliteChange, changing
from .checkpoint_rows import CheckpointRows
from .connection import Connection
from .database import open_database, open_for_reading
from .ledger_rows import LedgerRows
from .memory_rows import MemoryRows
from .pairing_rows import PairingRows
from .people_rows import PeopleRows

log = logging.getLogger(__name__)


class SqliteStore(LedgerRows, CheckpointRows, PeopleRows, PairingRows, MemoryRows):
    """Ledger, workers and prints of one gate. One object a thread."""

    @classmethod
    def open(cls, path: Path, gate: str, zone: ZoneInfo, now: Stamp) -> "SqliteStore":
        """Open the database at ``path``; at the very first start, open a ledger in it.

        Raises StoreFault where it cannot be used or belongs to another gate.
        """
        with _kept_on_success(open_database(path)) as database:
            ledger = _identity(database)
            if ledger is None:
                return cls._first_start(path, database, gate, zone, now)
            if ledger["gate"] != gate:
                raise StoreFault(
                    f"The ledger in {path} belongs to gate {ledger['gate']!r}, but [gate] id is "
                    f"{gate!r}: set it back, or set [store] path to a new file for the new gate."
                )
            scribe = Scribe(gate=gate, ledger=ledger["ledger"], zone=zone)
            return cls(Connection(path, database), scribe)

    @classmethod
    def read_only(cls, path: Path, gate: str, zone: ZoneInfo) -> "SqliteStore":
        """Open the database for commands that only look; every write on it fails."""
        with _kept_on_success(open_for_reading(path)) as database:
            ledger = _identity(database)
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
        store = cls(Connection(path, database), scribe)
        opened = LedgerOpened(gate=gate, zone=zone.key, version=__version__, why="first-start")
        with store.changing() as change:
            database.table("identity").insert({"one": 1, "ledger": scribe.ledger, "gate": gate})
            database.table("watermarks").insert(
                {"one": 1, "published": 0, "confirmed": 0, "rejected": 0}
            )
            change.append(opened, now)
        log.info("ledger %s opened in %s", scribe.ledger, path)
        return store

    def changing(self) -> AbstractContextManager[SqliteChange]:
        """One durable transaction: all of it or nothing. Raises StoreFault where that failed."""
        return changing(self._connection, self._scribe)

    def keep_reserve(self) -> bool:
        """Make the reserve where it is missing and there is room. Returns whether it is there."""
        return reserve.keep(self._connection.path)

    def spend_reserve(self) -> bool:
        """Give the reserve's room to the database. False where there is no reserve any more."""
        return reserve.spend(self._connection.path)

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


def _identity(database: Database) -> dict[str, Any] | None:
    row = database.conn.execute("SELECT ledger, gate FROM identity").fetchone()
    return {"ledger": row[0], "gate": row[1]} if row else None
