"""Pins beside the sensor's line: its touch output, and the switch of its supply, by gpiozero.

The factory of pins, real or mocked, is always named, so that gpiozero never falls back to a guess.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from gpiozero import DigitalInputDevice, DigitalOutputDevice
from gpiozero.pins.mock import MockFactory, MockPWMPin

from ..contract.language import Message
from ..contract.rights import READ, WRITE, block_on, joining
from .errors import PinFault


def pin_factory(pins: str) -> Any:
    """What makes pins: ``mock`` without hardware, else those of the header."""
    return MockFactory(pin_class=MockPWMPin) if pins == "mock" else _header()


def _header() -> Any:
    from .header.factory import HeaderFactory

    return HeaderFactory()


@contextmanager
def opening(section: str, key: str) -> Iterator[None]:
    """Turn whatever goes wrong into a PinFault that names the setting."""
    try:
        yield
    except Exception as error:  # gpiozero's own, the kernel's, and that gpiod is not installed.
        if (why := closed_chip()) is not None:
            raise PinFault(
                "host.pin-closed", section=section, key=key, error=error, why=why
            ) from error
        raise PinFault("host.pin-failed", section=section, key=key, error=error) from error


def closed_chip() -> Message | None:
    """Why this user may not use the chip that the pins are on; None where that is not it."""
    for chip in sorted(CHIPS.glob("gpiochip*")):
        if (block := block_on(chip, READ | WRITE)) is not None and block.stat is not None:
            return joining(block) or block.told
    return None


CHIPS = Path("/dev")


class TouchPin:
    """The pull resistor holds the pin at rest, so that a wire that has come off feels nobody."""

    def __init__(self, pin: int, active: Literal["low", "high"], pins: str) -> None:
        """``active``: the level at a touch. Raises PinFault with what to do."""
        with opening("sensor", "touch_pin"):
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


class TamperPin:
    """A contact to GND in the gate's case; a resistor holds the pin high where it is open."""

    def __init__(self, pin: int, active: Literal["low", "high"], pins: str) -> None:
        """``active``: the level while the case is open. Raises PinFault with what to do."""
        self._high_is_open = active == "high"
        self._was_opened = False
        with opening("panel", "tamper_pin"):
            self.device = DigitalInputDevice(pin, pull_up=True, pin_factory=pin_factory(pins))
        noted = "when_deactivated" if self._high_is_open else "when_activated"
        setattr(self.device, noted, self._note)

    @property
    def is_open(self) -> bool:
        """Whether the case is open, or was for a moment since this was last asked."""
        was_opened, self._was_opened = self._was_opened, False
        # With a resistor to the supply gpiozero calls the low level active.
        return was_opened or bool(self.device.is_active) is not self._high_is_open

    def close(self) -> None:
        """Let go of the pin."""
        self.device.close()

    def _note(self) -> None:
        self._was_opened = True


class PowerPin:
    """On from the beginning: whoever opens the gate wants to use its sensor."""

    def __init__(self, pin: int, active: Literal["low", "high"], pins: str) -> None:
        """``active``: the level at which the sensor has power. Raises PinFault."""
        with opening("sensor", "power_pin"):
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
