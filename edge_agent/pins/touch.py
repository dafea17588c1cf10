"""The Touch port, on a pin that the sensor's touch output is wired to."""

from collections.abc import Callable
from typing import Literal

from gpiozero import DigitalInputDevice

from .factory import opening, pin_factory


class TouchPin:
    """The pull resistor holds the pin at rest, so that a wire that has come off feels nobody."""

    def __init__(self, pin: int, active: Literal["low", "high"], pins: str) -> None:
        """``active``: the level at a touch. Raises PinFault with what to do."""
        with opening("touch_pin"):
            self.device = DigitalInputDevice(
                pin, pull_up=active == "low", pin_factory=pin_factory(pins)
            )

    @property
    def felt(self) -> bool:
        """Whether a finger is felt now."""
        return bool(self.device.is_active)

    def listen(self, heard: Callable[[], None]) -> None:
        """Have ``heard`` called, on a thread of gpiozero's, at each touch that begins."""
        self.device.when_activated = heard

    def close(self) -> None:
        """Let go of the pin."""
        self.device.close()
