"""A gate's new database, copied from one that the migrations have made once: a test run opens two
thousand, and they take seven of the eight milliseconds of it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from edge_agent.gate.ledger.store import database, schema

migrate = database._migrate
"""As a gate does it; whatever is there already is always migrated so."""


@contextmanager
def copied() -> Iterator[None]:
    """From now on, until it is left, whoever opens an empty database in this process gets one."""
    with patch.object(database, "_migrate", _copy_or_migrate):
        yield


def _copy_or_migrate(opened: Any, path: Path) -> None:
    # A connection that a test has made to fail does so at the statement that it was told.
    ordinary = type(opened.conn) is sqlite3.Connection
    if ordinary and opened.conn.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
        _made(tuple(step.__name__ for step in schema.STEPS)).backup(opened.conn)
    else:
        migrate(opened, path)


@cache
def _made(_steps: tuple[str, ...]) -> sqlite3.Connection:
    """What today's steps make: one for each list of them, for tests of upgrades add to it."""
    from edge_agent.gate.ledger.store.lean_sqlite_utils import Database

    # Autocommit and any thread, as a gate's daemon opens its stores.
    conn = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    schema.migrations().apply(Database(conn, execute_plugins=False))
    return conn
