"""A file that can be deleted: room for more punches on a disk that is full."""

import os
from contextlib import suppress
from pathlib import Path

from ....contract.atomic_file import create_private
from ...host.lock import give_to_folder_owner

RESERVE_BYTES = 4 << 20
"""Some 2,000 punches' growth of the database beside its log (a punch adds about a kilobyte; the
log is begun anew at 100 pages)."""

_FULL_BYTES = 64 << 10
"""With less room than this no transaction fits, whatever error SQLite makes of it."""


def keep(database: Path) -> bool:
    """Make the reserve where it is missing and there is room. Returns whether it is there."""
    path = reserve_of(database)
    if path.exists():
        return True
    half = path.with_name(path.name + ".half")
    try:
        # Not the last room: what fills the disk would only meet the reserve the sooner.
        if _room(path.parent) < 2 * RESERVE_BYTES:
            return False
        half.unlink(missing_ok=True)
        fd = create_private(half)
        try:
            os.posix_fallocate(fd, 0, RESERVE_BYTES)
        finally:
            os.close(fd)
        half.rename(path)
        give_to_folder_owner(path)
    except OSError:
        with suppress(OSError):
            half.unlink()
        return False
    return True


def reserve_of(database: Path) -> Path:
    """Where the reserve of a database is."""
    return database.with_name(f"{database.name}.reserve")


def spend(database: Path) -> bool:
    """Delete the reserve. Returns whether there was one."""
    try:
        reserve_of(database).unlink()
    except OSError:
        return False
    return True


def is_full(database: Path) -> bool:
    """Whether there is no room left on the database's disk."""
    try:
        return _room(database.parent) < _FULL_BYTES
    except OSError:
        return False


def index_may_fault(database: Path) -> bool:
    """Whether the log's index, which SQLite maps into memory, may lack room for what it maps.

    SQLite makes sure of that by a byte in each 4,096 of the file. Where blocks are smaller, as on
    an ext4 of less than 512 MB, most of it is a hole: on a disk with room for the bytes and not
    for the rest the process dies of SIGBUS at its next entry, and so at each start. Not where the
    index is all there.
    """
    with suppress(OSError):  # Opening it tells better what is wrong there.
        if os.statvfs(database.parent).f_frsize < _INDEX_STEP and is_full(database):
            index = database.with_name(f"{database.name}-shm")
            held = index.stat().st_blocks * 512 if index.exists() else 0
            return held < _INDEX_BYTES
    return False


_INDEX_STEP, _INDEX_BYTES = 4096, 32_768
"""https://sqlite.org/walformat.html#the_wal_index_file_format; the step: ``unixShmMap``."""


def _room(folder: Path) -> int:
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize
