"""Files that are whole or not there at all, and on the disk once that is said.

What is made is written beside its place, synced, put in its place, and the folder synced: a power
cut between any two of these leaves what was there before, or the new file. Nobody but the owner
may read what is made, whatever the umask, unless another mode is asked for: there are names in it,
or worse. Nothing is written through a link that lies in a file's place.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .errors import BadRequest, StoreFault
from .rights import is_mount_point, unmakeable

_OPEN_FILES = "/proc/self/fd"
_NEW = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def new_private_file(target: Path) -> Iterator[IO[bytes]]:
    """A file of mode 0600 to write and read, which becomes ``target`` when it is complete.

    After an error, a kill included, there is nothing of that name. Raises BadRequest where
    ``target`` is there already or meant for a stick that is not, StoreFault where it cannot be
    written.
    """
    refuse_unmounted(target)
    # Not opened anew by its name: in a folder of somebody else's a link may stand there by now.
    with _new(target) as (_, fd), os.fdopen(fd, "w+b", closefd=False) as file:
        yield file


@contextmanager
def new_private_path(target: Path) -> Iterator[tuple[Path, int]]:
    """The same for whoever opens files by name: an empty one to fill and close, and itself open;
    also where a stick would be mounted, for a database may be kept there.

    Before anything is written to what was opened by that name, ``refuse_another`` has to be asked.
    """
    with _new(target) as half:
        yield half


def refuse_another(fd: int) -> None:
    """Raise OSError where this process has the file of ``fd`` open but once: what was opened by its
    name is another, which a link has put in its place."""
    own, opened = os.fstat(fd), 0
    for name in os.listdir(_OPEN_FILES):
        with suppress(OSError):  # The listing itself, closed by now.
            opened += os.path.samestat(own, os.stat(f"{_OPEN_FILES}/{name}"))
    if opened < 2:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


@contextmanager
def _new(target: Path) -> Iterator[tuple[Path, int]]:
    """What becomes ``target``, by its name and open."""
    _refuse_taken(target)
    try:
        with _becoming(target) as half:
            yield half
    except OSError as error:
        why = unmakeable(target, error)
        raise StoreFault("file.unwritable", path=target, why=why) from error


def refuse_existing(target: Path) -> None:
    """Raise BadRequest where no new file for a person can be made at ``target``: something is there
    (nothing is ever written over), or it is meant for a stick that is not."""
    refuse_unmounted(target)
    _refuse_taken(target)


def _refuse_taken(target: Path) -> None:
    if os.path.lexists(target):  # Unlike the path's own, it takes a folder that is closed to us.
        raise BadRequest("file.exists", path=target)


def refuse_unmounted(target: Path) -> None:
    """Raise BadRequest where a stick is meant and none is mounted: ``target``, a new file or a
    folder, is in a place where sticks are mounted, and no mount point is there or on the way."""
    place = Path(os.path.realpath(target))
    root = next((one for one in _STICKS if one in place.parents), None)
    if root is None:
        return
    try:
        place.lstat()
    except PermissionError:
        return  # Whoever may not look cannot tell; what is written there says so itself.
    except OSError:
        pass
    on_the_way = [one for one in (place, *place.parents) if one.is_relative_to(root)]
    if not any(map(is_mount_point, on_the_way)):
        raise BadRequest("file.no-stick", path=target)


_STICKS = (Path("/media"), Path("/run/media"), Path("/mnt"))
"""Where what is plugged in is mounted: Filesystem Hierarchy Standard 3.0, 3.11 and 3.12; udisks(8)
in /run/media."""


@contextmanager
def _becoming(target: Path) -> Iterator[tuple[Path, int]]:
    """The same, with no words for what goes wrong: raises OSError."""
    half = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fd = create_private(half)
        try:
            yield half, fd
            os.fsync(fd)
            _name(fd, half, target)
        finally:
            os.close(fd)
        sync(target.absolute().parent)
    finally:
        with suppress(OSError):
            half.unlink()


def _name(fd: int, half: Path, target: Path) -> None:
    """Give a file that is open its name: not by its old one, for something else may stand there by
    now, and not by a rename, which would replace what came meanwhile (linkat(2), AT_EMPTY_PATH)."""
    here = os.open(_OPEN_FILES, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # Without a folder of its own Python follows no link.
        os.link(str(fd), target.absolute(), src_dir_fd=here, follow_symlinks=True)
    except PermissionError:
        # FAT, as most sticks have it, knows no second name of a file, nor owners from whom one
        # would have to be kept.
        _refuse_taken(target)
        os.rename(half, target)
    finally:
        os.close(here)


@contextmanager
def replacing(target: Path, mode: int = 0o600) -> Iterator[IO[bytes]]:
    """A file to write, which takes the place of ``target``, if there is one, when it is complete.

    For one process at a time: what another one has left half made is thrown away. Raises OSError;
    ``target`` is then as it was.
    """
    half = target.with_name(f"{target.name}.part")
    half.unlink(missing_ok=True)
    try:
        with os.fdopen(create_private(half, mode), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        move(half, target)
    except BaseException:
        with suppress(OSError):
            half.unlink()
        raise


def create_private(path: Path, mode: int = 0o600) -> int:
    """A new file of this mode, open to read and write. Raises FileExistsError where there is
    anything of that name, a link included, and other OSErrors."""
    fd = os.open(path, _NEW, 0o600)
    try:
        os.fchmod(fd, mode)
    except BaseException:
        os.close(fd)
        raise
    return fd


def set_mode(path: Path, mode: int) -> None:
    """Give a file or a socket another mode. Raises OSError, and touches nothing, at a link."""
    with _named(path) as (name, found):
        if stat.S_ISLNK(found):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        os.chmod(name, mode)


def close_to_others(path: Path, of_its_own: int = stat.S_IRWXU | stat.S_IRWXG) -> None:
    """Take from everybody what an umask, or an older version, has given of a file; ``of_its_own``
    says what stays of its owner's and group's rights. Does nothing where it is no file, is not
    there, or is not ours to change.
    """
    with suppress(OSError), _named(path) as (name, mode):
        if stat.S_ISREG(mode) and mode & stat.S_IRWXO:
            os.chmod(name, stat.S_IMODE(mode) & of_its_own)


@contextmanager
def _named(path: Path) -> Iterator[tuple[str, int]]:
    """What stands there under a name that nobody can exchange, and its mode.

    It is opened only to be named (open(2), O_PATH): to open and close a database takes from the
    whole process the locks that SQLite has on it, and another would throw its log away.
    https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
    """
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield f"{_OPEN_FILES}/{fd}", os.fstat(fd).st_mode
    finally:
        os.close(fd)


def move(old: Path, new: Path) -> None:
    """Give a file another name in its folder. Raises OSError."""
    old.rename(new)
    sync(new.absolute().parent)


def overwrite(path: Path, content: bytes) -> None:
    """Write over what stands at the beginning of a file: in room that it has. Raises OSError.

    Not whole for certain: a power cut may leave any part of it, so it has to prove itself.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.pwrite(fd, content, 0)
        os.fsync(fd)
    finally:
        os.close(fd)


def sync(path: Path) -> None:
    """Bring a file's content, or a folder's names, to the disk. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
