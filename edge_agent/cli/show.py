"""Print results: tables for people, JSON for programs."""

import sys
from collections.abc import Iterable
from itertools import zip_longest
from textwrap import wrap
from typing import Any
from unicodedata import combining, east_asian_width

import click
import msgspec

_FOLDED = ("name", "note")
"""Columns that a narrow terminal folds; a number or a time is never torn in two."""

_GAP = "  "

_NARROWEST = 8
"""Characters that a folded column keeps, however narrow the terminal is."""


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]], empty: str) -> None:
    """A table as wide as the terminal, or ``empty`` where there are no rows."""
    head = list(columns)
    table = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not table:
        click.echo(empty)
        return
    widths = [max(map(_width, column)) for column in zip(head, *table, strict=True)]
    if sys.stdout.isatty():  # What goes into a file or a pipe keeps its lines.
        import shutil  # It brings libraries for archives.

        _narrow(head, widths, shutil.get_terminal_size().columns)
    lines = [click.style(_line(head, widths), bold=True)]
    for row in table:
        folded = [_fold(cell, width) for cell, width in zip(row, widths, strict=True)]
        lines += (_line(cells, widths) for cells in zip_longest(*folded, fillvalue=""))
    click.echo("\n".join(lines))


def _narrow(head: list[str], widths: list[int], room: int) -> None:
    """Take from the widest of the columns that may be folded until the lines fit."""
    foldable = [at for at, name in enumerate(head) if name in _FOLDED]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > room and foldable:
        widest = max(foldable, key=lambda at: widths[at])
        if widths[widest] <= _NARROWEST:
            return
        widths[widest] -= 1


def _fold(cell: str, width: int) -> list[str]:
    return [cell] if _width(cell) <= width else wrap(cell, width)


def _line(cells: Iterable[str], widths: list[int]) -> str:
    padded = (
        cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)
    )
    return _GAP.join(padded).rstrip()


def _width(text: str) -> int:
    """How many columns of a terminal it takes."""
    return sum(1 + (east_asian_width(char) in "WF") for char in text if not combining(char))
