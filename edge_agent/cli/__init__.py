"""The command line. Each command is imported only when it is asked for: an import is processor
time that a Pi Zero pays eightfold, and the daemon must not carry the others' memory.
"""

from importlib import import_module
from typing import Any

import click

from .. import __version__
from ..contract.errors import EdgeAgentError

COMMANDS = {
    "config": ("config", "The settings of this gate."),
    "demo": ("demo", "Play a shift at a simulated gate, with a broker and payroll."),
    "doctor": ("doctor", "Look at everything that a gate needs, and say what to do."),
    "enroll": ("people", "Enrol a finger of worker CODE."),
    "identify": ("people", "Say whose finger is pressed."),
    "lamps-off": ("lamps", None),
    "ledger": ("ledger", "The ledger of this gate."),
    "prints": ("people", "The enrolled fingers."),
    "punches": ("punches", "The punches of this gate."),
    "receive": ("receive", "Subscribe as payroll: store every entry of every gate once."),
    "run": ("run", "Run the gate until SIGTERM."),
    "sensor": ("sensor", "The sensor of this gate."),
    "simulate": ("simulate", "Simulate a fingerprint sensor behind a serial port."),
    "status": ("status", "How the gate is."),
    "templates": ("templates", "Backups of the enrolled fingers' templates."),
    "watch": ("status", "Follow what happens at the gate."),
    "workers": ("people", "The workers of this gate."),
}
"""Command → the module of this package that has it, and its line in the list; None: not listed."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = import_module(f".{COMMANDS[name][0]}", __package__)
        command: click.Command = getattr(module, name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items() if line])

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
