"""A broker on which some entries are lost and others come twice, or from a cloned card."""

from typing import Any

from ...ports import Broker


class Mishaps:
    """Sends ``instead``, wire bytes for wire bytes, the first time that an entry is published.

    What was lost so is a gap for payroll, which has to ask for it; whatever else the uplink does
    reaches the broker as it is.
    """

    def __init__(self, broker: Broker, instead: dict[bytes, bytes]) -> None:
        self._broker = broker
        self._instead = instead

    def publish(self, topic: str, payload: bytes, **how: Any) -> int:
        """Send, or send something else instead."""
        return self._broker.publish(topic, self._instead.pop(payload, payload), **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)
