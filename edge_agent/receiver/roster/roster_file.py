"""Read a list of workers as people keep it, CSV or XLSX, into the rows of a roster.

Everything that is wrong is told at once, by the row in which it stands; nothing is guessed.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ...contract.errors import BadRequest, StoreFault
from ...contract.messages import RosterWorker
from ...contract.roster import MOST_WORKERS, row_problems

_MOST_BYTES = 20_000_000
_MOST_TOLD = 50

_COLUMNS = {
    "code": ("code", "mã", "mã nv", "mã nhân viên"),
    "name": ("name", "họ tên", "họ và tên", "tên"),
    "active": ("active", "đang làm", "đang làm việc"),
    "valid_from": ("valid_from", "valid from", "từ ngày", "ngày vào"),
    "valid_to": ("valid_to", "valid to", "đến ngày", "ngày nghỉ"),
}
"""Field → the titles under which a column may stand, in any case."""

_NEEDED = ("code", "name")

_YES_NO = {
    **dict.fromkeys(("", "yes", "y", "true", "1", "x", "có", "active"), True),
    **dict.fromkeys(("no", "n", "false", "0", "không", "inactive"), False),
}

_DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")

Row = dict[str, Any]


def read_roster_file(path: Path) -> list[RosterWorker]:
    """The workers in a file with a title row. Raises BadRequest with all that is wrong."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadRequest(f"{path} has more than {_MOST_BYTES} bytes: is it the right file?")
        rows = _spreadsheet(path) if path.suffix.lower() == ".xlsx" else _csv(path)
        titled = list(_titled(path, rows))
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror}.") from error
    found: list[str] = []
    seen: set[str] = set()
    workers = []
    for number, row in titled:
        worker, problems = _worker(row)
        workers.append(worker)
        found += [f"row {number}: {what}" for what in (*problems, *row_problems(worker, seen))]
    if not workers:
        raise BadRequest(f"There is no worker in {path}: nothing was published.")
    if len(workers) > MOST_WORKERS:
        found.append(f"{len(workers)} workers are more than the {MOST_WORKERS} that a gate takes.")
    if found:
        more = len(found) - _MOST_TOLD
        told = [*found[:_MOST_TOLD], *([f"and {more} more."] if more > 0 else [])]
        raise BadRequest(
            f"{path} cannot be used, and nothing was published:\n  " + "\n  ".join(told)
        )
    return workers


def _csv(path: Path) -> Iterator[list[Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(
            f"{path} is not UTF-8: in Excel, save it as 'CSV UTF-8' or as XLSX."
        ) from error
    titles = text.partition("\n")[0]
    delimiter = max(";,\t", key=titles.count)
    try:
        yield from csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise BadRequest(f"{path} is no sound CSV: {error}.") from error


def _spreadsheet(path: Path) -> Iterator[list[Any]]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise StoreFault(
            "What reads Excel's files is not installed:"
            " pip install 'attendance-edge-agent[receiver]', or save the file as 'CSV UTF-8'."
        ) from error
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except OSError:
        raise
    except Exception as error:
        # openpyxl raises whatever its parsers do.
        raise BadRequest(f"{path} is no sound XLSX file ({type(error).__name__}).") from error
    yield from rows


def _titled(path: Path, rows: Iterable[list[Any]]) -> Iterator[tuple[int, Row]]:
    """Each row that is not empty, with its number in the file, by field."""
    places: dict[str, int] | None = None
    for number, cells in enumerate(rows, start=1):
        if all(cell is None or not str(cell).strip() for cell in cells):
            continue
        if places is None:
            places = _places(path, [str(cell or "").strip().casefold() for cell in cells])
            continue
        yield (
            number,
            {field: cells[at] if at < len(cells) else None for field, at in places.items()},
        )


def _places(path: Path, titles: list[str]) -> dict[str, int]:
    places = {
        field: titles.index(title)
        for field, known in _COLUMNS.items()
        for title in known
        if title in titles
    }
    if missing := [field for field in _NEEDED if field not in places]:
        known = ", ".join(_COLUMNS)
        raise BadRequest(
            f"The first row of {path} has no column {' and no '.join(missing)}: its titles are "
            f"{', '.join(filter(None, titles)) or 'empty'}, and known are {known}."
        )
    return places


def _worker(row: Row) -> tuple[RosterWorker, list[str]]:
    problems = []
    code = row["code"]
    if isinstance(code, int | float):
        problems.append(
            f"the code {code} is a number, so leading zeros are lost: format the column as text."
        )
    active = str("" if row.get("active") is None else row["active"]).strip().casefold()
    if active not in _YES_NO:
        problems.append(f"{active!r} is neither yes nor no.")
    return (
        RosterWorker(
            code=_text(code),
            name=_text(row["name"]),
            active=_YES_NO.get(active, True),
            valid_from=_day(row.get("valid_from")),
            valid_to=_day(row.get("valid_to")),
        ),
        problems,
    )


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _day(cell: Any) -> str | None:
    """A date as the roster wants it; what is none is left as it is, for the check to find."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = _text(cell)
    for form in _DATES:
        try:
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007
        except ValueError:
            continue
    return text or None
