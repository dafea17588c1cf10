"""What technicians ask of the gate's thread, and the dialogue with the one at the sensor."""

import queue
import threading
from collections.abc import Callable

from ..control.server import Conversation
from ..domain.errors import GateBusy
from ..domain.requests import GateWork, What
from ..flows.touch.when_to_look import BETWEEN_LOOKS_S

Job = tuple[GateWork, Conversation]
"""What a technician asks for, and who."""


class Jobs:
    """Requests on their way from the control socket's thread to the gate's."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        """None ends a pause and asks for nothing."""

    def submit(self, request: GateWork, conversation: Conversation) -> None:
        """Have a request carried out between two looks. Safe from any thread."""
        self._waiting.put((request, conversation))

    def wake(self) -> None:
        """End a pause between two looks. Safe from any thread."""
        self._waiting.put(None)

    def next(self, within_s: float) -> Job | None:
        """The next request; None where none came in time, or somebody woke the thread."""
        try:
            return self._waiting.get(timeout=within_s)
        except queue.Empty:
            return None

    def refuse_waiting(self) -> None:
        """The gate's thread ends: nobody who waits is left without an answer."""
        while not self._waiting.empty():
            job = self._waiting.get()
            if job is not None:
                _, conversation = job
                conversation.failed(GateBusy("The daemon is stopping: ask again when it is back."))


class Guided:
    """The dialogue with the person at the sensor, paced by the gate's thread.

    It leaves the sensor some air between two looks, shows that the thread lives, obeys a stop.
    """

    def __init__(
        self, conversation: Conversation, stop: threading.Event, beat: Callable[[], None]
    ) -> None:
        self._conversation = conversation
        self._stop = stop
        self._beat = beat

    def step(self, what: What, hint: str | None = None) -> None:
        """Tell the person what to do."""
        self._conversation.step(what, hint)

    def beat(self) -> None:
        """Between two looks. Raises GateBusy where the daemon stops."""
        self._pause(BETWEEN_LOOKS_S)

    def go_on(self) -> None:
        """Between two templates. Raises GateBusy where the daemon stops."""
        self._pause(0)

    def _pause(self, seconds: float) -> None:
        self._conversation.beat()
        self._beat()
        if self._stop.wait(seconds):
            raise GateBusy(
                "The daemon is stopping: nothing was changed. Ask again when it is back."
            )
