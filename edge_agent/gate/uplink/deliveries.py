"""Hand over to the broker: notes (status, replies) before entries, never more than it takes."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ...contract.chain import Entry
from ...contract.messages import Topics
from ..errors import DamagedLedger
from ..ports import Broker
from .outbox import UNREADABLE, Outbox

_CONTENT_TYPE = "application/cloudevents+json"

_MOST_NOTES = 50
"""More replies than this wait only where payroll asks without end; the oldest go."""


class _Note(NamedTuple):
    """A message beside the entries. One that is retained says how things are now, once."""

    topic: str
    payload: bytes
    retain: bool


class Deliveries:
    """What is on its way over one connection after the other."""

    def __init__(
        self, broker: Broker, topics: Topics, read: Callable[[int, int], list[Entry]]
    ) -> None:
        self._broker = broker
        self._topics = topics
        self._read = read
        self._receive_maximum = 0
        self._tokens: dict[int, int | _Note] = {}  # An entry's seq, or the note.
        self._notes: deque[_Note] = deque(maxlen=_MOST_NOTES)

    @property
    def has_notes(self) -> bool:
        """Whether a note waits or has not been acknowledged."""
        on_their_way = any(isinstance(sent, _Note) for sent in self._tokens.values())
        return bool(self._notes) or on_their_way

    @property
    def has_room(self) -> bool:
        """Whether the broker takes one more publication now."""
        return len(self._tokens) < self._receive_maximum

    def start(self, receive_maximum: int) -> None:
        """The broker is there and takes so many publications that it has not acknowledged."""
        self._receive_maximum = receive_maximum

    def lost(self) -> None:
        """The broker is gone. Replies that it has not acknowledged go out over the next connection;
        a status would tell of another time.
        """
        self._receive_maximum = 0
        sent = [note for note in self._tokens.values() if isinstance(note, _Note)]
        replies = [note for note in (*sent, *self._notes) if not note.retain]
        self._tokens.clear()
        self._notes = deque(replies, maxlen=_MOST_NOTES)

    def note(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Put a note in the queue."""
        self._notes.append(_Note(topic, payload, retain))

    def send_notes(self) -> None:
        """Send the notes that the broker takes now."""
        while self._notes and self.has_room:
            self.send(*self._notes.popleft())

    def send(self, topic: str, payload: bytes, retain: bool) -> int:
        """Send a note past the queue, and return its token."""
        token = self._broker.publish(topic, payload, retain=retain)
        self._tokens[token] = _Note(topic, payload, retain)
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

    def acknowledged(self, token: int) -> int | str | None:
        """The seq of the entry, or the topic of the note, that the broker answered for."""
        sent = self._tokens.pop(token, None)
        return sent.topic if isinstance(sent, _Note) else sent
