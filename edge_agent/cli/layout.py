"""How help looks: as wide as the terminal, with the words of the language for what stands for a
value."""

import re
from collections.abc import Iterable
from gettext import gettext

import click

from ..contract.language import is_name, say
from .tell import folded, folded_command, width

_WIDEST = 80
"""Columns of a text that is read; a wider terminal does not make it easier."""


_NARROWEST = 10
"""Columns that what an option means has at least."""


class Formatter(click.HelpFormatter):
    """Leaves what an option means two thirds of a narrow terminal, and tears no word: click's own
    breaks lines within ``edge-agent``, and within a path.
    """

    def write_text(self, text: str) -> None:
        self.write(f"{_folded(text, self.width, ' ' * self.current_indent)}\n")

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """On a narrow terminal the command has lines of its own, as it would be typed."""
        begin = prefix or f"{gettext('Usage:')} "
        typed = f"{prog} {args}".rstrip()
        if len(begin) + len(typed) > self.width:
            begin, typed = f"{begin.rstrip()}\n", folded_command(f"  {typed}", "    ", self.width)
        self.write(f"{begin}{typed}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        told = [(in_words(typed), ranges_in_words(meaning)) for typed, meaning in rows]
        widest = max((len(typed) for typed, _ in told), default=0)
        column = min(widest, col_max, self.width // 3 + 2) + col_spacing
        hanging = " " * (self.current_indent + column)
        for typed, meaning in told:
            lead = f"{'':>{self.current_indent}}{typed}"
            if len(typed) > column - col_spacing and meaning:
                choices = folded(lead.replace("|", "| "), "    ", self.width)
                self.write(choices.replace("| ", "|") + "\n")
                lead = ""
            text = _folded(meaning, max(self.width, len(hanging) + _NARROWEST), hanging)
            self.write(f"{lead}{text[len(lead) :]}".rstrip() + "\n")


class Context(click.Context):
    """Help as wide as the terminal; click's own is never narrower than 50 columns."""

    formatter_class = Formatter

    def make_formatter(self) -> click.HelpFormatter:
        self.terminal_width = min(_WIDEST, width())
        return super().make_formatter()


def _folded(text: str, columns: int, indent: str) -> str:
    """Its paragraphs in lines of at most so many columns, each with this indent, no word torn."""
    return "\n\n".join(
        folded(" ".join(one.split()), indent, columns, indent) for one in text.split("\n\n")
    )


def in_words(typed: str) -> str:
    """What stands for a value in a command line, ``CODE``, by its word in the language."""
    return _VALUE.sub(_word_for, typed)


def _word_for(value: re.Match[str]) -> str:
    name = f"value.{value[0].lower().replace(' ', '-')}"
    return say(name) if is_name(name) else value[0]


_VALUE = re.compile(r"(?<![A-Z-])[A-Z]{2,}(?: [A-Z]{2,})*")


_RANGE = re.compile(r"\b(?:(?P<least>[\d.]+)<=)?x(?:(?P<sign>[<>]=)(?P<bound>[\d.]+))?(?=[;\].])")
"""As click describes what a number may be: ``x>=1``, ``1<=x<=100``."""


def ranges_in_words(described: str) -> str:
    """What a number may be, as click describes it, in words."""
    return _RANGE.sub(_range, described)


def _range(described: re.Match[str]) -> str:
    least, sign, bound = described.group("least", "sign", "bound")
    if least and bound:
        return say("usage.between", least=least, most=bound)
    if bound is None:
        return described[0]
    return say("usage.at-least" if sign == ">=" else "usage.at-most", bound=bound)
