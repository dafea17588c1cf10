"""What a technician asks about templates and the module itself, each request in one place.

Nothing of a finger leaves this process but sealed, with one exception that is asked for by name:
the image of a dirty window.
"""

import logging
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from msgspec import to_builtins

from ...contract.errors import BadRequest
from ..errors import SensorFault, SensorSilent
from ..ledger.gate import Gate
from ..ports import KeyPair, Panel, Passwords, Sealing, Sensor, SensorInfo
from ..sensor.pairing import Pairing
from .enroll import FingerWork, Prompt
from .requests import (
    AskCourier,
    BeginBackup,
    BeginRestore,
    ClearPassword,
    EndTransfer,
    KeepBackup,
    ModuleWork,
    ProposePassword,
    RecallPassword,
    RestorePrints,
    SealPrints,
    SetPassword,
    TakeImage,
    TemplateWork,
)
from .templates.back_up import BackUp
from .templates.fast_line import FastLine
from .templates.module_password import ModulePassword
from .templates.restore import Restore

log = logging.getLogger(__name__)


class Custodian:
    """Carries such requests out; ``info`` is asked for the sensor as it is now."""

    def __init__(
        self,
        gate: Gate,
        sensor: Sensor,
        panel: Panel,
        pairing: Pairing,
        info: Callable[[], SensorInfo | None],
        sealing: Sealing,
        passwords: Passwords,
    ) -> None:
        self._gate = gate
        self._sensor = sensor
        self._panel = panel
        self._info = info
        self._sealing = sealing
        self._back_up = BackUp(gate, pairing, sealing)
        self._restore = Restore(gate, sensor, pairing, sealing)
        self._password = ModulePassword(gate, sensor, sealing, passwords)
        self._line = FastLine(sensor, gate.clock)
        self._courier: KeyPair | None = None

    def perform(
        self, request: TemplateWork | ModuleWork, prompt: Prompt, actor: str
    ) -> dict[str, Any]:
        """Carry out one request; nothing is left half done.

        Raises an EdgeAgentError where it cannot be done.
        """
        match request:
            case BeginBackup():
                return self._back_up.begin(request, self._ready(), actor)
            case SealPrints():
                self._ready()
                return self._back_up.seal(request, prompt)
            case KeepBackup():
                return self._back_up.keep(request)
            case AskCourier():
                self._courier = self._courier or self._sealing.new_keys()
                return {"recipient": self._courier.recipient}
            case BeginRestore():
                begun = self._restore.begin(request, self._ready(), prompt)
                self._line.begin(len(request.digests))
                return begun
            case RestorePrints():
                self._line.go_on()
                outcomes = self._restore.put(request, self._identity, self._ready(), prompt, actor)
                return {"outcomes": to_builtins(outcomes)}
            case EndTransfer():
                self._line.end()
                return {}
            case ProposePassword():
                self._ready()
                return self._password.propose(request)
            case SetPassword():
                self._ready()
                return self._password.set(request, self._identity)
            case ClearPassword():
                self._ready()
                return self._password.clear()
            case RecallPassword():
                return self._recall(request)
            case TakeImage():
                return self._image(prompt)

    def turn(self) -> None:
        """Between two requests: nobody may have ended what they began. Raises SensorFault."""
        self._line.turn()

    def close(self) -> None:
        """No more requests come. Never raises: the next connection finds what is left to do."""
        try:
            self._line.end()
        except SensorFault as fault:
            log.warning("the sensor's speed could not be put back: %s", fault)

    def _recall(self, request: RecallPassword) -> dict[str, Any]:
        if self._info() is not None:
            raise BadRequest("The sensor is in use: its password is known, or it has none.")
        return self._password.recall(request, self._identity)

    def _image(self, prompt: Prompt) -> dict[str, Any]:
        self._ready()
        FingerWork(self._gate, self._sensor, self._panel, prompt).picture()
        image = self._sensor.read_image()
        pixels = b64encode(image.pixels).decode()
        return {"width": image.width, "height": image.height, "pixels": pixels}

    @property
    def _identity(self) -> str:
        if self._courier is None:
            raise BadRequest("The daemon has restarted in between: begin anew.")
        return self._courier.identity

    def _ready(self) -> SensorInfo:
        info = self._info()
        if info is None:
            raise SensorSilent("The sensor is not in use now: see 'edge-agent status' for why.")
        return info
