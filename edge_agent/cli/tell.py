"""Sentences on stderr and stdout: whole words at the width of the terminal, one line elsewhere."""

import os
import sys

import click

_NARROWEST = 20
_USUAL = 80


def say(text: str, *, err: bool = False, indent: str = "") -> None:
    """Print sentences; ``indent`` begins what a terminal shows as their further lines."""
    stream = sys.stderr if err else sys.stdout
    shown = stream is not None and stream.isatty()
    click.echo(_folded(text, indent) if shown else text, err=err)


def tell_failure(text: str) -> None:
    """Why a command ends without what it was asked for, on stderr."""
    # Only here: what goes well does without.
    from ..gate.host.journal import ERROR, on_the_journal, with_priority

    told = f"edge-agent: {text}"
    if on_the_journal():
        click.echo(with_priority(told, ERROR), err=True)
    else:
        say(told, err=True)


def width() -> int:
    """Columns of the terminal."""
    try:
        told = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size(2).columns
    except (ValueError, OSError):
        told = 0
    return max(_NARROWEST, told or _USUAL)


def _folded(text: str, indent: str) -> str:
    from textwrap import fill

    return "\n".join(
        fill(
            line,
            width(),
            subsequent_indent=indent or line[: len(line) - len(line.lstrip())],
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )
