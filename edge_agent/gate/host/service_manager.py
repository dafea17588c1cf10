"""What the daemon tells systemd: how it is (sd_notify(3)). Silence where none listens."""

import os
import socket
import time
from contextlib import suppress
from math import inf

_START_GOES_ON_S = 120
"""How long a start may be silent before the service manager gives it up: a card that syncs badly
takes many seconds for one page."""

_STARTING_EVERY_S = 1.0


class ServiceManager:
    """READY, WATCHDOG and STOPPING over the socket named by NOTIFY_SOCKET."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the NUL of an abstract socket's name (unix(7)).
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._said_at = -inf

    @property
    def listens(self) -> bool:
        """Whether there is one, which starts again what ends."""
        return bool(self._address)

    def starting(self) -> None:
        """Start-up goes on, however long it takes. To be called often; it is said now and then."""
        if (now := time.monotonic()) - self._said_at >= _STARTING_EVERY_S:
            self._said_at = now
            self._send(f"EXTEND_TIMEOUT_USEC={_START_GOES_ON_S}000000\nWATCHDOG=1")

    def ready(self) -> None:
        """Start-up is over."""
        self._send("READY=1")

    def alive(self) -> None:
        """Pet the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The stop has begun."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # A service manager that does not listen is no reason to stop recording.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(message.encode(), self._address)
