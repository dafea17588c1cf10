"""What the checks of one run share."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from msgspec import Struct

from ..assembly import Assembly
from ..settings import Settings
from .machine import Machine


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


class Visit:
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
