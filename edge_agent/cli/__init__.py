"""The command line. Each command is imported only when it is asked for (see Group): the daemon must
not carry the others' memory.
"""

import gc
import sys
from collections.abc import Sequence
from gettext import gettext
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from ..contract.errors import EdgeAgentError, OutputLost
from ..contract.language import LANGUAGES, Message, because, say
from . import which_gate
from .help import Group, Mistyped, first_sentence
from .language import spoken
from .tell import tell_failure

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "audit": "audit",
    "carry": "carry",
    "config": "config",
    "consent": "consent",
    "credentials": "credentials",
    "demo": ".demo.command",
    "display": "display",
    "doctor": "doctor",
    "enroll": "enroll",
    "identify": "people",
    "ledger": "ledger",
    "metrics": "metrics",
    "panel": "panel",
    "prints": "people",
    "privacy": "privacy",
    "punches": "punches",
    "receive": "receive",
    "retire": "retire",
    "run": "run",
    "sensor": "sensor",
    "setup": "setup",
    "simulate": "simulate",
    "status": "status",
    "support": "support",
    "templates": "templates",
    "upgrade": "upgrade",
    "watch": "watch",
    "workers": "people",
}
"""Command → the module of this package that has it; the demo's is in its own wing, which may call
the others. Its help is the message ``help.COMMAND``."""

GO_ON = ("demo", "display", "receive", "run", "simulate", "watch")
"""What runs for long, and has to get rid of garbage; the others end before it matters."""


_ALIKE = 0.65
"""How alike words are: less, and 'dia' (a disk, without its marks) is taken for 'display'."""


def _usual(word: str) -> str:
    from .elsewhere import usual

    return usual("", word)


class _Commands(Group):
    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        command = super().get_command(ctx, name)
        if name in GO_ON:
            gc.enable()
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name what may be meant, as click does where it knows the commands."""
        wanted = args[0]
        if wanted not in COMMANDS and not wanted.startswith("-") and not _usual(wanted):
            from difflib import get_close_matches

            begun = [name for name in COMMANDS if wanted and name.startswith(wanted)]
            meant = begun or get_close_matches(wanted, COMMANDS, cutoff=_ALIKE)
            told = "command.none-such-but" if meant else "command.none-such"
            raise click.UsageError(say(told, wanted=wanted, meant=list(map(repr, meant))), ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Name them without importing them; options as any command does."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return [*click.Command.shell_complete(self, ctx, incomplete)]
        return [
            CompletionItem(name, help=first_sentence(say(f"help.{name}")))
            for name in COMMANDS
            if name.startswith(incomplete)
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List them without importing them."""
        with formatter.section(gettext("Commands")):
            formatter.write_dl([(name, first_sentence(say(f"help.{name}"))) for name in COMMANDS])

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """As click does; what is wrong with the line is told as all else is."""
        try:
            return super().make_context(*args, **extra)
        except click.UsageError as error:
            raise Mistyped(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        """End a command that was interrupted without a word."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            from .options import refuse_role_first  # Only for whoever has mistyped one.

            refuse_role_first(error.ctx)
            raise Mistyped(error) from None
        except KeyboardInterrupt:
            # What was under way has undone itself, and said so where somebody may doubt it; nobody
            # needs to be told of their own Ctrl-C.
            ctx.exit(130)

    def main(self, args: Sequence[str] | None = None, *further: Any, **extra: Any) -> Any:
        """End a command that failed with one clear message and its exit code, never a trace."""
        typed = list(sys.argv[1:] if args is None else args)
        with spoken(typed) as arguments, which_gate.told(arguments, self):
            try:
                return super().main(arguments, *further, **extra)
            except EdgeAgentError as error:
                tell_failure(error.message)
                sys.exit(error.exit_code)
            except OSError as error:
                # Nobody has words for it on the way: these, and where.
                why = because(error)
                tell_failure(
                    Message("command.file-failed", file=error.filename, why=why)
                    if error.filename
                    else Message("command.failed", why=why)
                )
                sys.exit(OutputLost.exit_code)


@click.group(
    cls=_Commands,
    elsewhere=COMMANDS,
    help="help.main",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="edge-agent", help="help.version")
@click.option(
    "--lang", type=click.Choice(LANGUAGES), expose_value=False, help="help.lang", metavar="vi|en"
)
def main() -> None:
    """What all commands have in common; ``--lang`` is taken out of the line before (language)."""
