"""The pins that are wired to the sensor beside its serial line."""

from collections.abc import Callable
from typing import Protocol


class Touch(Protocol):
    """The sensor's own touch output: tells of a finger without a word on the line."""

    @property
    def felt(self) -> bool:
        """Whether a finger is felt now."""

    def listen(self, heard: Callable[[], None]) -> None:
        """Have ``heard`` called, on any thread, at each touch that begins."""

    def close(self) -> None:
        """Let go of the pin."""


class Power(Protocol):
    """What switches the sensor's supply."""

    def switch(self, on: bool) -> None:
        """Give the sensor power, or take it away."""

    @property
    def is_on(self) -> bool:
        """Whether the pin has the level at which the sensor has power."""

    def close(self) -> None:
        """Let go of the pin."""
