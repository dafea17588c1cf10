"""SQLite's own locks: nothing that the process does beside it may take them away.

To open and close a database, or a file beside it, drops them for the whole process. Whoever reads
along then believes to be alone when it leaves, and throws away the log that others write to.
https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
"""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.contract import atomic_file
from edge_agent.contract.atomic_file import close_to_others
from edge_agent.receiver.databases.sqlite_database import _close_to_everybody

from .ledgers import append, open_store

_READS_ALONG = """
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1])
conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
conn.close()
"""


def somebody_reads_along(path: Path) -> None:
    subprocess.run([sys.executable, "-c", _READS_ALONG, str(path)], check=True)


def opened_and_closed(path: Path) -> None:
    for beside in path.parent.glob(f"{path.name}*"):
        os.close(os.open(beside, os.O_RDONLY))


def modes_set(path: Path) -> None:
    for beside in path.parent.glob(f"{path.name}*"):
        beside.chmod(0o666)
        close_to_others(beside)
        atomic_file.set_mode(beside, 0o640)


def another_connection(path: Path) -> None:
    with closing(open_store(path.parent)):
        pass


@pytest.mark.parametrize(
    ("beside", "kept"),
    [
        (modes_set, True),
        (_close_to_everybody, True),
        (another_connection, True),
        (opened_and_closed, False),  # The control.
    ],
)
def test_whoever_reads_along_leaves_the_log_where_it_is(
    tmp_path: Path, beside: Callable[[Path], None], kept: bool
) -> None:
    with closing(open_store(tmp_path)) as store:
        append(store)
        path = tmp_path / "gate.db"
        beside(path)
        somebody_reads_along(path)
        assert (tmp_path / "gate.db-wal").exists() is kept
