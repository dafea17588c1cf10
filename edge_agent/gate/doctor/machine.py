"""The machine as the checks see it; tests stage another one in a folder."""

import grp
import os
import pwd
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from ..host.disk import Usage, usage_of


class Person(Struct, frozen=True):
    """Who runs something: the name, the group numbers of this login, and user and main group."""

    name: str
    groups: frozenset[int]
    uid: int = -1
    gid: int = -1


May = Callable[[Path, int], bool]
"""Whether a path may be used so; the mode is made of R_OK, W_OK and X_OK."""


class User(Struct, frozen=True, kw_only=True):
    """Whose rights count, and what the service's unit takes away from them."""

    person: Person
    may: May
    is_service: bool = False
    sees_home: bool = True
    """Whether /home, /root and /run/user are there for it."""
    writes_below: tuple[str, ...] | None = None
    """The only folders that it may write in; None: the rights decide."""


class Group(Struct, frozen=True):
    """A line of /etc/group."""

    name: str
    members: frozenset[str]


def _myself() -> Person:
    uid, gid = os.geteuid(), os.getegid()
    return Person(user_name(uid), frozenset({gid, *os.getgroups()}), uid, gid)


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)


def may_as(person: Person) -> May:
    """What somebody else may, tried as that user in a process of its own; for root."""

    def may(path: Path, mode: int) -> bool:
        bits = ((os.R_OK, "-r"), (os.W_OK, "-w"), (os.X_OK, "-x"))
        return all(
            subprocess.run(
                ("/usr/bin/test", flag, os.path.abspath(path)),
                user=person.uid,
                group=person.gid,
                extra_groups=sorted(person.groups),
                cwd="/",
                check=False,
            ).returncode
            == 0
            for bit, flag in bits
            if mode & bit
        )

    return may


_UNIT = "edge-agent.service"
_PROPERTIES = (
    "LoadState",
    "User",
    "Group",
    "SupplementaryGroups",
    "ProtectHome",
    "ProtectSystem",
    "ReadWritePaths",
    "StateDirectory",
    "RuntimeDirectory",
)


def _unit() -> dict[str, str]:
    """What systemd knows of the service; empty where there is no systemd or no such unit."""
    try:
        told = subprocess.run(
            ("systemctl", "show", _UNIT, f"--property={','.join(_PROPERTIES)}"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=3,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    unit = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    return unit if unit.get("LoadState") == "loaded" else {}


def _account(name: str) -> Person | None:
    """The user of this name or number, as a login would have it."""
    try:
        found = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        return None
    groups = frozenset(os.getgrouplist(found.pw_name, found.pw_gid))
    return Person(found.pw_name, groups, found.pw_uid, found.pw_gid)


def _group_numbers(names: str) -> set[int]:
    numbers = set()
    for name in names.split():
        with suppress(KeyError):  # systemd would not start the service; that is told by its log.
            numbers.add(int(name) if name.isdigit() else grp.getgrnam(name).gr_gid)
    return numbers


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
    may: May = _may
    unit: Callable[[], dict[str, str]] = _unit
    account: Callable[[str], Person | None] = _account
    may_as: Callable[[Person], May] = may_as
    usage: Callable[[Path], Usage] = usage_of

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

    def user(self, folder: Path) -> User:
        """Whose rights count: this user's or, where root asks, those of the service's user.

        By the service's unit or, without one, by who owns the gate's ``folder``. Raises LookupError
        where the unit names a user that this machine does not have.
        """
        own = User(person=self.person, may=self.may)
        if self.person.uid != 0:
            return own
        unit = self.unit()
        person = self._of_unit(unit) if unit else self._owner(folder)
        if person is None or person.uid == 0:
            return own
        strict = unit.get("ProtectSystem") == "strict"
        given = unit.get("ReadWritePaths", "").replace("-/", "/").replace("+/", "/").split()
        own_folders = [
            f"{above}/{name}"
            for above, key in (("/var/lib", "StateDirectory"), ("/run", "RuntimeDirectory"))
            for name in unit.get(key, "").split()
        ]
        return User(
            person=person,
            may=self.may_as(person),
            is_service=True,
            sees_home=unit.get("ProtectHome", "no") in ("no", "read-only"),
            writes_below=(*own_folders, *given, "/tmp", "/var/tmp") if strict else None,  # nosec B108
        )

    def _of_unit(self, unit: dict[str, str]) -> Person | None:
        name = unit.get("User") or "root"
        if (person := self.account(name)) is None:
            raise LookupError(name)
        [gid] = _group_numbers(unit.get("Group", "")) or {person.gid}
        more = _group_numbers(unit.get("SupplementaryGroups", ""))
        return replace(person, gid=gid, groups=person.groups | more | {gid})

    def _owner(self, folder: Path) -> Person | None:
        try:
            found = self.at(folder).stat()
        except OSError:
            return None
        nameless = Person(str(found.st_uid), frozenset({found.st_gid}), found.st_uid, found.st_gid)
        return self.account(str(found.st_uid)) or nameless

    def group(self, gid: int) -> Group:
        """The group of this number; one that has no name is called by its number."""
        for line in (self.text("/etc/group") or "").splitlines():
            name, *rest = line.split(":")
            if rest[1:2] == [str(gid)]:
                return Group(name, frozenset(rest[-1].split(",")))
        return Group(str(gid), frozenset())
