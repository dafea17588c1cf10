"""Put a new database in the place of an old one, which is set aside and never deleted.

Beside ``gate.db`` there may be ``gate.db.building``, a new one that is not finished;
``gate.db.next-3-damaged``, one that is; and ``gate.db.old-3-damaged``, what it takes the place of.
The finished one is the record that the change is decided: as long as it is there, what is left to
do is done again, so a power cut at any step is mended at the next start.

What is kept of the new one's people, ``gate.db.building.people``, is in its place before the
database is: there is no moment at which damage would find the old one's beside it.
"""

import stat
from collections.abc import Iterable
from pathlib import Path

from ....contract.atomic_file import move, set_mode, sync

_OLD, _NEXT = ".old-", ".next-"
_COMPANIONS = ("-wal", "-shm")
_PEOPLE = ".people"


def building(path: Path) -> Path:
    """Where the new database is made."""
    return path.with_name(f"{path.name}.building")


def set_aside(path: Path) -> list[Path]:
    """The databases that were set aside, the oldest first."""
    return _beside(path, _OLD)


def discard_half_made(path: Path) -> None:
    """Nothing of a new database that was not finished is worth keeping."""
    for companion in ("", *_COMPANIONS, _PEOPLE, f"{_PEOPLE}.part"):
        _with(building(path), companion).unlink(missing_ok=True)


def decide(path: Path, why: str, gone: Iterable[str] = ()) -> None:
    """The new database is finished and closed: from now on it is the one to use.

    ``gone``: what others were called that may lie here no more. The old one gets no such name: what
    is said of them, that they must be destroyed even, must not be said of it.
    """
    new = building(path)
    if path.exists():
        for made in (new, _with(new, _PEOPLE)):
            if made.exists():
                set_mode(made, stat.S_IMODE(path.stat().st_mode) & ~stat.S_IRWXO)
    sync(new)
    named = [path.with_name(name) for name in gone if name.startswith(path.name + _OLD)]
    number = 1 + max((_number(path, old) for old in [*set_aside(path), *named]), default=0)
    move(new, path.with_name(f"{path.name}{_NEXT}{number}-{why}"))


def carry_out(path: Path) -> Path | None:
    """Do what was decided and is still to be done. Returns where the old database is now."""
    for new in _beside(path, _NEXT):
        old = path.with_name(new.name.replace(_NEXT, _OLD))
        while path.exists() and old.exists():
            old = old.with_name(f"{old.name}-again")
        # The log goes with its database: SQLite would play it into whatever has the name then.
        for companion in (*_COMPANIONS, ""):
            if _with(path, companion).exists():
                # Each on the disk before the next: a power cut must not be able to leave the log
                # behind, or the new one in the place of an old one that is nowhere.
                move(_with(path, companion), _with(old, companion))
        if _with(building(path), _PEOPLE).exists():
            move(_with(building(path), _PEOPLE), _with(path, _PEOPLE))
        move(new, path)
        return old
    return None


def _beside(path: Path, mark: str) -> list[Path]:
    found = [
        entry
        for entry in path.parent.iterdir()
        if entry.name.startswith(path.name + mark) and not entry.name.endswith(_NO_DATABASES)
    ]
    return sorted(found, key=lambda entry: (_number(path, entry), entry.name))


_NO_DATABASES = (*_COMPANIONS, ".jsonl", ".part")


def _number(path: Path, entry: Path) -> int:
    """The number in the name of a database that was or will be set aside."""
    first = entry.name.removeprefix(path.name).lstrip(".oldnext").split("-")[1]
    return int(first) if first.isdecimal() else 0


def _with(path: Path, companion: str) -> Path:
    return path.with_name(path.name + companion)
