"""Real brokers for tests: a mosquitto of a test's own, to kill, freeze and bring back."""

import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType

from . import children
from .patience import PATIENCE_S

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
"""The program, or None where it is not installed (Debian puts it outside a user's PATH)."""


_ours: list[socket.socket] = []


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, nor will before this process ends.

    The kernel gives it to nobody, and no other process's tests are told it: of those that run on
    this machine, one alone can bind its name. So a server may be started there later, and again.
    """
    while True:
        port = secrets.choice(_ports())  # Not from a generator that a property has seeded.
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0edge-agent-tests/port-{port}")
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:  # It is in use.
            name.close()
        else:
            _ours.append(name)
            return port


@cache
def _ports() -> Sequence[int]:
    """All that the kernel does not give to whoever connects, or listens and does not mind where."""
    given = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    lowest, highest = map(int, given)
    # Where those are all, one of them.
    return [*range(10_000, lowest), *range(highest + 1, 65_536)] or range(10_000, 65_536)


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = PATIENCE_S) -> None:
    """Return once 127.0.0.1:``port`` accepts; raises RuntimeError where ``process`` ends before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.01)  # A port that is not open yet has no event to wait for.
        else:
            return
    raise RuntimeError(f"nothing listens on port {port}; the broker's exit code: {process.poll()}")


class Mosquitto:
    """A mosquitto process on ``host``:``port`` that keeps its port when it is restarted.

    ``settings`` are further lines of mosquitto.conf. Nothing is persisted, so a restart forgets
    sessions and retained messages, as a broker with default settings does. What it says is in
    ``log`` (a file in ``folder``). A context manager; ``stop`` may be called twice.
    """

    host = "127.0.0.1"

    def __init__(self, folder: Path, settings: Iterable[str] = ()) -> None:
        self.port = free_port()
        self.log = folder / f"mosquitto-{self.port}.log"
        self._config = folder / f"mosquitto-{self.port}.conf"
        self._config.write_text(
            "\n".join(
                [
                    f"listener {self.port} {self.host}",
                    "allow_anonymous true",
                    "set_tcp_nodelay true",
                    "user root",  # So that it can read ``folder``; ignored unless we are root.
                    *settings,
                    "",
                ]
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it accepts connections."""
        assert MOSQUITTO is not None, "mosquitto is not installed"
        self._process = children.start([MOSQUITTO, "-v", "-c", self._config], self.log)
        wait_for_port(self.port, self._process)

    def stop(self) -> None:
        """End it in good order: clients are disconnected."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it and start it again on the same port, with nothing remembered."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Stop it from running while its connections stay open: a broker that has gone silent."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one run on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        children.end(self._process, how)
        self._process = None

    def __enter__(self) -> "Mosquitto":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()  # Once it was seen not to heed a SIGTERM; the test is over.
