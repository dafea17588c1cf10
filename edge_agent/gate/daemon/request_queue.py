"""The requests that wait for the gate's thread, and which is next: presses come before commands."""

import queue
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from ...contract.errors import BadRequest, EdgeAgentError
from ..control.server import Conversation
from ..people.answers import StepKind
from ..people.handlers import HANDLERS
from ..people.requests import Request
from ..touch.token_bucket import TokenBucket

_PRESSES_FIRST_S = 2.0
"""How long the glass is everybody's again before the next finger is waited for."""

_FINGERS_ASKED_FOR = 5
_FINGER_ASKED_FOR_EVERY_S = 15.0
"""So many requests for a finger at once, then one in so many seconds: somebody who checks all the
fingers of a hand waits for none. An enrolment that came to a print is not counted: who is known is
answered while it waits for its three presses, so a day of eighty workers keeps nobody out."""

Waiting = tuple[Request, Conversation]


class RequestQueue:
    """``submit`` and ``wake`` are for any thread, all else is for the gate's."""

    def __init__(self) -> None:
        self._coming: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        """None ends a pause and asks for nothing."""
        self._held: deque[Waiting] = deque()
        """Requests for a finger, until presses have had their turn."""
        self._may_ask = TokenBucket(_FINGERS_ASKED_FOR, _FINGER_ASKED_FOR_EVERY_S)
        self._presses_until = 0.0
        self._awaited: str | None = None
        """The request that somebody is to press for at present."""

    def submit(self, request: Request, conversation: Conversation) -> None:
        """Have a request carried out between two looks."""
        if (awaited := self._awaited) is not None:
            with suppress(EdgeAgentError):  # Whoever has gone already need not be told.
                conversation.step(StepKind.WAITS, awaited)
        self._coming.put((request, conversation))

    def wake(self) -> None:
        """End a pause between two looks."""
        self._coming.put(None)

    def next(self, monotonic: Callable[[], float], within_s: float) -> Waiting | None:
        """One that may be carried out now, if it comes in time: what waits for a finger gives way
        to presses."""
        while self._held and _given_up(self._held[0][1]):  # It costs nobody else a turn.
            self._held.popleft()
        if self._held and self._may_take_glass(monotonic()):
            return self._held.popleft()
        try:
            waiting = self._coming.get(timeout=within_s)
        except queue.Empty:
            return None
        if waiting is None or _given_up(waiting[1]):
            return None
        if not HANDLERS[type(waiting[0])].takes_finger:
            return waiting
        if not self._held and self._may_take_glass(monotonic()):
            return waiting
        self._held.append(waiting)
        return None

    def _may_take_glass(self, now: float) -> bool:
        return now >= self._presses_until and self._may_ask.take(now)

    def took_glass(self, request: str) -> None:
        """Somebody is to press for this one: whoever asks meanwhile is told so."""
        self._awaited = request

    def gave_glass_back(self, now: float) -> None:
        """It is everybody's again, and presses come first."""
        self._awaited = None
        self._presses_until = now + _PRESSES_FIRST_S

    def enrolled(self) -> None:
        """The finger that was asked for came to a print."""
        self._may_ask.give_back()

    def refuse_all(self, why: EdgeAgentError) -> None:
        """Nobody who waits is left without an answer."""
        while not self._coming.empty():
            if (waiting := self._coming.get()) is not None:
                self._held.append(waiting)
        for _, conversation in self._held:
            conversation.failed(why)


def _given_up(conversation: Conversation) -> bool:
    """Whether nobody waits for the answer any more; that is its answer then."""
    given_up = conversation.given_up  # Once: it may be any moment, and wants its answer.
    if given_up:
        conversation.failed(BadRequest("control.command-gone"))
    return given_up
