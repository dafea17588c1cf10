"""Have a technician's request carried out: by the daemon, or here when none runs."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ..gate.control.client import ask, daemon_runs
from ..gate.daemon.assembly import Assembly
from ..gate.errors import SensorDoubted
from ..gate.events import Event
from ..gate.pairing_mark import adopting
from ..gate.people.custodian import Custodian
from ..gate.people.requests import (
    AdoptSensor,
    AskCourier,
    AskSensor,
    Change,
    GateWork,
    ModuleWork,
    RecallPassword,
    Step,
    TemplateWork,
    What,
)
from ..gate.people.technician import Technician
from ..gate.ports import SensorInfo
from ..gate.sensor.pairing import Pairing
from ..gate.settings.schema import Settings

_BETWEEN_LOOKS_S = 0.01

_KNOWN_OR_NOT = Change | AskSensor | AdoptSensor | AskCourier | RecallPassword
"""Work that needs no sensor, or also takes one that is not the gate's yet."""

Perform = Callable[[GateWork], dict[str, Any]]
OnStep = Callable[[Step], None]


def carry_out(
    settings: Settings, request: GateWork, on_step: OnStep = lambda step: None
) -> dict[str, Any]:
    """Return what the request came to; ``on_step`` is called for each step on the way."""
    with at_the_gate(settings, on_step) as perform:
        return perform(request)


@contextmanager
def at_the_gate(settings: Settings, on_step: OnStep = lambda step: None) -> Iterator[Perform]:
    """Carry out several requests, one after the other.

    With a daemon running it does the work, for it alone owns the sensor. Otherwise the work is
    done in this process, under the lock that a starting daemon waits for.
    """
    assembly = Assembly(settings)
    if daemon_runs(assembly.control_socket):
        yield lambda request: ask(assembly.control_socket, request, on_step)
        return
    lock = assembly.lock()
    lock.acquire("a command of edge-agent")
    with ExitStack() as mirror:
        mirror.callback(lock.release)
        mirror.enter_context(assembly.open_or_succeed())
        yield _Here(assembly, on_step, mirror).perform


class _Here:
    """The gate in this process; its sensor is connected once it is needed."""

    def __init__(self, assembly: Assembly, on_step: OnStep, mirror: ExitStack) -> None:
        gate = assembly.gate(_nobody_watches)
        mirror.callback(gate.store.close)
        self._sensor = assembly.sensor()
        mirror.callback(self._sensor.close)
        panel = assembly.panel()
        mirror.callback(panel.close)
        self._dialogue = _Terminal(on_step)
        self._info: SensorInfo | None = None
        self._pairing = Pairing(gate, self._sensor, beat=lambda: None)
        self._technician = Technician(gate, self._sensor, panel, self._pairing, lambda: self._info)
        self._custodian = Custodian(
            gate,
            self._sensor,
            panel,
            self._pairing,
            lambda: self._info,
            assembly.sealing(),
            assembly.passwords(),
        )
        mirror.callback(self._custodian.close)

    def perform(self, request: GateWork) -> dict[str, Any]:
        if self._info is None and not isinstance(request, _KNOWN_OR_NOT):
            info = self._sensor.connect()
            if (doubt := self._pairing.check()) is not None:
                raise SensorDoubted(adopting(doubt))
            self._info = info
        actor = f"uid:{_person()}"
        if isinstance(request, TemplateWork | ModuleWork):
            return self._custodian.perform(request, self._dialogue, actor)
        return self._technician.perform(request, self._dialogue, actor)


class _Terminal:
    """The dialogue with the person at this terminal; Ctrl-C ends it."""

    def __init__(self, on_step: Callable[[Step], None]) -> None:
        self._on_step = on_step

    def step(self, what: What, hint: str | None = None) -> None:
        self._on_step(Step(what=what, hint=hint))

    def beat(self) -> None:
        time.sleep(_BETWEEN_LOOKS_S)

    def go_on(self) -> None:
        """Templates need no pause."""


def _nobody_watches(event: Event) -> None:
    """No daemon, no event stream."""


def _person() -> str:
    return os.environ.get("SUDO_UID") or str(os.getuid())
