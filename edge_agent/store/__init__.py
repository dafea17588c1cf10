"""The gate's database: ledger, workers and prints in one SQLite file, by sqlite-utils."""

from .backup import backup
from .damage.readable import write_readable
from .sqlite_store import SqliteStore
from .succession.aside import set_aside
from .succession.own import own_ledger
from .verify import verify_ledger

__all__ = ["SqliteStore", "backup", "own_ledger", "set_aside", "verify_ledger", "write_readable"]
