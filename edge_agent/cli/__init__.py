"""The command line. Each command is imported only when it is asked for: an import is processor
time that a Pi Zero pays eightfold, and the daemon must not carry the others' memory.
"""

import sys
from importlib import import_module
from typing import Any

import click

from .. import __version__
from ..contract.errors import EdgeAgentError, OutputLost
from .tell import tell_failure

COMMANDS = {
    "config": ("config", "The settings of this gate."),
    "demo": ("demo", "Play a shift at a simulated gate, with a broker and payroll."),
    "doctor": ("doctor", "Look at everything that a gate needs, and say what to do."),
    "enroll": ("people", "Enrol a finger of worker CODE."),
    "identify": ("people", "Say whose finger is pressed."),
    "lamps-off": ("panel", None),
    "ledger": ("ledger", "The ledger of this gate."),
    "panel": ("panel", "The lamps and the buzzer of this gate."),
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name what may be meant, as click does where it knows the commands."""
        wanted = args[0]
        if wanted not in COMMANDS and not wanted.startswith("-"):
            from difflib import get_close_matches

            meant = get_close_matches(
                wanted, (name for name, (_, line) in COMMANDS.items() if line)
            )
            hint = f" Did you mean {' or '.join(map(repr, meant))}?" if meant else ""
            raise click.UsageError(f"No such command {wanted!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items() if line])

    def invoke(self, ctx: click.Context) -> Any:
        """End a command that was interrupted without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # What was under way has undone itself; nobody needs to be told of their own Ctrl-C.
            ctx.exit(130)

    def main(self, *args: Any, **extra: Any) -> Any:
        """End a command that failed with one clear message and its exit code, never a trace."""
        try:
            return super().main(*args, **extra)
        except EdgeAgentError as error:
            tell_failure(str(error))
            sys.exit(error.exit_code)
        except OSError as error:
            # Nobody has words for it on the way: these, and where.
            where = f"{error.filename} cannot be used" if error.filename else "It failed"
            tell_failure(f"{where} ({error.strerror or error}): nothing more was done.")
            sys.exit(OutputLost.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edge-agent")
def main() -> None:
    """Attendance at a gate: fingerprint sensor, durable ledger, MQTT to payroll."""
