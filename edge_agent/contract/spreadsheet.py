"""A table as people keep it, CSV or XLSX: what is read of it is what a person sees in it.

Titles are compared as people compare: spaces, line breaks, case and the form of an accented letter
do not matter. What cannot be seen (a hidden row), cannot be known (a formula that was never
calculated) or cannot be right (``#N/A``, a broken letter) is told by its cell, and nothing is
guessed.
"""

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from .errors import BadRequest, StoreFault
from .language import Message, because
from .workbook_limits import MOST_CELLS, MOST_ROWS, TooMuch, check_workbook

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

_MOST_BYTES = 20_000_000
_TITLES_WITHIN = 30
"""Rows in which the titles must stand: above them people write what the list is."""
_MOST_TOLD = 50
_TITLES_TOLD = 20
_LONGEST_TITLE = 40
_COLUMNS_LOOKED_AT = 16_384

_TOTALS = ("tổng cộng", "tổng số", "tổng", "cộng", "total", "sum")
"""How a row begins that adds up the others."""

_YES_NO = {
    **dict.fromkeys(("yes", "y", "true", "1", "x", "có", "active"), True),
    **dict.fromkeys(("no", "n", "false", "0", "không", "inactive"), False),
}

_DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
"""Excel's days from October 1954 to January 2119: such a number in a column of dates is one."""
_SERIAL_ZERO = date(1899, 12, 30)


class TableRow(Struct, frozen=True):
    """One row: its ``number`` in the file, from 1, and what stands in it, by field.

    A text has its spaces and line breaks folded; a date is a date; a number stays a number, but
    for one that is shown with leading zeros, which is the text that is shown. Empty: None.
    """

    number: int
    cells: dict[str, Any]


class Table(Struct, frozen=True):
    """What was read. ``notes``: what a person should know of what was not."""

    rows: list[TableRow]
    notes: list[Message] = field(default_factory=list)


class _Sheet(Struct):
    """Rows of plain values, and what is wrong with single cells: (row, column) → why."""

    rows: list[Sequence[Any]]
    wrong: dict[tuple[int, int], Message] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    notes: list[Message] = field(default_factory=list)


def read_table(
    path: Path, titles: Mapping[str, Sequence[str]], needed: Sequence[Sequence[str]]
) -> Table:
    """Read the table whose columns stand under one of their ``titles``; others are passed over.

    ``needed``: of each of these at least one field must have a column; the first of them is what
    makes a row one of the table rather than a sum below it.

    Raises BadRequest that tells every problem by its row, StoreFault where what reads XLSX is not
    installed.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadRequest("table.too-many-bytes", path=path, most=_MOST_BYTES)
        sheet = _read_xlsx(path) if path.suffix.lower() == ".xlsx" else _read_csv(path)
    except OSError as error:
        raise BadRequest("table.unreadable", path=path, why=because(error)) from error
    if not any(_title(cell) for cells in sheet.rows for cell in cells):
        return Table([], sheet.notes)
    at, places = _find_titles(path, sheet, titles, needed)
    rows, notes = list[TableRow](), list(sheet.notes)
    problems: list[Message] = []
    for column in sorted(sheet.hidden_columns & set(places.values())):
        problems.append(Message("table.hidden-column", column=_letters(column)))
    for number, cells in enumerate(sheet.rows[at:], start=at + 1):
        seen = {name: _folded(cells[n]) if n < len(cells) else None for name, n in places.items()}
        wrong = [sheet.wrong[number, n] for n in places.values() if (number, n) in sheet.wrong]
        if all(cell is None for cell in seen.values()) and not wrong:
            continue
        if _is_total(cells, [seen.get(name) for name in needed[0]]):
            notes.append(Message("table.passed-over", number=number))
            continue
        if number in sheet.hidden_rows:
            problems.append(Message("table.hidden-row", number=number))
        problems += [of_row(number, why) for why in wrong]
        rows.append(TableRow(number, seen))
    refuse(path, problems)
    return Table(rows, notes)


def of_row(number: int, what: Message) -> Message:
    """What is the matter with a row, by its number in the file."""
    return Message("table.row", number=number, what=what)


def refuse(path: Path, problems: Sequence[Message]) -> None:
    """Raise BadRequest with all ``problems`` where there are any: it is all or nothing."""
    if problems:
        more = len(problems) - _MOST_TOLD
        rest = [Message("table.more", count=more)] if more > 0 else []
        told = [*problems[:_MOST_TOLD], *rest]
        raise BadRequest("table.refused", path=path, problems=told)


def as_yes_no(cell: Any, *, empty: bool) -> bool | None:
    """What a cell of a yes-or-no column says; None where it says neither."""
    if cell is None:
        return empty
    return cell if isinstance(cell, bool) else _YES_NO.get(str(cell).casefold())


def as_day(cell: Any) -> str | None:
    """A date as ISO 8601 writes it; what is none is left as it is, for whoever checks it."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = "" if cell is None else str(cell).removesuffix(".0")
    if text.isdecimal() and _FIRST_SERIAL <= int(text) <= _LAST_SERIAL:
        return (_SERIAL_ZERO + timedelta(days=int(text))).isoformat()
    for form in _DATES:
        try:
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007
        except ValueError:
            continue
    return text or None


def _folded(cell: Any) -> Any:
    if isinstance(cell, str):
        return " ".join(unicodedata.normalize("NFC", cell).split()) or None
    return cell


def _title(cell: Any) -> str:
    return str(_folded(cell) or "").casefold().rstrip(" :*")


def _find_titles(
    path: Path,
    sheet: _Sheet,
    titles: Mapping[str, Sequence[str]],
    needed: Sequence[Sequence[str]],
) -> tuple[int, dict[str, int]]:
    """The number of the row of titles, and in which column each field stands."""
    nearest, lacking = list[str](), list(needed)
    for number, cells in enumerate(sheet.rows[:_TITLES_WITHIN], start=1):
        there = [_title(cell) for cell in cells]
        places: dict[str, int] = {}
        twice: list[str] = []
        for name, known in titles.items():
            found = [n for n, title in enumerate(there) if title in map(_title, known)]
            places |= {name: found[0]} if found else {}
            twice += [there[n] for n in found[1:]]
        missing = [group for group in needed if not set(group) & set(places)]
        if not missing:
            refuse(path, [_twice(number, title) for title in twice])
            return number, places
        if any(there) and (not nearest or len(missing) < len(lacking)):
            nearest, lacking = [title for title in there if title], missing
    raise BadRequest(
        "table.no-column",
        path=path,
        missing=[_asked(titles[group[0]]) for group in lacking],
        asked=[
            Message("table.one-of", titles=[_asked(titles[name]) for name in group])
            for group in needed
        ],
        found=[title[:_LONGEST_TITLE] for title in nearest[:_TITLES_TOLD]],
    )


def _twice(number: int, title: str) -> Message:
    return Message("table.title-twice", number=number, title=title)


def _asked(titles: Sequence[str]) -> Message:
    return Message("table.title", english=titles[0], vietnamese=titles[1])


def _is_total(cells: Sequence[Any], key: Sequence[Any]) -> bool:
    """Whether a row adds up the others: it says so, and is nobody's."""
    first = next((_title(cell) for cell in cells if _title(cell)), "")
    return first in _TOTALS and all(_title(cell) in ("", *_TOTALS) for cell in key)


def _read_csv(path: Path) -> _Sheet:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest("table.not-utf8", path=path) from error
    lines = io.StringIO(text, newline="")
    first = lines.readline().rstrip("\r\n")
    rows: list[Sequence[Any]] = []
    if first.lower().startswith("sep=") and len(first) == 5:
        delimiter = first[4]
        rows.append([])  # It is the first row of the file all the same.
    else:
        lines.seek(0)
        delimiter = max(";,\t", key=lambda one: text.count(one, 0, 2000))
    held = 0
    try:
        for line in csv.reader(lines, delimiter=delimiter, strict=True):
            held += len(line)
            if len(rows) >= MOST_ROWS or held > MOST_CELLS:
                raise TooMuch("table.too-long", path=path, rows=MOST_ROWS, cells=MOST_CELLS)
            rows.append(line)
    except csv.Error as error:
        raise BadRequest("table.no-csv", path=path, why=str(error)) from error
    sheet = _Sheet(rows)
    for number, cells in enumerate(rows, start=1):
        sheet.wrong |= {(number, n): why for n, cell in enumerate(cells) if (why := _broken(cell))}
    return sheet


def _read_xlsx(path: Path) -> _Sheet:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise StoreFault("table.no-openpyxl") from error
    try:
        check_workbook(path)
        shown, stored = load_workbook(path, data_only=True), load_workbook(path)
    except (OSError, BadRequest):
        raise
    except Exception as error:
        # openpyxl raises whatever its parsers do.
        raise BadRequest("table.no-xlsx", path=path, why=type(error).__name__) from error
    names = [sheet.title for sheet in shown.worksheets if sheet.sheet_state == "visible"]
    if not names:
        raise BadRequest("table.no-sheet", path=path)
    sheet = _shown(path, shown[names[0]], stored[names[0]])
    others = [
        other.title
        for other in shown.worksheets
        if other.title != names[0] and any(cell is not None for row in other.values for cell in row)
    ]
    sheet.notes.append(Message("table.sheet-read", name=names[0]))
    sheet.notes += [Message("table.sheet-not-read", name=name) for name in others]
    return sheet


def _shown(path: Path, values: "Worksheet", formulas: "Worksheet") -> _Sheet:
    """What a person sees of a sheet, and the cells that nobody can believe."""
    sheet = _Sheet([])
    for number, cells in enumerate(values.iter_rows(), start=1):
        sheet.rows.append([_as_shown(cell) for cell in cells])
        for n, cell in enumerate(cells):
            formula = formulas.cell(number, n + 1).data_type == "f"
            if formula and cell.value is None:
                sheet.wrong[number, n] = Message("table.not-calculated", cell=cell.coordinate)
            elif cell.data_type == "e":
                sheet.wrong[number, n] = Message(
                    "table.cell-error", cell=cell.coordinate, shown=cell.value
                )
            elif why := _broken(cell.value):
                sheet.wrong[number, n] = Message("table.cell", cell=cell.coordinate, what=why)
    sheet.hidden_rows = {n for n, row in values.row_dimensions.items() if row.hidden}
    for column in values.column_dimensions.values():
        if column.hidden:
            last = min(column.max or 1, _COLUMNS_LOOKED_AT)
            sheet.hidden_columns |= set(range((column.min or 1) - 1, last))
    return sheet


def _as_shown(cell: "Cell | MergedCell") -> Any:
    """A number that is formatted with leading zeros is the text that is shown."""
    value: Any = cell.value
    shape = str(cell.number_format)
    if isinstance(value, int) and not isinstance(value, bool) and set(shape) == {"0"}:
        return str(value).zfill(len(shape))
    return value


def _broken(cell: Any) -> Message | None:
    if not isinstance(cell, str) or "\ufffd" not in cell:
        return None
    return Message("table.letter-lost")


def _letters(column: int) -> str:
    """``A`` for 0, ``AA`` for 26, as Excel names columns."""
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(ord("A") + column % 26)
