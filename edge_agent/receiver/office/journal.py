"""Payroll's own corrections a second time, in a file beside the database, or, where that is on a
server, in the state folder of whoever corrects and of the receiver.

What gates have sent fills a restored database again by itself; a correction is in no gate. So each
is written down here too, and one that the database has lost is taken in again: a void must not come
back as pay because of yesterday's backup.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from ...contract.atomic_file import create_private, sync
from ...contract.errors import StoreFault
from ..databases.database import Database
from ..worktime.due import due_by_punches, mark_due

PAYROLL = "payroll"
"""Stands in the views as the ledger of what payroll itself has entered; ``seq`` is its number."""

SUFFIX = ".corrections"

_log = logging.getLogger(__name__)


class Correction(Struct, frozen=True):
    """A row of ``corrections``; ``id`` is its ``seq`` in the views."""

    id: int
    made_at: str
    actor: str
    reason: str
    what: Literal["void", "add"]
    ledger: str | None
    seq: int | None
    code: str | None
    at: str | None
    at_ms: int | None
    day: str | None
    time: str | None
    direction: str | None
    gate: str | None


COLUMNS = Correction.__struct_fields__


def keep_journal(database: Database) -> int:
    """Have the same corrections in the database and in its journal; returns how many came back.

    Raises StoreFault.
    """
    path = database.beside(SUFFIX)
    with database.transaction():
        database.wait_for_turn()
        held = [
            Correction(*row)
            for row in database.query(f"SELECT {', '.join(COLUMNS)} FROM corrections ORDER BY id")
        ]
        try:
            written, torn = _read(path)
            lost = _take_in(database, held, written)
            known = set(map(_content, written))
            _append(path, [row for row in held if _content(row) not in known], torn)
        except OSError as error:
            raise StoreFault(
                f"{path} cannot be used ({error.strerror}): what is entered there is lost with"
                f" the database. Give it to {_owner(path, database)}."
            ) from error
    if lost:
        _log.warning("corrections-taken-in count=%d from %s", lost, path)
    return lost


def enter(database: Database, values: Sequence[Any]) -> int:
    """Add a row of ``corrections``, all but its number; returns that, which counts by itself."""
    places = ", ".join("?" * len(values))
    columns = ", ".join(COLUMNS[1:])
    found = database.query(
        f"INSERT INTO corrections ({columns}) VALUES ({places}) RETURNING id", values
    )
    row = Correction(int(found[0][0]), *values)
    if row.what == "add" and row.code is not None:
        mark_due(database, [(row.code, row.at_ms)])
    elif row.ledger == PAYROLL:
        voided = database.query("SELECT code, at_ms FROM corrections WHERE id = ?", [row.seq])
        mark_due(database, [(code, at_ms) for code, at_ms in voided if code is not None])
    else:
        due_by_punches(database, [(row.ledger, row.seq)])
    return row.id


def _owner(path: Path, database: Database) -> str:
    beside = path.parent / path.name.removesuffix(SUFFIX)
    return f"the owner of {database.name}" if beside.exists() else "the user of this command"


def _take_in(database: Database, held: list[Correction], written: list[Correction]) -> int:
    """Enter what is written and not held, in order; returns how many that were.

    Where somebody has corrected before it was taken in, its number may be another's now: it gets
    the next one, and what voids it goes with it.
    """
    numbers = {_content(row): row.id for row in held}
    became: dict[int | None, int] = {}
    for line in written:
        row = line
        if row.ledger == PAYROLL and row.seq in became:
            row = msgspec.structs.replace(row, seq=became[row.seq])
        content = _content(row)
        if content not in numbers:
            numbers[content] = enter(database, content)
        became[row.id] = numbers[content]
    return len(numbers) - len(held)


def _content(row: Correction) -> tuple[object, ...]:
    """All but its number: nobody enters the same twice in one millisecond."""
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
