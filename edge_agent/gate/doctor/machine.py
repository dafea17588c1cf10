"""The machine as the checks see it; tests stage another one in a folder."""

import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct, field


class Usage(NamedTuple):
    """Bytes of a disk; ``free`` are those that ordinary users may still have."""

    used: int
    free: int


class Person(Struct, frozen=True):
    """Who runs the command: the name, and the group numbers of this login."""

    name: str
    groups: frozenset[int]


class Group(Struct, frozen=True):
    """A line of /etc/group."""

    name: str
    members: frozenset[str]


def _myself() -> Person:
    return Person(user_name(os.geteuid()), frozenset({os.getegid(), *os.getgroups()}))


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)


def _usage(folder: Path) -> Usage:
    found = shutil.disk_usage(folder)
    return Usage(found.used, found.free)


def user_name(uid: int) -> str:
    """The user's name, or the number where nobody has it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


class Machine(Struct, frozen=True, kw_only=True):
    """Files below ``root``, and the few things that no file tells."""

    root: Path = Path("/")
    person: Person = field(default_factory=_myself)
    may: Callable[[Path, int], bool] = _may
    usage: Callable[[Path], Usage] = _usage

    def at(self, path: str | Path) -> Path:
        """Where an absolute path is on this machine."""
        return self.root / str(path).lstrip("/")

    def text(self, path: str | Path) -> str | None:
        """What a small file says, or None where it is not there or does not tell."""
        try:
            said = self.at(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        return said.strip("\0 \n")

    def number(self, path: str | Path, base: int = 10) -> int | None:
        """The number that a small file holds, or None."""
        try:
            return int(self.text(path) or "", base)
        except ValueError:
            return None

    def device(self, path: str) -> str | None:
        """The name of the device that a path leads to through links; None where there is none."""
        real = os.path.realpath(self.at(path))
        return os.path.basename(real) if os.path.exists(real) else None

    def group(self, gid: int) -> Group:
        """The group of this number; one that has no name is called by its number."""
        for line in (self.text("/etc/group") or "").splitlines():
            name, *rest = line.split(":")
            if rest[1:2] == [str(gid)]:
                return Group(name, frozenset(rest[-1].split(",")))
        return Group(str(gid), frozenset())
