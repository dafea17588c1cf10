"""The gate's database: ledger, workers and prints in one SQLite file, by sqlite-utils."""

from .backup import backup
from .sqlite_store import SqliteStore
from .verify import verify_ledger

__all__ = ["SqliteStore", "backup", "verify_ledger"]
