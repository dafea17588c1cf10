"""Why this user may not use a file: who that is, what is missing, and the command that mends it.

What is said is a clause for the end of a sentence, "what is missing: the command". A command that
leads to the next error is none, so what has to be done together is one line.
"""

import errno
import grp
import os
import pwd
import re
import stat
from pathlib import Path
from typing import NamedTuple

from .language import Message, because

SERVICE = "edge-agent"
"""The user, and the group, of the gate's service (config/edge-agent.sysusers.conf)."""

READ, WRITE, ENTER = os.R_OK, os.W_OK, os.X_OK
"""The bits of each part of a file's mode."""

_HOMES = (("root",), ("home",))
"""How paths of people's own folders go on; the service sees none of them (ProtectHome=)."""


class Block(NamedTuple):
    """What stands in the way of this user: a folder, or the file itself."""

    path: Path
    mode: int
    """What would have to be allowed, made of READ, WRITE and ENTER."""
    stat: os.stat_result | None
    """None where it is not there."""

    @property
    def told(self) -> Message:
        """Who may not do what, as ``ls -l`` would show it."""
        assert self.stat is not None
        verb = "write" if self.mode & WRITE else "read" if self.mode & READ else "enter"
        mode = stat.S_IMODE(self.stat.st_mode)
        owners = f"{user(self.stat.st_uid)}:{group(self.stat.st_gid)}"
        rights = f"{owners} {mode:04o}"
        return Message(f"rights.no-{verb}", user=user(), path=self.path, rights=rights)

    def mended_by(self, mend: Message | str) -> Message:
        """The same, and the command that mends it."""
        return Message("rights.mended-by", told=self.told, mend=mend)

    @property
    def group_may(self) -> bool:
        """Whether it is open to the group that it belongs to; root's own is nobody's to join."""
        found = self.stat
        return bool(found and found.st_gid and found.st_mode >> 3 & self.mode == self.mode)


def block_on(path: Path, mode: int) -> Block | None:
    """The first thing on the way to ``path``, or it itself, that this user may not use.

    A file that is to be written and is not there has to be made: its folder counts then.
    """
    real = Path(os.path.realpath(path))
    for folder in reversed(real.parents):
        found = stat_of(folder)
        if found is None or not stat.S_ISDIR(found.st_mode) or not may(folder, ENTER):
            return Block(folder, ENTER, found)
    found = stat_of(real)
    if found is None:
        made_in = Block(real.parent, WRITE | ENTER, stat_of(real.parent))
        if mode & ENTER:
            return Block(real, mode, None)
        return None if may(real.parent, WRITE | ENTER) or not mode & WRITE else made_in
    wants_a_file = not mode & ENTER
    if may(real, mode) and not (wants_a_file and stat.S_ISDIR(found.st_mode)):
        return None
    return Block(real, mode, found)


def joining(block: Block) -> Message | None:
    """The way by a group that may do it already; None where there is none."""
    if block.stat is None or not block.group_may or _is_member(block.stat.st_gid):
        return None
    name, me = group(block.stat.st_gid), user()
    if me in _members(block.stat.st_gid):
        return Message("rights.log-in-again", user=me, group=name)
    mend = _usermod(name, me)
    return Message("rights.not-in-group", user=me, group=name, path=block.path, mend=mend)


def unreadable(path: Path, error: OSError) -> Message | str:
    """Of a file that the whole group of the service may read, and the folders on the way to it."""
    block = block_on(path, READ) if _is_denied(error) else None
    if block is None or block.stat is None:
        return because(error)
    if (mend := joining(block)) is not None:
        return mend
    name = _group_of_readers()
    if block.path != path and block.path.parts[1:2] in _HOMES:
        there = Path("/etc", SERVICE, path.name)
        command = f"sudo install -g {name} -m 0640 {quoted(path)} {quoted(there)}"
        return block.mended_by(Message("rights.and-use-that", command=command))
    steps: list[str | Message] = [*_opening(block, name)]
    if not _is_member(grp.getgrnam(name).gr_gid):
        steps.append(_usermod(name, user()))
    return block.mended_by(Message("rights.steps", steps=steps))


def unreadable_secret(path: Path, error: OSError) -> Message | str:
    """Of a file that the service's user alone may read, such as a password or a key."""
    block = block_on(path, READ) if _is_denied(error) else None
    if block is None or block.stat is None:
        return because(error)
    me, reader = user(), _reader()
    if block.path == path and user(block.stat.st_uid) == reader != me:
        return block.mended_by(as_user(reader))
    mend: str | Message = f"sudo chown {reader}: {quoted(path)} && sudo chmod 600 {quoted(path)}"
    if block.path != path and block.path.parts[1:2] in _HOMES:
        there = quoted(Path("/etc", SERVICE, path.name))
        command = f"sudo install -o {reader} -m 0600 {quoted(path)} {there}"
        mend = Message("rights.and-name-that", command=command)
    elif block.path != path:
        mend = Message("rights.steps", steps=[*_opening(block, _group_of_readers()), mend])
    if reader != me:
        mend = Message("rights.then", mend=mend, command=as_user(reader))
    return block.mended_by(mend)


def unusable_file(path: Path) -> Message | None:
    """Of a file to read and write that is its owner's; None where nothing is missing."""
    block = block_on(path, READ | WRITE)
    if block is None:
        return None
    if block.stat is None:
        return Message("rights.no-such-folder", path=block.path)
    if stat.S_ISDIR(block.stat.st_mode) and block.path == Path(os.path.realpath(path)):
        return Message("rights.file-is-folder", path=path)
    folder = stat_of(path.parent)
    if block.mode & READ and folder and folder.st_uid == os.geteuid():
        return block.mended_by(f"sudo chown {user()}: {quoted(path)}")
    # Not by a group: who may enter the folder then still may not use the file.
    return block.mended_by(as_user(user(block.stat.st_uid)))


def unmakeable(target: Path, error: OSError) -> Message:
    """Of a file that a command is to make where somebody says."""
    block = block_on(target, READ | WRITE) if _is_denied(error) else None
    if block is None or block.stat is None:
        if (told := _OF_A_STICK.get(error.errno or 0)) and (disk := _mount_point(target)) != _ROOT:
            return Message(told, why=because(error), disk=quoted(disk))
        return Message("rights.check-folder", why=because(error))
    if is_mount_point(block.path):  # A stick that was mounted with sudo is root's.
        return block.mended_by(as_user("root"))
    return block.mended_by(Message("rights.own-folder", user=user()))


_OF_A_STICK = {
    errno.EROFS: "rights.read-only-stick",
    errno.ENOSPC: "rights.full-stick",
    errno.EIO: "rights.broken-stick",
}

_ROOT = Path("/")


def _mount_point(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    return next((one for one in (real, *real.parents) if is_mount_point(one)), _ROOT)


_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def is_mount_point(path: Path) -> bool:
    """Whether something is mounted at a path without links. ``os.path.ismount`` sees no folder that
    is bound there from the same file system; the kernel's own list does (proc(5))."""
    if os.path.ismount(path):
        return True
    try:
        lines = _MOUNTS.read_bytes().splitlines()
    except OSError:
        return False
    points = (line.split(b" ")[4] for line in lines)
    return any(_ESCAPED.sub(_byte, one) == os.fsencode(path) for one in points)


def _byte(escaped: re.Match[bytes]) -> bytes:
    return bytes([int(escaped[1], 8)])


def exposed_secret(path: Path, found: os.stat_result) -> str:
    """The command that closes a file to everybody but whoever has to read it."""
    reader, closes = _reader(), f"chmod 600 {quoted(path)}"
    if found.st_uid == os.geteuid() and user(found.st_uid) == reader:
        return closes
    return f"sudo chown {reader}: {quoted(path)} && sudo {closes}"


def as_user(owner: str, command: str = "…") -> str:
    """How a command is run as another user."""
    to = "" if owner == "root" else f"-u {owner} "
    return f"sudo {to}edge-agent {command}"


def user(uid: int | None = None) -> str:
    """The name of a user, by default this process's; the number where nobody has it."""
    uid = os.geteuid() if uid is None else uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group(gid: int) -> str:
    """The name of a group; the number where none has it."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def is_user(name: str) -> bool:
    """Whether this machine has a user of that name."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def is_the_service() -> bool:
    """Whether this process is the gate's service, started by systemd or as its user."""
    return "STATE_DIRECTORY" in os.environ or user() == SERVICE


def stat_of(path: Path) -> os.stat_result | None:
    """What is known of a file; None where it is not there, or may not be looked at."""
    try:
        return path.stat()
    except OSError:
        return None


def may(path: Path, mode: int) -> bool:
    """Whether this process may use a file so."""
    return os.access(path, mode, effective_ids=True)


def quoted(path: Path) -> str:
    """A path as a shell takes it."""
    import shlex  # Only where a command is told: it brings regular expressions.

    return shlex.quote(os.fspath(path))


def _is_denied(error: OSError) -> bool:
    return error.errno in (errno.EACCES, errno.EPERM)


def _usermod(name: str, me: str) -> Message:
    join = f"sudo usermod -aG {name} {me}"
    if is_the_service():
        return Message("rights.then", mend=join, command=f"sudo systemctl restart {SERVICE}")
    return Message("rights.then-log-in", command=join)


def _is_member(gid: int) -> bool:
    return gid in (os.getegid(), *os.getgroups())


def _members(gid: int) -> list[str]:
    try:
        return grp.getgrgid(gid).gr_mem
    except KeyError:
        return []


def _opening(block: Block, name: str) -> list[str]:
    """What lets a group use a file or folder that it may not use yet."""
    assert block.stat is not None
    path, letter = quoted(block.path), "x" if block.mode == ENTER else "r"
    if block.stat.st_uid == os.geteuid():
        return [f"chmod u+{letter} {path}"]
    steps = [f"sudo chgrp {name} {path}"] if group(block.stat.st_gid) != name else []
    return [*steps, f"sudo chmod g+{letter} {path}"]


def _reader() -> str:
    """Who has to read what the service alone may read."""
    return SERVICE if is_user(SERVICE) and not is_the_service() else user()


def _group_of_readers() -> str:
    try:
        return grp.getgrnam(SERVICE).gr_name
    except KeyError:
        return group(os.getegid())
