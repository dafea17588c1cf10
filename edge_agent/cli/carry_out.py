"""Have a technician's request carried out: by the daemon, or here when none runs."""

import os
import time
from collections.abc import Callable
from typing import Any

from ..assembly import Assembly
from ..control.client import ask, daemon_runs
from ..domain.errors import SensorDoubted
from ..domain.events import Event
from ..domain.pairing import adopting
from ..domain.requests import Change, Enroll, Identify, RemovePrint, SensorWork, Step, What
from ..flows.pairing import Pairing
from ..flows.technician import Technician
from ..ports import SensorInfo
from ..settings import Settings

_BETWEEN_LOOKS_S = 0.01


def carry_out(
    settings: Settings,
    request: Change | SensorWork,
    on_step: Callable[[Step], None] = lambda step: None,
) -> dict[str, Any]:
    """Return what the request came to; ``on_step`` is called for each step on the way.

    With a daemon running it does the work, for it alone owns the sensor. Otherwise the work is
    done in this process, under the lock that a starting daemon waits for.
    """
    assembly = Assembly(settings)
    if daemon_runs(assembly.control_socket):
        return ask(assembly.control_socket, request, on_step)
    lock = assembly.lock()
    lock.acquire("a command of edge-agent")
    try:
        return _here(assembly, request, on_step)
    finally:
        lock.release()


def _here(
    assembly: Assembly, request: Change | SensorWork, on_step: Callable[[Step], None]
) -> dict[str, Any]:
    gate = assembly.gate(_nobody_watches)
    sensor = assembly.sensor()
    panel = assembly.panel()
    pairing = Pairing(gate, sensor, beat=lambda: None)
    info: SensorInfo | None = None
    try:
        if isinstance(request, Enroll | RemovePrint | Identify):
            info = sensor.connect()
            if (doubt := pairing.check()) is not None:
                raise SensorDoubted(adopting(doubt))
        technician = Technician(gate, sensor, panel, pairing, lambda: info)
        return technician.perform(request, _Terminal(on_step), actor=f"uid:{_person()}")
    finally:
        panel.close()
        sensor.close()
        gate.store.close()


class _Terminal:
    """The dialogue with the person at this terminal; Ctrl-C ends it."""

    def __init__(self, on_step: Callable[[Step], None]) -> None:
        self._on_step = on_step

    def step(self, what: What, hint: str | None = None) -> None:
        self._on_step(Step(what=what, hint=hint))

    def beat(self) -> None:
        time.sleep(_BETWEEN_LOOKS_S)


def _nobody_watches(event: Event) -> None:
    """No daemon, no event stream."""


def _person() -> str:
    return os.environ.get("SUDO_UID") or str(os.getuid())
