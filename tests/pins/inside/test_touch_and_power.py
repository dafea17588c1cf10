"""The sensor's touch output, and the switch of its supply."""

import threading
from contextlib import closing
from typing import Any

import pytest

from edge_agent.gate.errors import PinFault
from edge_agent.gate.pins import PowerPin, TouchPin
from tests.patience import PATIENCE_S

from .chip import Chip

TOUCH, POWER = 4, 5


@pytest.mark.parametrize(("active", "at_touch"), [("low", 0), ("high", 1)])
def test_a_touch_is_felt_and_told(chip: Chip, active: Any, at_touch: int) -> None:
    told, lifted = threading.Semaphore(0), threading.Semaphore(0)
    with closing(TouchPin(TOUCH, active, "gpio")) as touch:
        touch.listen(told.release)
        touch.device.when_deactivated = lifted.release
        assert chip.level(TOUCH) != at_touch  # Held at rest by the gate itself.
        assert not touch.felt
        chip.put(TOUCH, at_touch)
        assert told.acquire(timeout=PATIENCE_S)
        assert touch.felt
        chip.put(TOUCH, 1 - at_touch)
        assert lifted.acquire(timeout=PATIENCE_S)
        assert not touch.felt
        chip.put(TOUCH, at_touch)
        assert told.acquire(timeout=PATIENCE_S)


@pytest.mark.parametrize(("active", "on"), [("high", 1), ("low", 0)])
def test_a_sensor_is_switched_off_and_on(chip: Chip, active: Any, on: int) -> None:
    with closing(PowerPin(POWER, active, "gpio")) as power:
        assert chip.level(POWER) == on
        assert power.is_on
        power.switch(False)
        assert chip.level(POWER) == 1 - on
        power.switch(True)
        assert chip.level(POWER) == on


def test_a_pin_that_is_taken_twice(chip: Chip) -> None:
    with (
        closing(TouchPin(TOUCH, "low", "gpio")),
        pytest.raises(PinFault, match="power_pin cannot be used"),
    ):
        PowerPin(TOUCH, "high", "gpio")
