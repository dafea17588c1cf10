"""What payroll's office has decided: rows of ``corrections``, and the same a second time in a file
beside the database, or, where that is on a server, in the state folder of whoever corrects and of
the receiver.

What gates have sent fills a restored database again by itself; a correction is in no gate. So each
is written down here too, and one that the database has lost is taken in again: a void must not come
back as pay because of yesterday's backup.
"""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from ...contract.atomic_file import create_private, sync
from ...contract.errors import BadRequest, StoreFault
from ...contract.language import because
from ..databases.database import Database
from ..worktime.decided_shifts import put_decided_in_force
from ..worktime.due import due_by_punches, mark_due
from ..worktime.keep import renew

PAYROLL = "payroll"
"""Stands in the views as the ledger of what payroll itself has entered; ``seq`` is its number."""

SUFFIX = ".corrections"

_log = logging.getLogger(__name__)

What = Literal[
    "void", "add", "move", "undo", "keep", "leave", "site", "shifts", "closed", "close", "owner",
    "successor",
]  # fmt: skip
"""``void``, ``add``, ``move``: of punches. ``undo`` takes back the correction ``seq`` of ledger
``payroll``. ``keep``: a person has looked, and it stays as it is. ``leave``: days that are paid or
excused. ``site``: the site's own settings. ``shifts``: a table of shifts, or a part of one.
``closed`` are a closed period's numbers, a row for each worker, and ``close`` the closing.
``owner``: ``gate`` writes the ledger.
``successor``: ``gate`` is the one that was called ``details`` before.
"""

MOST_DETAILS = 32_000
"""Characters: a cell of Excel holds hardly more, and the month's file is to hold all of it."""


class Correction(Struct, frozen=True):
    """A row of ``corrections``; ``id`` is its ``seq`` in the views.

    ``details`` is JSON where a kind needs more than the columns.
    """

    id: int
    made_at: str
    actor: str
    reason: str
    what: What
    ledger: str | None = None
    seq: int | None = None
    code: str | None = None
    at: str | None = None
    at_ms: int | None = None
    day: str | None = None
    time: str | None = None
    direction: str | None = None
    gate: str | None = None
    details: str | None = None


COLUMNS = Correction.__struct_fields__


class Who(Struct, frozen=True):
    """Who decides, why, and when (UTC); see ``said``."""

    made_at: str
    actor: str
    reason: str

    @classmethod
    def said(cls, actor: str, reason: str, made_at: str) -> "Who":
        """Raises BadRequest where one of them was left out."""
        for text in (actor, reason):
            if not text.strip() or "\0" in text:
                raise BadRequest("clerk.no-who")
        return cls(made_at, actor.strip(), reason.strip())


@contextmanager
def turn(database: Database) -> Iterator[None]:
    """Decide while no other clerk does; what was entered is written down once it is held."""
    with database.transaction():
        database.wait_for_turn()
        yield
    keep_journal(database)
    renew(database)


def enter(database: Database, who: Who, what: What, **columns: object) -> int:
    """Add a row, within a ``turn``; returns its number, which counts by itself."""
    row = Correction(0, who.made_at, who.actor, who.reason, what, **columns)  # type: ignore[arg-type]
    return _enter(database, _content(row))


def standing(database: Database, *kinds: What) -> list[Correction]:
    """The corrections of these kinds that nobody has taken back, by number."""
    places = ", ".join("?" * len(kinds))
    found = database.query(
        f"SELECT {', '.join(COLUMNS)} FROM standing WHERE what IN ({places}) ORDER BY id", kinds
    )
    return [Correction(*row) for row in found]


def everything(database: Database) -> list[Correction]:
    """All corrections, by number."""
    found = database.query(f"SELECT {', '.join(COLUMNS)} FROM corrections ORDER BY id")
    return [Correction(*row) for row in found]


def keep_journal(database: Database) -> int:
    """Have the same corrections in the database and in its journal; returns how many came back.

    Raises StoreFault.
    """
    path = database.beside(SUFFIX)
    with database.transaction():
        database.wait_for_turn()
        held = everything(database)
        try:
            written, torn = _read(path)
            lost = take_in(database, held, written)
            known = {key for key, _ in _told_apart(written)}
            _append(path, [row for key, row in _told_apart(held) if key not in known], torn)
        except OSError as error:
            raise _unusable(path, database, error) from error
    if lost:
        _log.warning("corrections-taken-in count=%d from %s", lost, path)
    return lost


def _enter(database: Database, values: Sequence[object]) -> int:
    places = ", ".join("?" * len(values))
    columns = ", ".join(COLUMNS[1:])
    found = database.query(
        f"INSERT INTO corrections ({columns}) VALUES ({places}) RETURNING id", values
    )
    row = Correction(int(found[0][0]), *values)  # type: ignore[arg-type]
    _pair_anew(database, row)
    return row.id


def _pair_anew(database: Database, row: Correction) -> None:
    """Whose presses mean something else now."""
    if row.what == "undo":
        found = database.query(
            f"SELECT {', '.join(COLUMNS)} FROM corrections WHERE id = ?", [row.seq]
        )
        for back in found:
            _pair_anew(database, Correction(*back))
    elif row.what in ("add", "void", "move"):
        # Wherever the punch stood before this, and stands now.
        if row.ledger is not None and row.ledger != PAYROLL:
            due_by_punches(database, [(row.ledger, row.seq)])
        places = database.query(
            "SELECT code, at_ms FROM corrections WHERE at_ms IS NOT NULL AND (id = ?"
            " OR (what = 'move' AND ledger = ? AND seq = ?) OR (what = 'add' AND id = ?))",
            [row.id, row.ledger, row.seq, row.seq if row.ledger == PAYROLL else None],
        )
        mark_due(database, [(code, at_ms) for code, at_ms in places if code is not None])
    elif row.what == "shifts":
        put_decided_in_force(database)
    elif row.what == "successor":
        recovered = "SELECT ledger, seq FROM marks WHERE gate = ? AND depth > 0"
        due_by_punches(database, database.query(recovered, [row.gate]))


def _unusable(path: Path, database: Database, error: OSError) -> StoreFault:
    why = because(error)
    if (path.parent / path.name.removesuffix(SUFFIX)).exists():
        return StoreFault("payroll.journal-unusable", path=path, why=why, name=database.name)
    return StoreFault("payroll.journal-unusable-server", path=path, why=why)


def take_in(database: Database, held: list[Correction], written: Iterable[Correction]) -> int:
    """Enter what is written and not held, in order; returns how many that were.

    Where somebody has corrected before it was taken in, its number may be another's now: it gets
    the next one, and what voids, moves or takes it back goes with it.
    """
    numbers = {key: row.id for key, row in _told_apart(held)}
    before, became = len(numbers), dict[int | None, int]()
    renumbered = (
        msgspec.structs.replace(row, seq=became[row.seq])
        if row.ledger == PAYROLL and row.seq in became
        else row
        for row in written
    )
    for key, row in _told_apart(renumbered):
        if key not in numbers:
            numbers[key] = _enter(database, _content(row))
        became[row.id] = numbers[key]
    return len(numbers) - before


def _told_apart(rows: Iterable[Correction]) -> Iterator[tuple[object, Correction]]:
    """Each with what it is known by: all but its number, for that may be another's after a restore.

    Of several that are alike to the millisecond (by a clock that stood), by which of them it is.
    """
    alike: dict[tuple[object, ...], list[int]] = {}
    for row in rows:
        content = _content(row)
        numbers = alike.setdefault(content, [])
        if row.id not in numbers:
            numbers.append(row.id)
        yield (content, numbers.index(row.id)), row


def _content(row: Correction) -> tuple[object, ...]:
    return msgspec.structs.astuple(row)[1:]


def _read(path: Path) -> tuple[list[Correction], bool]:
    """What can be read, and whether the last line was cut off by a power cut."""
    if not path.exists():
        return [], False
    content = path.read_bytes()
    rows = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            rows.append(msgspec.json.decode(line, type=Correction))
        except (msgspec.DecodeError, UnicodeDecodeError):
            _log.error("correction-unreadable line=%d of %s", number, path)
    return rows, bool(content) and not content.endswith(b"\n")


def _opened(path: Path) -> tuple[int, bool]:
    """The journal, to be written on, and whether it is new. Never what a link in its place names:
    root may correct in a folder that is another's."""
    try:
        return create_private(path), True
    except FileExistsError:
        return os.open(path, os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC), False


def _append(path: Path, rows: Iterable[Correction], torn: bool) -> None:
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    if not lines:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd, new = _opened(path)
    with os.fdopen(fd, "ab") as file:
        beside = path.with_name(path.name.removesuffix(SUFFIX))
        if new and beside.exists():  # Also where root corrects for the receiver's user.
            database = beside.stat()
            os.fchmod(file.fileno(), database.st_mode & 0o660)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), database.st_uid, database.st_gid)
        file.write(b"\n" * torn + lines)
        file.flush()
        os.fsync(file.fileno())
    if new:
        sync(path.parent)
