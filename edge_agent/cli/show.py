"""Print results: for people with rich, for programs as JSON."""

import sys
from collections.abc import Iterable
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

_UNFOLDED = 1000

_FOLDED = ("name", "note")
"""Columns that a narrow terminal folds; a number or a time is never torn in two."""


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]], empty: str) -> None:
    """A table as wide as the terminal, or ``empty`` where there are no rows."""
    headed = (Column(name, no_wrap=name not in _FOLDED, overflow="fold") for name in columns)
    table = Table(*headed, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        # Text, for a name in square brackets is no markup.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    if table.row_count:
        # Only a terminal has a width: what goes into a file or a pipe keeps its lines.
        width = None if sys.stdout.isatty() else _UNFOLDED
        Console(highlight=False, width=width).print(table)
    else:
        click.echo(empty)
