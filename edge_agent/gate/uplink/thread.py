"""Publish the ledger: every entry to the broker in order, until payroll's receipt covers it."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing

from ...contract.errors import StoreFault
from ...contract.messages import UplinkStatus
from ..ports import Pause
from .session import UplinkDeps, UplinkSession
from .status import StatusPublisher

_TURN_S = 1.0
_GOODBYE_S = 1.0


class UplinkThread:
    """What runs on the uplink's thread; ``notify`` and ``status_changed`` are for any thread."""

    def __init__(self, deps: UplinkDeps) -> None:
        self._deps = deps
        self._broker = deps.broker
        self._clock = deps.clock
        self._status = StatusPublisher(deps.status)
        self._running: UplinkSession | None = None
        self._carried: deque[bytes] = deque()

    @property
    def standing(self) -> UplinkStatus:
        """What it has met on its way. For any thread."""
        return self._running.standing if self._running else UplinkStatus()

    @property
    def pause(self) -> Pause | None:
        """Between two tries at the broker; None: there is none. For any thread."""
        return self._broker.pause

    def notify(self) -> None:
        """The ledger grew, or the thread is to stop. Cheap; never blocks."""
        self._broker.wake()

    def count(self, receipt: bytes) -> None:
        """A receipt of payroll's was carried here by hand. Cheap; never blocks."""
        self._carried.append(receipt)
        self._broker.wake()

    def status_changed(self) -> None:
        """The status changed in a way that payroll should see soon. Cheap; never blocks."""
        self._status.changed()
        self._broker.wake()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Publish until ``stop`` is set, calling ``beat`` about every second.

        Returns within some two seconds of ``stop``, wherever the connection stands. Raises
        StoreFault where the database cannot even be opened.
        """
        with closing(self._broker), closing(self._deps.open_store()) as store:
            uplink = self._running = UplinkSession(self._deps, store, self._status)
            while not stop.is_set():
                beat()
                # Who cannot take in what happened asks for no more: nothing piles up.
                events = () if uplink.behind else self._broker.poll(_TURN_S)
                try:
                    while self._carried:
                        uplink.count(self._clock.monotonic(), self._carried[0])
                        self._carried.popleft()
                    uplink.turn(self._clock.monotonic(), events)
                except StoreFault as fault:
                    # The gate goes on: whoever presses has nothing to do with what cannot be sent.
                    uplink.cannot_read(fault)
                    stop.wait(_TURN_S)
            now = self._clock.monotonic()
            deadline = now + _GOODBYE_S
            uplink.begin_goodbye(now)
            while uplink.saying_goodbye and now < deadline:
                events = self._broker.poll(deadline - now)
                now = self._clock.monotonic()
                uplink.finish(now, events)
            if uplink.saying_goodbye:  # Then the will says it.
                self._broker.hang_up()
            uplink.save(now, at_once=True)
