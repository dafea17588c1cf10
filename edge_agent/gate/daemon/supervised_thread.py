"""A steady activity on a thread of its own: a stop event, a heartbeat, and no silent death."""

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

SILENT_AFTER_S = 20.0
"""An activity that has not beaten for this long hangs: longer than any wait on sensor or broker."""


class SupervisedThread:
    """Runs ``body(stop, beat)`` until ``stop`` is set; ``wake`` ends a wait of the body early."""

    def __init__(
        self,
        name: str,
        body: Callable[[threading.Event, Callable[[], None]], None],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self._body = body
        self._wake = wake
        self._stop = threading.Event()
        self._beaten = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its thread still runs."""
        return self._thread.is_alive()

    @property
    def silent_s(self) -> float:
        """Seconds since its last sign of life."""
        return time.monotonic() - self._beaten

    @property
    def beating(self) -> bool:
        """Whether it has shown a sign of life lately."""
        return self.silent_s < SILENT_AFTER_S

    def stop(self, within_s: float) -> bool:
        """Ask it to end, and wait. Returns whether it has."""
        self._stop.set()
        self._wake()
        self._thread.join(within_s)
        return not self.alive

    def _beat(self) -> None:
        self._beaten = time.monotonic()

    def _run(self) -> None:
        try:
            self._body(self._stop, self._beat)
        except Exception:
            log.exception("%s ended unexpectedly", self.name)
