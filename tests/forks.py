"""Processes of the command line by fork: as real as any, without their imports.

Python's start and the imports of a command are most of the processor time that the suite would
spend, thousands of times over. A server has done both once, and each process is a fork of it that
goes on where ``python -m edge_agent`` does after its imports: own memory, own signals, own end.
Tests of the start itself (another user, a shell, another locale) start a Python of their own.
"""

import atexit
import ctypes
import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import edge_agent
from edge_agent.contract.language import CATALOGUES, Message, said

from .patience import patient_line

_REQUEST_BYTES = 128 * 1024
_PR_SET_PDEATHSIG = 1


class Forked:
    """A process of the server's: what tests use of subprocess.Popen, by the same names."""

    def __init__(self, line: socket.socket) -> None:
        """``line`` tells its pid now, and its status at its end."""
        self._line = line
        self.pid = int(line.recv(20))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """As Popen's."""
        if self.returncode is None and select.select([self._line], [], [], 0)[0]:
            self._end()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """As Popen's."""
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self._end()
        assert self.returncode is not None
        return self.returncode

    def _end(self) -> None:
        told = self._line.recv(20)
        self._line.close()
        assert told, f"the fork server died before its process {self.pid}"
        self.returncode = os.waitstatus_to_exitcode(int(told))

    def send_signal(self, number: int) -> None:
        """As Popen's."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """As Popen's."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """As Popen's."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """Starts processes of the command line. A context manager; its processes die with it."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forks", str(theirs.fileno())],
                cwd=Path(__file__).parents[1],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )  # It sees the end of the line where the tests were killed, and ends as well.

    def start(
        self,
        arguments: Sequence[str],
        *,
        stdout: int,
        stderr: int,
        cwd: Path,
        environment: Mapping[str, str],
        patient: bool = False,
    ) -> Forked:
        """``edge-agent`` with ``arguments``; its stdin is empty. From any thread.

        ``patient``: with ``patient_line``.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asked = {
            **{"arguments": arguments, "cwd": str(cwd), "environment": dict(environment)},
            "patient": patient,
        }
        with theirs:
            socket.send_fds(
                self._line, [json.dumps(asked).encode()], [stdout, stderr, theirs.fileno()]
            )
        return Forked(ours)

    def __enter__(self) -> "ForkServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()
        self._process.wait()


def import_everything() -> None:
    """Whatever a command may import when it is called, and the catalogues that it may read."""
    for module in pkgutil.walk_packages(edge_agent.__path__, "edge_agent."):
        if not module.name.endswith("__main__") and module.name not in _ON_A_PI_ALONE:
            import_module(module.name)
    for words in Path(CATALOGUES).glob("*/LC_MESSAGES/*.mo"):
        said(Message(f"{words.stem}.any"), words.parts[-3])


_ON_A_PI_ALONE = {f"edge_agent.gate.header.{name}" for name in ("chip", "factory")}
"""They need libgpiod, which only the extra ``gpio`` installs."""


def _serve(requests: socket.socket) -> list[str]:
    """Fork for each request; returns in each child, with its arguments. Ends with its client."""
    lines: dict[int, socket.socket] = {}
    woken, wake = socket.socketpair()
    for end in (woken, wake):
        end.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([requests, woken], [], [])
        if woken in ready:
            woken.recv(1000)
            _tell_ends(lines)
        if requests in ready:
            request, fds, _, _ = socket.recv_fds(requests, _REQUEST_BYTES, 3)
            if not request:
                sys.exit()
            if (pid := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return _become(json.loads(request), fds)
            for fd in fds[:2]:
                os.close(fd)
            lines[pid] = socket.socket(fileno=fds[2])
            lines[pid].send(str(pid).encode())


def _tell_ends(lines: dict[int, socket.socket]) -> None:
    while lines:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with lines.pop(pid) as line:
            line.send(str(status).encode())


def _become(asked: dict[str, Any], fds: list[int]) -> list[str]:
    """Be the process that was asked for; its arguments."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for number, fd in enumerate(fds[:2], start=1):
        os.dup2(fd, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    if asked["patient"]:
        patient_line()  # To the end of the process.
    return list(asked["arguments"])


def _end(code: int) -> None:
    """What Python does at its end, but for clearing all modules: that writes to all of the memory
    that is shared, to throw it away.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # Waits for threads.
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120  # As Python's own.
    os._exit(code)


if __name__ == "__main__":
    import_everything()
    gc.freeze()  # What is never collected is never written to, and stays shared.
    sys.argv[1:] = _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.orig_argv = [sys.executable, "-m", "edge_agent", *sys.argv[1:]]
    try:
        runpy.run_module("edge_agent", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            _end(end.code or 0)
        raise
    _end(0)
