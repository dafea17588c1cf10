"""Options that many commands share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ..settings import Settings, load_settings

DEFAULT_CONFIG = "/etc/edge-agent/edge-agent.toml"

Command = Callable[..., Any]


def with_settings(command: Command) -> Command:
    """Give a command ``--config`` and hand it the settings as its first argument."""

    @click.option(
        "--config",
        type=click.Path(path_type=Path, readable=False),
        envvar="EDGE_AGENT_CONFIG",
        default=DEFAULT_CONFIG,
        show_default=True,
        show_envvar=True,
        help="The settings file.",
    )
    @wraps(command)
    def loaded(config: Path, **arguments: Any) -> Any:
        settings: Settings = load_settings(config)
        return command(settings, **arguments)

    return loaded


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/cli.md).")
