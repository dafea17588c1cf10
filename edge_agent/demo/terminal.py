"""The terminal that the demo was started at: what is said to it, and when it wants the end."""

import os
import shlex
import sys
from pathlib import Path

import click

from ..cli.tell import legible
from ..contract.errors import OutputLost
from . import wishes


class Stopped(Exception):
    """Somebody wants the demo to end: Ctrl-C, SIGTERM, or the terminal is gone."""


class Terminal:
    """Has a wish for the end heeded only where nothing is half done.

    A signal that raised wherever it came would leave a process that nobody remembers, or a punch
    whose lamp nobody saw.
    """

    def __init__(self) -> None:
        self._heeded = 0
        wishes.listen()

    def heed(self) -> None:
        """Raise Stopped where the end has been asked for since this was last raised."""
        if wishes.noted() > self._heeded:
            self._heeded = wishes.noted()
            raise Stopped

    def say(self, text: str, *, err: bool = False) -> None:
        """Print a line; where nobody can read it any more, that is a wish for the end."""
        try:
            click.echo(legible(text, sys.stderr if err else sys.stdout), err=err)
        except (OSError, OutputLost):
            # What is buffered would fail once more at the exit, and spoil its code.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2 if err else 1)
            os.close(nowhere)
            wishes.note()


def own_command() -> str:
    """How this very program is called from another terminal, whatever that one's PATH and folder.

    A checkout's lies in its .venv, which no other terminal has on its PATH.
    """
    script = Path(sys.argv[0])
    if script.name == "edge-agent":
        return shlex.quote(os.path.abspath(script))
    return f"{shlex.quote(sys.executable)} -m edge_agent"
