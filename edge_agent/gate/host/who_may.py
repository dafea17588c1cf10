"""Whether a user of this machine may use a command: groups of the system against the table.

The group database is asked anew each time, so a change counts at the next request; what a session
had when it began does not. Groups that a process was given otherwise (``SupplementaryGroups=``) are
not looked at.
"""

import grp
import os
import pwd
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from ...contract.language import Message
from ...contract.rights import stat_of, user
from ..errors import NotPermitted
from ..roles import ALL, GROUPS, MAY, NO_ROLE, ONLY_LOOKS, Role, Roles, in_order, may

_ROOT = 0

_MOST_NAMED = 5
"""Persons who are named as those to ask."""


class WhoMay:
    """Tells roles, and refuses."""

    def __init__(
        self, groups: Mapping[Role, str] = GROUPS, owners: Collection[int] | None = None
    ) -> None:
        """``groups`` is who has which role; ``owners``, the gate's own users, may all: by default
        the one of this process."""
        self._groups = groups
        self._owners = {_ROOT, *([os.geteuid()] if owners is None else owners)}

    @classmethod
    def of_files(cls, groups: Mapping[Role, str], database: Path) -> "WhoMay":
        """Of a command that works without a daemon: whose the files are is the gate's own user."""
        found = (stat_of(path) for path in (database, database.parent))
        return cls(groups, {one.st_uid for one in found if one is not None})

    def refuse_unless(self, uid: int, command: str) -> None:
        """Raise NotPermitted, with who may, unless this user may use ``command``."""
        if MAY[command] is None:
            return
        roles = self.roles_of(uid)
        if not may(roles, command):
            raise NotPermitted(self._told(user(uid), roles, command))

    def owns(self, uid: int) -> bool:
        """Whether it is root, or the gate's own user."""
        return uid in self._owners

    def roles_of(self, uid: int) -> Roles:
        """What a user is to the gate."""
        if self.owns(uid):
            return ALL
        try:
            person = pwd.getpwuid(uid)
        except KeyError:  # Nobody's number.
            return NO_ROLE
        if person.pw_name == ONLY_LOOKS:
            return NO_ROLE
        known = {role: found for role, name in self._groups.items() if (found := _group(name))}
        if not known and self._groups == GROUPS:
            # A gate from before there were roles: whoever the socket lets in does all.
            return ALL
        own = set(os.getgrouplist(person.pw_name, person.pw_gid))
        return frozenset(role for role, found in known.items() if found.gr_gid in own)

    def _told(self, name: str, roles: Roles, command: str) -> Message:
        if name == ONLY_LOOKS:
            return Message("role.only-looks", user=name)
        needed = in_order(MAY[command] or NO_ROLE)
        told = {
            "user": name,
            "command": command,
            "roles": [Message(f"role.{role}") for role in needed],
        }
        if not roles:
            return Message("role.none", **told, mend=self._joining(needed[0], name))
        told["has"] = [Message(f"role.{role}") for role in in_order(roles)]
        if people := self._people(needed):
            return Message("role.ask", **told, people=people)
        return Message("role.nobody-yet", **told, mend=self._joining(needed[0], "USER"))

    def _joining(self, role: Role, name: str) -> str:
        return f"sudo usermod -aG {self._groups[role]} {name}"

    def _people(self, roles: list[Role]) -> list[str]:
        """Some who have one of these roles."""
        groups = (_group(self._groups[role]) for role in roles)
        names = dict.fromkeys(name for one in groups if one for name in one.gr_mem)
        return list(names)[:_MOST_NAMED]


def holders_of(groups: Mapping[Role, str]) -> dict[Role, list[str]]:
    """Who has which role, of those whose group this machine has."""
    found = {role: one for role, name in groups.items() if (one := _group(name))}
    mains = [(person.pw_gid, person.pw_name) for person in pwd.getpwall()] if found else []
    return {
        role: sorted({*one.gr_mem, *(name for gid, name in mains if gid == one.gr_gid)})
        for role, one in found.items()
    }


def _group(name: str) -> grp.struct_group | None:
    with suppress(KeyError):
        return grp.getgrnam(name)
    return None
