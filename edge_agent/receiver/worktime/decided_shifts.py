"""Tables of shifts as they stand among the corrections, whence they are put in force.

A row ``shifts`` holds a table, or a part of one that is too long for a row: ``details`` is JSON.
So a table comes back with the corrections where a restored backup has lost it, and is taken back
by its number like one of them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from ..databases.database import Database
from .known_shifts import apply_shifts
from .shifts import ZONE, Shift


class _Part(Struct, frozen=True):
    """The ``part``-th of ``of`` parts of a table, from 1."""

    part: int
    of: int
    shifts: list[Shift]


def details_of(shifts: Sequence[Shift], longest: int) -> list[str]:
    """What the rows of a table have as ``details``: at most ``longest`` characters each, as far as
    a single shift is not longer.
    """
    parts = list(_parts(list(shifts), longest))
    return [_json(_Part(number, len(parts), part)) for number, part in enumerate(parts, start=1)]


def check_decided(details: str) -> None:
    """Raises ValueError where a row ``shifts`` cannot be read."""
    msgspec.json.decode(details, type=_Part)


def put_decided_in_force(database: Database) -> None:
    """The newest table that stands whole takes the place of the one in force; none, where all were
    taken back. Within a transaction; whose presses it changes are due.
    """
    parts: dict[tuple[str, str, int], dict[int, list[Shift]]] = defaultdict(dict)
    newest: list[Shift] = []
    told_by, told_at = "", ""
    for made_at, actor, details in database.query(
        "SELECT made_at, actor, details FROM standing WHERE what = 'shifts' ORDER BY id"
    ):
        row = msgspec.json.decode(details, type=_Part)
        table = parts[made_at, actor, row.of]
        table[row.part] = row.shifts
        if len(table) == row.of:
            newest = [shift for _, part in sorted(table.items()) for shift in part]
            told_by, told_at = actor, made_at
    if not told_by:
        ((told_at, told_by),) = database.query(
            "SELECT made_at, actor FROM corrections ORDER BY id DESC LIMIT 1"
        )
    apply_shifts(database, newest, actor=told_by, made_at=told_at, zone=ZONE.key)


def _parts(shifts: list[Shift], longest: int) -> Iterator[list[Shift]]:
    if len(_json(_Part(1, len(shifts) + 1, shifts))) <= longest or len(shifts) < 2:
        yield shifts
        return
    half = len(shifts) // 2
    yield from _parts(shifts[:half], longest)
    yield from _parts(shifts[half:], longest)


def _json(part: _Part) -> str:
    return msgspec.json.encode(part).decode()
