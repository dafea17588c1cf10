"""Keep the broker's retained message for Home Assistant as the settings want it."""

import logging

from ... import __version__
from ...contract.errors import StoreFault
from ...contract.language import Message
from ...contract.messages import Topics
from ..ledger.store.sqlite_store import SqliteStore
from ..ports import Acknowledged
from ..settings.schema import HomeAssistantSettings
from .deliveries import Deliveries
from .outbox import REFUSED
from .status import UplinkReporter

log = logging.getLogger(__name__)

KEY = "home-assistant"
"""Remembers the topic on which the broker may hold a message of ours; "" where there is none."""


class HomeAssistantPublisher:
    """Once in a connection, and only when entries leave room: nothing waits for it.

    The broker keeps the message, so Home Assistant has it whenever it starts: its own birth message
    needs no answer. A broker that has lost it gets it with the gate's next connection.
    """

    def __init__(
        self,
        settings: HomeAssistantSettings,
        topics: Topics,
        store: SqliteStore,
        deliveries: Deliveries,
        report: UplinkReporter,
    ) -> None:
        self._store = store
        self._deliveries = deliveries
        self._report = report
        self._topic = ""
        self._message = b""
        if settings.discovery:
            # Most gates have no Home Assistant, and none the memory to carry its format along.
            from ...contract.home_assistant import discovery, discovery_topic

            self._topic = discovery_topic(settings.prefix, topics.gate)
            self._message = discovery(topics, __version__, punches=settings.punches)
        self._settled = True
        self._waiting_for: tuple[int, str] | None = None

    def connected(self) -> None:
        """The broker is there, and may have forgotten everything."""
        self._settled = False
        self._waiting_for = None

    def send(self) -> None:
        """Send what is due, where the broker takes more than the entries that are on their way."""
        if self._settled or self._waiting_for or not self._deliveries.has_room:
            return
        try:
            held = self._store.remembered(KEY) or ""
            if held and held != self._topic:
                self._publish(held, b"")
            elif self._topic:
                if not held:  # Remembered first: a message that nobody knows of stays for ever.
                    self._store.remember(KEY, self._topic)
                self._publish(self._topic, self._message)
            else:
                self._settled = True
        except StoreFault as fault:
            self._settled = True
            log.warning("Home Assistant is told at the next connection: %s", fault)

    def acknowledged(self, event: Acknowledged) -> None:
        """The broker answered for a note, perhaps for this one."""
        if self._waiting_for is None or event.token != self._waiting_for[0]:
            return
        _, topic = self._waiting_for
        self._waiting_for = None
        cleared = topic != self._topic
        refused = "broker.not-forgotten-there" if cleared else "broker.not-to-home-assistant"
        self._report.answered(
            topic, event, Message("broker.for-home-assistant"), Message(refused, topic=topic)
        )
        if event.code >= REFUSED:
            self._settled = True
            return
        self._settled = not cleared
        if cleared:
            self._store.remember(KEY, "")

    def _publish(self, topic: str, payload: bytes) -> None:
        self._waiting_for = self._deliveries.send(topic, payload, retain=True), topic
