"""What a broker says in CONNACK that it takes (MQTT 5, 3.2.2.3), and how large a message is."""

from msgspec import Struct

from ..language import Message

TOO_LARGE = 0x95
"""MQTT 5, 2.4: packet too large."""

_FEW = 10
"""Publications at a time: with less, a backlog takes hours on a slow line."""


class BrokerLimits(Struct, frozen=True):
    """``receive_maximum`` publications that it has not acknowledged; ``packet_bytes`` of one packet
    (None: as many as MQTT has); whether it keeps retained messages; the highest quality of service;
    whether it knows wildcards. What it does not mention is without a limit.
    """

    receive_maximum: int = 65535
    packet_bytes: int | None = None
    retains: bool = True
    qos: int = 2
    wildcards: bool = True

    def sentences(self) -> dict[str, Message]:
        """What does not go as it should because of them, and what to do at the broker, by limit."""
        found = {}
        if not self.retains:
            found["retain"] = Message("broker.keeps-nothing")
        if not self.qos:
            found["qos"] = Message("broker.qos-0-only")
        if self.receive_maximum < _FEW:
            found["receive-maximum"] = Message("broker.few-at-once", count=self.receive_maximum)
        return found


def limits_of(properties: object) -> BrokerLimits:
    """What CONNACK says, in paho's properties of it or None.

    Raises ValueError where it says 0, which MQTT 5 forbids.
    """
    none = BrokerLimits()
    most = getattr(properties, "ReceiveMaximum", none.receive_maximum)
    packet_bytes = getattr(properties, "MaximumPacketSize", None)
    if most == 0 or packet_bytes == 0:
        raise ValueError("a limit of 0")
    return BrokerLimits(
        receive_maximum=most,
        packet_bytes=packet_bytes,
        retains=bool(getattr(properties, "RetainAvailable", True)),
        qos=getattr(properties, "MaximumQoS", none.qos),
        wildcards=bool(getattr(properties, "WildcardSubscriptionAvailable", True)),
    )


def too_large(packet_bytes: int | None) -> Message:
    """Why a message was not sent, or not taken, and what to do at the broker ("it")."""
    if packet_bytes is None:
        return Message("broker.too-large")
    return Message("broker.larger-than", size=packet_bytes)


def publish_bytes(topic: str, payload: bytes, qos: int, properties: bytes) -> int:
    """The length of a PUBLISH (MQTT 5, 3.3), its fixed header included.

    ``properties``: packed, with their length; empty under MQTT 3.1.1.
    """
    rest = 2 + len(topic.encode()) + (2 if qos else 0) + len(properties) + len(payload)
    digits = 1 + (rest >= 1 << 7) + (rest >= 1 << 14) + (rest >= 1 << 21)
    return 1 + digits + rest
