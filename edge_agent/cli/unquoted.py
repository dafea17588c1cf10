"""Words of an option that were typed without quotes: ``--reason quên ấn``."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from itertools import takewhile
from shlex import quote

import click

from ..contract.people import FINGERS
from ..contract.typed_times import in_full, span_in_full, time_of_day
from .complete import Keyword, finger_named, keyword_called, reason_called


def in_quotes(command: click.Command, typed: list[str], only: str | None = None) -> str | None:
    """How the options are typed whose words stand there without quotes; None: there are none.

    ``typed`` is what stands behind the command, ``only`` the option or argument that was refused.
    """
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    if any(one.nargs != 1 for one in arguments):
        return None  # Such a command takes words as they come.
    words = len(_positional(command, typed))
    # Where none is too many, one may have been taken for an argument that may be left out.
    too_many = words - len(arguments) or words - sum(one.required for one in arguments)
    options = list(_options(command, typed))
    if only in {name for name, *_ in options}:
        options = [one for one in options if one[0] == only]
    found = []
    for name, option, value, behind in options:
        more = behind[: max(0, too_many)]
        if more and _are_one(option, value, more):
            too_many -= len(more)
            found.append(f"{name} {quote(' '.join((value, *more)))}")
    return " ".join(found) or None


def _are_one(option: click.Option, value: str, more: list[str]) -> bool:
    """Whether these words are rather one value than a value, and a second code or number."""
    if _is_understood(option, " ".join((value, *more))):
        return True
    if option.multiple or _is_understood(option, value):
        return False
    return not any(char.isdigit() for word in more for char in word)


def _is_understood(option: click.Option, text: str) -> bool:
    """Whether it is one of the option's keywords, a finger, a reason, or a day or time."""
    if isinstance(option.type, Keyword):
        return keyword_called(text, option.type.choices, option.type.called) is not None
    if option.name == "finger":
        return finger_named(text) in FINGERS
    if option.name == "reason":
        return reason_called(text) is not None
    if in_full(text, _ANY_DAY) != text or span_in_full(text, _ANY_DAY) is not None:
        return True
    return time_of_day(text) is not None or _is_iso(text)


_ANY_DAY = date(2000, 2, 29)
"""Whether somebody has typed a day is the same on all of them, but the 29th of February."""


def _is_iso(text: str) -> bool:
    with suppress(ValueError):
        datetime.fromisoformat(text)
        return True
    return False


def _positional(command: click.Command, typed: list[str]) -> list[str]:
    context = click.Context(command, resilient_parsing=True)
    given, extra, _ = command.make_parser(context).parse_args(list(typed))
    arguments = [given.get(one.name) for one in command.params if isinstance(one, click.Argument)]
    return [*(one for one in arguments if isinstance(one, str)), *extra]


def _options(
    command: click.Command, typed: list[str]
) -> Iterator[tuple[str, click.Option, str, list[str]]]:
    """Each option that has a value, as it is typed, the value, and the words behind it."""
    takes_one = {
        name: one
        for one in command.params
        if isinstance(one, click.Option) and not one.is_flag and not one.count and one.nargs == 1
        for name in one.opts
    }
    for place, word in enumerate(typed):
        option, _, value = word.partition("=")
        if option not in takes_one:
            continue
        values = [value] if value else typed[place + 1 : place + 2]
        rest = typed[place + (1 if value else 2) :]
        for one in values:
            behind = takewhile(lambda word: not word.startswith("-"), rest)
            yield option, takes_one[option], one, list(behind)
