"""A table as people keep it, CSV or XLSX: what is read of it is what a person sees in it.

Titles are compared as people compare: spaces, line breaks, case and the form of an accented letter
do not matter. What cannot be seen (a hidden row), cannot be known (a formula that was never
calculated), is not meant any more (a row that is struck out) or cannot be right (``#N/A``, a broken
letter) is told by its cell, and nothing is guessed.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from .errors import BadRequest
from .language import Message, because
from .reasons import reason
from .workbook import Sheet, broken, read_workbook
from .workbook_limits import MOST_CELLS, MOST_ROWS, TooMuch

_MOST_BYTES = 20_000_000
_TITLES_WITHIN = 30
"""Rows in which the titles must stand: above them people write what the list is."""
_MOST_TOLD = 50
_TITLES_TOLD = 20
_LONGEST_TITLE = 40

_TOTAL = re.compile(r"(tổng cộng|tổng số)\b.*|(tổng|cộng|total|sum)\s*([:=(\d].*)?")
"""What a cell says of a row that adds up the others: *Tổng cộng: 80 người*, and nobody's name."""

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
    """What was read. ``notes``: what a person should know of what was not; ``passed_over``: titles
    of columns that are nobody's, as they are compared.
    """

    rows: list[TableRow]
    notes: list[Message] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)


class _Places(Struct, frozen=True):
    """Where a table stands: the number of the last row of its titles, and under which columns each
    field; ``titles`` by their columns.
    """

    last_title: int
    columns: dict[str, range]
    titles: list[str]


def read_table(
    path: Path,
    titles: Mapping[str, Sequence[str]],
    needed: Sequence[Sequence[str]],
    spread: Sequence[str] = (),
) -> Table:
    """Read the table whose columns stand under one of their ``titles``; others are passed over.

    ``needed``: of each of these at least one field must have a column; the first of them is what
    makes a row one of the table rather than a sum below it. A title over several columns is that
    of all of them together; ``spread``: fields whose text people put into two columns under one
    title, and so a second one, without a title, is asked about.

    Raises BadRequest that tells every problem by its row, StoreFault where what reads XLSX is not
    installed.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadRequest("table.too-many-bytes", path=path, most=_MOST_BYTES)
        sheet = read_workbook(path) if _is_zip(path) else _read_csv(path)
    except OSError as error:
        raise BadRequest("table.unreadable", path=path, why=because(error)) from error
    if not any(_title(cell) for cells in sheet.rows for cell in cells):
        return Table([], sheet.notes)
    places = _find_titles(path, sheet, titles, needed)
    read = {n for columns in places.columns.values() for n in columns}
    rows, notes = list[TableRow](), list(sheet.notes)
    problems = [
        Message("table.hidden-column", column=_letters(column))
        for column in sorted(sheet.hidden_columns & read)
    ]
    if places.last_title in sheet.hidden_rows:
        problems.append(Message("table.hidden-row", number=places.last_title))
    untitled = {
        end: name
        for name in spread
        if (end := places.columns.get(name, range(0)).stop) and not _at(places.titles, end)
    }
    for number, cells in enumerate(sheet.rows[places.last_title :], start=places.last_title + 1):
        seen = {name: _together(cells, columns) for name, columns in places.columns.items()}
        wrong = [sheet.wrong[number, n] for n in sorted(read) if (number, n) in sheet.wrong]
        if all(cell is None for cell in seen.values()) and not wrong:
            continue
        if _is_total(cells, [seen.get(name) for name in needed[0]]):
            notes.append(Message("table.passed-over", number=number))
            continue
        if number in sheet.hidden_rows:
            problems.append(Message("table.hidden-row", number=number))
        if any((number, n) in sheet.struck for n in read):
            problems.append(Message("table.struck", number=number))
        problems += [of_row(number, why) for why in wrong]
        for column in [n for n in untitled if isinstance(_folded(_at(cells, n)), str)]:
            title = places.titles[places.columns[untitled.pop(column)].start]
            problems.append(Message("table.untitled", column=_letters(column), title=title))
        rows.append(TableRow(number, seen))
    refuse(path, problems)
    passed_over = [title for n, title in enumerate(places.titles) if title and n not in read]
    return Table(rows, notes, passed_over)


def of_row(number: int, what: Message) -> Message:
    """What is the matter with a row, by its number in the file."""
    return Message("table.row", number=number, what=what)


def refuse(path: Path, problems: Sequence[Message], *remarks: Message) -> None:
    """Raise BadRequest with all ``problems`` where there are any, first those of the whole file and
    then row by row, and ``remarks`` on them: it is all or nothing."""
    if problems:
        more = len(problems) - _MOST_TOLD
        rest = [Message("table.more", count=more)] if more > 0 else []
        told = [*sorted(problems, key=_row_of)[:_MOST_TOLD], *rest, *remarks]
        raise BadRequest("table.refused", path=path, problems=told)


def _row_of(problem: Message) -> int:
    number = problem.fields["number"] if problem.name == "table.row" else 0
    return number if isinstance(number, int) else 0


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


def _at(cells: Sequence[Any], column: int) -> Any:
    return cells[column] if column < len(cells) else None


def _together(cells: Sequence[Any], columns: range) -> Any:
    """What stands under a title, of all its columns."""
    parts = [part for n in columns if (part := _folded(_at(cells, n))) is not None]
    return " ".join(map(str, parts)) if len(parts) > 1 else next(iter(parts), None)


def _find_titles(
    path: Path,
    sheet: Sheet,
    titles: Mapping[str, Sequence[str]],
    needed: Sequence[Sequence[str]],
) -> _Places:
    """Where the titles stand."""
    nearest, lacking = list[str](), list(needed)
    for number, cells in enumerate(sheet.rows[:_TITLES_WITHIN], start=1):
        there = [_title(cell) for cell in cells]
        places: dict[str, int] = {}
        twice: list[str] = []
        for name, known in titles.items():
            found = _under(there, [_title(title) for title in known])
            places |= {name: found[0]} if found else {}
            twice += [there[n] for n in found[1:]]
        missing = [group for group in needed if not set(group) & set(places)]
        if not missing:
            refuse(path, [_twice(number, title) for title in twice])
            ends = {name: sheet.spans.get((number, n), (number, n)) for name, n in places.items()}
            return _Places(
                max(row for row, _ in ends.values()),
                {name: range(n, ends[name][1] + 1) for name, n in places.items()},
                there,
            )
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


def _under(there: Sequence[str], known: Sequence[str]) -> list[int]:
    """The columns with one of these titles; where none has, one as it is typed without marks."""
    found = [n for n, title in enumerate(there) if title in known]
    bare = [_without_marks(title) for title in known]
    return found or [n for n, title in enumerate(there) if title.isascii() and title in bare]


def _without_marks(title: str) -> str:
    letters = unicodedata.normalize("NFD", title.replace("đ", "d"))
    return "".join(char for char in letters if not unicodedata.combining(char))


def _twice(number: int, title: str) -> Message:
    return Message("table.title-twice", number=number, title=title)


def _asked(titles: Sequence[str]) -> Message:
    return Message("table.title", english=titles[0], vietnamese=titles[1])


def _is_total(cells: Sequence[Any], key: Sequence[Any]) -> bool:
    """Whether a row adds up the others: it says so, and is nobody's."""
    first = next((_title(cell) for cell in cells if _title(cell)), "")
    said = [first, *filter(None, map(_title, key))]
    return all(_TOTAL.fullmatch(title) for title in said)


def _is_zip(path: Path) -> bool:
    """An XLSX, whatever it is called; other kinds of ZIP are told as none."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\3\4" or path.suffix.lower() == ".xlsx"


def _delimiter(text: str) -> str:
    """The one that most lines have: an address has more commas than its row has columns."""
    lines = text[:20_000].splitlines()[:50]
    return max(
        ";,\t", key=lambda one: (sum(one in line for line in lines), text.count(one, 0, 2000))
    )


def _read_csv(path: Path) -> Sheet:
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
        delimiter = _delimiter(text)
    held = 0
    try:
        for line in csv.reader(lines, delimiter=delimiter, strict=True):
            held += len(line)
            if len(rows) >= MOST_ROWS or held > MOST_CELLS:
                raise TooMuch("table.too-long", path=path, rows=MOST_ROWS, cells=MOST_CELLS)
            rows.append(line)
    except csv.Error as error:
        raise BadRequest("table.no-csv", path=path, why=reason(error)) from error
    sheet = Sheet(rows)
    for number, cells in enumerate(rows, start=1):
        sheet.wrong |= {(number, n): why for n, cell in enumerate(cells) if (why := broken(cell))}
    return sheet


def _letters(column: int) -> str:
    """``A`` for 0, ``AA`` for 26, as Excel names columns."""
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(ord("A") + column % 26)
