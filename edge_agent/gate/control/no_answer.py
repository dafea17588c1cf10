"""A daemon that has the gate and does not answer at its socket: it starts, or listens elsewhere."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from ...contract.language import Message
from ..host.lock import daemon_at
from ..host.service import restarting
from .client import daemon_runs

_START_S = 60.0
"""How long after its start a daemon may have its ledger, its sensor and its socket yet to open."""

_PATIENCE_S = 15.0
"""How long one that starts is waited for: a sensor that says nothing takes it four seconds."""

_BETWEEN_LOOKS_S = 0.1


def starts(process: int) -> bool:
    """Whether a daemon that does not answer yet is so young that it will, and listens nowhere, as
    far as this user sees; no clock that is set meanwhile counts. False where this machine does not
    tell."""
    try:
        told = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    begun = int(told.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    young = time.clock_gettime(time.CLOCK_BOOTTIME) - begun < _START_S
    return young and not _listens(process)


def _listens(process: int) -> bool:
    """Whether it takes calls at some socket with a name, as far as this user may look."""
    try:
        opened = set(_links(Path(f"/proc/{process}/fd")))
        sockets = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    except OSError:
        return False
    return any(
        one[3] == _ACCEPTS and len(one) > _PATH and f"socket:[{one[6]}]" in opened
        for one in sockets
    )


def _links(folder: Path) -> Iterator[str]:
    for one in folder.iterdir():
        with suppress(OSError):  # It is closed by now.
            yield os.readlink(one)


_ACCEPTS = "00010000"
"""Of a socket's flags in /proc/net/unix: it listens (__SO_ACCEPTCON)."""

_PATH = 7
"""Where its path stands, if it has one."""


def unanswering(database: Path, socket: Path) -> Message | None:
    """What is told of the daemon that has the database where none answers; None: none has it."""
    if (process := daemon_at(database)) is None:
        return None
    if starts(process):
        return Message("control.starting", process=process)
    return Message("control.elsewhere", process=process, socket=socket, restart=restarting())


def awaited(database: Path, socket: Path, waits: Callable[[], None]) -> bool:
    """Whether a daemon answers at ``socket`` after all; one that just starts is waited for, which
    ``waits`` tells."""
    give_up, told = time.monotonic() + _PATIENCE_S, False
    while not daemon_runs(socket):
        process = daemon_at(database)
        if process is None or not starts(process) or time.monotonic() > give_up:
            return False
        if not told:
            waits()
        told = True
        time.sleep(_BETWEEN_LOOKS_S)
    return True
