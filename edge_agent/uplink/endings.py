"""Why a connection ended, in a sentence, and whether another version of MQTT may fare better."""

from datetime import UTC, datetime

from msgspec import Struct

from ..domain.broker_access import BrokerAccess
from ..domain.errors import BrokerFault
from ..mqtt_client import TellingClient, failure, speaks_tls
from ..ports import MqttVersion
from .reasons import meaning, unreachable

_NOT_THIS_VERSION = {0x81, 0x82, 0x84}
"""Unsupported protocol version, or that what we sent makes no sense to it."""

_KEEPALIVE_RAN_OUT = 0x8D
_TAKEN_OVER = 0x8E


class Closed(Struct, frozen=True):
    """A connection's last event. ``other_version``: another version of MQTT may fare better."""

    reason: str
    other_version: bool = False
    taken_over: bool = False


class Endings:
    """Names the broker of ``access``, and says what became of a connection to it."""

    def __init__(self, access: BrokerAccess, version: MqttVersion) -> None:
        self._access = access
        self._version = version
        self._name = f"The broker at {access.host}:{access.tcp_port}"

    def unreachable(self, error: Exception) -> Closed:
        """There never was a connection."""
        if isinstance(error, BrokerFault):
            return Closed(str(error))
        if why := failure(error, self._access, datetime.now(UTC)):
            return Closed(f"{self._name} cannot be talked to. {why}")
        return Closed(f"{self._name} cannot be reached. {unreachable(error)}")

    def overdue(self, *, accepted: bool) -> Closed:
        """The broker's next answer did not come in time."""
        if accepted:
            return Closed(f"{self._name} acknowledges nothing any more: check the gate's network.")
        return Closed(f"{self._name} does not answer: is that an MQTT port? {self._hint}", True)

    def refused(self, code: int) -> Closed:
        """The broker does not let us in."""
        return Closed(f"{self._name} refuses this gate. {meaning(code)}", code in _NOT_THIS_VERSION)

    def sent_away(self, code: int, *, accepted: bool) -> Closed:
        """The broker said goodbye."""
        return Closed(
            f"{self._name} ended the connection. {meaning(code)}",
            not accepted,
            taken_over=code == _TAKEN_OVER,
        )

    def broken(self, code: int, client: TellingClient, *, accepted: bool) -> Closed:
        """The line broke, or one of the two ends let go of it; ``client`` knows what it met."""
        if client.too_large:
            text = (
                f"{self._name} sends a message of {client.too_large} bytes, which is not read: "
                "find out who sends such to this gate, and clear the topic if it is retained."
            )
        elif not accepted and (why := self._tls_trouble(client)):
            return Closed(f"{self._name} cannot be talked to. {why}")
        elif not accepted:
            plain = "" if self._access.encrypted else ", and one without TLS"
            text = (
                f"{self._name} hung up without an answer: is that an MQTT port{plain}? {self._hint}"
            )
        elif code == _KEEPALIVE_RAN_OUT:
            text = f"{self._name} does not answer any more: check the gate's network."
        else:
            text = f"{self._name} hung up: look at its log, and check the gate's network."
        return Closed(text, not accepted)

    def _tls_trouble(self, client: TellingClient) -> str | None:
        """What TLS says on a connection that ended before the broker had let us in."""
        error = client.error
        why = failure(error, self._access, datetime.now(UTC)) if error else None
        return why or speaks_tls(self._access, client.first_byte)

    @property
    def _hint(self) -> str:
        if self._version == "5":
            return 'If it only speaks MQTT 3.1.1, set [mqtt] protocol to "3.1.1".'
        return "Look at the broker's log."
