"""The sensor's touch output, the switch of its supply, and the contact in the gate's case."""

import threading
import time
from contextlib import closing
from typing import Any

import pytest

from edge_agent.gate.errors import PinFault
from edge_agent.gate.ledger.watch_case import WatchCase
from edge_agent.gate.pins import PowerPin, TamperPin, TouchPin
from tests.gate.fakes import Site
from tests.patience import PATIENCE_S

from .chip import Chip, until

TOUCH, POWER, TAMPER = 4, 5, 6


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


@pytest.mark.parametrize(("active", "when_open"), [("high", 1), ("low", 0)])
def test_a_case_that_is_opened_is_seen_and_so_is_a_moment_between_two_looks(
    chip: Chip, active: Any, when_open: int
) -> None:
    with closing(TamperPin(TAMPER, active, "gpio")) as tamper:
        assert chip.level(TAMPER) == 1  # By the gate's own resistor: a wire that was cut.
        assert tamper.is_open is (active == "high")
        chip.put(TAMPER, 1 - when_open)
        until(lambda: not tamper.is_open, "the case closed")
        chip.put(TAMPER, when_open)
        until(lambda: tamper.is_open, "the case open")
        chip.put(TAMPER, 1 - when_open)
        until(lambda: not tamper.is_open, "the case closed again")

        def is_opened_for_a_moment() -> bool:
            chip.put(TAMPER, when_open)
            time.sleep(0.01)
            chip.put(TAMPER, 1 - when_open)
            return tamper.is_open

        # The simulated line may lose an edge that follows another.
        until(is_opened_for_a_moment, "that it was open for a moment")
        until(lambda: not tamper.is_open, "the case closed in the end")


def test_each_opening_is_an_entry(chip: Chip) -> None:
    site = Site()
    chip.put(TAMPER, 0)
    with closing(TamperPin(TAMPER, "high", "gpio")) as tamper:
        watch = WatchCase(site.gate, site.panel, tamper, lamp=True)

        def looked(kind: str) -> bool:
            site.clock.now += 6
            watch.look()
            return kind in [one["kind"] for one in site.store.data()]

        chip.put(TAMPER, 0)
        until(lambda: not tamper.is_open, "the case closed")
        assert not looked("case.opened")
        chip.put(TAMPER, 1)
        until(lambda: looked("case.opened"), "the entry")
        chip.put(TAMPER, 0)
        until(lambda: looked("case.closed"), "the end of it")


def test_a_tamper_pin_that_is_another_s(chip: Chip) -> None:
    with (
        closing(TouchPin(TOUCH, "low", "gpio")),
        pytest.raises(PinFault, match="tamper_pin cannot be used"),
    ):
        TamperPin(TOUCH, "high", "gpio")
