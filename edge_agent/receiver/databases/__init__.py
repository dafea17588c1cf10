"""Payroll's database in SQLite or PostgreSQL: tables, views, and what differs between the two."""

from pathlib import Path

from ...contract.errors import StoreFault
from .database import SCHEMES, Database


def open_database(where: str, *, alone: bool, may_be_new: bool = False) -> Database:
    """Connect to a SQLite file by its path, or to PostgreSQL by its URL.

    ``alone``: as the receiver, of which there is one at a time. ``may_be_new``: a SQLite file that
    is not there is made. Raises StoreFault, DatabaseAway where trying again may help.
    """
    if where.startswith(SCHEMES):
        # SQLite needs nothing of PostgreSQL's driver, which is an extra of its own.
        from .postgresql_database import PostgresqlDatabase

        return PostgresqlDatabase(where, alone=alone)
    if "://" in where or "password=" in where:  # No file's name, which would be shown.
        raise StoreFault("payroll.url-unreadable")
    from .sqlite_database import SqliteDatabase

    return SqliteDatabase(Path(where), alone=alone, may_be_new=may_be_new)
