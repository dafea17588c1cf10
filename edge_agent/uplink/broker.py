"""The Broker port: one connection after the other, on the caller's thread."""

import select
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil
from time import monotonic

from ..domain.errors import BrokerFault
from ..ports import BrokerDown, BrokerEvent, BrokerUp, MqttVersion
from ..settings.schema import MqttSettings
from .attempts import Attempts
from .connection import Connection
from .endings import Closed


class PahoBroker:
    """The broker of ``settings``, which knows this gate as ``client_id``."""

    def __init__(self, settings: MqttSettings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._attempts = Attempts(())
        self._will = ("", b"")
        self._connection: Connection | None = None
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    def open(self, versions: Sequence[MqttVersion], will_topic: str, will: bytes) -> None:
        """Connect from now on, again and again, trying ``versions`` in this order."""
        self._attempts = Attempts(versions)
        self._will = (will_topic, will)

    def poll(self, seconds: float) -> list[BrokerEvent]:
        """Do the network's work until something happened, ``wake`` was called or time is up."""
        now = monotonic()
        if self._connection is None and now >= self._attempts.due:
            version = self._attempts.version
            self._connection = Connection(
                self._settings, version, self._client_id, self._will, self.wake
            )
        connection = self._connection
        next_step = connection.deadline if connection else self._attempts.due
        self._wait(min(seconds, max(0.0, next_step - now)))
        return self._happened()

    def subscribe(self, topics: Mapping[str, int]) -> None:
        """Ask for the messages on these topics, each at its quality of service.

        Raises BrokerFault where there is no connection.
        """
        self._connected().subscribe(topics)

    def publish(
        self, topic: str, payload: bytes, *, content_type: str | None = None, retain: bool = False
    ) -> int:
        """Send, and return the token under which it will be acknowledged.

        Raises BrokerFault where there is no connection.
        """
        return self._connected().publish(topic, payload, content_type, retain)

    def wake(self) -> None:
        """End a ``poll`` that is waiting. For any thread; never blocks, never raises."""
        with suppress(OSError):  # Full: it is being woken already. Closed: nobody sleeps.
            self._waker.send(b"\0")

    def close(self) -> None:
        """Say goodbye and connect no more. Never blocks; closing twice is fine."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._woken.close()
        self._waker.close()

    def _connected(self) -> Connection:
        if self._connection is None or not self._connection.accepted:
            raise BrokerFault("There is no connection to the broker: nothing can be sent.")
        return self._connection

    def _wait(self, seconds: float) -> None:
        """Sleep until a socket has work, and do that work."""
        waiting = select.poll()
        waiting.register(self._woken, select.POLLIN)
        connection = self._connection
        sock = connection.socket if connection else None
        if connection and sock is not None:
            waiting.register(sock, select.POLLIN | select.POLLOUT * connection.wants_write)
        if connection and not connection.quiet:
            seconds = 0
        ready = dict(waiting.poll(ceil(seconds * 1000)))
        if self._woken.fileno() in ready:
            self._woken.recv(4096)
        if connection:
            happened = ready.get(sock.fileno(), 0) if sock is not None else 0
            connection.work(bool(happened & ~select.POLLOUT), bool(happened & select.POLLOUT))

    def _happened(self) -> list[BrokerEvent]:
        now = monotonic()
        events: list[BrokerEvent] = []
        for event in self._connection.events() if self._connection else ():
            if isinstance(event, Closed):
                self._connection = None
                if self._attempts.down(now, other_version=event.other_version):
                    events.append(BrokerDown(event.reason, event.taken_over))
                continue
            if isinstance(event, BrokerUp):
                self._attempts.up(now)
            events.append(event)
        return events
