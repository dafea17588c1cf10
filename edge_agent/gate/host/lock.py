"""Who owns what a gate works on: one process at a time, and the gate's user all its files."""

import errno
import fcntl
import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path

from ...contract.atomic_file import create_private
from ...contract.errors import StoreFault
from ...contract.language import Message, because
from ...contract.planted_links import refuse_planted_links
from ..errors import GateBusy
from .rights import unusable_store
from .service import starting, stopping


def give_all_to_folder_owner(database: Path) -> None:
    """The same for a database and every file beside it, whatever has made them.

    Only for files of root's with one name: whoever owns the folder could have given another file,
    which is nobody's to give away, a second name there.
    """
    if os.geteuid() != 0 or database.parent.stat().st_uid == 0:
        return
    for path in database.parent.glob(f"{database.name}*"):
        with suppress(OSError):
            found = path.lstat()
            if found.st_uid == 0 and found.st_nlink == 1 and stat.S_ISREG(found.st_mode):
                give_to_folder_owner(path)


def give_to_folder_owner(path: Path) -> None:
    """Hand a file over to whoever owns its folder, where root has just made it.

    Without this a ``sudo edge-agent workers add`` before the daemon's first start would leave a
    database that the daemon's own user cannot open.
    """
    if os.geteuid() == 0:
        folder = path.parent.stat()
        # Never through a link: the folder's owner could have laid one to a file of root's.
        os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)


_POLL_S = 0.1

_DAEMON = "daemon"


class GateLock:
    """An advisory lock beside the database. The kernel frees it when its process ends."""

    def __init__(self, database: Path) -> None:
        self._given = database
        # By its own name: through a link to it, or to its folder, it is the same database.
        self._database = Path(os.path.realpath(database))
        self._path = self._database.with_name(f"{self._database.name}.lock")
        self._fd: int | None = None

    def acquire(self, holder: str, patience_s: float = 0.0) -> None:
        """Take the lock for ``holder`` ("daemon" or a command's name).

        Waits up to ``patience_s`` for a command to finish; a running daemon is never waited for.
        Raises GateBusy naming who has it, StoreFault where the lock file cannot be made, the
        database has a second name, or another's link would lead root elsewhere.
        """
        refuse_planted_links(self._given)
        if os.path.isdir(self._database):
            is_folder = Message("rights.is-folder", path=self._database)
            raise StoreFault("host.no-database", path=self._database, why=is_folder)
        self._refuse_hard_links()
        try:
            fd = _open_lock(self._path)
        except OSError as error:
            why = unusable_store(self._database, to_write=True) or because(error)
            raise StoreFault("host.no-database", path=self._database, why=why) from error
        give_to_folder_owner(self._path)
        deadline = time.monotonic() + patience_s
        while not _try_lock(fd):
            owner = os.pread(fd, 100, 0).decode(errors="replace").strip()
            if owner.startswith(_DAEMON) or time.monotonic() >= deadline:
                os.close(fd)
                raise _busy(owner, self._path)
            time.sleep(_POLL_S)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{holder} (process {os.getpid()})\n".encode(), 0)
        self._fd = fd

    def _refuse_hard_links(self) -> None:
        """Two names are two locks, and to SQLite two logs: each would overwrite the other."""
        try:
            names = self._database.stat().st_nlink
        except OSError:
            return  # Not there yet, or the store says what is wrong with it.
        if names > 1:
            raise StoreFault("host.many-names", path=self._database, names=names)

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two owners in."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def daemon_at(database: Path) -> int | None:
    """The process of the daemon that has the lock of a database; None: there is none, or this
    machine does not tell. The lock itself is not tried: a daemon that starts just then would fail.
    """
    lock = Path(f"{os.path.realpath(database)}.lock")
    try:
        holder, process = _named(lock.read_text(errors="replace").strip()) or ("", 0)
        held = Path("/proc/locks").read_text()
        inode = lock.stat().st_ino
    except OSError:
        return None
    mine = re.search(rf"^\d+: FLOCK .* {process} [0-9a-f]+:[0-9a-f]+:{inode} ", held, re.M)
    return process if holder == _DAEMON and mine else None


def _named(owner: str) -> tuple[str, int] | None:
    """Who has written itself into the lock, and its process."""
    named = re.fullmatch(r"(.+) \(process (\d+)\)", owner)
    return (named[1], int(named[2])) if named else None


def _busy(owner: str, lock: Path) -> GateBusy:
    """Who has the gate, and what to do: ``owner`` as it has written itself into the lock."""
    if (named := _named(owner)) is None:
        return GateBusy("host.gate-in-use", owner=owner or Message("host.another"), lock=lock)
    holder, process = named
    if holder == _DAEMON:
        return GateBusy(
            "host.daemon-has-gate", process=process, lock=lock, stop=stopping(), start=starting()
        )
    return GateBusy("host.command-has-gate", holder=holder, process=process, lock=lock)


def _open_lock(path: Path) -> int:
    """The lock file, made where it is missing: for the group too, whatever the umask."""
    try:
        return create_private(path, 0o660)
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True
