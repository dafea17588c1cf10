"""Have a technician's request carried out: by the daemon, or here when none runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..gate.people.requests import Request, Step
from ..gate.settings.schema import Settings

Perform = Callable[[Request], dict[str, Any]]
OnStep = Callable[[Step], None]


def carry_out(
    settings: Settings, request: Request, on_step: OnStep = lambda step: None
) -> dict[str, Any]:
    """Return what the request came to; ``on_step`` is called for each step on the way."""
    with at_the_gate(settings, on_step) as perform:
        return perform(request)


@contextmanager
def at_the_gate(settings: Settings, on_step: OnStep = lambda step: None) -> Iterator[Perform]:
    """Carry out several requests, one after the other.

    With a daemon running it does the work, for it alone owns the sensor. Otherwise the work is
    done in this process, under the lock that a starting daemon waits for.
    """
    # Only now, here and below: the module of a command that asks also has some that only read.
    from ..gate.control.client import ask, daemon_runs

    socket = Path(settings.control.socket)
    if daemon_runs(socket):
        yield lambda request: ask(socket, request, on_step)
        return
    from .without_daemon import gate_in_this_process

    with gate_in_this_process(settings, on_step) as perform:
        yield perform
