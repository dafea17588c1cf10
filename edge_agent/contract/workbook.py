"""An XLSX as a person sees it: of its first visible sheet the values that are shown, and what of it
nobody sees, knows or can believe.
"""

import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from .errors import BadRequest, StoreFault
from .language import Message
from .workbook_limits import check_workbook

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

_COLUMNS_LOOKED_AT = 16_384

_CALCULATED_TEXT = "str"
"""The type of a cell whose formula has been calculated and shows text, even where that is none."""

_OLD_FONTS = re.compile(r"\.vn|vni[- ]", re.IGNORECASE)
"""TCVN3's .VnTime and its like, and VNI-Times: they draw other letters than those that stand in the
cell, *Nguyễn* over *NguyÔn*."""

_CALCULATE = re.compile(rb"""<calcPr\b[^>]*\bfullCalcOnLoad=["'](?:1|true)""")

_LITERAL = r'(?:"[^"]*"|\\.|[- /.])*'
_ZEROS = re.compile(rf"({_LITERAL})(0+)({_LITERAL})")
"""A format that shows a whole number with so many digits, and words or signs around them."""


class Sheet(Struct):
    """Rows of plain values, and what is wrong with single cells: (row, column) → why.

    Rows count from 1, columns from 0. ``spans`` are the last row and column of merged cells, by
    their first; ``struck`` are rows with a cell that is struck out.
    """

    rows: list[Sequence[Any]]
    wrong: dict[tuple[int, int], Message] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    spans: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    struck: set[tuple[int, int]] = field(default_factory=set)
    notes: list[Message] = field(default_factory=list)


def read_workbook(path: Path) -> Sheet:
    """The first visible sheet. Raises BadRequest, OSError, and StoreFault where what reads XLSX is
    not installed.
    """
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise StoreFault("table.no-openpyxl") from error
    try:
        check_workbook(path)
        # By the open file: of a path openpyxl takes the ending for what the file is.
        with path.open("rb") as file:
            shown = load_workbook(file, data_only=True)
        with path.open("rb") as file:
            stored = load_workbook(file)
    except (OSError, BadRequest):
        raise
    except Exception as error:
        # openpyxl raises whatever its parsers do.
        raise BadRequest("table.no-xlsx", path=path, why=type(error).__name__) from error
    names = [sheet.title for sheet in shown.worksheets if sheet.sheet_state == "visible"]
    if not names:
        raise BadRequest("table.no-sheet", path=path)
    calculated = not _leaves_calculating(path)
    sheet = _shown(shown[names[0]], stored[names[0]], calculated=calculated)
    others = [
        other.title
        for other in shown.worksheets
        if other.title != names[0] and any(cell is not None for row in other.values for cell in row)
    ]
    sheet.notes.append(Message("table.sheet-read", name=names[0]))
    sheet.notes += [Message("table.sheet-not-read", name=name) for name in others]
    return sheet


def _leaves_calculating(path: Path) -> bool:
    """Whether what wrote the file left that to whoever opens it: what is stored is no result then.

    From the file, for openpyxl takes it for granted where nothing is said.
    """
    with zipfile.ZipFile(path) as packed, suppress(KeyError):
        return _CALCULATE.search(packed.read("xl/workbook.xml")) is not None
    return False


def _shown(values: "Worksheet", formulas: "Worksheet", *, calculated: bool) -> Sheet:
    """What a person sees of a sheet, and the cells that nobody can believe."""
    rows: list[list[Any]] = []
    sheet = Sheet(rows)  # type: ignore[arg-type]  # They are filled in below, and then read.
    for number, cells in enumerate(values.iter_rows(), start=1):
        rows.append([_as_shown(cell) for cell in cells])
        for n, cell in enumerate(cells):
            if why := _wrong(cell, formulas.cell(number, n + 1), calculated=calculated):
                sheet.wrong[number, n] = why
            if cell.value is not None and cell.font is not None and cell.font.strike:
                sheet.struck.add((number, n))
    for merged in values.merged_cells.ranges:
        first, left = merged.min_row, merged.min_col - 1
        sheet.spans[first, left] = (merged.max_row, merged.max_col - 1)
        if merged.min_col == merged.max_col:
            # Drawn once beside all of these rows, as a team is: it is that of each of them.
            for number in range(first + 1, merged.max_row + 1):
                with suppress(IndexError):
                    rows[number - 1][left] = rows[first - 1][left]
    sheet.hidden_rows = {n for n, row in values.row_dimensions.items() if row.hidden}
    for column in values.column_dimensions.values():
        if column.hidden:
            last = min(column.max or 1, _COLUMNS_LOOKED_AT)
            sheet.hidden_columns |= set(range((column.min or 1) - 1, last))
    return sheet


def _wrong(
    cell: "Cell | MergedCell", stored: "Cell | MergedCell", *, calculated: bool
) -> Message | None:
    """Why nobody can believe what a cell shows."""
    value = cell.value
    if stored.data_type == "f" and not (
        calculated and (value is not None or cell.data_type == _CALCULATED_TEXT)
    ):
        return Message("table.not-calculated", cell=cell.coordinate)
    if cell.data_type == "e":
        return Message("table.cell-error", cell=cell.coordinate, shown=value)
    if why := broken(value):
        return Message("table.cell", cell=cell.coordinate, what=why)
    font = cell.font.name if cell.font is not None else None
    if isinstance(value, str) and not value.isascii() and font and _OLD_FONTS.match(font):
        return Message("table.old-font", cell=cell.coordinate, font=font)
    return None


def _as_shown(cell: "Cell | MergedCell") -> Any:
    """A whole number that is shown with leading zeros, or words, is the text that is shown."""
    value: Any = cell.value
    shape = _ZEROS.fullmatch(str(cell.number_format))
    if shape and isinstance(value, int) and not isinstance(value, bool):
        before, zeros, behind = shape.groups()
        return f"{_literal(before)}{str(value).zfill(len(zeros))}{_literal(behind)}"
    return value


def _literal(shape: str) -> str:
    return re.sub(r'"([^"]*)"|\\(.)', lambda found: (found[1] or "") + (found[2] or ""), shape)


def broken(cell: Any) -> Message | None:
    """Why nobody can believe a text."""
    if not isinstance(cell, str) or "\ufffd" not in cell:
        return None
    return Message("table.letter-lost")
