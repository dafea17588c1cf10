"""Hand over to the broker: notes (status, replies) before entries, never more than it takes."""

from collections import deque
from collections.abc import Callable

from ..domain.chain import Entry
from ..domain.errors import DamagedLedger
from ..domain.topics import Topics
from ..ports import Broker
from .outbox import UNREADABLE, Outbox

_CONTENT_TYPE = "application/cloudevents+json"

_MOST_NOTES = 50
"""More replies than this wait only where payroll asks without end; the oldest go."""


class Deliveries:
    """What is on its way over one connection after the other."""

    def __init__(
        self, broker: Broker, topics: Topics, read: Callable[[int, int], list[Entry]]
    ) -> None:
        self._broker = broker
        self._topics = topics
        self._read = read
        self._receive_maximum = 0
        self._tokens: dict[int, int | None] = {}  # An entry's seq, or None for a note.
        self._notes: deque[tuple[str, bytes, bool]] = deque(maxlen=_MOST_NOTES)

    @property
    def has_notes(self) -> bool:
        """Whether a note waits or has not been acknowledged."""
        return bool(self._notes) or None in self._tokens.values()

    @property
    def has_room(self) -> bool:
        """Whether the broker takes one more publication now."""
        return len(self._tokens) < self._receive_maximum

    def start(self, receive_maximum: int) -> None:
        """The broker is there and takes so many publications that it has not acknowledged."""
        self._receive_maximum = receive_maximum
        self._forget()

    def lost(self) -> None:
        """The broker is gone; what was on its way is not waited for."""
        self._receive_maximum = 0
        self._forget()

    def note(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Put a note in the queue."""
        self._notes.append((topic, payload, retain))

    def send_notes(self) -> None:
        """Send the notes that the broker takes now."""
        while self._notes and self.has_room:
            self.send(*self._notes.popleft())

    def send(self, topic: str, payload: bytes, retain: bool) -> int:
        """Send a note past the queue, and return its token."""
        token = self._broker.publish(topic, payload, retain=retain)
        self._tokens[token] = None
        return token

    def send_entries(self, now: float, outbox: Outbox) -> None:
        """Send the entries that are due and that the broker takes now.

        Raises DamagedLedger where one of them is missing or altered; none of those is sent then.
        """
        while run := outbox.take(now, self._receive_maximum - len(self._tokens)):
            try:
                entries = self._entries(run)
            except DamagedLedger:
                for seq in run:
                    outbox.puback(now, seq, UNREADABLE)
                raise
            for entry in entries:
                token = self._broker.publish(
                    self._topics.ledger, entry.wire, content_type=_CONTENT_TYPE
                )
                self._tokens[token] = entry.seq

    def _entries(self, run: range) -> list[Entry]:
        entries = self._read(run.start, len(run))
        if [entry.seq for entry in entries] != list(run):
            raise DamagedLedger(
                f"Entries {run.start} to {run[-1]} cannot be sent, for the ledger does not "
                "hold them all: see 'edge-agent ledger verify', and keep the database as it is."
            )
        return entries

    def acknowledged(self, token: int) -> int | None:
        """The seq of the entry that the broker answered for; None where it was a note."""
        return self._tokens.pop(token, None)

    def _forget(self) -> None:
        self._tokens.clear()
        self._notes.clear()
