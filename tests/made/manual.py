"""The man page, in each language: all that ``--help`` says of every command, in one place."""

from collections.abc import Callable, Iterator
from gettext import gettext

import click

from edge_agent.cli.help import Command, examples_of, in_words, path_of
from edge_agent.contract.language import LANGUAGES, say
from tests.commands import leaves, speaking

from .words import WORDS

_ASIDE = ("demo", "receive", "run", "simulate")
"""For developers, payroll and the service manager: their own pages and ``--help`` tell them."""


def _page(language: str) -> Callable[[], str]:
    def made() -> str:
        with speaking(language):
            return "\n".join(_lines(WORDS[language])) + "\n"

    return made


def _lines(words: dict[str, str]) -> Iterator[str]:
    yield '.TH EDGE-AGENT 1 "" "edge-agent" ""'
    yield f".SH {words['name']}"
    yield f"edge-agent \\- {_plain(say('help.main'))}"
    yield f".SH {words['synopsis']}"
    yield f".B edge-agent\n[\\-\\-lang vi|en] {_plain(say('usage.command'))}"
    yield f".SH {words['description']}"
    yield _plain(words["about"])
    yield f".SH {gettext('Commands').upper()}"
    for ctx in leaves():
        if ctx.command_path.split()[1] not in _ASIDE:
            yield from _command(ctx)
    yield f".SH {words['files']}"
    yield ".I /etc/edge-agent/edge-agent.toml"


def _command(ctx: click.Context) -> Iterator[str]:
    command = ctx.command
    assert isinstance(command, Command)
    with command.spoken(ctx):
        usage = " ".join(command.collect_usage_pieces(ctx))
        yield f".SS {_plain(f'{path_of(ctx)} {usage}')}"
        for at, paragraph in enumerate((command.help or "").split("\n\n")):
            yield from ([".P"] if at else [])
            yield _plain(paragraph)
        for param in command.get_params(ctx):
            record = param.get_help_record(ctx)
            if isinstance(param, click.Argument) or {"--config", "--help"} & set(param.opts):
                continue
            if record is not None:
                yield f".TP\n.B {_plain(in_words(record[0]))}\n{_plain(record[1])}"
    if lines := examples_of(path_of(ctx)):
        yield f".P\n{say('usage.examples')}:"
        yield "\n".join([".nf", ".RS", *map(_plain, lines), ".RE", ".fi"])


def _plain(text: str) -> str:
    """Text that roff takes as it is: hyphens that can be copied, no line that is a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line[:1] in (".", "'") else line for line in text.split("\n"))


PAGES = {
    f"config/share/man/{'' if language == 'en' else f'{language}/'}man1/edge-agent.1": _page(
        language
    )
    for language in LANGUAGES
}
