"""Say how the broker connection is: once per change, not once per attempt."""

import logging
from typing import Literal

from ...domain.events import UplinkChanged
from ...ports import Acknowledged, MqttVersion, Tell
from .outbox import NOBODY_SUBSCRIBED

log = logging.getLogger(__name__)

FILE = "ledger file"
WAY = "way"
TWIN = "twin"
"""What is in trouble when it is no topic."""


class ReportUplink:
    """Logs and tells the state, with the sentences that a technician needs."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._troubles: dict[str, str] = {}
        self._said: tuple[str, str | None] | None = None

    def trouble(self, topic: str, sentences: str) -> None:
        """Something does not work on ``topic``, although there is a connection."""
        self._troubles[topic] = sentences

    def well(self, topic: str) -> None:
        """It does work."""
        self._troubles.pop(topic, None)

    def connected(self, version: MqttVersion) -> None:
        """There is a connection."""
        detail = " ".join(self._troubles.values()) or None
        if self._changed("connected", detail) and not detail:
            log.info("the uplink works, with MQTT %s", version)

    def disconnected(self, reason: str) -> None:
        """There is none."""
        self._troubles.clear()
        self._changed("disconnected", reason)

    def _changed(self, state: Literal["connected", "disconnected"], detail: str | None) -> bool:
        if (state, detail) == self._said:
            return False
        self._said = (state, detail)
        if detail:
            log.warning("%s", detail)
        self._tell(UplinkChanged(state=state, detail=detail))
        return True


def exposed(host: str) -> str:
    """Whoever is on the way can do as they like."""
    return (
        f"The way to the broker at {host} is not encrypted, so whoever is on it can read punches "
        'and forge receipts: set [mqtt] tls to "on".'
    )


def not_readable(topic: str, why: str) -> str:
    """The broker refuses a subscription."""
    return f"The broker does not let the gate read {topic}. {why}"


def not_taken(event: Acknowledged) -> str:
    """The broker turns an entry down."""
    if event.code == NOBODY_SUBSCRIBED:
        return (
            "Nobody is subscribed to the ledger: is payroll's subscriber running? "
            "The entries wait in the ledger."
        )
    return f"The broker does not take entries, so they wait in the ledger. {event.why}"
