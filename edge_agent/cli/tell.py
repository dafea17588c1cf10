"""All that people read on stdout and stderr goes out here: whole words at the width of a terminal,
one line elsewhere; nothing that a terminal would obey, and no letter that it cannot show.
"""

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import click

from ..contract.language import VIETNAMESE, Message, current, say, visible

_NARROWEST = 20
_USUAL = 80
_ANSWER = len(": c")
_NO_BREAK = "\N{WORD JOINER}"
"""Stands for a space where no line may end."""


def tell(text: str, *, err: bool = False, indent: str = "", colour: str | None = None) -> None:
    """Print sentences; ``indent`` begins what a terminal shows as their further lines."""
    stream = sys.stderr if err else sys.stdout
    shown = stream is not None and stream.isatty()
    told = legible(folded(text, indent, width()) if shown else text, stream)
    click.echo(coloured(told, colour) if colour and not err else told, err=err)


def tell_notes(file: Path, notes: Iterable[Message], *, err: bool = False) -> None:
    """Say what a person should know of how a file was read."""
    for note in notes:
        tell(f"{file}: {say(note)}", err=err)


def coloured(text: str, colour: str) -> str:
    """Text for stdout in a colour, or "bold", where a terminal has them and nobody minds."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if plain or not sys.stdout.isatty():
        return text
    return click.style(text, bold=True) if colour == "bold" else click.style(text, fg=colour)


def moves(stream: TextIO) -> bool:
    """Whether it is a terminal that can be written over."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def tell_failure(message: Message) -> None:
    """Why a command ends without what it was asked for, on stderr; in the log, in English."""
    # Only here: what goes well does without.
    from ..gate.host.journal import ERROR, on_the_journal, with_priority

    if on_the_journal():
        click.echo(with_priority(f"edge-agent: {message}", ERROR), err=True)
    else:
        tell(f"edge-agent: {say(message)}", err=True)


def ask(question: str) -> str:
    """What somebody types in answer, which is not empty; on stderr, so that stdout stays JSON."""
    answer: str = click.prompt(_asked(question, sys.stderr), err=True)
    return answer.strip()


def answer(question: str) -> str:
    """The same; Enter alone is an answer as well, and empty."""
    typed: str = click.prompt(
        _asked(question, sys.stderr), default="", show_default=False, err=True
    )
    return typed


def somebody_types() -> bool:
    """Whether there is a person to answer, and not a script."""
    return sys.stdin is not None and sys.stdin.isatty()


def confirm(question: str) -> None:
    """Ask, and end the command unless the answer is yes: y, and in Vietnamese c (có)."""
    yes, no = ("c", "có"), ("k", "không")
    offered = "c/K" if current() == VIETNAMESE else "y/N"
    while True:
        answer = click.prompt(
            _asked(f"{question} [{offered}]", sys.stdout), default="", show_default=False
        )
        match answer.strip().lower():
            case "y" | "yes":
                return
            case text if text in yes:
                return
            case text if text in ("", "n", "no", *no):
                raise click.Abort


def _asked(question: str, stream: TextIO) -> str:
    """A question as the terminal shows it, with room for an answer of a letter or two, and what may
    be answered, ``[y/N]``, in one line.
    """
    if stream.isatty():
        whole = re.sub(r"\[.*?\]", lambda choice: choice[0].replace(" ", _NO_BREAK), question)
        question = folded(whole, "", width() - _ANSWER).replace(_NO_BREAK, " ")
    return legible(question, stream)


def legible(text: str, stream: TextIO | None) -> str:
    r"""Text of several lines as a stream can show it: ``\x1b`` for what its terminal would obey,
    letters without their marks where it has none.
    """
    lines = text if text.isprintable() else "\n".join(map(_line, text.split("\n")))
    charset = _charset(stream)
    try:
        lines.encode(charset)
    except UnicodeEncodeError:
        return "".join(_plain(char, charset) for char in lines)
    return lines


def width() -> int:
    """Columns of the terminal."""
    try:
        told = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size(2).columns
    except (ValueError, OSError):
        told = 0
    return max(_NARROWEST, told or _USUAL)


def _line(text: str) -> str:
    return "\t".join(map(visible, text.split("\t")))


def _charset(stream: TextIO | None) -> str:
    """What a stream takes, or the terminal behind it, by the locale that somebody has set."""
    if stream is None:
        return "utf-8"
    if stream.isatty():
        import locale

        return locale.nl_langinfo(locale.CODESET) or stream.encoding
    return stream.encoding


def _plain(char: str, charset: str) -> str:
    """A letter without its marks, or what people write instead of a sign."""
    try:
        char.encode(charset)
    except UnicodeEncodeError:
        from unicodedata import normalize

        char = _INSTEAD.get(char) or normalize("NFKD", char)
        return char.encode("ascii", "ignore").decode() or "?"
    return char


_INSTEAD = {
    **{"đ": "d", "Đ": "D", "…": "...", "–": "-", "—": "-", "×": "x", "→": "->"},
    **{"“": '"', "”": '"', "‘": "'", "’": "'"},
}


def folded(text: str, indent: str, columns: int) -> str:
    """Text in lines of at most so many columns, no word torn."""
    from textwrap import fill

    return "\n".join(
        fill(
            line,
            columns,
            subsequent_indent=indent or line[: len(line) - len(line.lstrip())],
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )
