"""The Broker port: one connection after the other, on the caller's thread."""

import random
import select
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil, inf
from time import monotonic

from msgspec import structs

from ....contract.broker.limits import TOO_LARGE
from ....contract.errors import BrokerFault
from ...ports import BrokerDown, BrokerEvent, BrokerUp, MqttVersion, Pause
from ...settings.schema import MqttSettings
from .connection import BrokerConnection, Will
from .endings import LESS_QOS, RETAINS_NOTHING, Closed

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 120.0
STABLE_S = 60.0
"""A connection that held for so long was a good one: the pauses begin anew."""

_BELIEVED_S = 3600.0
"""For so long a limit that was only found out is obeyed: by then it may have been raised."""


class PahoBroker:
    """The broker of ``settings``, which knows this gate as ``client_id``."""

    def __init__(self, settings: MqttSettings, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._attempts = Attempts(())
        self._will = self._plainer_will = Will("", b"")
        self._packet_bytes: int | None = None
        self._believed_until = inf
        self._connection: BrokerConnection | None = None
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    def open(self, versions: Sequence[MqttVersion], will_topic: str, will: bytes) -> None:
        """Connect from now on, again and again, trying ``versions`` in this order."""
        self._attempts = Attempts(versions)
        self._will = self._plainer_will = Will(will_topic, will)

    def poll(self, seconds: float) -> list[BrokerEvent]:
        """Do the network's work until something happened, ``wake`` was called or time is up."""
        now = monotonic()
        if self._connection is None and now >= self._attempts.due:
            version = self._attempts.version
            if now >= self._believed_until:
                self._packet_bytes = None
            self._connection = BrokerConnection(
                *(self._settings, version, self._client_id, self._plainer_will, self.wake),
                packet_bytes=self._packet_bytes,
            )
        connection = self._connection
        next_step = connection.deadline if connection else self._attempts.due
        self._wait(min(seconds, max(0.0, next_step - now)))
        return self._happened()

    @property
    def pause(self) -> Pause | None:
        """None: there is a connection, or one is tried for. For any thread."""
        return self._attempts.pause if self._connection is None else None

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

    def hang_up(self) -> None:
        """End the connection without a goodbye, so that the broker publishes the will."""
        if self._connection is not None:
            self._connection.hang_up()
            self._connection = None

    def close(self) -> None:
        """Say goodbye and connect no more. Never blocks; closing twice is fine."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._woken.close()
        self._waker.close()

    def _connected(self) -> BrokerConnection:
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
                connection, self._connection = self._connection, None
                if connection and connection.accepted:
                    self._learn(now, event, connection.largest_unanswered)
                elif self._accepts_plainer_will(event.code):
                    continue  # At once: to this the broker has not said no.
                if self._attempts.down(now, other_version=event.other_version):
                    events.append(BrokerDown(event.reason, event.taken_over, event.hung_up))
                continue
            if isinstance(event, BrokerUp):
                self._attempts.up(now)
                if event.limits.retains and event.limits.qos:
                    self._plainer_will = self._will
            events.append(event)
        return events

    def _learn(self, now: float, event: Closed, largest: int) -> None:
        """A broker that has not told its limit, and ends the connection for it: the largest message
        that it has not answered was too large, for one of them was."""
        if event.code == TOO_LARGE and largest > 1:
            self._packet_bytes = largest - 1
            self._believed_until = now + _BELIEVED_S

    def _accepts_plainer_will(self, code: int) -> bool:
        """Whether the broker refused us for how our will is to be published, and takes it so."""
        will = self._plainer_will
        if code == RETAINS_NOTHING and will.retain:
            self._plainer_will = structs.replace(will, retain=False)
        elif code == LESS_QOS and will.qos:
            self._plainer_will = structs.replace(will, qos=0)
        else:
            return False
        return True


class Attempts:
    """When to connect next, and with which version of MQTT. Pure.

    Goes through ``versions`` in order, then pauses for longer and longer.
    Every round begins with the first version again: a broker that only seemed not to speak it is
    given another chance. Moments are seconds of one monotonic clock.
    """

    def __init__(self, versions: Sequence[MqttVersion]) -> None:
        self._versions = tuple(versions)
        self._tried = 0
        self._pause_s = FIRST_PAUSE_S
        self._up_since = inf
        self.due = -inf
        """When to connect next."""
        self.pause: Pause | None = None
        """What is waited for, where nothing has been tried again since."""

    @property
    def version(self) -> MqttVersion:
        """The version to connect with next."""
        return self._versions[self._tried]

    def up(self, now: float) -> None:
        """The broker accepted us. One that has spoken 5 is never asked for less."""
        self._up_since = now
        if self.version == "5":
            self._versions = ("5",)

    def down(self, now: float, *, other_version: bool) -> bool:
        """An attempt failed or a connection ended; ``other_version``: another version may help.

        Whether this was the round's last try, so that there is no connection for now.
        """
        if now - self._up_since >= STABLE_S:
            self._pause_s = FIRST_PAUSE_S
        tried = now if self._up_since == inf else None
        self._up_since = inf
        if other_version and self._tried + 1 < len(self._versions):
            self._tried += 1
            self.due = now
            return False
        self._tried = 0
        # Jitter: all gates of a site come back at once when its line does.
        self.due = now + self._pause_s * random.uniform(0.5, 1.0)
        self.pause = Pause(tried, self.due)
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        return True
