"""The shifts that payroll has told, in versions: the newest is in force, for all time."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from ...contract.stamps import DAY_MS, parse_time
from ..databases.database import Database
from .due import mark_due
from .shifts import Instance, Shift, instances


class Plans:
    """Who has which shifts. ``teams``: code → team."""

    def __init__(self, shifts: Sequence[Shift], teams: dict[str, str | None]) -> None:
        self._shifts = shifts
        self._teams = teams
        self._made: dict[tuple[tuple[int, ...], date, date], list[Instance]] = {}

    def of(self, code: str, first: date, last: date) -> list[Instance]:
        """A worker's shifts on these days, in the order of their begin."""
        team = self._teams.get(code)
        own = tuple(n for n, shift in enumerate(self._shifts) if shift.is_for(code, team))
        key = (own, first, last)
        if key not in self._made:
            self._made[key] = instances([self._shifts[n] for n in own], first, last)
        return self._made[key]


def plans_in_force(database: Database) -> Plans:
    """By the newest version of the shifts, and the teams of the roster."""
    shifts = shifts_in_force(database)
    if not any(shift.teams for shift in shifts):
        return Plans(shifts, {})
    return Plans(shifts, dict(database.query("SELECT code, team FROM known_workers")))


def shifts_in_force(database: Database) -> list[Shift]:
    """The rows of the newest version; empty where there is none."""
    return shifts_of(database, version_in_force(database))


def version_in_force(database: Database) -> int:
    """0 where no shifts have been told."""
    ((version,),) = database.query("SELECT COALESCE(MAX(version), 0) FROM shift_versions")
    return int(version)


def shifts_of(database: Database, version: int) -> list[Shift]:
    """The rows of a version, in the order of its file."""
    return [
        msgspec.json.decode(row, type=Shift)
        for (row,) in database.query(
            "SELECT shift FROM shifts WHERE version = ? ORDER BY place", [version]
        )
    ]


def apply_shifts(
    database: Database, shifts: Sequence[Shift], *, actor: str, made_at: str, zone: str
) -> int:
    """Put a table of shifts in the place of the one in force; returns its version.

    Nothing is changed where it is the same. All workers whose shifts it changes are due from the
    first day that it changes; the caller renews.
    """
    with database.transaction():
        database.wait_for_turn()
        version, before = version_in_force(database), shifts_in_force(database)
        if before == list(shifts):
            return version
        rows = [msgspec.json.encode(shift).decode() for shift in shifts]
        digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()
        database.insert(
            "shift_versions",
            ("version", "zone", "made_at", "actor", "digest"),
            [(version + 1, zone, made_at, actor, digest)],
        )
        database.insert(
            "shifts",
            ("version", "place", "shift"),
            [(version + 1, place, row) for place, row in enumerate(rows)],
        )
        since_ms = _first_change(before, shifts)
        codes = database.query(
            "SELECT code FROM marks UNION SELECT code FROM corrections WHERE what = 'add'"
        )
        mark_due(database, ((code, since_ms) for (code,) in codes))
    return version + 1


def _first_change(before: Iterable[Shift], after: Iterable[Shift]) -> int | None:
    changed = set(before) ^ set(after)
    days = [shift.valid_from for shift in changed]
    firsts = [day for day in days if day is not None]
    if not days or len(firsts) < len(days):
        return None
    return parse_time(f"{min(firsts)}T00:00:00Z") - 2 * DAY_MS
