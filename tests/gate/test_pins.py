"""The touch output and the supply of the sensor, on mock pins."""

import threading
from typing import Any

import pytest

from edge_agent.gate.errors import PinFault
from edge_agent.gate.pins import PowerPin, TouchPin
from tests.patience import PATIENCE_S


@pytest.mark.parametrize("active", ["low", "high"])
def test_a_touch_is_felt_and_told(active: Any) -> None:
    touch = TouchPin(4, active, "mock")
    told = threading.Semaphore(0)
    touch.listen(told.release)
    press, lift = touch.device.pin.drive_low, touch.device.pin.drive_high
    if active == "high":
        press, lift = lift, press
    lift()
    assert not touch.felt
    press()
    assert told.acquire(timeout=PATIENCE_S)
    assert touch.felt
    lift()
    assert not touch.felt
    assert not told.acquire(blocking=False)
    touch.close()


@pytest.mark.parametrize("active", ["low", "high"])
def test_a_wire_that_has_come_off_feels_nobody(active: Any) -> None:
    touch = TouchPin(4, active, "mock")
    assert not touch.felt  # the pull resistor says so
    touch.close()


@pytest.mark.parametrize(("active", "level_when_on"), [("high", True), ("low", False)])
def test_power_is_on_from_the_beginning(active: Any, level_when_on: bool) -> None:
    power = PowerPin(5, active, "mock")
    pin = power.device.pin
    assert bool(pin.state) is level_when_on
    power.switch(False)
    assert bool(pin.state) is not level_when_on
    power.switch(True)
    assert bool(pin.state) is level_when_on
    power.close()


def test_a_pin_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError("no chip")

    monkeypatch.setattr("edge_agent.gate.pins._header", refuse)
    with pytest.raises(PinFault, match=r"\[sensor\] touch_pin cannot be used \(no chip\)"):
        TouchPin(4, "low", "gpio")
    with pytest.raises(PinFault, match=r"\[sensor\] power_pin cannot be used"):
        PowerPin(4, "high", "none")
