"""What goes wrong at a gate, named by who must act on it: as in ``contract.errors``."""

from collections.abc import Sequence
from pathlib import Path

from ..contract.errors import EdgeAgentError, StoreFault
from ..contract.language import Message


class BadSettings(EdgeAgentError):
    """The settings file cannot be used: the installer must mend it. EX_CONFIG."""

    exit_code = 78

    def __init__(self, path: str, problems: Sequence[str | Message]) -> None:
        self.path = path
        self.told = list(problems)
        self.problems = [str(problem) for problem in problems]
        """In English."""
        super().__init__("settings.unusable", path=path, problems=self.told)


class DaemonUnreachable(EdgeAgentError):
    """The control socket does not answer. EX_UNAVAILABLE."""

    exit_code = 69


class DaemonHangs(DaemonUnreachable):
    """The daemon is there, takes calls and says nothing."""

    def __init__(self, message: Message, last: float | None) -> None:
        """``last``: its last sign of life, in seconds since 1970; None: not known."""
        super().__init__(message)
        self.last = last


class GateBusy(EdgeAgentError):
    """Another process owns this gate's ledger or sensor port. EX_TEMPFAIL."""

    exit_code = 75


class SocketFault(EdgeAgentError):
    """The control socket cannot be made: the installer must mend its folder. EX_CANTCREAT."""

    exit_code = 73


class Retired(EdgeAgentError):
    """The gate is out of service. The unit does not start it again."""

    exit_code = 81


class NotPermitted(EdgeAgentError):
    """Somebody else may do this: whoever asked must ask them. EX_NOPERM."""

    exit_code = 77


class NotUpgraded(EdgeAgentError):
    """The program that runs is the one from before: nothing is damaged."""


class PinFault(EdgeAgentError):
    """A pin cannot be used: the installer must look at numbers and permissions. EX_CONFIG."""

    exit_code = 78


class SensorFault(EdgeAgentError):
    """The sensor cannot be relied on now: the technician must look at it. EX_IOERR."""

    exit_code = 74


class SensorUnplugged(SensorFault):
    """The port is not there, or vanished while in use."""


class SensorForbidden(SensorFault):
    """The port is there but this user may not open it. EX_NOPERM."""

    exit_code = 77


class SensorSilent(SensorFault):
    """No answer within the deadline."""


class SensorGarbled(SensorFault):
    """Bytes arrived that are not a trustworthy answer."""


class SensorDoubted(SensorFault):
    """It is in doubt whether the sensor's slots are the ones that the prints stand for."""


class SensorRefused(SensorFault):
    """The sensor answered an instruction with an error code."""

    def __init__(self, message: str | Message, answer: int, /, **fields: object) -> None:
        self.code = answer
        super().__init__(message, **fields)


class SensorDisturbed(SensorRefused):
    """It received a damaged packet, or has restarted: what it was asked for may be asked again."""


SPOILED = (SensorSilent, SensorGarbled, SensorDisturbed)
"""Faults that may be the line's: once that is proved sound again, asking once more may help."""


class DiskFull(StoreFault):
    """Certainly nothing was written, for want of room: the technician must make some."""


class NoLedgerYet(StoreFault):
    """The gate has never been started: there is nothing to read. EX_NOINPUT."""

    exit_code = 66


class NotUpToDate(NoLedgerYet):
    """An earlier version has written the database: what may write has to see to that first.

    ``command`` does; None: no daemon is to be started, for the gate is out of service.
    """

    def __init__(self, path: Path, command: str | None) -> None:
        self.retired = command is None
        if self.retired:
            super().__init__("store.not-up-to-date-retired", path=path)
        else:
            super().__init__("store.not-up-to-date", path=path, command=command)


class DamagedLedger(StoreFault):
    """What the database holds contradicts itself. EX_DATAERR."""

    exit_code = 65
