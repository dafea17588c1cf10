"""What lies where a SQLite database is named: told before a lock is made beside it, or a byte read
by whoever would write.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from ...contract.errors import StoreFault

_BEGINS = b"SQLite format 3\0"

_OF_A_GATE = {"ledger", "identity", "watermarks"}
"""Some of its tables."""

_OF_A_RECEIVER = {"entries", "ledgers"}

_MOST_LOOKED_AT = 100
"""Files of a folder, where one is looked for that is not there."""


def refuse_another_file(path: Path, *, may_be_empty: bool) -> None:
    """Raises StoreFault, with nothing made or changed, where ``path`` is there and is none of
    payroll's: a folder, a file of another kind, the database of a gate.

    What cannot be looked into is left to whoever uses it, and says why it cannot.
    """
    if path.is_dir():
        raise StoreFault("payroll.database-is-folder", name=path)
    try:
        with path.open("rb") as file:
            begins = file.read(len(_BEGINS))
    except OSError:
        return
    if not begins and not may_be_empty:
        raise StoreFault("payroll.database-empty", name=path)
    if begins and begins != _BEGINS:
        raise StoreFault("payroll.database-is-none", name=path)
    with suppress(sqlite3.Error), closing(_looked_into(path)) as conn:
        if _tables(conn) >= _OF_A_GATE:
            rows = conn.execute("SELECT gate FROM identity").fetchall()
            gate = rows[0][0] if rows else "?"
            raise StoreFault("payroll.database-of-gate", name=path, gate=gate)


def receivers_beside(path: Path) -> list[str]:
    """Databases of a receiver in the same folder: one of them may be meant."""
    return [str(one) for one in sorted(_candidates(path.parent)) if _is_receivers(one)]


def _candidates(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        for _, one in zip(range(_MOST_LOOKED_AT), folder.iterdir(), strict=False):
            if one.is_file() and not one.is_symlink():
                yield one


def _is_receivers(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if file.read(len(_BEGINS)) != _BEGINS:
                return False
        with closing(_looked_into(path)) as conn:
            return _tables(conn) >= _OF_A_RECEIVER
    except (OSError, sqlite3.Error):
        return False


def _looked_into(path: Path) -> sqlite3.Connection:
    """Where nobody has it open, SQLite is told that nobody will: it would make a log of its own
    beside it, which would be this user's and shut the others out.
    """
    in_use = all(path.with_name(f"{path.name}{end}").exists() for end in ("-wal", "-shm"))
    how = "mode=ro" if in_use else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=1)


def _tables(conn: sqlite3.Connection) -> set[str]:
    return {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
