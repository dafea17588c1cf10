"""What a look at something comes to.

What the checks of one run share.

What can be said whatever is looked at, and of the settings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import Struct

from ..daemon.assembly import Assembly
from ..settings.schema import Settings
from .machine import Machine


class State(StrEnum):
    """``WARN``: the gate works, but not for long or not well. ``FAIL``: something does not work."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


class Judgement(NamedTuple):
    """What was found, and what to do about it; neither ends in a full stop."""

    state: State
    found: str
    advice: str


class Finding(Struct, frozen=True, kw_only=True):
    """One line of the report; as it stands in ``--json``."""

    check: str
    state: State
    found: str
    advice: str


class Sentence(NamedTuple):
    """A verdict with ``{places}`` that the facts are put in."""

    state: State
    found: str
    advice: str = ""

    def __call__(self, **facts: object) -> Judgement:
        """The verdict about these facts."""
        return Judgement(self.state, self.found.format(**facts), self.advice.format(**facts))


def split(message: str) -> tuple[str, str]:
    """What an error's message found, and its advice: "what happened (where): what to do."

    A colon in parentheses belongs to another program's words. "" where there is no advice.
    """
    depth = 0
    for at, char in enumerate(message):
        depth += (char == "(") - (char == ")")
        if depth <= 0 and message.startswith(": ", at):
            return message[:at], message[at + 2 :].removesuffix(".")
    return message.removesuffix("."), ""


_GUIDE = "look it up in docs/technician.md, 'When something is wrong'"


def passed_on(state: State, message: str) -> Judgement:
    """What another part says; it brings its own advice, or else the guide has it."""
    found, advice = split(message)
    return Judgement(state, found, advice or _GUIDE)


class Slots(Struct, frozen=True):
    """How many of the sensor's slots hold a template."""

    used: int
    capacity: int


class Glass(Struct, frozen=True, kw_only=True):
    """What the sensor saw where no finger was to be: of so many looks."""

    looks: int
    seen: int
    """Something, with or without the features of a finger."""
    prints: int
    """A finger's features: one that lies there, or what the last one has left."""


class CheckContext:
    """One gate on one machine. Earlier checks leave here what later ones need."""

    def __init__(
        self, machine: Machine, settings: Settings, *, light: bool = False, verify: bool = False
    ) -> None:
        self.machine = machine
        self.settings = settings
        self.light = light
        """Whether to light the lamps."""
        self.verify = verify
        """Whether to read the whole ledger."""
        self.status: dict[str, Any] | None = None
        """What the daemon says of itself; None where none runs or none answers."""
        self.slots: Slots | None = None
        self.glass: Glass | None = None

    @cached_property
    def assembly(self) -> Assembly:
        """The gate's parts."""
        return Assembly(self.settings)

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
        lock.acquire("edge-agent doctor")
        try:
            yield
        finally:
            lock.release()


OK, FAIL = State.OK, State.FAIL

TOO_SLOW = Sentence(
    FAIL,
    "This did not come to an end within {seconds:g} s",
    "look at what it depends on: the disk (dmesg), the network, the daemon's log",
)
UNEXPECTED = Sentence(
    FAIL,
    "This check failed itself, with {kind}: {error}",
    "please report this as a bug, with this line",
)

SETTINGS_GOOD = Sentence(OK, "The settings in {path} are complete")
SETTINGS_BAD = Sentence(
    FAIL,
    "The settings in {path} cannot be used. {problems}",
    "mend them first: without them nothing of the gate was looked at, only the machine",
)
