"""The gate's database: ledger, workers and prints in one SQLite file, by sqlite-utils."""

from .aside import set_aside
from .backup import backup
from .own import own_ledger
from .readable import write_readable
from .sqlite_store import SqliteStore
from .verify import verify_ledger

__all__ = ["SqliteStore", "backup", "own_ledger", "set_aside", "verify_ledger", "write_readable"]
