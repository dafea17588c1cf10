"""All commands there are, and the words of each in a language."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from edge_agent.cli import main
from edge_agent.cli.language import spoken
from edge_agent.contract.language import use


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Whatever a command says meanwhile, click's own words too, is in this language."""
    with spoken(["--lang", language]):
        try:
            yield
        finally:
            use(None)


def leaves(terminal_width: int | None = None) -> Iterator[click.Context]:
    """Each command that does something, in the order of the help; its path is the context's."""
    yield from _leaves(click.Context(main, info_name="edge-agent", terminal_width=terminal_width))


def _leaves(ctx: click.Context) -> Iterator[click.Context]:
    if not isinstance(ctx.command, click.Group):
        yield ctx
        return
    for name in ctx.command.list_commands(ctx):
        found = ctx.command.get_command(ctx, name)
        assert found is not None
        yield from _leaves(click.Context(found, ctx, name))
