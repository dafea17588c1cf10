"""Who carries out which request, and what has to be so before and after it.

The one table of them, for the daemon and for a command without one. A new request needs its
struct (requests.py), its handler, and its row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..ledger.gate import Gate
from ..ports import Panel, Sealing, Sensor, SensorInfo
from ..sensor.pairing import Pairing
from .context import RequestContext, Result, Transfers
from .enroll import enroll, identify, remove_print
from .prompt import Prompt
from .requests import (
    AddPunch,
    AddWorker,
    AdoptSensor,
    AskCourier,
    AskSensor,
    BeginBackup,
    BeginRestore,
    DeactivateWorker,
    Enroll,
    Identify,
    KeepBackup,
    RemovePrint,
    Request,
    RestorePrints,
    SealPrints,
    TakeImage,
    VoidPunch,
)
from .sensor import adopt_sensor, ask_sensor, take_image
from .supervise import add_punch, void_punch
from .templates.back_up import begin_backup, keep_backup, seal_prints
from .templates.records import Strangers
from .templates.restore import ask_courier, begin_restore, restore_prints
from .workers import add_worker, deactivate_worker


@dataclass(frozen=True, kw_only=True)
class Handler:
    """One request's.

    ``carry_out`` leaves nothing half done: it returns what the request came to, or raises an
    EdgeAgentError.
    """

    carry_out: Callable[[RequestContext, Any], Result]
    in_use: bool = False
    """Whether the sensor has to be in use: connected, and the one that the prints are in."""
    look_after: bool = False
    """Whether the sensor may turn out to be another one, or fuller than before."""
    presses: bool = False
    """Whether somebody presses: the finger on the glass afterwards has had its answer."""


HANDLERS: Mapping[type[Request], Handler] = {
    AddWorker: Handler(carry_out=add_worker),
    DeactivateWorker: Handler(carry_out=deactivate_worker),
    VoidPunch: Handler(carry_out=void_punch),
    AddPunch: Handler(carry_out=add_punch),
    Enroll: Handler(carry_out=enroll, in_use=True, look_after=True, presses=True),
    RemovePrint: Handler(carry_out=remove_print, in_use=True, look_after=True),
    Identify: Handler(carry_out=identify, in_use=True, look_after=True, presses=True),
    AskSensor: Handler(carry_out=ask_sensor, look_after=True),
    AdoptSensor: Handler(carry_out=adopt_sensor, look_after=True),
    TakeImage: Handler(carry_out=take_image, in_use=True, presses=True),
    BeginBackup: Handler(carry_out=begin_backup, in_use=True),
    SealPrints: Handler(carry_out=seal_prints, in_use=True),
    KeepBackup: Handler(carry_out=keep_backup),
    AskCourier: Handler(carry_out=ask_courier),
    BeginRestore: Handler(carry_out=begin_restore, in_use=True),
    RestorePrints: Handler(carry_out=restore_prints, in_use=True),
}


class Dispatcher:
    """Has requests carried out on one gate, one after the other, as long as the process lives."""

    def __init__(
        self, gate: Gate, sensor: Sensor, panel: Panel, pairing: Pairing, sealing: Sealing
    ) -> None:
        self._context = partial(
            RequestContext,
            gate=gate,
            sensor=sensor,
            panel=panel,
            pairing=pairing,
            sealing=sealing,
            transfers=Transfers(Strangers(gate, sensor, pairing)),
        )

    def carry_out(
        self, request: Request, connected: SensorInfo | None, prompt: Prompt, actor: str
    ) -> Result:
        """Return what ``--json`` prints; ``connected`` is the sensor in use, if it is.

        Raises an EdgeAgentError where it cannot be done.
        """
        handler = HANDLERS[type(request)]
        context = self._context(connected=connected, prompt=prompt, actor=actor)
        if handler.in_use:
            context.sensor_in_use()
        return handler.carry_out(context, request)
