"""Words of an option that were typed without quotes: ``--reason quên ấn``."""

from collections.abc import Iterator
from itertools import takewhile
from shlex import quote

import click


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
    if only in {option for option, _, _ in options}:
        options = [one for one in options if one[0] == only]
    found = []
    for option, value, behind in options:
        more = behind[: max(0, too_many)]
        too_many -= len(more)
        if more:
            found.append(f"{option} {quote(' '.join((value, *more)))}")
    return " ".join(found) or None


def _positional(command: click.Command, typed: list[str]) -> list[str]:
    context = click.Context(command, resilient_parsing=True)
    given, extra, _ = command.make_parser(context).parse_args(list(typed))
    arguments = [given.get(one.name) for one in command.params if isinstance(one, click.Argument)]
    return [*(one for one in arguments if isinstance(one, str)), *extra]


def _options(command: click.Command, typed: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Each option that has a value, the value, and the words behind it."""
    takes_one = {
        name
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
            yield option, one, list(takewhile(lambda word: not word.startswith("-"), rest))
