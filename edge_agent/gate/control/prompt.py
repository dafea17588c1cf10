"""What a request that takes its time says to whoever asked for it."""

import threading
from collections.abc import Callable

from ..errors import GateBusy
from ..people.answers import StepKind
from ..touch.poll_schedule import BETWEEN_LOOKS_S
from .server import Conversation


class SocketPrompt:
    """The person at the sensor, by way of the control socket, at the pace of the gate's thread.

    It leaves the sensor some air between two looks, shows that the thread lives, obeys a stop.
    """

    def __init__(
        self, conversation: Conversation, stop: threading.Event, beat: Callable[[], None]
    ) -> None:
        self._conversation = conversation
        self._stop = stop
        self._beat = beat

    def step(
        self,
        what: StepKind,
        hint: str | None = None,
        score: int | None = None,
        worker: str | None = None,
    ) -> None:
        """Tell the person what to do."""
        self._conversation.step(what, hint, score, worker)

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
            raise GateBusy("control.stopping")
