"""The keys for in and out, by gpiozero."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from gpiozero import Button

from ...contract.facts import Direction
from ..pins import opening, pin_factory
from ..settings.schema import PanelSettings

BOUNCE_S = 0.05
"""A contact closes many times within milliseconds before it stays."""


class GpioKeys:
    """The Keys port on gpiozero buttons: each closes its pin to GND."""

    def __init__(self, settings: PanelSettings) -> None:
        """Open the pins that the settings name. Raises PinFault with what to do."""
        self._lock = threading.Lock()
        self._pressed: list[tuple[Direction, float]] = []
        self._wake: Callable[[], None] = lambda: None
        self.devices: dict[Direction, Button] = {}
        with ExitStack() as opened:
            for way, key, pin in (
                (Direction.IN, "key_in", settings.key_in),
                (Direction.OUT, "key_out", settings.key_out),
            ):
                if pin != "none":
                    with opening("panel", key):
                        button = Button(
                            pin, bounce_time=BOUNCE_S, pin_factory=pin_factory(settings.pins)
                        )
                    opened.callback(button.close)
                    button.when_pressed = lambda way=way: self._note(way)
                    self.devices[way] = button
            self._opened = opened.pop_all()

    def pressed(self) -> list[tuple[Direction, float]]:
        """Which keys were pressed since, and when on the monotonic clock, the first one first."""
        with self._lock:
            found, self._pressed = self._pressed, []
        return found

    def listen(self, heard: Callable[[], None]) -> None:
        """Have ``heard`` called, on a thread of gpiozero's, at each press."""
        self._wake = heard

    def close(self) -> None:
        """Let go of the pins."""
        self._opened.close()

    def _note(self, way: Direction) -> None:
        with self._lock:
            self._pressed.append((way, time.monotonic()))
        self._wake()
