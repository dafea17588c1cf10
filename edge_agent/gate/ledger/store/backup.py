"""A copy of the database for rescue, made while the daemon goes on."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from ....contract.atomic_file import new_private_path
from ....contract.errors import StoreFault
from ...errors import DiskFull
from .database import database_fault, open_for_reading
from .metadata import COPY


def backup(database: Path, target: Path) -> int:
    """Copy the database at ``database`` to the new file ``target``; the bytes written.

    The copy is consistent, complete or not there at all, and only its owner may read it: it holds
    names. Raises BadRequest where ``target`` is taken, StoreFault where it cannot be written.
    """
    with new_private_path(target) as half:
        try:
            _copy(database, half)
        finally:
            half.with_name(f"{half.name}-journal").unlink(missing_ok=True)
    return target.stat().st_size


def _copy(database: Path, half: Path) -> None:
    with (
        closing(open_for_reading(database)) as source,
        # It is there already: nothing of another's making may take its place.
        closing(
            sqlite3.connect(f"{half.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        ) as copy,
    ):
        try:
            source.backup(copy)
        except sqlite3.Error as error:
            _refuse_full(half, error)
            raise database_fault(database, error) from error
        try:
            # One plain file: a copy with a log beside it would be half a copy.
            copy.execute("PRAGMA journal_mode=DELETE")
            copy.execute("REPLACE INTO remembered VALUES (?, 'backup')", (COPY,))
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
