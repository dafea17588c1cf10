"""What a paper says, section by section: as a page to be printed, or as lines at a terminal."""

from collections.abc import Iterable
from html import escape

import click
from msgspec import Struct

from ..contract.language import Message, said, say
from .page import heading, page, paragraph
from .tell import tell

Text = Message | str

_INDENT = "  "


class Section(Struct, frozen=True, kw_only=True):
    """``rows``: cells of a table, under the titles ``head`` where it has any, in columns that have
    ``widths`` (of 100) or what they need; ``notes``: what stands below it.
    """

    title: Text
    lines: tuple[Text, ...] = ()
    head: tuple[Text, ...] = ()
    rows: tuple[tuple[Text, ...], ...] = ()
    widths: tuple[int, ...] = ()
    notes: tuple[Text, ...] = ()


def as_page(
    title: Text,
    sections: Iterable[Section],
    small: Text,
    language: str,
    before: Iterable[str] = (),
    after: Iterable[str] = (),
) -> str:
    """A whole page in a language; ``small``: its small print.

    ``before`` the sections and ``after`` them stands what is HTML already.
    """

    def words(text: Text) -> str:
        return said(text, language) if isinstance(text, Message) else text

    parts = [heading(words(title)), *before]
    for section in sections:
        parts.append(heading(words(section.title), 2))
        parts += (paragraph(words(line)) for line in section.lines)
        if section.rows:
            head = [words(cell) for cell in section.head]
            rows = ([words(cell) for cell in row] for row in section.rows)
            parts.append(_table(head, rows, section.widths))
        parts += (paragraph(words(line)) for line in section.notes)
    return page(words(title), language, [*parts, *after, paragraph(words(small), "small")])


def tell_sections(title: Text, sections: Iterable[Section]) -> None:
    """The same on stdout, in the language of whoever asked."""
    tell(_say(title), colour="bold")
    for section in sections:
        click.echo()
        tell(_say(section.title), colour="bold")
        rows = ([*filter(None, map(_say, row))] for row in section.rows)
        head = [" · ".join(map(_say, section.head))] if section.head and section.rows else []
        told = (
            *map(_say, section.lines),
            *(*head, *map(" · ".join, rows)),
            *map(_say, section.notes),
        )
        for line in told:
            tell(_INDENT + line, indent=2 * _INDENT)


def _say(text: Text) -> str:
    return say(text) if isinstance(text, Message) else text


def _table(head: list[str], rows: Iterable[list[str]], widths: Iterable[int]) -> str:
    columns = "".join(f'<col style="width: {width}%">' for width in widths)
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    titles = f"<thead><tr>{cells}</tr></thead>\n" if head else ""
    lines = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows
    )
    kind = ' class="fixed"' if columns else ""
    return f"<table{kind}>\n{columns}{titles}{lines}</table>"
