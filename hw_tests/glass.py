"""Guiding a person's fingers by what the sensor sees: nobody ever types Enter."""

import time

import pytest

from edge_agent.cli.words import hint_of
from edge_agent.gate.ports import Buffer, Sensor

from .person import PATIENCE_S, Person

_TRIES = 3

_NEVER_SEEN = (
    f"The sensor saw no finger within {PATIENCE_S:.0f} s: press flat on the middle of the glass; "
    "where its light stays off at a touch, check its supply and the flat cable inside."
)
_NEVER_BARE = (
    f"The sensor still saw a finger after {PATIENCE_S:.0f} s: wipe the glass and keep sunlight "
    "off it; if it stays so with a clean, dark glass, replace the sensor."
)
_TOO_POOR = (
    "Three scans of one finger were too poor: wipe the glass, wipe or moisten the finger, and if "
    "other fingers fare no better, replace the sensor."
)


class Glass:
    """The sensor's glass, with a person in front of it."""

    def __init__(self, sensor: Sensor, person: Person) -> None:
        self.person = person
        self._sensor = sensor

    def press(self, finger: str, buffer: Buffer = Buffer.ONE) -> None:
        """Have ``finger`` pressed; returns with it still down and its features in ``buffer``."""
        for _ in range(_TRIES):
            self.clear()
            self.person.press(finger)
            self._await_finger()
            hint = self._sensor.extract(buffer)
            if hint is None:
                return
            self.person.told(hint_of(hint))
        pytest.fail(_TOO_POOR, pytrace=False)

    def clear(self) -> float:
        """Have the glass bare.

        Returns how many seconds the sensor took at most to notice it: the finger was still there
        when the last capture that shows it began.
        """
        seen = time.monotonic()
        give_up = seen + PATIENCE_S
        asked = False
        while time.monotonic() < give_up:
            began = time.monotonic()
            if not self._sensor.capture():
                return time.monotonic() - seen
            seen = began
            if not asked:
                self.person.lift()
                asked = True
        pytest.fail(_NEVER_BARE, pytrace=False)

    def _await_finger(self) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while not self._sensor.capture():
            if time.monotonic() >= give_up:
                pytest.fail(_NEVER_SEEN, pytrace=False)
