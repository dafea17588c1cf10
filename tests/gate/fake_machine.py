"""Users and groups of a machine, as a test says that they are."""

import grp
import os
import pwd
from collections.abc import Mapping

import pytest

_FIRST_GROUP = 7000
_OWN_GROUP = 6999


class FakeMachine:
    """Answers in the place of the system's own database, for this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.groups: dict[str, list[str]] = {}
        """Group → its members; to be changed at will."""
        self._users: dict[int, str] = {}
        monkeypatch.setattr(pwd, "getpwuid", self._user)
        monkeypatch.setattr(grp, "getgrnam", self._group)
        monkeypatch.setattr(os, "getgrouplist", self._groups_of)

    def add_user(self, name: str, uid: int) -> None:
        self._users[uid] = name

    def _user(self, uid: int) -> pwd.struct_passwd:
        return pwd.struct_passwd((self._users[uid], "x", uid, _OWN_GROUP, "", "/", "/bin/sh"))

    def _group(self, name: str) -> grp.struct_group:
        return grp.struct_group((name, "x", _numbered(self.groups)[name], self.groups[name]))

    def _groups_of(self, name: str, gid: int) -> list[int]:
        numbers = _numbered(self.groups)
        return [gid, *(numbers[group] for group, who in self.groups.items() if name in who)]


def _numbered(groups: Mapping[str, list[str]]) -> dict[str, int]:
    return {name: _FIRST_GROUP + n for n, name in enumerate(sorted(groups))}
