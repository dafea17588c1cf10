"""Print results: for people with rich, for programs as JSON."""

from collections.abc import Iterable
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

_UNFOLDED = 1000


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]], empty: str) -> None:
    """A table as wide as the terminal, or ``empty`` where there are no rows."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        # Text, for a name in square brackets is no markup.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    if table.row_count:
        console = Console(highlight=False)
        # Only a terminal has a width: what goes into a file or a pipe keeps its lines.
        console.print(table, width=None if console.is_terminal else _UNFOLDED)
    else:
        click.echo(empty)
