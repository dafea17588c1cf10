"""A copy of the database for rescue, made while the daemon goes on."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from ....contract.errors import BadRequest, StoreFault
from .database import database_fault, open_for_reading
from .metadata import COPY


def backup(database: Path, target: Path) -> int:
    """Copy the database at ``database`` to the new file ``target``; the bytes written.

    The copy is consistent, complete or not there at all, and only its owner may read it: it holds
    names. Raises BadRequest where ``target`` is taken, StoreFault where it cannot be written.
    """
    if target.exists():
        raise BadRequest(f"{target} is there already: name a new file for the backup.")
    half = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        _copy(database, half)
        _sync(half)
        # A link, and not a rename: it never replaces what somebody has put there meanwhile.
        os.link(half, target)
        _sync(target.parent)
        return target.stat().st_size
    except OSError as error:
        raise StoreFault(
            f"The backup {target} cannot be written ({error.strerror}): check its folder and the "
            "room there."
        ) from error
    finally:
        for left in (half, half.with_name(half.name + "-journal")):
            with suppress(OSError):
                left.unlink()


def _copy(database: Path, half: Path) -> None:
    with (
        closing(open_for_reading(database)) as source,
        closing(sqlite3.connect(half, isolation_level=None)) as copy,
    ):
        try:
            source.backup(copy)
        except sqlite3.Error as error:
            raise database_fault(database, error) from error
        try:
            # One plain file: a copy with a log beside it would be half a copy.
            copy.execute("PRAGMA journal_mode=DELETE")
            copy.execute("REPLACE INTO remembered VALUES (?, 'backup')", (COPY,))
            [(sound,)] = copy.execute("PRAGMA quick_check(1)")
        except sqlite3.Error as error:
            raise database_fault(half, error) from error
    if sound != "ok":
        raise StoreFault(
            f"The copy of {database} is not sound ({sound}), so there is no backup: keep the "
            "database as it is, and see 'edge-agent ledger verify'."
        )


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
