"""Print results, tables for people and JSON for programs, and how a worker is called in them."""

import sys
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from textwrap import wrap
from typing import Any
from unicodedata import combining, east_asian_width

import click
import msgspec

from ..contract.language import say, visible
from .tell import coloured, legible, tell, width

_FOLDED = ("name", "note", "fingers", "state")
"""Columns that a narrow terminal folds; a number or a time is never torn in two."""

_HYPHENATED = "note"

_TITLED = ("sealed-to",)
"""Columns of letters that are no words."""

_GAP = "  "

_INDENT = " " * 4
"""Before the further lines of a row."""

SHOWN_DIGITS = 8
"""Of a backup's id, as people read and type it."""

_NARROWEST = 8
"""Characters that a folded column keeps, however narrow the terminal is."""


def who(code: str | None, names: Mapping[str, str]) -> str:
    """A worker's name and code, as people read them."""
    if code is None:
        return say("people.somebody")
    name = names.get(code, code)  # Of somebody who was forgotten the code is the name.
    return visible(code if name == code else f"{name}, {code}")


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]], empty: str) -> None:
    """A table as wide as the terminal, or ``empty`` where there are no rows.

    The title of a column is the message ``column.NAME``.
    """
    head = list(columns)
    titles = [say(f"column.{name}") for name in head]
    table = [["" if cell is None else visible(str(cell)) for cell in row] for row in rows]
    if not table:
        tell(empty)
        return
    widths = [max(map(_width, column)) for column in zip(titles, *table, strict=True)]
    if sys.stdout.isatty():  # What goes into a file or a pipe keeps its lines.
        least = [
            max(_width(word) for cell in column for word in _words(name, cell))
            for name, column in zip(head, zip(titles, *table, strict=True), strict=True)
        ]
        room = width()
        _narrow(head, widths, least, room)
        if _wide(widths) > room:
            for row in table:
                _print_lines(head, titles, row)
            return
    lines = [coloured(legible(_line(titles, widths), sys.stdout), "bold")]
    for row in table:
        folded = [
            _fold(name, cell, wide) for name, cell, wide in zip(head, row, widths, strict=True)
        ]
        lines += (
            legible(_line(cells, widths), sys.stdout)
            for cells in zip_longest(*folded, fillvalue="")
        )
    click.echo("\n".join(lines))


def shown_day(day: str | None) -> str:
    """A date as people write it; nothing where there is none."""
    return say("words.day", on=day) if day else ""


def shown_moment(at: str | None) -> str:
    """A local time as people write it, to the minute; nothing where there is none."""
    return say("words.moment", at=at[:16]) if at else ""


def _print_lines(head: list[str], titles: list[str], row: list[str]) -> None:
    """A row that no columns fit: one cell after the other, each whole where a line can hold it.

    Numbers, dates and keys have their column's title before them: nothing else says what they are.
    """
    room, lines = width(), [""]
    for name, title, cell in zip(head, titles, row, strict=True):
        if not cell:
            continue
        says = any(map(str.isalpha, cell)) and name not in _TITLED
        told = cell if says else f"{title}: {cell}"
        longer = f"{lines[-1]}{_GAP}{told}" if lines[-1].strip() else f"{lines[-1]}{told}"
        if _width(longer) > room and lines[-1].strip():
            lines.append(f"{_INDENT}{told}")
        else:
            lines[-1] = longer
    for line in lines:
        tell(line, indent=_INDENT)


def _wide(widths: list[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _narrow(head: list[str], widths: list[int], least: list[int], room: int) -> None:
    """Take from the widest of the columns that may be folded until the lines fit, or none may."""
    while _wide(widths) > room:
        foldable = [
            at
            for at, name in enumerate(head)
            if name in _FOLDED and widths[at] > max(_NARROWEST, least[at])
        ]
        if not foldable:
            return
        widths[max(foldable, key=lambda at: widths[at])] -= 1


def _words(name: str, cell: str) -> list[str]:
    """What is not torn. Only a note is folded at hyphens: a reason may be one long code."""
    return (cell.replace("-", "- ") if name == _HYPHENATED else cell).split() or [""]


def _fold(name: str, cell: str, width: int) -> list[str]:
    if _width(cell) <= width:
        return [cell]
    hyphens = name == _HYPHENATED
    return wrap(cell, width, break_long_words=False, break_on_hyphens=hyphens)


def _line(cells: Iterable[str], widths: list[int]) -> str:
    padded = (
        cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)
    )
    return _GAP.join(padded).rstrip()


def _width(text: str) -> int:
    """How many columns of a terminal it takes."""
    return sum(1 + (east_asian_width(char) in "WF") for char in text if not combining(char))
