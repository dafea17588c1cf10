"""Why a connection ended, in sentences that a technician understands.

And whether another version of MQTT may fare better.
"""

import errno
import socket
from datetime import UTC, datetime

from msgspec import Struct

from ....contract.broker.access import BrokerAccess
from ....contract.broker.client import BrokerClient
from ....contract.broker.failures import failure, speaks_tls
from ....contract.broker.limits import TOO_LARGE, too_large
from ....contract.errors import BrokerFault
from ...ports import MqttVersion

_CODES = {
    0x00: "It gave no reason.",
    0x10: "Nobody is subscribed there.",
    0x84: "It does not speak the version of MQTT that [mqtt] protocol asks for.",
    0x85: "It does not like this gate's client id: check [gate] id and the broker's settings.",
    0x86: "User name or password are wrong.",
    0x87: "This gate is not authorised: check its user and its rights on the broker.",
    0x88: "It is not available at the moment.",
    0x89: "It is too busy at the moment.",
    0x8A: "It has banned this gate: look at the broker's settings.",
    0x8B: "It is shutting down.",
    0x8D: "It heard nothing from the gate for too long: check the gate's network.",
    0x8E: "Another client has connected with this gate's id: look for a second gate of this name.",
    0x90: "It does not allow this topic: check [mqtt] root.",
    TOO_LARGE: too_large(None),
    0x97: "A quota is used up: look at the broker's limits and its disk.",
    0x9A: "It keeps no retained messages: let it keep them (mosquitto: retain_available).",
    0x9B: "It does not take messages at QoS 1: let it (mosquitto: max_qos).",
    0x98: "Its administrator has ended the connection.",
    0x9C: "It sends us to another server: correct [mqtt] host.",
    0x9D: "It has moved to another server: correct [mqtt] host.",
    0x9F: "We connect too often for it: look at the broker's limits.",
}

_OS_ERRORS = {
    errno.ECONNREFUSED: "Nothing listens there: is it running, and is [mqtt] port right?",
    errno.ECONNRESET: "It hung up at once: is [mqtt] port right?",
    errno.ENETUNREACH: "There is no way to its network: check the gate's network.",
    errno.EHOSTUNREACH: "There is no way to this host: check the gate's network.",
}

_NOT_THIS_VERSION = {0x81, 0x82, 0x84}
"""Unsupported protocol version, or that what we sent makes no sense to it."""

RETAINS_NOTHING = 0x9A
LESS_QOS = 0x9B
_KEEPALIVE_RAN_OUT = 0x8D
_TAKEN_OVER = 0x8E


class Closed(Struct, frozen=True):
    """A connection's last event. ``other_version``: another version of MQTT may fare better."""

    reason: str
    other_version: bool = False
    taken_over: bool = False
    hung_up: bool = False
    code: int = 0
    """MQTT 5's reason code, where the broker gave one."""


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
        text = f"{self._name} refuses this gate. {meaning(code)}"
        return Closed(text, code in _NOT_THIS_VERSION, code=code)

    def sent_away(self, code: int, *, accepted: bool) -> Closed:
        """The broker said goodbye."""
        return Closed(
            f"{self._name} ended the connection. {meaning(code)}",
            not accepted,
            taken_over=code == _TAKEN_OVER,
            code=code,
        )

    def confused(self, error: Exception, *, accepted: bool) -> Closed:
        """What the broker sent could not be taken in."""
        text = (
            f"{self._name} sends what is no MQTT ({type(error).__name__}), so the connection was "
            "ended: look at its log, and try another version of it."
        )
        return Closed(text, not accepted)

    def broken(self, code: int, client: BrokerClient, *, accepted: bool) -> Closed:
        """The line broke, or one of the two ends let go of it; ``client`` knows what it met."""
        if client.goodbye is not None:
            return self.sent_away(client.goodbye, accepted=accepted)
        if client.broke:
            text = f"{self._name} was left. {client.broke}: look at its log and settings."
        elif client.too_large:
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
            return Closed(text, hung_up=True)
        return Closed(text, not accepted)

    def _tls_trouble(self, client: BrokerClient) -> str | None:
        """What TLS says on a connection that ended before the broker had let us in."""
        error = client.error
        why = failure(error, self._access, datetime.now(UTC)) if error else None
        return why or speaks_tls(self._access, client.first_byte)

    @property
    def _hint(self) -> str:
        if self._version == "5":
            return 'If it only speaks MQTT 3.1.1, set [mqtt] protocol to "3.1.1".'
        return "Look at the broker's log."


def meaning(code: int) -> str:
    """What an MQTT reason code (MQTT 5, 2.4) says about the broker ("it"), and what to do."""
    return _CODES.get(code, f"It gives reason code 0x{code:02x}: look at the broker's log.")


def unreachable(error: Exception) -> str:
    """Why no connection to the broker ("it") came about, and what to do."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return "Nobody knows this host: check [mqtt] host and the gate's name service (DNS)."
    if isinstance(error, TimeoutError):
        return "It does not answer: check the gate's network and the broker's firewall."
    if isinstance(error, OSError) and error.errno in _OS_ERRORS:
        return _OS_ERRORS[error.errno]
    return f"The system says: {error}."
