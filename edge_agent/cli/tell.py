"""All that people read on stdout and stderr goes out here: whole words at the width of a terminal,
one line elsewhere; nothing that a terminal would obey, and no letter that it cannot show.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import click

from ..contract.language import VIETNAMESE, Message, current, say, visible
from .which_gate import for_this_gate

_NARROWEST = 20
_USUAL = 80
_ANSWER = len(": c")
_NO_BREAK = "\N{WORD JOINER}"
"""Stands for a space where no line may end."""


def tell(text: str, *, err: bool = False, indent: str = "", colour: str | None = None) -> None:
    """Print sentences; ``indent`` begins what a terminal shows as their further lines."""
    stream, text = sys.stderr if err else sys.stdout, for_this_gate(text)
    shown = stream is not None and stream.isatty()
    if shown and isinstance(sys.exception(), KeyboardInterrupt):
        text = f"\n{text}"  # Behind the terminal's own ^C there is no whole line.
    told = legible(folded(text, indent, width()) if shown else text, stream)
    click.echo(coloured(told, colour) if colour and not err else told, err=err)


def tell_notes(file: Path, notes: Iterable[Message], *, err: bool = False) -> None:
    """Say what a person should know of how a file was read."""
    for note in notes:
        tell(f"{file}: {say(note)}", err=err)


def tell_if_on_own_disk(file: Path, database: str) -> None:
    """Of what is of use elsewhere only: a stick that is not mounted is a folder of this machine's
    disk, ``database`` lies there, and whoever carries the stick away carries nothing."""
    with suppress(OSError):  # Whoever may not look at the database is not told.
        if file.stat().st_dev == os.stat(database).st_dev:
            tell(say("file.on-own-disk", file=file), err=True)


def coloured(text: str, colour: str) -> str:
    """Text for stdout in a colour, or "bold", where a terminal has them and nobody minds."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if plain or not is_screen():
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
    return _typed(_asked(question)).strip()


def answer(question: str) -> str:
    """The same; Enter alone is an answer as well, and empty."""
    return _typed(_asked(question), default="", show_default=False)


def _typed(asked: str, **how: Any) -> str:
    try:
        typed: str = click.prompt(asked, err=True, **how)
    except click.Abort:
        if sys.stderr.isatty():
            click.echo(err=True)  # As above: what is told next begins a line.
        raise
    return typed


def somebody_types() -> bool:
    """Whether there is a person to answer, and not a script."""
    return sys.stdin is not None and sys.stdin.isatty()


def confirm(question: str) -> None:
    """Ask, and end the command unless the answer is yes: y, and in Vietnamese c (có).

    On stderr, as all that is asked.
    """
    # Only here: most commands ask nothing.
    from ..contract.people import alike

    offered = "c/K" if current() == VIETNAMESE else "y/N"
    while True:
        typed = answer(f"{question} [{offered}]")
        if any(alike(typed, one) for one in ("y", "yes", "c", "có")):
            return
        if any(alike(typed, one) for one in ("", "n", "no", "k", "không")):
            raise click.Abort
        tell(say("command.yes-or-no"), err=True)


def _asked(question: str) -> str:
    """A question as the terminal shows it, with room for an answer of a letter or two, and what may
    be answered, ``[y/N]``, in one line.
    """
    question = for_this_gate(question)
    if sys.stderr.isatty():
        whole = re.sub(r"\[.*?\]", lambda choice: choice[0].replace(" ", _NO_BREAK), question)
        question = folded(whole, "", width() - _ANSWER).replace(_NO_BREAK, " ")
    return legible(question, sys.stderr)


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


def is_screen() -> bool:
    """Whether somebody reads stdout at a terminal, and no file or pipe takes it."""
    return sys.stdout is not None and sys.stdout.isatty()


def height() -> int:
    """Lines of the terminal; 0: it does not say."""
    try:
        return int(os.environ.get("LINES", "0")) or os.get_terminal_size(1).lines
    except (ValueError, OSError):
        return 0


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


def folded(text: str, indent: str, columns: int, first: str = "") -> str:
    r"""Text in lines of at most so many columns, no word torn; ``first`` begins the first of them.

    A command that is to be typed stays in one line, or goes on after a ``\\``, as a shell has it.
    One that a sentence has in quotes has lines of its own then, without them: a ``\\`` that stands
    within quotes would be typed as a part of it.
    """
    return "\n".join(
        line
        for one in text.split("\n")
        for line in _lines(first + one, indent or one[: len(one) - len(one.lstrip())], columns)
    )


def folded_command(line: str, indent: str, columns: int) -> str:
    """A command alone: no word of it is torn, nothing in quotes, and no ``[CHOICE]``."""
    if len(line) <= columns:
        return line
    words = re.findall(r"(\s*)((?:'[^']*'|\[[^\]]*\]|\S)+)", line)
    return "\n".join(_filled(_going_on(words, columns - len(indent)), indent, columns))


class _Word(NamedTuple):
    before: str
    """The spaces before it."""
    text: str
    goes_on: bool = False
    """Whether the command that it is of goes on with the next one."""
    begins: bool = False
    """Whether it begins a line, whatever there is room for."""


def _lines(text: str, indent: str, columns: int) -> list[str]:
    if len(text) <= columns:
        return [text.rstrip()]
    room = columns - len(indent)
    return _filled(_words(_unbracketed(text, room), room), indent, columns)


def _filled(words: Iterable[_Word], indent: str, columns: int) -> list[str]:
    lines, line, torn = [], "", False
    for word in words:
        room = columns - len(_GOES_ON) * word.goes_on
        full = len(line) + len(word.before) + len(word.text) > room
        if line.strip() and (full or word.begins):
            lines.append(line + _GOES_ON * torn)
            # What a terminal tears is no word any more: a long one begins further left.
            left = room - len(word.text)
            line = (indent if left < 0 else indent[:left]) + word.text
        else:
            line += word.before + word.text
        torn = word.goes_on
    return [*lines, line]


_GOES_ON = " \\"

_OPENS = r"(?:(?<![^\s(])|(?<==)|(?<=\"'\"))"
"""Behind what a quote is a shell's: at a word's beginning, behind ``NAME=``, and where the text in
quotes has an apostrophe itself."""

_SHELL_WORD = rf"(?:{_OPENS}'[^']*'|\"'\"|\S)+"
_QUOTED_WORD = rf"(?:{_OPENS}'[^']*'|\"'\"|[^\s'])+"
"""The same within a sentence's own quotes, the second of which ends it."""

_PROGRAMS = r"(?:edge-agent|sudo|age-keygen|chmod|df|git|journalctl|ls|make|openssl|rm)"

_IN_QUOTES = rf"(\(?)'({_PROGRAMS}(?:\s+{_QUOTED_WORD})+)'(\S*)"
"""A command in a sentence's quotes, and what is written close to it."""

_BRACKETED = rf"\s*\(([^()']*)('{_PROGRAMS}(?:\s+{_QUOTED_WORD})+')\)"
"""One that ends what stands in brackets, or is all of it."""


def _unbracketed(text: str, room: int) -> str:
    """Without the brackets around a command that gets lines of its own: each would stand alone."""

    def opened(found: re.Match[str]) -> str:
        before, command = found.groups()
        if len(command) + len("()") <= room:
            return found[0]
        return f", {before}{command}" if before else f": {command}"

    return re.sub(_BRACKETED, opened, text)


_OPTION = r"(-[A-Za-z]|--[a-z][a-z-]+) (-|age1…|[\w-]+)(?=[\s,.;:)]|$)\S*"
"""An option in a sentence, and what is to be typed behind it: they are one."""

_TOGETHER = r"\(?'[^']*'\S*"
"""Something else in quotes."""


def _words(text: str, room: int) -> Iterator[_Word]:
    """Each with its spaces; a command that there is room for is one, and so are other words in
    quotes."""
    at, begins = 0, False
    while spaced := re.compile(r"(\s*)(?=\S)").match(text, at):
        before, at = spaced[1], spaced.end()
        quoted = re.compile(_IN_QUOTES).match(text, at)
        whole = quoted or re.compile(_TOGETHER).match(text, at)
        typed = [] if whole else _command(text, at)
        if whole and len(whole[0]) <= room:
            yield _Word(before, whole[0], begins=begins)
            at, begins = whole.end(), False
        elif quoted:
            opening, command, close = quoted.groups()
            if opening:
                yield _Word(before, opening, begins=begins)
            yield from _going_on(_shell_words(command), room, begins=True)
            if rest := close.lstrip(",.;:"):
                yield _Word("", rest, begins=True)
            at, begins = quoted.end(), not rest
        elif typed:
            together = "".join(space + word for space, word in typed)
            if len(together) <= room:
                yield _Word(before, together, begins=begins)
            else:
                yield from _going_on([(before, typed[0][1]), *typed[1:]], room, begins=begins)
            at, begins = at + len(together), False
        else:
            word = re.compile(r"\S+").match(text, at)
            option = re.compile(_OPTION).match(text, at)
            if option and len(option[0]) <= room and _is_value(option[2]):
                word = option
            assert word is not None
            yield _Word(before, word[0], begins=begins)
            at, begins = word.end(), False


def _shell_words(command: str) -> list[tuple[str, str]]:
    """The words of a command as a shell has them, each with the spaces before it."""
    return re.findall(rf"(\s*)({_SHELL_WORD})", command)


def _going_on(words: list[tuple[str, str]], room: int, *, begins: bool = False) -> Iterator[_Word]:
    """The words of one command, an option and what it is given as one where there is room for both;
    ``begins``: the first one begins a line."""
    paired: list[tuple[str, str]] = []
    for before, word in words:
        last = paired[-1][1] if paired else ""
        both = f"{last}{before}{word}"
        named = re.fullmatch(r"-[A-Za-z]|--[a-z][a-z-]+", last)
        if named and not word.startswith("--") and len(both) <= room - len(_GOES_ON):
            paired[-1] = (paired[-1][0], both)
        else:
            paired.append((before, word))
    for at, (before, word) in enumerate(paired):
        yield _Word(before, word, at + 1 < len(paired), begins and at == 0)


def _command(text: str, at: int) -> list[tuple[str, str]]:
    """The words of the command that begins there without quotes; none: it is none."""
    begun = re.compile(r"\(?(?:sudo|edge-agent)(?=[\s,.;:)]|$)").match(text, at)
    if begun is None:
        return []
    found: list[tuple[str, str]] = []
    for before, word in _shell_words(text[at:]):
        if found and not _is_typed(word):
            break
        found.append((before, word))
        if word.endswith((",", ".", ";", ":", ")")):
            break
    return found


def _is_value(word: str) -> bool:
    """Whether it is what an option is given, and no word of the sentence."""
    return word in ("-", "age1…") or word.isupper() or word.isdigit()


def _is_typed(word: str) -> bool:
    return word.isascii() or word.isupper() or bool(re.match(r"(?:[\w-]+=)?'.*'", word))
