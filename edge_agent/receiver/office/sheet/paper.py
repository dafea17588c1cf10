"""A sheet of paper to draw on: cells with borders and shades, notes, and how it is printed.

Every text is a text, whatever it looks like (CWE-1236): only ``formula`` writes formulas.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

from msgspec import Struct
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

DATE, MOMENT = "dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss"
HOURS = "[h]:mm"

FONT = "Times New Roman"
_SIZE = 10

_LINE = Border(*(Side(style="thin", color="808080"),) * 4)
_FILLS = {
    name: PatternFill("solid", start_color=color)
    for name, color in {
        "doubt": "FFD966",
        "rest": "E4E4E4",
        "holiday": "F8CBAD",
        "head": "EEF3EA",
    }.items()
}
_MARGIN_IN = 0.35
_NOTE_PX = (300, 22)
"""The width of a note, and the height of each of its lines."""


class Look(Struct, frozen=True):
    """How a cell looks. ``scale`` is beside the usual size of letters, ``fill`` one of ``doubt``,
    ``rest``, ``holiday``, ``head``, and ``shape`` a number format of Excel's.
    """

    bold: bool = False
    scale: int = 0
    align: str = "center"
    wrap: bool = False
    lined: bool = True
    fill: str | None = None
    shape: str | None = None


class Paper:
    """One worksheet. Rows and columns count from 1."""

    def __init__(self, sheet: Worksheet) -> None:
        self.sheet = sheet
        self._looks: dict[Look, Any] = {}

    def put(self, row: int, column: int, value: Any, **look: Any) -> Cell:
        """Write one cell; ``look`` are fields of a Look."""
        cell: Cell = self.sheet.cell(row, column)  # type: ignore[assignment]
        is_text = isinstance(value, str)
        if is_text:
            cell.value = ILLEGAL_CHARACTERS_RE.sub("�", value)
            cell.data_type = "s"
        elif value is not None:
            cell.value = value
        if is_text and "shape" not in look:
            look["shape"] = "@"
        self._look(cell, Look(**look))
        return cell

    def _look(self, cell: Cell, look: Look) -> None:
        """What was looked up once is copied: a sheet has thousands of cells and few looks."""
        known = self._looks.get(look)
        if known is not None:
            cell._style = copy(known)  # type: ignore[attr-defined]
            return
        cell.font = Font(name=FONT, size=_SIZE + look.scale, bold=look.bold)
        cell.alignment = Alignment(horizontal=look.align, vertical="center", wrap_text=look.wrap)
        cell.number_format = look.shape or "General"
        if look.lined:
            cell.border = _LINE
        if look.fill is not None:
            cell.fill = _FILLS[look.fill]
        self._looks[look] = copy(cell._style)  # type: ignore[attr-defined]

    def formula(self, row: int, column: int, text: str, **look: Any) -> Cell:
        """A formula of ours, never of anybody's text."""
        cell = self.put(row, column, None, **look)
        cell.value = text
        return cell

    def across(
        self, row: int, first: int, last: int, value: Any, *, rows: int = 1, **look: Any
    ) -> Cell:
        """One cell over several columns, and rows; returns it."""
        for line in range(row, row + rows):
            for column in range(first, last + 1):
                self.put(line, column, value if (line, column) == (row, first) else None, **look)
        self.sheet.merge_cells(
            start_row=row, start_column=first, end_row=row + rows - 1, end_column=last
        )
        return self.sheet.cell(row, first)  # type: ignore[return-value]

    def note(self, cell: Cell, text: str) -> None:
        """A comment beside a cell, as large as its text needs."""
        comment = Comment(text, "edge-agent")
        lines = sum(1 + len(line) // 45 for line in text.splitlines())
        comment.width, comment.height = _NOTE_PX[0], _NOTE_PX[1] * (lines + 1)
        cell.comment = comment

    def widths(self, widths: Iterable[float]) -> None:
        """Of the columns from the first on, in characters."""
        for column, width in enumerate(widths, start=1):
            self.sheet.column_dimensions[get_column_letter(column)].width = width

    def height(self, row: int, points: float) -> None:
        """Of a row."""
        self.sheet.row_dimensions[row].height = points

    def new_page_after(self, row: int) -> None:
        """Print what follows this row on another page."""
        self.sheet.row_breaks.append(Break(id=row))

    def printed(self, titles: tuple[int, int], last_row: int, last_column: int) -> None:
        """A4, as wide as the page; the rows ``titles`` stand on each."""
        sheet = self.sheet
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = 9  # A4
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.print_title_rows = f"{titles[0]}:{titles[1]}"
        sheet.print_area = f"A1:{get_column_letter(last_column)}{last_row}"
        margins = sheet.page_margins
        margins.left = margins.right = margins.top = _MARGIN_IN
        margins.bottom, margins.header, margins.footer = 0.5, 0.2, 0.2
        sheet.print_options.horizontalCentered = True
        assert sheet.oddFooter is not None
        assert sheet.oddFooter.right is not None
        sheet.oddFooter.right.text, sheet.oddFooter.right.size = "&P/&N", 8


def ref(row: int, column: int) -> str:
    """``C7``."""
    return f"{get_column_letter(column)}{row}"


def row_range(row: int, first: int, last: int) -> str:
    """``C7:F7``."""
    return f"{ref(row, first)}:{ref(row, last)}"


def column_range(column: int, first: int, last: int) -> str:
    """``C7:C20``."""
    return f"{ref(first, column)}:{ref(last, column)}"


def total_of(row: int, columns: Sequence[int]) -> str:
    """A formula that adds up these columns of a row, those beside each other as one range."""
    runs: list[list[int]] = []
    for column in columns:
        if runs and runs[-1][1] == column - 1:
            runs[-1][1] = column
        else:
            runs.append([column, column])
    return f"=SUM({','.join(row_range(row, *run) for run in runs)})" if runs else "=0"
