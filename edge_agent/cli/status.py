"""``edge-agent status``: how the gate is, on one screen."""

import gc
import sys
import time
from pathlib import Path
from typing import Any

import click

from ..contract.language import say
from ..gate.control.client import PATIENCE_S, ask_status, daemon_runs
from ..gate.errors import DaemonHangs, DaemonUnreachable
from ..gate.settings.schema import Settings
from .help import command
from .options import as_json, with_settings
from .show import print_json
from .status_shown import Shown, hanging, shown_of
from .tell import moves, tell

_STOPPED = 3
"""The exit code of 'systemctl status' for a unit that does not run (LSB 3.0)."""

_BETWEEN_SCREENS_S = 2.0


@command(help="help.status")
@click.option("--all", "whole", is_flag=True, help="help.status-all")
@click.option("--watch", "goes_on", is_flag=True, help="help.status-watch")
@as_json
@with_settings
def status(settings: Settings, whole: bool, goes_on: bool, as_json: bool) -> None:
    if as_json:
        if goes_on:
            raise click.UsageError(say("status.watch-json"))
        answer = asked(settings)
        print_json(answer)
        code = _code(answer)
    else:
        shown, code = _look(settings, whole=whole)
        if goes_on:
            _follow(settings, shown, whole=whole)
        _show(shown)
    if code:
        click.get_current_context().exit(code)


def asked(settings: Settings, **patience: float) -> dict[str, Any]:
    """What ``--json`` prints: of the daemon, or of what a stopped one has left."""
    socket = Path(settings.control.socket)
    return ask_status(socket, **patience) if daemon_runs(socket) else _stopped(settings)


def _stopped(settings: Settings) -> dict[str, Any]:
    # Only here: a daemon that runs is asked without loading what it is made of.
    from ..gate.daemon.assembly import Assembly
    from ..gate.daemon.status import stopped_status

    return stopped_status(Assembly(settings))


def _look(settings: Settings, *, whole: bool) -> tuple[Shown, int]:
    """What is to be shown, and the exit code."""
    try:
        answer = asked(settings, within_s=PATIENCE_S)
    except DaemonHangs as hangs:
        return hanging(settings, hangs), hangs.exit_code
    return shown_of(settings, answer, whole=whole), _code(answer)


def _code(answer: dict[str, Any]) -> int:
    """The exit code for it."""
    if answer.get("elsewhere"):
        return DaemonUnreachable.exit_code
    return 0 if answer["daemon"] == "running" else _STOPPED


def _show(shown: Shown) -> None:
    for text, colour, indent in shown:
        tell(text, indent=indent, colour=colour)


def _follow(settings: Settings, shown: Shown, *, whole: bool) -> None:
    """Show the screen anew until Ctrl-C: in its own place, or one after the other as it changes."""
    gc.enable()
    in_place = moves(sys.stdout)
    before: Shown = []
    while True:
        if in_place:
            click.echo("\033[H\033[J", nl=False)
        if in_place or shown != before:
            _show(shown)
        before = shown
        time.sleep(_BETWEEN_SCREENS_S)
        shown, _ = _look(settings, whole=whole)
