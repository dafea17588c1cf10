"""The command line. Each command is imported only when it is asked for, because the
daemon must not carry the others' memory on a Pi Zero.
"""

from importlib import import_module
from typing import Any

import click

from .. import __version__
from ..contract.errors import EdgeAgentError

_COMMANDS = {
    "demo": "demo",
    "doctor": "doctor",
    "enroll": "people",
    "identify": "people",
    "lamps-off": "lamps",
    "ledger": "ledger",
    "prints": "people",
    "punches": "punches",
    "receive": "receive",
    "run": "run",
    "sensor": "sensor",
    "simulate": "simulate",
    "status": "status",
    "templates": "templates",
    "watch": "status",
    "workers": "people",
}
"""Command → the module of this package that has it."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = import_module(f".{_COMMANDS[name]}", __package__)
        command: click.Command = getattr(module, name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """End a command that failed with one clear message and its exit code, never a trace."""
        try:
            return super().invoke(ctx)
        except EdgeAgentError as error:
            click.echo(f"edge-agent: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            # What was under way has undone itself; nobody needs to be told of their own Ctrl-C.
            ctx.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edge-agent")
def main() -> None:
    """Attendance at a gate: fingerprint sensor, durable ledger, MQTT to payroll."""
