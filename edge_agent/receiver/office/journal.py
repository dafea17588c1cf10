"""Payroll's own corrections a second time, in a file beside the database.

What gates have sent fills a restored database again by itself; a correction is in no gate. So each
is written down here too, and one that the database has lost is taken in again: a void must not come
back as pay because of yesterday's backup.
"""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from ...contract.atomic_file import sync
from ...contract.errors import StoreFault
from ..databases.database import Database

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

    Nothing where the database has no place for a file beside it. Raises StoreFault.
    """
    path = database.beside(SUFFIX)
    if path is None:
        return 0
    with database.transaction():
        held = [
            Correction(*row)
            for row in database.query(f"SELECT {', '.join(COLUMNS)} FROM corrections ORDER BY id")
        ]
        try:
            written, torn = _read(path)
            lost = _lost(held, written)
            database.insert("corrections", COLUMNS, map(msgspec.structs.astuple, lost))
            known = set(map(_content, written))
            _append(path, [row for row in held if _content(row) not in known], torn)
        except OSError as error:
            raise StoreFault(
                f"{path} cannot be used ({error.strerror}): what is entered there is lost with"
                f" the database. Give it to the owner of {database.name}."
            ) from error
    if lost:
        _log.warning("corrections-taken-in count=%d from %s", len(lost), path)
    return len(lost)


def _lost(held: list[Correction], written: list[Correction]) -> list[Correction]:
    """What is written and not held, in order.

    Where somebody has corrected before it was taken in, its number may be another's now: it gets
    a free one, and what voids it goes with it.
    """
    numbers = {_content(row): row.id for row in held}
    taken = set(numbers.values())
    became: dict[int | None, int] = {}
    lost: list[Correction] = []
    for line in written:
        row = line
        if row.ledger == PAYROLL and row.seq in became:
            row = msgspec.structs.replace(row, seq=became[row.seq])
        content = _content(row)
        if content not in numbers:
            number = max(taken) + 1 if row.id in taken else row.id
            lost.append(msgspec.structs.replace(row, id=number))
            numbers[content] = number
            taken.add(number)
        became[row.id] = numbers[content]
    return lost


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


def _append(path: Path, rows: Iterable[Correction], torn: bool) -> None:
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    if not lines:
        return
    new = not path.exists()
    with os.fdopen(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as file:
        if new:  # As the database is, also where root corrects for the receiver's user.
            database = path.with_name(path.name.removesuffix(SUFFIX)).stat()
            os.fchmod(file.fileno(), database.st_mode & 0o660)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), database.st_uid, database.st_gid)
        file.write(b"\n" * torn + lines)
        file.flush()
        os.fsync(file.fileno())
    if new:
        sync(path.parent)
