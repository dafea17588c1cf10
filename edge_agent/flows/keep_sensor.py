"""Keep the sensor in use: notice when it goes, show it, bring it back, and say so in the ledger."""

import logging
from typing import Literal

from ..domain.errors import (
    EdgeAgentError,
    GateBusy,
    SensorFault,
    SensorForbidden,
    SensorGarbled,
    SensorSilent,
    SensorUnplugged,
    StoreFault,
)
from ..domain.events import SensorChanged
from ..domain.facts import Fact, RecordingResumed, RecordingStopped
from ..ports import Panel, Sensor, SensorInfo
from .gate import Gate

log = logging.getLogger(__name__)

_STATES = {
    SensorUnplugged: "unplugged",
    SensorForbidden: "forbidden",
    GateBusy: "busy",
    SensorSilent: "silent",
    SensorGarbled: "garbled",
}

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 2.0
"""A sensor is back in use at most this long after it answers again."""


class KeepSensor:
    """The sensor's state, and whether presses can be recorded."""

    def __init__(self, gate: Gate, sensor: Sensor, panel: Panel) -> None:
        self._gate = gate
        self._sensor = sensor
        self._panel = panel
        self._next_try = 0.0
        self._pause = _FIRST_PAUSE_S
        self.state = "starting"
        self.info: SensorInfo | None = None

    @property
    def recording(self) -> bool:
        """Whether a press can be recorded now."""
        return self.info is not None

    def began(self, info: SensorInfo) -> None:
        """The sensor was connected at start-up."""
        try:
            self._see()
        except SensorFault as fault:
            self.lost(fault)
        else:
            self._resume(info, "started")

    def try_again(self) -> None:
        """Connect to the sensor if it is time to."""
        now = self._gate.clock.monotonic()
        if now < self._next_try:
            return
        try:
            info = self._sensor.connect()
            self._see()
        except (SensorFault, GateBusy) as fault:
            self._pause = min(self._pause * 2, _LONGEST_PAUSE_S)
            self._next_try = self._gate.clock.monotonic() + self._pause
            self._changed(fault)
        else:
            self._pause = _FIRST_PAUSE_S
            self._resume(info, "sensor-back")

    def lost(self, fault: SensorFault) -> None:
        """The sensor cannot be used any longer."""
        self._sensor.close()
        self._next_try = self._gate.clock.monotonic() + self._pause
        self._panel.fault(True)
        if self.recording:
            self.info = None
            self._write(RecordingStopped(reason="sensor-fault"))
        self._changed(fault)

    def ended(self) -> None:
        """The daemon stops; from now on nobody records here."""
        self._sensor.close()
        if self.recording:
            self.info = None
            self._write(RecordingStopped(reason="stopping"))

    def _see(self) -> None:
        """Take an image: a module may answer well and be blind. Raises SensorFault."""
        while self._sensor.capture() is None:
            pass  # The sensor itself bounds how often it may fail to tell.

    def _resume(self, info: SensorInfo, reason: Literal["started", "sensor-back"]) -> None:
        self.info = info
        self.state = "ready"
        self._panel.fault(False)
        self._write(RecordingResumed(reason=reason))
        log.info("sensor ready: %d slots at %d baud", info.capacity, info.baud)
        self._gate.tell(SensorChanged(state=self.state))

    def _changed(self, fault: EdgeAgentError) -> None:
        state = _STATES.get(type(fault), "fault")
        if state != self.state:
            self.state = state
            log.error("%s", fault)
            self._gate.tell(SensorChanged(state=state, detail=str(fault)))

    def _write(self, fact: Fact) -> None:
        try:
            self._gate.record(fact)
        except StoreFault as fault:
            log.error("%s could not be written: %s", type(fact).__name__, fault)
