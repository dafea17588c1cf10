"""Errors, named by who must act on them.

Every message says what happened, where, and what to do next, because a technician reads it over
SSH on a phone. ``exit_code`` is what a command ends with (sysexits.h where it has a fitting one).
"""


class EdgeAgentError(Exception):
    """Base of every error this project raises on purpose."""

    exit_code = 1


class BadRequest(EdgeAgentError):
    """What the technician asked for cannot be done as asked. EX_DATAERR."""

    exit_code = 65


class StoreFault(EdgeAgentError):
    """The database cannot be read or written: the technician must look at it. EX_IOERR."""

    exit_code = 74


class BrokerFault(EdgeAgentError):
    """The broker cannot be reached or refused us. EX_UNAVAILABLE."""

    exit_code = 69


class OutputLost(EdgeAgentError):
    """What a command prints cannot be written where it was sent. EX_IOERR."""

    exit_code = 74
