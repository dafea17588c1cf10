"""A copy of the database for rescue, made while the daemon goes on."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ....contract.atomic_file import new_private_path, refuse_another
from ....contract.errors import StoreFault
from ...errors import DiskFull
from .database import database_fault, open_for_reading
from .metadata import COPY

_VERSIONS_AT, _WITHOUT_A_LOG = 18, b"\1\1"
"""https://sqlite.org/fileformat2.html#file_format_version_numbers"""


def backup(database: Path, target: Path) -> int:
    """Copy the database at ``database`` to the new file ``target``; the bytes written.

    The copy is consistent, complete or not there at all, and only its owner may read it: it holds
    names. Raises BadRequest where ``target`` is taken, StoreFault where it cannot be written.
    """
    return copy_database(database, target, COPY, "backup")


def copy_database(database: Path, target: Path, key: str, value: str) -> int:
    """The same, but for what the copy remembers: this."""
    with new_private_path(target) as (half, fd):
        _copy(database, half, fd, key, value)
        return os.fstat(fd).st_size


@contextmanager
def _opened(half: Path, fd: int) -> Iterator[sqlite3.Connection]:
    """The copy, without a journal: that would be one more file by name, and of one that was cut off
    nothing is left anyway."""
    uri = f"{half.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as copy:
        refuse_another(fd)  # SQLite has opened it, and not read or written anything.
        try:
            copy.execute("PRAGMA journal_mode=OFF")
        except sqlite3.Error as error:
            raise database_fault(half, error) from error
        yield copy


def _copy(database: Path, half: Path, fd: int, key: str, value: str) -> None:
    with closing(open_for_reading(database)) as source, _opened(half, fd) as copy:
        try:
            source.backup(copy)
        except sqlite3.Error as error:
            _refuse_full(half, error)
            raise database_fault(database, error) from error
    # One plain file: a copy with a log beside it would be half a copy.
    os.pwrite(fd, _WITHOUT_A_LOG, _VERSIONS_AT)
    with _opened(half, fd) as copy:
        try:
            copy.execute("REPLACE INTO remembered VALUES (?, ?)", (key, value))
            [(sound,)] = copy.execute("PRAGMA quick_check(1)")
        except sqlite3.Error as error:
            _refuse_full(half, error)
            raise database_fault(half, error) from error
    if sound != "ok":
        raise StoreFault("store.copy-not-sound", path=database, why=sound)


def _refuse_full(half: Path, error: sqlite3.Error) -> None:
    """It is the copy that has no room, and not the database: that is only read."""
    if isinstance(database_fault(half, error), DiskFull):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
