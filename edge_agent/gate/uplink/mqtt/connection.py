"""One connection to the broker, from the first packet to the last.

A paho client is made for each connection and dropped with it: what paho queues while a connection
dies goes nowhere (at its own reconnect it would send the whole queue, past any window), and paho's
reconnecting, downgrading and threads are never used.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from math import inf
from time import monotonic
from typing import Any

from msgspec import Struct, structs
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ....contract.broker.client import BrokerClient
from ....contract.broker.limits import (
    TOO_LARGE,
    BrokerLimits,
    limits_of,
    publish_bytes,
    too_large,
)
from ...ports import Acknowledged, BrokerEvent, BrokerUp, MqttVersion, Received, Subscribed
from ...settings.schema import MqttSettings
from .endings import Closed, Endings, meaning

TCP_TIMEOUT_S = 15.0
"""For each address of the host: a 4G modem may have to wake up first."""

CONNACK_TIMEOUT_S = 10.0

ACKNOWLEDGE_TIMEOUT_S = 20.0
"""An acknowledgement that got lost is never made up for; only a new connection helps."""

_LARGEST_PACKET = 2 * 1024 * 1024
"""Payroll's roster for 10,000 workers (contract/roster.py) with its topic and properties. MQTT 5's
brokers are told so; from one that speaks 3.1.1 it is not read."""

_ALIAS = 1
"""The number by which the broker knows the topic of entries (MQTT 5, 3.3.2.3.4): 24 bytes less for
each, where it takes any."""


class Will(Struct, frozen=True):
    """What the broker is to publish where we vanish, and how: some take neither of the two."""

    topic: str
    payload: bytes
    retain: bool = True
    qos: int = 1


class BrokerConnection:
    """Begins to connect at once, on a thread of its own because name service and TCP block.

    Until that thread is through nothing else touches the client. ``changed`` is called from it.
    ``packet_bytes``: no larger packet is sent, whatever the broker says; None: it alone knows.
    """

    def __init__(
        self,
        settings: MqttSettings,
        version: MqttVersion,
        client_id: str,
        will: Will,
        changed: Callable[[], None],
        packet_bytes: int | None = None,
    ) -> None:
        self._settings = settings
        self._access = settings.access
        self._version = version
        self._changed = changed
        self._endings = Endings(settings.access, version)
        self._events: deque[BrokerEvent | Closed] = deque()
        self._subscribed: Sequence[str] = ()
        self._unanswered: dict[int, int] = {}  # Token → bytes.
        self._packet_bytes = packet_bytes
        self._limits = BrokerLimits()
        self._never_sent = 0
        self._over = False
        self._takes_alias = False
        self._aliased = ""
        self._handover = threading.Lock()
        self._dialled = False
        self._abandoned = False
        self.accepted = False
        """Whether the broker has let us in."""
        self.deadline = inf
        """When the broker's next answer is overdue, by the monotonic clock."""

        client = BrokerClient(
            CallbackAPIVersion.VERSION2,
            largest_packet=_LARGEST_PACKET,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if version == "5" else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,  # Or it would go down to MQTT 3.1 by itself.
        )
        client.connect_timeout = TCP_TIMEOUT_S
        client.max_inflight_messages_set(0)  # No window of paho's: its bookkeeping is slow.
        client.will_set(will.topic, will.payload, qos=will.qos, retain=will.retain)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        self._client = client
        threading.Thread(target=self._dial, name="uplink-dial", daemon=True).start()

    @property
    def socket(self) -> Any:
        """What to wait on; None while there is nothing."""
        return self._client.socket() if self._dialled and not self._over else None

    @property
    def wants_write(self) -> bool:
        """Whether something waits until the socket takes more."""
        return self._client.want_write()

    @property
    def has_read(self) -> bool:
        """Whether TLS has taken more from the socket than was asked for yet."""
        sock = self.socket
        return sock is not None and self._access.encrypted and sock.pending() > 0

    @property
    def quiet(self) -> bool:
        """Whether there are no events to fetch, nor anything that was read ahead."""
        return not self._events and not self.has_read

    def work(self, readable: bool, writable: bool) -> None:
        """Read, write and watch the clock. Never blocks."""
        if self.socket is None:
            return
        with self._contained():
            if readable or self.has_read:
                self._client.loop_read()
            if writable:
                self._client.loop_write()
            self._client.loop_misc()
        if monotonic() < self.deadline:
            return
        self._end(self._endings.overdue(accepted=self.accepted))
        self.hang_up()

    @contextmanager
    def _contained(self) -> Iterator[None]:
        """paho is somebody else's code, and reads what anybody may have sent: whatever it raises
        ends this connection, and not the gate."""
        try:
            yield
        except Exception as error:
            self._end(self._endings.confused(error, accepted=self.accepted))
            self.hang_up()

    def events(self) -> list[BrokerEvent | Closed]:
        """What has happened since the last call.

        Closed comes alone, so that what came before it is answered on a connection that exists.
        """
        happened: list[BrokerEvent | Closed] = []
        while self._events and not (happened and isinstance(self._events[0], Closed)):
            happened.append(self._events.popleft())
        self._client.waiting_bytes = 0
        return happened

    def subscribe(self, topics: Mapping[str, int]) -> None:
        """Subscribe to each at its quality of service, once in a connection."""
        self._subscribed = list(topics)
        asked: list[Any] = list(topics.items())
        if self._version == "5":  # Our own status must not come back: that would cost it twice.
            asked = [(topic, SubscribeOptions(qos=qos, noLocal=True)) for topic, qos in asked]
        with self._contained():
            _, token = self._client.subscribe(asked)
            if token is not None:  # Otherwise the connection is just being lost.
                self._expect(token)

    def publish(self, topic: str, payload: bytes, content_type: str | None, retain: bool) -> int:
        """Publish, as far as the broker takes it. Where the connection is just being lost, an event
        tells it."""
        properties, named = None, topic
        if content_type and self._version == "5":
            properties = content(content_type, _ALIAS if self._takes_alias else 0)
            if self._takes_alias and topic == self._aliased:
                named = ""
        qos, most = min(1, self._limits.qos), self._limits.packet_bytes
        retain = retain and self._limits.retains
        size = publish_bytes(named, payload, qos, self._packed(properties))
        if most is not None and size > most:
            return self._leave_out(most)
        if properties is not None:
            self._aliased = topic
        token = self._own_token()
        with self._contained():
            token = self._client.publish(named, payload, qos, retain, properties).mid
            if qos:
                self._expect(token, size)
        return token

    @property
    def largest_unanswered(self) -> int:
        """Bytes of the largest publication that the broker has not answered; 0: there is none."""
        return max(self._unanswered.values(), default=0)

    def _packed(self, properties: Properties | None) -> bytes:
        """As they stand in a PUBLISH: with MQTT 5 at least their length, with 3.1.1 nothing."""
        if properties is None:
            return b"\0" if self._version == "5" else b""
        return bytes(properties.pack())  # type: ignore[no-untyped-call]

    def _leave_out(self, most: int) -> int:
        token = self._own_token()
        self._events.append(Acknowledged(token, TOO_LARGE, too_large(most)))
        return token

    def _own_token(self) -> int:
        """One that paho never gives: it counts from 1."""
        self._never_sent -= 1
        return self._never_sent

    def close(self) -> None:
        """Say goodbye, so that the broker does not publish the will. Never blocks."""
        with self._handover:
            self._abandoned = True
            if not self._dialled:
                return  # The dialling thread says it when it is through.
        self._client.disconnect()
        self.hang_up()

    def hang_up(self) -> None:
        """Close the socket, whatever still waits to be written; the broker publishes the will."""
        if (sock := self._client.socket()) is not None:
            sock.close()

    def _dial(self) -> None:
        fifth = self._version == "5"
        start: dict[str, Any] = (
            {"clean_start": True, "properties": limits(_LARGEST_PACKET)} if fifth else {}
        )
        settings, access = self._settings, self._access
        try:
            self._client.enter(access)
            self._client.connect(settings.host, access.tcp_port, settings.keepalive_s, **start)
        except Exception as error:  # Whatever it is: a thread that ends silently would end it all.
            self._end(self._endings.unreachable(error))
        with self._handover:
            self.deadline = monotonic() + CONNACK_TIMEOUT_S
            self._dialled = True
            abandoned = self._abandoned
        if abandoned:
            self._client.disconnect()
        else:
            self._changed()

    def _end(self, closed: Closed) -> None:
        if not self._over:
            self._over = True
            self._events.append(closed)

    def _expect(self, token: int, size: int = 0) -> None:
        if not self._unanswered:
            self.deadline = monotonic() + ACKNOWLEDGE_TIMEOUT_S
        self._unanswered[token] = size

    def _answered(self, token: int) -> None:
        self._unanswered.pop(token, None)
        self.deadline = monotonic() + ACKNOWLEDGE_TIMEOUT_S if self._unanswered else inf

    # paho calls these inside ``work``, ``publish`` and the like, holding its locks: they only note
    # what happened.

    def _on_connect(
        self,
        _client: Client,
        _data: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._end(self._endings.refused(reason.value))
            return
        if self.accepted:
            raise ValueError("a second CONNACK")
        limits = limits_of(properties)
        known = [most for most in (self._packet_bytes, limits.packet_bytes) if most is not None]
        self._limits = structs.replace(limits, packet_bytes=min(known, default=None))
        self._takes_alias = getattr(properties, "TopicAliasMaximum", 0) >= _ALIAS
        # It may ask for more signs of life than we have planned, and not for fewer: without them
        # nobody would notice that it has gone.
        asked = getattr(properties, "ServerKeepAlive", None) or self._settings.keepalive_s
        self._client.ping_every(min(asked, self._settings.keepalive_s))
        self.accepted = True
        self.deadline = inf
        self._events.append(BrokerUp(self._version, self._limits))

    def _on_disconnect(
        self,
        _client: Client,
        _data: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        code, accepted = reason.value, self.accepted
        if flags.is_disconnect_packet_from_server:
            self._end(self._endings.sent_away(code, accepted=accepted))
        else:
            self._end(self._endings.broken(code, self._client, accepted=accepted))

    def _on_subscribe(
        self, _client: Client, _data: Any, token: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        self._answered(token)
        answers = zip(self._subscribed, reasons, strict=False)
        refused = {topic: meaning(reason.value) for topic, reason in answers if reason.is_failure}
        self._events.append(Subscribed(refused))

    def _on_publish(
        self, _client: Client, _data: Any, token: int, reason: ReasonCode, _properties: Any
    ) -> None:
        self._answered(token)
        why = meaning(reason.value) if reason.value else None
        self._events.append(Acknowledged(token, reason.value, why))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        with suppress(UnicodeDecodeError):  # A topic that is not text is none of ours.
            self._events.append(Received(message.topic, bytes(message.payload), message.retain))
            self._client.waiting_bytes += len(message.payload)


def limits(largest_packet: int) -> Properties:
    """What CONNECT asks of the broker: no packet of more bytes than this."""
    asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    asked.MaximumPacketSize = largest_packet
    return asked


@cache
def content(content_type: str, alias: int = 0) -> Properties:
    """What PUBLISH says of its payload, and by which number its topic is known; 0: by its name."""
    properties = _PackedOnce(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = content_type
    if alias:
        properties.TopicAlias = alias
    return properties.keep()


class _PackedOnce(Properties):
    """paho packs them anew for each publication, which costs more than all else in it."""

    def pack(self) -> bytes:
        """The bytes of the first time."""
        packed: bytes = self.__dict__["packed"]
        return packed

    def keep(self) -> "_PackedOnce":
        """They are complete."""
        self.__dict__["packed"] = super().pack()  # type: ignore[no-untyped-call]
        return self
