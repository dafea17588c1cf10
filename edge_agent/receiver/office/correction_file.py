"""Corrections within a month's file, and back: whoever has lost the database and its journal, and
still has the files of the months, has lost no decision.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ...contract.errors import BadRequest, StoreFault
from ..databases.database import Database
from ..moments import moment_of
from .closing.close import check_details
from .journal import Correction, everything, take_in, turn
from .period import Period

SHEET = "Sửa công"

TITLES = {
    "id": "Số",
    "made_at": "Lúc (UTC)",
    "actor": "Người sửa",
    "reason": "Lý do",
    "what": "Việc",
    "ledger": "Sổ",
    "seq": "Số mục",
    "code": "Mã NV",
    "at": "Giờ",
    "day": "Ngày",
    "direction": "Chiều",
    "gate": "Cổng",
    "details": "Chi tiết",
}
"""Column → what a clerk reads above it. What is left out of a correction follows from these."""


def rows_for(database: Database, period: Period) -> Iterator[tuple[Any, ...]]:
    """What goes into the file of a period.

    All corrections, for what one is about may be of any month, and only the numbers of closed
    periods where they are of these days.
    """
    first, last = period.first.isoformat(), period.last.isoformat()
    for row in everything(database):
        if row.what not in ("closed", "close") or first <= (row.day or first) <= last:
            yield tuple(_told(getattr(row, column)) for column in TITLES)


def _told(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith("'") else cell


def restore(database: Database, file: Path) -> int:
    """Enter what the file of a month has of corrections and the database has not.

    Returns how many that were. Raises BadRequest where it is no such file.
    """
    rows = list(_read(file))
    with turn(database):
        return take_in(database, everything(database), rows)


def _read(file: Path) -> Iterator[Correction]:
    lines = _xlsx(file) if file.suffix.lower() == ".xlsx" else _csv(file)
    head = next(lines, ())
    if list(head) not in (list(TITLES), list(TITLES.values())):
        raise BadRequest("clerk.no-corrections", file=file)
    for number, line in enumerate(lines, start=2):
        cells = dict(zip(TITLES, line, strict=False))
        try:
            given = {name: _meant(cell) for name, cell in cells.items() if cell not in (None, "")}
            moment = moment_of(cells.get("at") or None)
            if moment.at is not None:
                given |= {"at_ms": moment.at_ms, "day": moment.day, "time": moment.time}
            row = msgspec.convert(given, Correction, strict=False)
            _check(row)
            yield row
        except (ValueError, TypeError) as error:
            raise BadRequest("clerk.bad-row", number=number, file=file, why=error) from error


def _meant(cell: object) -> object:
    return cell[1:] if isinstance(cell, str) and cell.startswith("''") else cell


_NEEDED = {
    **dict.fromkeys(("void", "move", "undo"), ("ledger", "seq")),
    "add": ("code", "at"),
    **dict.fromkeys(("leave", "closed"), ("code", "day", "details")),
    **dict.fromkeys(("keep", "site"), ("details",)),
    "close": ("day", "details"),
}


def _check(row: Correction) -> None:
    """Raises ValueError where a correction of its kind cannot be so."""
    for column in _NEEDED[row.what]:
        if getattr(row, column) is None:
            raise ValueError(column)
    check_details(row)


def _csv(file: Path) -> Iterator[Sequence[Any]]:
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest("clerk.not-utf8", file=file) from error
    for line in csv.reader(io.StringIO(text, newline="")):
        yield [cell[1:] if re.match(r"'[=+\-@\t\r]", cell) else cell for cell in line]


def _xlsx(file: Path) -> Iterator[Sequence[Any]]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise StoreFault("clerk.no-openpyxl") from error
    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except Exception as error:  # Of whatever is no ZIP, no XML, or no book.
        raise BadRequest("clerk.no-xlsx", file=file) from error
    for sheet in book.worksheets:
        if sheet.title.startswith(SHEET):
            for line in sheet.iter_rows(values_only=True, max_col=len(TITLES)):
                if any(cell is not None for cell in line):
                    yield line
