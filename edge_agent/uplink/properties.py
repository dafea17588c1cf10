"""MQTT 5's properties of what the gate sends, made once."""

from functools import cache

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


def limits(largest_packet: int) -> Properties:
    """What CONNECT asks of the broker: no packet of more bytes than this."""
    asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    asked.MaximumPacketSize = largest_packet
    return asked


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


@cache
def content(content_type: str, alias: int = 0) -> Properties:
    """What PUBLISH says of its payload, and by which number its topic is known; 0: by its name."""
    properties = _PackedOnce(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = content_type
    if alias:
        properties.TopicAlias = alias
    return properties.keep()
