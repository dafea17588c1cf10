"""A receiver's options, and one connection to the broker on the caller's own thread."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from socket import gaierror
from typing import Annotated, Any, Literal

from msgspec import Meta
from paho.mqtt.client import DisconnectFlags, MQTTMessage, topic_matches_sub
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ..contract.bounds import LARGEST_ENTRY
from ..contract.broker.access import BrokerAccess, Tls
from ..contract.broker.client import BrokerClient
from ..contract.broker.failures import failure, speaks_tls
from ..contract.broker.limits import (
    TOO_LARGE,
    BrokerLimits,
    limits_of,
    publish_bytes,
    too_large,
)
from ..contract.errors import BrokerFault
from ..contract.language import Message, because

MQTT_5 = MQTTProtocolVersion.MQTTv5
MQTT_3_1_1 = MQTTProtocolVersion.MQTTv311

_BATCH = 500
_BATCH_BYTES = _BATCH * LARGEST_ENTRY
_WINDOW = 20
"""Of our own messages: as many as a broker with default settings takes at one time."""
_MAX_PACKET_BYTES = 1024 * 1024
_HEADERS_BYTES = 1024
_MOST_READ_BYTES = 16 * 1024 * 1024
"""Under MQTT 3.1.1 no broker asks how much we take. Too long a message is read and refused, so that
one gate cannot throw us out for all; beyond this it is not even read."""

_WAIT_SECONDS = 0.1
_UNSUPPORTED_VERSION = ReasonCode(PacketTypes.CONNACK, identifier=0x84)
_TAKEN_OVER = ReasonCode(PacketTypes.DISCONNECT, identifier=0x8E)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ReceiverOptions:
    """The database's path, the broker, and the topics' root; times are in seconds.

    Made by ``msgspec.convert`` from a settings file or a command's options, which holds the limits.
    ``protocol`` "auto" speaks MQTT 5 and falls back to 3.1.1. ``client_id`` is fixed so that two
    receivers on one broker throw each other out and are seen in the log, where otherwise the one
    would confirm entries that the other does not hold. ``signing_key`` is the file of the key by
    which what is published is signed ("": by none).
    """

    database: str
    host: str = "localhost"
    port: Annotated[int, Meta(ge=1, le=65535)] | Literal["auto"] = "auto"
    tls: Tls = "auto"
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    username: str = ""
    password_file: str = ""
    signing_key: str = ""
    root: Annotated[str, Meta(pattern=r"\A[^+#\0]+\Z")] = "attendance"
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    client_id: Annotated[str, Meta(min_length=1)] = "payroll-receiver"
    keepalive: Annotated[int, Meta(ge=1, le=65535)] = 30
    connect_timeout: Annotated[float, Meta(gt=0)] = 5.0

    @property
    def access(self) -> BrokerAccess:
        """The way to the broker."""
        return BrokerAccess.of(self, named="--{}")


class NotUnderstood(BrokerFault):
    """Something listens there, but it did not answer in this version of MQTT."""


class NotReadable(BrokerFault):
    """The broker lets us in, but not read what was asked for."""


class TakenOver(BrokerFault):
    """The broker says that another connection has come under our client id."""


class ReceiverConnection:
    """A connection that is subscribed to ``topics`` at QoS 1, for use on one thread.

    Its session is a clean one: a gate sends again whatever has no receipt, so nothing has to lie
    in the broker for us. Messages are acknowledged by hand, after the commit, so that the broker
    never runs more than two batches ahead of the database. It is not used again once it has failed.
    """

    def __init__(
        self,
        options: ReceiverOptions,
        version: MQTTProtocolVersion,
        topics: Mapping[str, int],
    ) -> None:
        """Raises BrokerFault; NotUnderstood where another version of MQTT may be the cure.

        ``topics`` tells how many bytes a message on each may have: no more than one byte beyond
        that is kept.
        """
        self._longest = topics
        self.refused: str | None = None
        """Why the broker did not take what was published last; None where it did."""
        self._access = access = options.access
        self._at = {"host": options.host, "port": access.tcp_port}
        self._patience = options.connect_timeout
        self._keepalive = options.keepalive
        self._arrived: list[MQTTMessage] = []
        self._bytes = 0
        self._answer: list[ReasonCode] = []
        self._in_flight = 0
        self._limits = BrokerLimits()
        self._version = version
        self._goodbye: ReasonCode | None = None
        self._client = BrokerClient(
            CallbackAPIVersion.VERSION2,
            largest_packet=_MOST_READ_BYTES,
            client_id=options.client_id,
            protocol=version,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_disconnect = self._on_disconnect
        self._client.connect_timeout = options.connect_timeout
        try:
            limits = _limits(max(topics.values())) if version is MQTT_5 else None
            self._client.enter(access)
            self._client.connect(
                options.host, access.tcp_port, options.keepalive, properties=limits
            )
            self._greet()
            self._subscribe(list(topics))
        except OSError as error:
            if why := failure(error, access, datetime.now(UTC)):
                raise BrokerFault("broker.no-talk", **self._at, why=why) from error
            raise BrokerFault("payroll.broker-unreachable", **self._at, why=_why(error)) from error
        except BrokerFault:
            self.close()
            raise

    def receive(self) -> list[MQTTMessage]:
        """Messages that arrived together, about 500 at most; none where a moment passed without.

        Raises BrokerFault when the connection is lost.
        """
        self._turn(_WAIT_SECONDS)
        seen = 0
        while seen < len(self._arrived) < _BATCH and self._bytes < _BATCH_BYTES:
            seen = len(self._arrived)
            self._turn(0)
        batch, self._arrived, self._bytes = self._arrived, [], 0
        return batch

    def acknowledge(self, messages: Iterable[MQTTMessage]) -> None:
        """Tell the broker, in the order of arrival, that we are done with these messages."""
        with self._contained():
            for message in messages:
                self._client.ack(message.mid, message.qos)

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Send, as far as the broker takes it (``fits``, before this is asked). A connection that
        is lost meanwhile shows at the next ``receive``."""
        self._in_flight += 1
        qos, retain = min(1, self._limits.qos), retain and self._limits.retains
        with self._contained():
            self._client.publish(topic, payload, qos=qos, retain=retain)

    def too_large(self, topic: str, payload: bytes) -> Message | None:
        """Why the broker would not take this ("it"), and what to do there; None where it does."""
        most = self._limits.packet_bytes
        properties = b"\0" if self._version is MQTT_5 else b""
        if most is None or publish_bytes(topic, payload, 1, properties) <= most:
            return None
        return too_large(most)

    @property
    def limits(self) -> BrokerLimits:
        """What the broker takes."""
        return self._limits

    @property
    def room(self) -> int:
        """How many messages may be sent without waiting in a queue; it may be below zero."""
        return min(_WINDOW, self._limits.receive_maximum) - self._in_flight

    def close(self) -> None:
        """Say goodbye and hang up."""
        self._client.disconnect()

    def _greet(self) -> None:
        try:
            (reason,) = self._answered()
        except BrokerFault as fault:
            error, first_byte = self._client.error, self._client.first_byte
            why = failure(error, self._access, datetime.now(UTC)) if error else None
            if why := why or speaks_tls(self._access, first_byte):
                raise BrokerFault("broker.no-talk", **self._at, why=why) from fault
            raise NotUnderstood(fault.message) from fault
        if reason == _UNSUPPORTED_VERSION:
            raise NotUnderstood("payroll.broker-other-version", **self._at)
        if reason.is_failure:
            raise BrokerFault("payroll.broker-refused", **self._at, why=str(reason))

    def _subscribe(self, topics: list[str]) -> None:
        if not self._limits.wildcards and any("+" in topic for topic in topics):
            raise NotReadable("payroll.broker-no-wildcards", **self._at)
        with self._contained():
            self._client.subscribe([(topic, 1) for topic in topics])
        answers = self._answered()
        if len(answers) != len(topics):
            raise self._nonsense(
                Message("payroll.answers", answers=len(answers), asked=len(topics))
            )
        for topic, reason in zip(topics, answers, strict=True):
            if reason.is_failure:
                raise NotReadable(
                    "payroll.broker-not-readable", **self._at, topic=topic, why=str(reason)
                )

    def _answered(self) -> list[ReasonCode]:
        deadline = time.monotonic() + self._patience
        while not self._answer:
            if time.monotonic() > deadline:
                raise BrokerFault("payroll.broker-no-answer", **self._at)
            result = self._loop(_WAIT_SECONDS)
            if result and not self._answer:
                raise self._lost(result)
        answer, self._answer = self._answer, []
        return answer

    def _turn(self, seconds: float) -> None:
        result = self._loop(seconds)
        if result:
            raise self._lost(result)

    def _loop(self, seconds: float) -> MQTTErrorCode:
        with self._contained():
            return self._client.loop(seconds)

    @contextmanager
    def _contained(self) -> Iterator[None]:
        """paho is somebody else's code, and reads what anybody may have sent: whatever it raises
        ends this connection, and not the receiver. Raises BrokerFault instead."""
        try:
            yield
        except Exception as error:
            raise self._nonsense(type(error).__name__) from error

    def _nonsense(self, what: str | Message) -> BrokerFault:
        return BrokerFault("broker.no-mqtt", **self._at, error=what)

    def _lost(self, result: MQTTErrorCode) -> BrokerFault:
        if size := self._client.too_large:
            return BrokerFault("payroll.broker-sends-too-much", **self._at, size=size)
        if self._client.broke:
            return BrokerFault("payroll.broker-left", **self._at, why=self._client.broke)
        if self._client.goodbye == TOO_LARGE:
            return BrokerFault("broker.ended", **self._at, why=too_large(None))
        if self._goodbye:
            kind = TakenOver if self._goodbye == _TAKEN_OVER else BrokerFault
            return kind("payroll.broker-ended", **self._at, why=str(self._goodbye))
        return BrokerFault("payroll.broker-lost", **self._at, error=result.name)

    # Called by paho from within its loop(), which is our own thread: they only note what came.

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: ReasonCode, properties: Any) -> None:
        self._limits = limits = limits_of(properties)
        self._client.send_at_once(min(_WINDOW, limits.receive_maximum))
        # Signs of life no rarer than planned, or nobody would notice that the broker has gone.
        asked = getattr(properties, "ServerKeepAlive", None) or self._keepalive
        self._client.ping_every(min(asked, self._keepalive))
        self._answer = [reason]

    def _on_subscribe(self, _c: Any, _u: Any, _m: int, reasons: list[ReasonCode], _p: Any) -> None:
        self._answer = reasons

    def _on_message(self, _c: Any, _u: Any, message: MQTTMessage) -> None:
        if len(message.payload) > LARGEST_ENTRY:
            # One byte too many is enough to be refused for its length.
            longest = next(
                (
                    most
                    for pattern, most in self._longest.items()
                    if topic_matches_sub(pattern, message.topic)
                ),
                LARGEST_ENTRY,
            )
            message.payload = message.payload[: longest + 1]
        self._bytes += len(message.payload)
        self._arrived.append(message)

    def _on_publish(self, _c: Any, _u: Any, _m: int, reason: ReasonCode, _p: Any) -> None:
        self._in_flight -= 1
        self.refused = str(reason) if reason.is_failure else None
        if reason.is_failure:
            _log.error("broker-refused-publish reason=%s", reason)

    def _on_disconnect(
        self, _c: Any, _u: Any, flags: DisconnectFlags, reason: ReasonCode, _p: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._goodbye = reason


def _why(error: OSError) -> Message | str:
    if isinstance(error, gaierror):
        return Message("payroll.broker-no-such-host")
    if isinstance(error, TimeoutError):
        return Message("payroll.broker-timeout")
    return because(error) if error.errno else str(error)


def _limits(longest: int) -> Properties:
    """One batch on its way while another is written to disk; nothing that could fill our memory."""
    limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    limits.ReceiveMaximum = 2 * _BATCH
    limits.MaximumPacketSize = max(_MAX_PACKET_BYTES, longest + _HEADERS_BYTES)
    return limits
