"""A simulator beside the caller: in a thread of its own, told what to do over its socket."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .paths import SimulatorError
from .serving import SimulatorOptions, serve

_PATIENCE = 10.0  # seconds: for a machine under heavy load


class Remote:
    """A client of one control socket."""

    def __init__(self, control: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_PATIENCE)
        try:
            self._socket.connect(os.fspath(control))
        except OSError:
            self._socket.close()
            raise
        self._replies = self._socket.makefile("r", encoding="utf-8", newline="\n")

    def ask(self, line: str) -> str:
        """Send one command line; returns what follows `ok` in the reply.

        Raises:
            SimulatorError: the reply is an error, or there is none.
        """
        self._socket.sendall(line.encode() + b"\n")
        verdict, _, rest = self._replies.readline().rstrip("\n").partition(" ")
        if verdict != "ok":
            raise SimulatorError(rest or "the simulator hung up without a reply")
        return rest

    def close(self) -> None:
        """Hang up; the simulator goes on."""
        self._replies.close()
        self._socket.close()


@contextmanager
def running_simulator(options: SimulatorOptions) -> Iterator[Remote]:
    """Run `serve` in a thread until the end of the block, and stop it there.

    Raises:
        SimulatorError: it could not start, or it failed on the way.
    """
    ready = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            serve(options, ready.set)
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="simulator", daemon=True)
    thread.start()
    ready.wait(_PATIENCE)
    if failures:
        raise failures[0]
    remote = Remote(options.control)
    try:
        yield remote
    finally:
        with suppress(SimulatorError, OSError):  # the caller may have told it to quit before
            remote.ask("quit")
        remote.close()
        thread.join(_PATIENCE)
    if failures:
        raise failures[0]
    if thread.is_alive():
        raise SimulatorError(f"the simulator at {options.link} did not stop")
