"""What a check is, and what the checks of one run share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import Struct

from ...contract.errors import StoreFault
from ..control.client import daemon_runs
from ..control.no_answer import unanswering
from ..daemon.assembly import Assembly
from ..daemon.status import stopped_status
from ..errors import GateBusy
from ..settings.schema import Settings
from .findings import Judgement, Sentence, State
from .machine import Machine, User

Subject = TypeVar("Subject", "CheckContext", Machine)
"""What a check needs: a gate whose settings can be used, or the machine alone."""


TOO_SLOW = Sentence(State.FAIL, "doctor.too-slow")

TooSlow = Callable[[float | None], Judgement]
"""What is said of a check that was left behind after so many seconds."""


def _too_slow(seconds: float | None) -> Judgement:
    return TOO_SLOW(seconds=seconds)


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """One thing that is looked at. Called, it says what it found; None: there is nothing to say."""

    title: str
    look: Callable[[Subject], Judgement | None]
    within_s: float | None
    too_slow: TooSlow = _too_slow

    def __call__(self, subject: Subject) -> Judgement | None:
        """Look, for as long as it takes."""
        return self.look(subject)


def check(
    title: str, within_s: float | None = 5.0, too_slow: TooSlow = _too_slow
) -> Callable[[Callable[[Subject], Judgement | None]], Check[Subject]]:
    """Make a check of the function below; its sentences stand above it.

    ``title``: what its line is called, in the report and in ``--json``. ``within_s``: how long it
    may take before it is left behind; None: for ever. ``too_slow``: what is said then.
    """
    return lambda look: Check(title, look, within_s, too_slow)


class Slots(Struct, frozen=True):
    """How many of the sensor's slots hold a template."""

    used: int
    capacity: int


class BareGlass(Struct, frozen=True, kw_only=True):
    """What the sensor saw where no finger was to be: of so many looks."""

    looks: int
    seen: int
    """Something, with or without the features of a finger."""
    prints: int
    """A finger's features: one that lies there, or what the last one has left."""


class CheckContext:
    """One gate on one machine. Earlier checks leave here what later ones need."""

    def __init__(
        self,
        machine: Machine,
        settings: Settings,
        config: Path | None = None,
        *,
        light: bool = False,
        verify: bool = False,
    ) -> None:
        self.machine = machine
        self.settings = settings
        self.config = config
        """The settings' file; None where a test has none."""
        self.light = light
        """Whether to light the lamps."""
        self.verify = verify
        """Whether to read the whole ledger."""
        self.status: dict[str, Any] | None = None
        """What the daemon says of itself; None where none runs or none answers."""
        self.retired = False
        """Whether the gate was taken out of service: what it needs no more may fail."""
        self.slots: Slots | None = None
        self.glass: BareGlass | None = None

    @cached_property
    def assembly(self) -> Assembly:
        """The gate's parts."""
        return Assembly(self.settings)

    @cached_property
    def told(self) -> dict[str, Any] | None:
        """What ``status`` shows: of the daemon, or of the database that a stopped one has left;
        None where that does not open, which another check tells.
        """
        if self.status is not None:
            return self.status
        try:
            answer = stopped_status(self.assembly)
        except (StoreFault, PermissionError):
            return None
        return None if answer["ledger"] is None else answer

    @cached_property
    def user(self) -> User:
        """Whose rights count: this user's or, where root asks, those of the service's user."""
        try:
            return self.machine.user(Path(self.settings.store.path).parent)
        except LookupError:  # The check of the service's user tells.
            return User(person=self.machine.person, may=self.machine.may)

    @property
    def device(self) -> str | None:
        """The device behind [sensor] port; None where it is no device or not there."""
        port = self.settings.sensor.port
        return None if "://" in port else self.machine.device(port)

    @contextmanager
    def owning_the_gate(self) -> Iterator[None]:
        """Keep a daemon that starts meanwhile away from sensor and lamps; it waits.

        Raises GateBusy where somebody has them already.
        """
        lock = self.assembly.lock()
        try:
            lock.acquire("edge-agent doctor")
        except GateBusy:
            told = unanswering(self.assembly.database, self.assembly.control_socket)
            # Of one that answers, its own check has asked already; one that does not is no reason
            # to stop it.
            if told is None or daemon_runs(self.assembly.control_socket):
                raise
            raise GateBusy(told) from None
        try:
            yield
        finally:
            lock.release()
