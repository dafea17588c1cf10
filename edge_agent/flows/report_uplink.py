"""Say how the broker connection is: once per change, not once per attempt."""

import logging
from typing import Literal

from ..domain.events import UplinkChanged
from ..ports import MqttVersion, Tell

log = logging.getLogger(__name__)


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
