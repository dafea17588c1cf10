"""Print results: for people with rich, for programs as JSON."""

from collections.abc import Iterable
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]], empty: str) -> None:
    """A table as wide as the terminal, or ``empty`` where there are no rows."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    if table.row_count:
        Console(highlight=False).print(table)
    else:
        click.echo(empty)
