"""Payroll's receiver as a process of its own, unchanged."""

import ast
import signal
import sys
import time
from pathlib import Path
from types import TracebackType

from tests import children

_STOP_SECONDS = 30


class Payroll:
    """``edge-agent receive`` into ``database``, with its log in ``folder``. A context manager.

    ``counts`` is what it said at its end: entries that were ``new`` or a ``duplicate``, and the
    like; empty until then.
    """

    def __init__(
        self, folder: Path, database: Path | str, port: int, host: str = "127.0.0.1"
    ) -> None:
        self.log = folder / "receiver.log"
        self.counts: dict[str, int] = {}
        self._command = [sys.executable, "-m", "edge_agent", "receive"]
        self._command += ["--database", str(database), "--host", host, "--port", str(port)]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait_connected(self, seconds: float = 60) -> None:
        """Return once it has been connected to a broker."""
        deadline = time.monotonic() + seconds
        while b"connected broker=" not in self.log.read_bytes():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)  # Another process's log has no event to wait for.

    def __enter__(self) -> "Payroll":
        self._process = children.start(self._command, self.log)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        children.end(self._process, signal.SIGTERM, within_s=_STOP_SECONDS)
        last = self.log.read_text().splitlines()[-1]
        if "stopped " in last:
            self.counts = ast.literal_eval(last.partition("stopped ")[2])
