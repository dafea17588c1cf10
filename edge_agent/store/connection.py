"""One thread's connection to the database: opened anew after a fault, its errors told."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from .database import database_fault, open_database


class Connection:
    """What all parts of a store share."""

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self._database: Database | None = database

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
            raise database_fault(self.path, error) from error

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
