"""Why this user may not use the gate's database, its socket or a port: what mends each.

In the words of ``contract.rights``: clauses, with one command each.
"""

import grp
import os
import stat
from pathlib import Path

from ...contract.language import Message, because
from ...contract.rights import (
    ENTER,
    READ,
    SERVICE,
    WRITE,
    Block,
    as_user,
    block_on,
    group,
    is_the_service,
    is_user,
    joining,
    may,
    quoted,
    stat_of,
    user,
)

STATE = Path("/var/lib", SERVICE)
"""Where the service keeps its own (StateDirectory= in its unit)."""

_SHARED = frozenset(
    map(Path, ("/", "/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/var", "/var/lib"))  # nosec B108
)
"""Folders that are not one program's own: whoever may write there is not to be changed."""


def unusable_store(database: Path, *, to_write: bool) -> Message | None:
    """Of the gate's database, its folder and the files beside it; None where nothing is missing."""
    folder = database.parent
    block = block_on(database, READ | (WRITE if to_write else 0))
    if block is None and to_write:
        # SQLite makes files beside it, and takes them away.
        block = block_on(folder, READ | WRITE | ENTER) or _unwritable_beside(database)
    if block is None:
        return None
    if to_write and (mend := _beyond_the_unit(database)) is not None:
        return mend
    if block.stat is None:
        return Message("rights.no-folder", path=block.path, command=_makes(folder))
    if stat.S_ISDIR(block.stat.st_mode) and block.path == Path(os.path.realpath(database)):
        return Message("rights.is-folder", path=database)
    if block.mode == ENTER and not stat.S_ISDIR(block.stat.st_mode):
        return Message("rights.store-no-folder", path=block.path)
    if block.mode & WRITE and _is_read_only(block.path):
        return Message("rights.read-only-disk", path=folder)
    if not to_write and (mend := joining(block)) is not None:
        return mend
    return block.mended_by(_mend_of_store(database, block))


def _mend_of_store(database: Path, block: Block) -> Message | str:
    folder, me = database.parent, user()
    found = stat_of(folder)
    of_root = found is not None and found.st_uid == 0
    owner = SERVICE if found is None else user(found.st_uid)
    if of_root and me != "root" and (is_the_service() or is_user(SERVICE)):
        owner = me if is_the_service() else SERVICE
        if folder in _SHARED:
            return Message("rights.set-store", path=STATE / database.name)
        gives = [f"chown {owner}: {quoted(folder)} {quoted(database)}*"]
    elif _not_the_owners(database):
        gives = [f"chown {owner}: {quoted(database)}*"]
    elif me == owner:
        where = block.path if block.path == folder else database
        return f"chmod u+rw{'x' * (where == folder)} {quoted(where)}"
    else:
        gives = []
    # By a shell of root's: who may not look into the folder cannot name what is in it.
    mends = [f'sudo sh -c "{give}"' for give in gives]
    return " && ".join([*mends, *([] if me == owner else [as_user(owner)])])


def _unwritable_beside(database: Path) -> Block | None:
    for path in _files_of(database):
        if not may(path, READ | WRITE):
            return Block(path, READ | WRITE, stat_of(path))
    return None


def _not_the_owners(database: Path) -> bool:
    """Whether the folder's owner may not write one of the files, as after a command of root's."""
    owner = stat_of(database.parent)
    if owner is None or owner.st_uid == 0:
        return False
    files = (stat_of(path) for path in _files_of(database))
    return any(found and found.st_uid != owner.st_uid for found in files)


def _files_of(database: Path) -> list[Path]:
    return [path for path in sorted(database.parent.glob(f"{database.name}*")) if path.is_file()]


def _makes(folder: Path) -> str:
    owner = SERVICE if is_user(SERVICE) else user()
    return f"sudo install -d -o {owner} -m 0750 {quoted(folder)}"


def _is_read_only(path: Path) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _beyond_the_unit(database: Path) -> Message | None:
    """Whether it lies where systemd lets the service write nothing, or not even look."""
    own = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if not own or database.is_relative_to(own):
        return None
    there = f"{own}/{database.name}"
    return Message("rights.below-alone", own=own, there=there, folder=database.parent, unit=SERVICE)


def unusable_socket(path: Path) -> Message:
    """Of the control socket of a daemon, which its group may use."""
    block = block_on(path, READ | WRITE)
    if block is None or block.stat is None:
        return Message("rights.went-away")
    return joining(block) or block.mended_by(_of_no_group(path, block))


def _of_no_group(path: Path, block: Block) -> Message | str:
    """What mends a socket that its group may use, where that is nobody's to join: as at a gate that
    was started by hand."""
    assert block.stat is not None
    try:
        service = grp.getgrnam(SERVICE)
    except KeyError:
        return as_user(user(block.stat.st_uid))
    if block.path != Path(os.path.realpath(path)) or block.stat.st_gid == service.gr_gid:
        return as_user(user(block.stat.st_uid))
    steps: list[str | Message] = [f"sudo chgrp {SERVICE} {quoted(block.path)}"]
    if service.gr_gid not in (os.getegid(), *os.getgroups()):
        join = f"sudo usermod -aG {SERVICE} {user()}"
        steps.append(Message("rights.then-log-in", command=join))
    return Message("rights.by-root", group=SERVICE, mend=Message("rights.steps", steps=steps))


def unmakeable_socket(path: Path, error: OSError) -> Message:
    """Of the place in which a daemon makes its control socket."""
    block = block_on(path.parent, READ | WRITE | ENTER)
    if block is None:
        return Message("rights.nothing-else-there", why=because(error))
    if block.stat is None:
        return Message("rights.no-folder", path=block.path, command=_makes(path.parent))
    if not stat.S_ISDIR(block.stat.st_mode):
        return Message("rights.socket-no-folder", path=block.path)
    if block.mode & WRITE and _is_read_only(block.path):
        return Message("rights.socket-read-only", path=f"/run/{SERVICE}/control.sock")
    owner = user(block.stat.st_uid)
    if owner == user():
        return block.mended_by(f"chmod u+rwx {quoted(block.path)}")
    if block.path in _SHARED:
        return block.mended_by(Message("rights.set-socket"))
    return block.mended_by(as_user(owner, "run"))


def unusable_device(path: Path) -> Message:
    """Of a serial port."""
    block = block_on(path, READ | WRITE)
    if block is None or block.stat is None:
        # Its mode lets us, and something else does not, such as a container.
        join = f"sudo usermod -aG dialout {user()}"
        return Message("rights.join-dialout", command=join)
    if group(block.stat.st_gid) == "tty":
        unit = f"serial-getty@{block.path.name}.service"
        return Message("rights.login-terminal", unit=unit)
    command = (
        f"sudo chgrp dialout {quoted(block.path)} && sudo chmod g+rw {quoted(block.path)} && "
        f"sudo usermod -aG dialout {user()}"
    )
    return joining(block) or block.mended_by(Message("rights.then-log-in", command=command))
