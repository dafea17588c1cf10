"""What went wrong between us and the broker, in sentences that a technician understands."""

import errno
import socket

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
    0x95: "The message is too large for it: look at the broker's limits.",
    0x97: "A quota is used up: look at the broker's limits and its disk.",
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
