"""When the retained status is worth its bytes. Pure: the time is passed in."""

import threading
from collections.abc import Callable
from math import inf

import msgspec
from msgspec import structs

from ...domain.messages import GateStatus

NUMBERS_EVERY_S = 3600.0
"""When only numbers moved: 0.6 MB a month on the line; every quarter of an hour was 2.4."""

_CHANGES_EVERY_S = 10.0
"""A sensor whose plug is loose must not use up the line."""


class TellStatus:
    """Turns ``status`` into messages; ``changed`` is for any thread, the rest for one."""

    def __init__(self, status: Callable[[], GateStatus]) -> None:
        self._status = status
        self._changed = threading.Event()
        self._told: GateStatus | None = None
        self._told_at = -inf

    def changed(self) -> None:
        """Something changed that payroll should see soon."""
        self._changed.set()

    def now(self, now: float) -> bytes:
        """The message of a gate that has just connected."""
        self._changed.clear()
        self._told = self._status()
        self._told_at = now
        return msgspec.json.encode(self._told)

    def due(self, now: float) -> bytes | None:
        """The message, where there is something new and it is time to say it."""
        pause = _CHANGES_EVERY_S if self._changed.is_set() else NUMBERS_EVERY_S
        if now < self._told_at + pause:
            return None
        told = self._told
        message = self.now(now)
        return message if self._told != told else None

    def offline(self) -> bytes:
        """The message of a gate that is leaving."""
        return msgspec.json.encode(structs.replace(self._status(), state="offline"))
