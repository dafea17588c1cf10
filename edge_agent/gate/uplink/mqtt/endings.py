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
from ....contract.language import Message
from ...ports import MqttVersion

_CODES = frozenset(
    {
        *(0x00, 0x10, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8D, 0x8E, 0x90),
        *(0x97, 0x98, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F),
    }
)
"""Reason codes (MQTT 5, 2.4) of which it is known what they say: the messages ``mqtt.…``."""

_OS_ERRORS = {
    errno.ECONNREFUSED: "broker.nobody-listens",
    errno.ECONNRESET: "broker.hung-up-at-once",
    errno.ENETUNREACH: "broker.no-way-to-network",
    errno.EHOSTUNREACH: "broker.no-way-to-host",
}

_NOT_THIS_VERSION = {0x81, 0x82, 0x84}
"""Unsupported protocol version, or that what we sent makes no sense to it."""

RETAINS_NOTHING = 0x9A
LESS_QOS = 0x9B
_KEEPALIVE_RAN_OUT = 0x8D
_TAKEN_OVER = 0x8E


class Closed(Struct, frozen=True):
    """A connection's last event. ``other_version``: another version of MQTT may fare better."""

    reason: Message
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
        self._where = {"host": access.host, "port": access.tcp_port}

    def unreachable(self, error: Exception) -> Closed:
        """There never was a connection."""
        if isinstance(error, BrokerFault):
            return Closed(error.message)
        if why := failure(error, self._access, datetime.now(UTC)):
            return Closed(self._told("broker.no-talk", why=why))
        return Closed(self._told("broker.unreachable", why=unreachable(error)))

    def _told(self, name: str, **fields: object) -> Message:
        """What is said of the broker at its address."""
        return Message(name, **self._where, **fields)

    def overdue(self, *, accepted: bool) -> Closed:
        """The broker's next answer did not come in time."""
        if accepted:
            return Closed(self._told("broker.acknowledges-nothing"))
        return Closed(self._told("broker.no-answer", hint=self._hint), True)

    def refused(self, code: int) -> Closed:
        """The broker does not let us in."""
        told = self._told("broker.refuses", why=meaning(code))
        return Closed(told, code in _NOT_THIS_VERSION, code=code)

    def sent_away(self, code: int, *, accepted: bool) -> Closed:
        """The broker said goodbye."""
        return Closed(
            self._told("broker.ended", why=meaning(code)),
            not accepted,
            taken_over=code == _TAKEN_OVER,
            code=code,
        )

    def confused(self, error: Exception, *, accepted: bool) -> Closed:
        """What the broker sent could not be taken in."""
        told = self._told("broker.no-mqtt", error=type(error).__name__)
        return Closed(told, not accepted)

    def broken(self, code: int, client: BrokerClient, *, accepted: bool) -> Closed:
        """The line broke, or one of the two ends let go of it; ``client`` knows what it met."""
        if client.goodbye is not None:
            return self.sent_away(client.goodbye, accepted=accepted)
        if client.broke:
            told = self._told("broker.left", why=client.broke)
        elif client.too_large:
            told = self._told("broker.sends-too-much", size=client.too_large)
        elif not accepted and (why := self._tls_trouble(client)):
            return Closed(self._told("broker.no-talk", why=why))
        elif not accepted:
            silent = "broker.hung-up" if self._access.encrypted else "broker.hung-up-plain"
            told = self._told(silent, hint=self._hint)
        elif code == _KEEPALIVE_RAN_OUT:
            told = self._told("broker.silent")
        else:
            return Closed(self._told("broker.hung-up-later"), hung_up=True)
        return Closed(told, not accepted)

    def _tls_trouble(self, client: BrokerClient) -> Message | None:
        """What TLS says on a connection that ended before the broker had let us in."""
        error = client.error
        why = failure(error, self._access, datetime.now(UTC)) if error else None
        return why or speaks_tls(self._access, client.first_byte)

    @property
    def _hint(self) -> Message:
        return Message("broker.try-3-1-1" if self._version == "5" else "broker.see-log")


def meaning(code: int) -> Message:
    """What an MQTT reason code (MQTT 5, 2.4) says about the broker ("it"), and what to do."""
    if code == TOO_LARGE:
        return too_large(None)
    known = code in _CODES
    return Message(f"mqtt.{code:02x}") if known else Message("broker.code", code=f"0x{code:02x}")


def unreachable(error: Exception) -> Message:
    """Why no connection to the broker ("it") came about, and what to do."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return Message("broker.no-such-host")
    if isinstance(error, TimeoutError):
        return Message("broker.timeout")
    if isinstance(error, OSError) and error.errno in _OS_ERRORS:
        return Message(_OS_ERRORS[error.errno])
    return Message("broker.system-says", error=error)
