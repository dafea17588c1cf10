"""Who carries out which request, and what has to be so before and after it.

The one table of them, for the daemon and for a command without one. A new request needs its
struct (requests.py), its handler, and its row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

from ...contract.stamps import Stamp
from ..ledger.gate import Gate
from ..ports import Panel, Sensor, SensorInfo
from ..rules import Match
from ..sensor.pairing import Pairing
from .back_up import begin_backup, keep_backup, seal_prints
from .context import RequestContext, Result, Transfers
from .enroll import enroll, identify, remove_print
from .prompt import Prompt
from .requests import (
    ActivateWorker,
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
    RenameWorker,
    Request,
    RestorePrints,
    SealPrints,
    TakeImage,
    VoidPunch,
)
from .restore import ask_courier, begin_restore, restore_prints
from .sensor import adopt_sensor, ask_sensor, take_image
from .supervise import add_punch, void_punch
from .templates.records import Strangers
from .templates.sealing import AgeSealing
from .workers import activate_worker, add_worker, deactivate_worker, rename_worker


@dataclass(frozen=True)
class Handler:
    """Who carries a request out: whole, or not at all and with an EdgeAgentError."""

    carry_out: Callable[[RequestContext, Any], Result]
    _: KW_ONLY
    needs_sensor: bool = False
    """Whether the sensor has to be in use: connected, and the one that the prints are in."""
    tells_of_sensor: bool = False
    """Whether it may show that the sensor is another one, or fuller than before."""
    takes_finger: bool = False
    """Whether somebody presses: the finger on the glass afterwards has had its answer."""


HANDLERS: Mapping[type[Request], Handler] = {
    AddWorker: Handler(add_worker),
    RenameWorker: Handler(rename_worker),
    ActivateWorker: Handler(activate_worker),
    DeactivateWorker: Handler(deactivate_worker),
    VoidPunch: Handler(void_punch),
    AddPunch: Handler(add_punch),
    Enroll: Handler(enroll, needs_sensor=True, tells_of_sensor=True, takes_finger=True),
    RemovePrint: Handler(remove_print, needs_sensor=True, tells_of_sensor=True),
    Identify: Handler(identify, needs_sensor=True, tells_of_sensor=True, takes_finger=True),
    AskSensor: Handler(ask_sensor, tells_of_sensor=True),
    AdoptSensor: Handler(adopt_sensor, tells_of_sensor=True),
    TakeImage: Handler(take_image, needs_sensor=True, takes_finger=True),
    BeginBackup: Handler(begin_backup, needs_sensor=True),
    SealPrints: Handler(seal_prints, needs_sensor=True),
    KeepBackup: Handler(keep_backup),
    AskCourier: Handler(ask_courier),
    BeginRestore: Handler(begin_restore, needs_sensor=True),
    RestorePrints: Handler(restore_prints, needs_sensor=True),
}


class Dispatcher:
    """Has requests carried out on one gate, one after the other, as long as the process lives."""

    def __init__(
        self,
        gate: Gate,
        sensor: Sensor,
        panel: Panel,
        pairing: Pairing,
        sealing: AgeSealing,
        punch: Callable[[Match, Stamp], None],
    ) -> None:
        """``punch`` answers whoever presses while somebody else is waited for."""
        self._context = partial(
            RequestContext,
            gate=gate,
            sensor=sensor,
            panel=panel,
            pairing=pairing,
            sealing=sealing,
            punch=punch,
            transfers=Transfers(Strangers(gate, sensor, pairing)),
        )

    def carry_out(
        self,
        request: Request,
        connected: SensorInfo | None,
        prompt: Prompt,
        actor: str,
        missing: str | None = None,
    ) -> Result:
        """Return what ``--json`` prints; ``connected`` is the sensor in use, if it is.

        ``missing`` says why it is not. Raises an EdgeAgentError where it cannot be done.
        """
        handler = HANDLERS[type(request)]
        context = self._context(connected=connected, prompt=prompt, actor=actor, missing=missing)
        if handler.needs_sensor:
            context.sensor_in_use()
        return handler.carry_out(context, request)
