"""The files that ``receive export`` has written, read back."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...contract.errors import BadRequest, StoreFault
from ...contract.formulas import meant


def lines_of(file: Path, sheet: str, columns: int | None = None) -> Iterator[Sequence[Any]]:
    """The lines of a CSV, or of a workbook's sheets whose names begin with ``sheet``; the first one
    has the titles. ``columns``: what stands to the right of so many is somebody's own.

    Raises BadRequest where it cannot be read so.
    """
    return _xlsx(file, sheet, columns) if file.suffix.lower() == ".xlsx" else _csv(file)


def _csv(file: Path) -> Iterator[Sequence[Any]]:
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest("clerk.not-utf8", file=file) from error
    for line in csv.reader(io.StringIO(text, newline="")):
        yield [meant(cell) for cell in line]


def _xlsx(file: Path, sheet: str, columns: int | None) -> Iterator[Sequence[Any]]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise StoreFault("clerk.no-openpyxl") from error
    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except Exception as error:  # Of whatever is no ZIP, no XML, or no book.
        raise BadRequest("clerk.no-xlsx", file=file) from error
    for one in book.worksheets:
        if one.title.startswith(sheet):
            for line in one.iter_rows(values_only=True, max_col=columns):
                if any(cell is not None for cell in line):
                    yield line
