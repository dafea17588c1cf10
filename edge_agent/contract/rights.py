"""Why this user may not use a file: who that is, what is missing, and the command that mends it.

Every function returns a clause for the end of a sentence, "what is missing: the command". A command
that leads to the next error is none, so what has to be done together is one line.
"""

import errno
import grp
import os
import pwd
import shlex
import stat
from pathlib import Path
from typing import NamedTuple

SERVICE = "edge-agent"
"""The user, and the group, of the gate's service (config/edge-agent.sysusers.conf)."""

_READ, _WRITE, _ENTER = os.R_OK, os.W_OK, os.X_OK


def unreadable(path: Path, error: OSError) -> str:
    """Of a file that the whole group of the service may read, and the folders on the way to it."""
    block = _block(path, _READ) if _is_denied(error) else None
    if block is None or block.stat is None:
        return str(error.strerror)
    if (mend := _joining(block)) is not None:
        return mend
    group, me = _group_of_readers(), user()
    steps = _opening(block, group)
    if not _is_member(grp.getgrnam(group).gr_gid):
        steps.append(f"sudo usermod -aG {group} {me}")
        steps[-1] += ", then log in again"
    return f"user {me} may not {_verb(block)} {_shown(block)}: {' && '.join(steps)}"


def unreadable_secret(path: Path, error: OSError) -> str:
    """Of a file that the service's user alone may read, such as a password or a key."""
    block = _block(path, _READ) if _is_denied(error) else None
    if block is None or block.stat is None:
        return str(error.strerror)
    me, reader = user(), _reader()
    if block.path == path and _owner(block.stat) == reader != me:
        return f"user {me} may not read {path}, which is {reader}'s: {as_user(reader)}"
    mends = f"sudo chown {reader}: {_quoted(path)} && sudo chmod 600 {_quoted(path)}"
    if block.path != path and block.path.parts[1:2] in (("root",), ("home",)):
        there = _quoted(Path("/etc", SERVICE, path.name))
        mends = f"sudo install -o {reader} -g {reader} -m 0600 {_quoted(path)} {there}"
        mends += ", and name that"
    elif block.path != path:
        mends = " && ".join([*_opening(block, _group_of_readers()), mends])
    if reader != me:
        mends += f", then {as_user(reader)}"
    return f"user {me} may not {_verb(block)} {_shown(block)}: {mends}"


def exposed_secret(path: Path, found: os.stat_result) -> str:
    """The command that closes a file to everybody but whoever has to read it."""
    reader, closes = _reader(), f"chmod 600 {_quoted(path)}"
    if found.st_uid == os.geteuid() and _owner(found) == reader:
        return closes
    return f"sudo chown {reader}: {_quoted(path)} && sudo {closes}"


def unusable_store(database: Path, *, to_write: bool) -> str | None:
    """Of the gate's database, its folder and the files beside it; None where nothing is missing."""
    folder, me = database.parent, user()
    block = _block(database, _READ | (_WRITE if to_write else 0))
    if block is None and to_write:
        block = _block(folder, _READ | _WRITE | _ENTER) or _foreign(database)
    if block is None:
        return None
    if block.stat is None:
        return f"there is no folder {block.path}: {_makes(folder, me)}"
    if stat.S_ISDIR(block.stat.st_mode) and block.path == database:
        return f"{database} is a folder: name a file in it with [store] path"
    if block.path in database.parents and not stat.S_ISDIR(block.stat.st_mode):
        return f"{block.path} is no folder: correct [store] path"
    if block.mode & _WRITE and _is_read_only(block.path):
        return _read_only(database)
    if not to_write and (mend := _joining(block)) is not None:
        return mend
    found = _stat(folder)
    owner = SERVICE if found is None else _owner(found)
    strange = _foreign(database) if _may_look(folder) else None
    gives = f"sudo chown {owner}: {_quoted(database)}*"
    if me == owner:
        if block.path in (folder, *folder.parents):
            letters = "rwx" if block.path == folder else "x"
            return f"user {me} may not use {_shown(block)}: sudo chmod u+{letters} {block.path}"
        if strange is None:
            gives = f"sudo chmod u+rw {_quoted(database)}*"
        return f"user {me} may not {_verb(block)} {_shown(block)}: {gives}"
    runs = as_user(owner) if strange is None else f"{gives} && {as_user(owner)}"
    return f"user {me} may not {_verb(block)} {_shown(block)}: {runs}"


def unusable_socket(path: Path) -> str:
    """Of the control socket of a daemon, which its group may use."""
    block = _block(path, _READ | _WRITE)
    if block is None or block.stat is None:
        return "it went away meanwhile: try again"
    return _joining(block) or (
        f"user {user()} may not {_verb(block)} {_shown(block)}: {as_user(_owner(block.stat))}"
    )


def unmakeable_socket(path: Path, error: OSError) -> str:
    """Of the place in which a daemon makes its control socket."""
    folder, me = path.parent, user()
    block = _block(folder, _READ | _WRITE | _ENTER)
    if block is None:
        return f"{error.strerror}: see that nothing else is there"
    if block.stat is None:
        return f"there is no folder {block.path}: {_makes(folder, me)}"
    if _is_read_only(block.path) and block.mode & _WRITE:
        return "its folder is read-only: set [control] socket to /run/edge-agent/control.sock"
    owner = _owner(block.stat)
    if owner == me:
        return f"user {me} may not use {_shown(block)}: chmod u+rwx {_quoted(block.path)}"
    return f"user {me} may not write {_shown(block)}: {as_user(owner, 'run')}"


def unusable_device(path: Path) -> str:
    """Of a serial port."""
    block = _block(path, _READ | _WRITE)
    if block is None or block.stat is None:
        return "the system does not let it: see 'dmesg'"
    name = _group(block.stat)
    if name == "tty":
        unit = f"serial-getty@{block.path.name}.service"
        return f"a login terminal has it: sudo systemctl disable --now {unit}, and restart"
    return _joining(block) or (
        f"user {user()} may not use {_shown(block)}: sudo chgrp dialout {block.path} && sudo chmod "
        f"g+rw {block.path} && sudo usermod -aG dialout {user()}, then log in again"
    )


def user(uid: int | None = None) -> str:
    """The name of a user, by default this process's; the number where nobody has it."""
    uid = os.geteuid() if uid is None else uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def as_user(owner: str, command: str = "…") -> str:
    """How a command is run as another user."""
    return (
        f"sudo edge-agent {command}"
        if owner == "root"
        else (f"sudo -u {owner} edge-agent {command}")
    )


class _Block(NamedTuple):
    """What stands in the way: a folder, or the file itself."""

    path: Path
    mode: int
    """What would have to be allowed: R_OK, W_OK and X_OK, as in each part of a file's mode."""
    stat: os.stat_result | None
    """None where it is not there."""


def _block(path: Path, mode: int) -> _Block | None:
    """The first thing on the way to ``path``, or it itself, that this user may not use."""
    real = Path(os.path.realpath(path))
    for folder in reversed(real.parents):
        found = _stat(folder)
        if found is None or not stat.S_ISDIR(found.st_mode) or not _may(folder, _ENTER):
            return _Block(folder, _ENTER, found)
    found = _stat(real)
    if found is None:
        if mode & _ENTER:
            return _Block(real, mode, None)
        if not _may(real.parent, _WRITE | _ENTER):
            return _Block(real.parent, _WRITE | _ENTER, _stat(real.parent))
        return None
    wants_file = not mode & _ENTER
    if not _may(real, mode) or (wants_file and stat.S_ISDIR(found.st_mode)):
        return _Block(real, mode, found)
    return None


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)


def _may_look(folder: Path) -> bool:
    return _may(folder, _READ | _ENTER)


def _is_denied(error: OSError) -> bool:
    return error.errno in (errno.EACCES, errno.EPERM)


def _foreign(database: Path) -> _Block | None:
    """A file of the database that is not its folder's owner's, and that this user may not write."""
    owner = _stat(database.parent)
    if owner is None:
        return None
    for path in sorted(database.parent.glob(f"{database.name}*")):
        found = _stat(path)
        if found and found.st_uid != owner.st_uid and not _writable_by(owner, found):
            return _Block(path, _READ | _WRITE, found)
    return None


def _writable_by(owner: os.stat_result, found: os.stat_result) -> bool:
    """Whether the folder's owner may write a file that is another's: by its group, or as root."""
    return owner.st_uid == 0 or bool(found.st_mode & 0o002)


def _joining(block: _Block) -> str | None:
    """The way by a group that may do it; None where there is none."""
    assert block.stat is not None
    gid, me = block.stat.st_gid, user()
    if gid == 0 or block.stat.st_mode >> 3 & block.mode != block.mode or _is_member(gid):
        return None
    group = _group(block.stat)
    if me in _members(gid):
        return f"user {me} is in the group {group}, but was not at the login: log out and in again"
    return (
        f"user {me} is not in the group {group}, which may use {block.path}: sudo usermod -aG "
        f"{group} {me}, {_takes_effect(me)}"
    )


def _takes_effect(me: str) -> str:
    return f"then sudo systemctl restart {SERVICE}" if me == SERVICE else "then log in again"


def _is_member(gid: int) -> bool:
    return gid in (os.getegid(), *os.getgroups())


def _members(gid: int) -> list[str]:
    try:
        return grp.getgrgid(gid).gr_mem
    except KeyError:
        return []


def _opening(block: _Block, group: str) -> list[str]:
    """What lets a group use a file or folder that it may not use yet."""
    assert block.stat is not None
    path = _quoted(block.path)
    steps = [f"sudo chgrp {group} {path}"] if _group(block.stat) != group else []
    if block.stat.st_mode >> 3 & block.mode != block.mode:
        steps.append(f"sudo chmod g+{'x' if block.mode == _ENTER else 'r'} {path}")
    return steps


def _reader() -> str:
    """Who has to read what only the service may read."""
    me = user()
    return SERVICE if "STATE_DIRECTORY" not in os.environ and _is_user(SERVICE) else me


def _group_of_readers() -> str:
    try:
        return grp.getgrnam(SERVICE).gr_name
    except KeyError:
        return grp.getgrgid(os.getegid()).gr_name


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _makes(folder: Path, me: str) -> str:
    if me == SERVICE or _is_user(SERVICE):
        return f"sudo install -d -o {SERVICE} -g {SERVICE} -m 0750 {_quoted(folder)}"
    return f"sudo install -d -o {me} -m 0750 {_quoted(folder)}"


def _is_read_only(path: Path) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _read_only(database: Path) -> str:
    own = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if own and not database.is_relative_to(own):
        return (
            f"the service may write below {own} alone (ProtectSystem= in its unit): set [store] "
            f"path to {own}/{database.name}, or add ReadWritePaths={database.parent} below "
            f"[Service] with 'sudo systemctl edit {SERVICE}'"
        )
    return (
        f"the disk of {database.parent} is mounted read-only: restart the machine, and replace a "
        "card that does this again ('dmesg' says why)"
    )


def _owner(found: os.stat_result) -> str:
    return user(found.st_uid)


def _group(found: os.stat_result) -> str:
    try:
        return grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        return str(found.st_gid)


def _shown(block: _Block) -> str:
    assert block.stat is not None
    mode = stat.S_IMODE(block.stat.st_mode)
    return f"{block.path} ({_owner(block.stat)}:{_group(block.stat)} {mode:04o})"


def _verb(block: _Block) -> str:
    if block.mode == _ENTER:
        return "enter"
    return "write" if block.mode & _WRITE else "read"


def _quoted(path: Path) -> str:
    return shlex.quote(os.fspath(path))
