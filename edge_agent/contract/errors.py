"""Errors, named by who must act on them.

Every message says what happened, where, and what to do next, because a technician reads it over
SSH on a phone: in their language, by the message's name and fields. ``str(error)`` is English, for
the log. ``exit_code`` is what a command ends with (sysexits.h where it has a fitting one).
"""

from .language import Message


class EdgeAgentError(Exception):
    """Base of every error this project raises on purpose: ``Kind("people.no-name", text=text)``."""

    exit_code = 1

    def __init__(self, message: str | Message = "", /, **fields: object) -> None:
        self.message = message if isinstance(message, Message) else Message(message, **fields)
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


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
