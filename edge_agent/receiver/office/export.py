"""A period's punches and sessions as a file for the clerk's spreadsheet, or for a program."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from math import inf
from pathlib import Path
from typing import IO, Any, Literal

from msgspec import Struct

from ...contract.atomic_file import new_private_file
from ...contract.errors import BadRequest, StoreFault
from ...contract.formulas import harmless
from ...contract.stamps import parse_time
from ..databases.database import Database
from ..roster.known_workers import holders
from ..worktime.shifts import ZONE
from . import correction_file
from .closing.close import every_closing, shown_numbers
from .period import Period
from .workbook_words import shown

View = Literal["punches", "sessions"]
Sheet = View | Literal["corrections"]

COLUMNS: dict[View, dict[str, str]] = {
    "sessions": {
        "code": "Mã NV",
        "name": "Họ tên",
        "date": "Ngày",
        "in_at": "Giờ vào",
        "out_at": "Giờ ra",
        "minutes": "Số phút",
        "status": "Trạng thái",
        "in_gate": "Cổng vào",
        "out_gate": "Cổng ra",
        "in_ledger": "Sổ (vào)",
        "in_seq": "Số mục (vào)",
        "out_ledger": "Sổ (ra)",
        "out_seq": "Số mục (ra)",
        "not_before": "Không trước",
        "not_after": "Không sau",
    },
    "punches": {
        "code": "Mã NV",
        "name": "Họ tên",
        "date": "Ngày",
        "time": "Giờ",
        "gate": "Cổng",
        "direction": "Chiều",
        "state": "Trạng thái",
        "source": "Nguồn",
        "not_before": "Không trước",
        "not_after": "Không sau",
        "ledger": "Sổ",
        "seq": "Số mục",
        "direction_source": "Chiều theo",
    },
}
"""View → its columns, with what a clerk reads above them in the spreadsheet."""

SHEETS: dict[View, str] = {"sessions": "Ca làm", "punches": "Chấm công"}

_SOURCES: dict[View, str] = {
    "sessions": "worked",
    "punches": "(SELECT judged.*, day AS date FROM judged)",
}
"""The views with times as the gates wrote them, in the gate's own zone."""

_WHEN: dict[View, str] = {
    "sessions": "COALESCE(v.in_at, v.out_at, v.not_before, v.not_after)",
    "punches": "COALESCE(v.at, v.not_before, v.not_after)",
}
"""The moment by which a row is somebody's: a code may have been another person's before."""

_WAITING: dict[View, str] = {
    "sessions": "status IN ('pending-time', 'manual')",
    "punches": "state IN ('pending-time', 'no-time', 'rejected')",
}
"""What has no date is in the file of every month that it may belong to: nobody forgets it."""

_ORDER: dict[View, str] = {
    "sessions": "v.code, v.date, COALESCE(v.in_at, v.out_at), v.in_seq",
    "punches": "v.code, v.date, v.time, v.ledger, v.seq",
}
_MOMENTS = frozenset({"in_at", "out_at", "not_before", "not_after"})
"""The columns that hold moments. In the others stands what gates have sent, whatever it looks like:
a code is any text."""

_MOST_ROWS = 1_048_575
"""A sheet of Excel has one row more."""


class Exported(Struct, frozen=True):
    """How many rows each sheet has, or the one view of a file; and who has a row and no name.

    ``states``: how many punches among them there are of each state.
    """

    rows: dict[Sheet, int]
    nameless: list[str]
    states: dict[str, int] = {}


def export(database: Database, period: Period, target: Path, view: Sheet) -> Exported:
    """Write a period to the new file ``target``; returns what is in it.

    ``.xlsx``: both views, a sheet each, and the corrections. ``.csv``: the one ``view``. The file
    is complete or not there, and only its owner may read it: it has names. Raises BadRequest,
    StoreFault.
    """
    write = {".xlsx": _spreadsheet, ".csv": _csv}.get(target.suffix.lower())
    if write is None:
        raise BadRequest("payroll.export-no-format", path=target)
    with new_private_file(target) as file:
        return write(database, period, file, view)


def _rows(database: Database, period: Period, view: View) -> list[tuple[Any, ...]]:
    fields = ", ".join("NULL" if name == "name" else f"v.{name}" for name in COLUMNS[view])
    first, end = period.first.isoformat(), period.end.isoformat()
    found = database.query(
        f"SELECT {fields}, {_WHEN[view]} FROM {_SOURCES[view]} v"
        f" WHERE (v.date >= ? AND v.date < ?) OR (v.date IS NULL AND {_WAITING[view]})"
        f" ORDER BY {_ORDER[view]}",
        [first, end],
    )
    named = [(dict(zip(COLUMNS[view], cells, strict=True)), when) for *cells, when in found]
    if view == "sessions":
        named = _with_closed(database, period, named)
    had_by = holders(database)
    rows = []
    for row, when in named:
        row["name"] = had_by.at(row["code"], inf if when is None else parse_time(when))
        between = (_local(row[name])[:10] or None for name in ("not_before", "not_after"))
        if row["date"] is not None or period.may_have(*between):
            rows.append(
                tuple(
                    _local(cell) or None if name in _MOMENTS else cell for name, cell in row.items()
                )
            )
    return rows


_Row = tuple[dict[str, Any], str | None]


def _with_closed(database: Database, period: Period, rows: list[_Row]) -> list[_Row]:
    """Of days that are closed, what was closed, whatever has come since."""
    if not any(one.overlaps(period) for one in every_closing(database)):
        return rows
    dated: list[_Row] = [
        (
            {name: session.get(name) for name in COLUMNS["sessions"]},
            session["in_at"] or session["out_at"] or session["not_before"] or session["not_after"],
        )
        for _, numbers in sorted(shown_numbers(database, period).items())
        for session in numbers.sessions
    ]
    return dated + [row for row in rows if row[0]["date"] is None]


def period_rows(database: Database, period: Period, view: View) -> list[dict[str, Any]]:
    """The rows as the file has them, by column, with the name of whoever had the code then."""
    rows = _rows(database, period, view)
    return [dict(zip(COLUMNS[view], row, strict=True)) for row in rows]


def _local(moment: str | None) -> str:
    """A moment in its gate's zone; one that no gate wrote, when an entry arrived, in the site's."""
    if moment is None or not moment.endswith("Z"):
        return moment or ""
    return datetime.fromisoformat(moment).astimezone(ZONE).isoformat(timespec="milliseconds")


def _csv(database: Database, period: Period, file: IO[bytes], view: Sheet) -> Exported:
    """For programs, as RFC 4180 has it. The mark in front is for Excel, which would otherwise read
    it in the machine's old code page; that Excel splits it at commas is not sure (see XLSX)."""
    if view == "corrections":
        titles: Iterable[str] = correction_file.TITLES
        rows = list(correction_file.rows_for(database, period))
    else:
        titles, rows = COLUMNS[view], _rows(database, period, view)
    file.write(b"\xef\xbb\xbf")
    writer = csv.writer(_Encoding(file))
    writer.writerow(titles)
    for row in rows:
        writer.writerow(harmless(cell) if isinstance(cell, str) else cell for cell in row)
    nameless = [] if view == "corrections" else _nameless(rows)
    return Exported({view: len(rows)}, nameless, _states(rows) if view == "punches" else {})


def _states(punches: Iterable[tuple[Any, ...]]) -> dict[str, int]:
    place = list(COLUMNS["punches"]).index("state")
    return dict(sorted(Counter(row[place] for row in punches).items()))


def _nameless(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    """Of rows that begin with a code and a name."""
    return sorted({code for code, name, *_ in rows if not name})


class _Encoding:
    """Where the csv module writes text to."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        self._file.write(text.encode())


def _spreadsheet(database: Database, period: Period, file: IO[bytes], _: Sheet) -> Exported:
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
        from openpyxl.styles import Font
    except ImportError as error:
        raise StoreFault("payroll.export-no-openpyxl") from error
    book = Workbook(write_only=True)
    found = {view: _rows(database, period, view) for view in COLUMNS}
    corrections = list(correction_file.rows_for(database, period))
    sheets = [
        *(
            (SHEETS[view], COLUMNS[view], list(_plain(COLUMNS[view], found[view])))
            for view in found
        ),
        (correction_file.SHEET, correction_file.TITLES, list(_corrections(corrections))),
    ]
    for name, columns, rows in sheets:
        if len(rows) > _MOST_ROWS:
            raise BadRequest("payroll.export-too-long", rows=len(rows))
        sheet = book.create_sheet(f"{name} {_title(period)}")
        sheet.freeze_panes = "C2"
        for place in range(len(columns)):
            sheet.column_dimensions[chr(ord("A") + place)].width = 16

        def text(value: str, sheet: Any = sheet, *, bold: bool = False) -> Any:
            # As text, whatever it looks like: 0007 keeps its zeros, =1+1 is no formula.
            cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("�", value))
            cell.data_type = "s"
            cell.number_format = "@"
            cell.font = Font(bold=bold)
            return cell

        sheet.append([text(title, bold=True) for title in columns.values()])
        for row in rows:
            sheet.append([text(cell) if isinstance(cell, str) else cell for cell in row])
    book.save(file)
    counted: dict[Sheet, int] = {view: len(rows) for view, rows in found.items()}
    return Exported(
        counted | {"corrections": len(corrections)},
        _nameless(chain(*found.values())),
        _states(found["punches"]),
    )


def _title(period: Period) -> str:
    """Excel's sheets have names of at most 31 characters."""
    return period.name if period.is_month else f"{period.first:%d-%m} {period.last:%d-%m-%Y}"


def _plain(columns: Iterable[str], rows: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Moments as a clerk reads them, local, to the second; and words."""
    for row in rows:
        yield tuple(
            f"{cell[:10]} {cell[11:19]}" if cell and name in _MOMENTS else shown(name, cell)
            for name, cell in zip(columns, row, strict=True)
        )


def _corrections(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield tuple(map(shown, correction_file.TITLES, row))
