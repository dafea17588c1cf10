"""The Power port, on a pin that switches the sensor's supply."""

from typing import Literal

from gpiozero import DigitalOutputDevice

from .factory import opening, pin_factory


class PowerPin:
    """On from the beginning: whoever opens the gate wants to use its sensor."""

    def __init__(self, pin: int, active: Literal["low", "high"], pins: str) -> None:
        """``active``: the level at which the sensor has power. Raises PinFault."""
        with opening("power_pin"):
            self.device = DigitalOutputDevice(
                pin,
                active_high=active == "high",
                initial_value=True,
                pin_factory=pin_factory(pins),
            )

    def switch(self, on: bool) -> None:
        """Give the sensor power, or take it away."""
        self.device.value = on

    @property
    def is_on(self) -> bool:
        """The level that the pin really has, read back."""
        return bool(self.device.is_active)

    def close(self) -> None:
        """Let go of the pin; what its level is then is the board's matter."""
        self.device.close()
