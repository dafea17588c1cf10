"""A reader of the event stream with nothing of the daemon's own code: a socket and JSON."""

import json
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

Event = dict[str, Any]


class Ended(Exception):
    """The daemon is gone; everything that it had told was read."""


class Watch:
    """Follows a gate. Every event that was read is kept in ``seen``, in order."""

    def __init__(self, path: Path) -> None:
        self.seen: list[Event] = []
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._socket.sendall(b'{"ask": "watch"}\n')
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self.next() == {"event": "watching"}

    def next(self, within_s: float = PATIENCE_S) -> Event:
        """The next event. Raises Ended, or queue.Empty where none comes."""
        event = self._events.get(timeout=within_s)
        if event is None:
            self._events.put(None)
            raise Ended
        self.seen.append(event)
        return event

    def until(self, wanted: Callable[[Event], bool], within_s: float = PATIENCE_S) -> Event:
        """The next event that is wanted; what comes before is in ``seen``."""
        while not wanted(event := self.next(within_s)):
            pass
        return event

    def panel(self, within_s: float = PATIENCE_S) -> Event:
        """What the panel shows next."""
        return self.until(lambda event: event["event"] == "panel", within_s)

    def state(self, of: str, state: str) -> Event:
        """Wait until ``of`` ("sensor", "uplink") is in a state."""
        return self.until(lambda event: event["event"] == of and event["state"] == state)

    def rest(self) -> list[Event]:
        """Everything until the daemon ends."""
        first = len(self.seen)
        with suppress(Ended):
            while True:
                self.next()
        return self.seen[first:]

    def panels(self) -> list[Event]:
        """All panel events seen so far."""
        return [event for event in self.seen if event["event"] == "panel"]

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        with suppress(ConnectionResetError), self._socket.makefile("rb") as lines:
            for line in lines:
                self._events.put(json.loads(line))
        self._events.put(None)
