"""Corrections within a month's file, and back: whoever has lost the database and its journal, and
still has the files of the months, has lost no decision.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ...contract.errors import BadRequest
from ...contract.reasons import reason
from ...contract.stamps import parse_time
from ..databases.database import Database
from ..moments import moment_of
from ..worktime.decided_shifts import check_decided
from .closing.close import check_details
from .exported import lines_of
from .journal import Correction, everything, take_in, turn
from .period import Period
from .workbook_words import meant

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
    lines = lines_of(file, SHEET, len(TITLES))
    head = next(lines, ())
    if list(head) not in (list(TITLES), list(TITLES.values())):
        raise BadRequest("clerk.no-corrections", file=file)
    for number, line in enumerate(lines, start=2):
        cells = dict(zip(TITLES, line, strict=False))
        try:
            given = {
                name: meant(name, _unquoted(cell))
                for name, cell in cells.items()
                if cell not in (None, "")
            }
            moment = moment_of(cells.get("at") or None)
            if moment.at is not None:
                given |= {"at_ms": moment.at_ms, "day": moment.day, "time": moment.time}
            row = msgspec.convert(given, Correction, strict=False)
            _check(row)
            yield row
        except (ValueError, TypeError) as error:
            raise BadRequest(
                "clerk.bad-row", number=number, file=file, why=reason(error)
            ) from error


def _unquoted(cell: object) -> object:
    return cell[1:] if isinstance(cell, str) and cell.startswith("''") else cell


_NEEDED = {
    **dict.fromkeys(("void", "move", "undo"), ("ledger", "seq")),
    "add": ("code", "at"),
    **dict.fromkeys(("leave", "closed"), ("code", "day", "details")),
    **dict.fromkeys(("keep", "site", "shifts"), ("details",)),
    "owner": ("ledger", "gate"),
    "successor": ("gate", "details"),
    "close": ("day", "details"),
}


def _check(row: Correction) -> None:
    """Raises ValueError where a correction of its kind cannot be so."""
    parse_time(row.made_at)  # Lists and closings tell its day.
    for column in _NEEDED[row.what]:
        if getattr(row, column) is None:
            raise ValueError(column)
    check_details(row)
    if row.what == "shifts":
        check_decided(row.details or "")
