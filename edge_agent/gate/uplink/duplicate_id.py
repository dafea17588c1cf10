"""Detect that somebody else is connected as this gate. Pure: moments are passed in.

Another gate of this id shows itself by its status. Somebody else who comes under this gate's client
id, or by its stolen certificate, shows only in that the broker hangs up on us again and again.
"""

from collections import deque
from math import inf

import msgspec
from msgspec import Struct

from ...contract.language import Message

_SIGNS = 3
_WITHIN_S = 600.0
"""One may be our own: a connection that the broker had not given up yet, an earlier ledger."""

_RESOLVED_S = 900.0
"""Without a sign for so long, it is over: the other's pauses between attempts are two minutes."""

DUPLICATE_GATE = Message("broker.duplicate-gate")

_SOON_S = 10.0
"""A connection that the broker ends sooner was hardly ended for what was sent on it."""

HUNG_UP_OFTEN = Message("broker.hung-up-often")


class _Ledger(Struct):
    id: str


class _Status(Struct):
    """As much of a status, or of a last will, as tells whose it is."""

    state: str
    ledger: _Ledger | None = None
    ledger_id: str | None = None


class DuplicateIdDetector:
    """The broker lets one in and throws the other out, by turns.

    Some say so (MQTT 5, 0x8E), mosquitto 2.0 does not; but each finds the other's last will, or a
    status of its, under its own name. A living gate's is enough; of the rest it takes three.
    """

    def __init__(self, ledger: str) -> None:
        self._ledger = ledger
        self._signs: deque[float] = deque(maxlen=_SIGNS)
        self._until = -inf

    def taken_over(self, now: float) -> None:
        """The broker has ended the connection because another client came with our id."""
        self._signs.append(now)
        if len(self._signs) == _SIGNS and now - self._signs[0] <= _WITHIN_S:
            self._until = now + _RESOLVED_S

    def status(self, now: float, payload: bytes, *, retained: bool) -> None:
        """A status under our name; ``retained``: the broker had kept it from before."""
        try:
            status = msgspec.json.decode(payload, type=_Status)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        whose = status.ledger.id if status.ledger else status.ledger_id
        if whose in (None, self._ledger):
            return
        if status.state == "online" and not retained:
            self._until = now + _RESOLVED_S
        else:
            self.taken_over(now)

    def detected(self, now: float) -> bool:
        """Whether there is another, as far as we know."""
        return now < self._until


class HangUpWatch:
    """The broker hangs up right after it has let us in: once for a restart of its, or a cable."""

    def __init__(self) -> None:
        self._up_at = -inf
        self._signs: deque[float] = deque(maxlen=_SIGNS)

    def connected(self, now: float) -> None:
        """The broker has let us in."""
        self._up_at = now

    def hung_up(self, now: float) -> None:
        """It has closed the connection without a word."""
        if now - self._up_at <= _SOON_S:
            self._signs.append(now)

    def often(self, now: float) -> bool:
        """Whether it has done so several times in a row, and not long ago."""
        if len(self._signs) < _SIGNS or self._signs[-1] - self._signs[0] > _WITHIN_S:
            return False
        return now - self._signs[-1] < _RESOLVED_S
