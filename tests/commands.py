"""All commands there are, and the words of each in a language."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.cli.language import spoken
from edge_agent.contract.language import use

from .brokers import free_port

Edge = Callable[..., Result]
"""Types a command's words at a gate; ``answers`` are what is typed then, ``language`` is Vietnamese
unless it is said."""


def gate_without_a_daemon(folder: Path) -> tuple[Path, Edge]:
    """The settings of a gate that knows Lò Thị Mây, NV0042, has no sensor and reaches no broker;
    and what types there, once ``EDGE_AGENT_CONFIG`` names them."""
    config = folder / "edge-agent.toml"
    config.write_text(
        '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[clock]\ntrust = "always"\n'
        '[control]\nsocket = "control.sock"\n[sensor]\nport = "sensor"\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {free_port()}\n'
    )

    def typed(*words: str, answers: str | None = None, language: str = "vi") -> Result:
        return CliRunner().invoke(main, ["--lang", language, *words], input=answers)

    return config, typed


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
