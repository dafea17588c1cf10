"""Why this user may not use the gate's database, its socket or a port: what mends each.

In the words of ``contract.rights``: clauses, with one command each.
"""

import os
import stat
from pathlib import Path

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
    map(Path, ("/", "/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/var", "/var/lib"))
)
"""Folders that are not one program's own: whoever may write there is not to be changed."""


def unusable_store(database: Path, *, to_write: bool) -> str | None:
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
        return f"there is no folder {block.path}: {_makes(folder)}"
    if stat.S_ISDIR(block.stat.st_mode) and block.path == Path(os.path.realpath(database)):
        return f"{database} is a folder: name a file in it with [store] path"
    if block.mode == ENTER and not stat.S_ISDIR(block.stat.st_mode):
        return f"{block.path} is no folder: correct [store] path"
    if block.mode & WRITE and _is_read_only(block.path):
        return (
            f"the disk of {folder} is mounted read-only: restart the machine, and replace a card "
            "that does this again ('dmesg' says why)"
        )
    if not to_write and (mend := joining(block)) is not None:
        return mend
    return f"{block.told}: {_mend_of_store(database, block)}"


def _mend_of_store(database: Path, block: Block) -> str:
    folder, me = database.parent, user()
    found = stat_of(folder)
    of_root = found is not None and found.st_uid == 0
    owner = SERVICE if found is None else user(found.st_uid)
    if of_root and me != "root" and (is_the_service() or is_user(SERVICE)):
        owner = me if is_the_service() else SERVICE
        if folder in _SHARED:
            return f"set [store] path to {STATE / database.name}"
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


def _beyond_the_unit(database: Path) -> str | None:
    """Whether it lies where systemd lets the service write nothing, or not even look."""
    own = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if not own or database.is_relative_to(own):
        return None
    return (
        f"the service may write below {own} alone (ProtectSystem= and ProtectHome= in its unit): "
        f"set [store] path to {own}/{database.name}, or add ReadWritePaths={database.parent} below "
        f"[Service] with 'sudo systemctl edit {SERVICE}'"
    )


def unusable_socket(path: Path) -> str:
    """Of the control socket of a daemon, which its group may use."""
    block = block_on(path, READ | WRITE)
    if block is None or block.stat is None:
        return "it went away meanwhile: try again"
    return joining(block) or f"{block.told}: {as_user(user(block.stat.st_uid))}"


def unmakeable_socket(path: Path, error: OSError) -> str:
    """Of the place in which a daemon makes its control socket."""
    block = block_on(path.parent, READ | WRITE | ENTER)
    if block is None:
        return f"{error.strerror}: see that nothing else is there"
    if block.stat is None:
        return f"there is no folder {block.path}: {_makes(path.parent)}"
    if not stat.S_ISDIR(block.stat.st_mode):
        return f"{block.path} is no folder: correct [control] socket"
    if block.mode & WRITE and _is_read_only(block.path):
        return f"its folder is read-only: set [control] socket to /run/{SERVICE}/control.sock"
    owner = user(block.stat.st_uid)
    if owner == user():
        return f"{block.told}: chmod u+rwx {quoted(block.path)}"
    if block.path in _SHARED:
        return f"{block.told}: set [control] socket to a path in a folder of this user's"
    return f"{block.told}: {as_user(owner, 'run')}"


def unusable_device(path: Path) -> str:
    """Of a serial port."""
    block = block_on(path, READ | WRITE)
    if block is None or block.stat is None:
        # Its mode lets us, and something else does not, such as a container.
        join = f"sudo usermod -aG dialout {user()}"
        return f"add the user to the group dialout ({join}) and log in again"
    if group(block.stat.st_gid) == "tty":
        unit = f"serial-getty@{block.path.name}.service"
        return f"a login terminal has it: sudo systemctl disable --now {unit}, then restart"
    return joining(block) or (
        f"{block.told}: sudo chgrp dialout {quoted(block.path)} && sudo chmod g+rw "
        f"{quoted(block.path)} && sudo usermod -aG dialout {user()}, then log in again"
    )
