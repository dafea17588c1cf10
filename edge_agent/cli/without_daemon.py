"""The gate in the process of a command, where no daemon runs."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ..gate.daemon.assembly import Assembly
from ..gate.errors import SensorDoubted
from ..gate.events import Event
from ..gate.pairing_mark import adopting
from ..gate.people.handlers import HANDLERS, Dispatcher
from ..gate.people.requests import Request, Step, StepKind
from ..gate.ports import SensorInfo
from ..gate.sensor.pairing import Pairing
from ..gate.settings.schema import Settings
from ..gate.touch.credit import Credit
from .carry_out import OnStep, Perform

_BETWEEN_LOOKS_S = 0.01


@contextmanager
def gate_in_this_process(settings: Settings, on_step: OnStep) -> Iterator[Perform]:
    """Carry out requests under the lock; the sensor is connected once it is needed."""
    assembly = Assembly(settings)
    lock = assembly.lock()
    lock.acquire("a command of edge-agent")
    with ExitStack() as mirror:
        mirror.callback(lock.release)
        mirror.enter_context(assembly.open_or_succeed())
        yield _performing(assembly, on_step, mirror)


def _performing(assembly: Assembly, on_step: OnStep, mirror: ExitStack) -> Perform:
    gate = assembly.gate(_nobody_watches)
    mirror.callback(gate.store.close)
    sensor = assembly.sensor()
    mirror.callback(sensor.close)
    panel = assembly.panel()
    mirror.callback(panel.close)
    pairing = Pairing(gate, sensor, beat=lambda: None)
    credit = Credit(gate, panel, offline=lambda: True)
    dispatcher = Dispatcher(gate, sensor, panel, pairing, assembly.sealing(), credit.match)
    prompt = _Terminal(on_step)
    connected: SensorInfo | None = None

    def perform(request: Request) -> dict[str, Any]:
        nonlocal connected
        if connected is None and HANDLERS[type(request)].needs_sensor:
            info = sensor.connect()
            if (doubt := pairing.check()) is not None:
                raise SensorDoubted(adopting(doubt))
            connected = info
        return dispatcher.carry_out(request, connected, prompt, f"uid:{_person()}")

    return perform


class _Terminal:
    """The person at this terminal; Ctrl-C ends the dialogue."""

    def __init__(self, on_step: OnStep) -> None:
        self._on_step = on_step

    def step(self, what: StepKind, hint: str | None = None) -> None:
        self._on_step(Step(what=what, hint=hint))

    def beat(self) -> None:
        time.sleep(_BETWEEN_LOOKS_S)

    def go_on(self) -> None:
        """Templates need no pause."""


def _nobody_watches(event: Event) -> None:
    """No daemon, no event stream."""


def _person() -> str:
    return os.environ.get("SUDO_UID") or str(os.getuid())
