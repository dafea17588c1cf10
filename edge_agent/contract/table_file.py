"""A table as a file that people open: CSV or XLSX, with codes and names as text in both."""

import csv
import io
from collections.abc import Iterable, Sequence

from .errors import StoreFault
from .formulas import harmless


def as_csv(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """As RFC 4180 has it. The mark in front is for Excel, which would otherwise read it in the
    machine's old code page."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(titles)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(title: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of one sheet. Raises StoreFault where what writes it is not installed."""
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    except ImportError as error:
        raise StoreFault("table.no-openpyxl-writer") from error
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for row in (titles, *rows):
        cells = []
        for text in row:
            # As text, whatever it looks like: 0007 keeps its zeros, =1+1 is no formula.
            cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))
            cell.data_type = "s"
            cell.number_format = "@"
            cells.append(cell)
        sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
