"""The gate's own thread: it alone talks to the sensor and writes the ledger.

Between two looks at the glass it does its chores and carries out what technicians ask, so that
every entry's place in the ledger is also its place in time.
"""

import threading
from collections.abc import Callable

from ..control.server import Conversation
from ..domain.errors import SensorFault
from ..domain.requests import GateWork
from ..ports import SensorInfo
from .gate_parts import GateParts
from .gate_turns import GateTurns
from .jobs import Jobs


class GateActivity:
    """The body of the gate's thread. ``first`` is what connecting the sensor at start came to."""

    def __init__(self, parts: GateParts, first: SensorInfo | SensorFault) -> None:
        self._parts = parts
        self._first = first
        self._jobs = Jobs()
        self.capacity = first.capacity if isinstance(first, SensorInfo) else None

    def submit(self, request: GateWork, conversation: Conversation) -> None:
        """Have a request carried out between two looks. Safe from any thread."""
        self._jobs.submit(request, conversation)

    def wake(self) -> None:
        """End a pause between two looks. Safe from any thread."""
        self._jobs.wake()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Watch the glass until ``stop`` is set; a punch in hand is finished first."""
        turns = GateTurns(self._parts, self._jobs.wake, stop, beat)
        turns.begin(self._first)
        while not stop.is_set():
            beat()
            job = self._jobs.next(within_s=turns.chores())
            if job is not None:
                turns.carry_out(*job)
            turns.look()
            if turns.info is not None:
                self.capacity = turns.info.capacity
        turns.end()
        self._jobs.refuse_waiting()
        turns.close()
