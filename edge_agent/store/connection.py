"""One thread's connection to the database: opened anew after a fault, its errors told."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from ..domain.errors import DamagedLedger, StoreFault
from .database import database_fault, open_database


class Connection:
    """What all parts of a store share."""

    def __init__(
        self,
        path: Path,
        database: Database,
        on_damage: Callable[[DamagedLedger], None] = lambda fault: None,
    ) -> None:
        """``on_damage`` is told of every sign that the database is damaged."""
        self.path = path
        self._database: Database | None = database
        self._on_damage = on_damage

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        """All rows that a query finds. Raises StoreFault."""
        with self.use() as database:
            return database.conn.execute(sql, parameters).fetchall()

    @contextmanager
    def use(self) -> Iterator[Database]:
        """The database, its errors told as a StoreFault."""
        try:
            yield self.database()
        except sqlite3.Error as error:
            raise self.fault(error) from error

    def fault(self, error: sqlite3.Error) -> StoreFault:
        """What an error of SQLite means for a technician."""
        fault = database_fault(self.path, error)
        if isinstance(fault, DamagedLedger):
            self.damaged(fault)
        return fault

    def damaged(self, fault: DamagedLedger) -> None:
        """What was read cannot be what was written."""
        self._on_damage(fault)

    def database(self) -> Database:
        """The database; opened anew where a fault has closed it. Raises StoreFault."""
        if self._database is None:
            self._database = open_database(self.path)
        return self._database

    def drop(self) -> None:
        """Close it after a fault: the next use opens it anew and sees what the disk holds."""
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None

    def close(self) -> None:
        """Close the database for good."""
        if self._database is not None:
            self._database.close()
