"""The touch pin and the power pin."""

from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from edge_agent.gate.doctor import panel as pins
from edge_agent.gate.doctor.checks import look
from edge_agent.gate.doctor.panel import power_pin, touch_pin

from .staging import Stage, said, status


@pytest.fixture
def header(monkeypatch: pytest.MonkeyPatch) -> MockFactory:
    """The pins of a Pi; nothing is waited for."""
    factory = MockFactory()
    monkeypatch.setattr("edge_agent.gate.pins._header", lambda: factory)
    monkeypatch.setattr(pins, "sleep", lambda seconds: None)
    return factory


CHECKS = pytest.mark.parametrize(
    ("check", "key"), [(touch_pin, "touch_pin"), (power_pin, "power_pin")]
)


@CHECKS
def test_a_pin_that_is_not_wired_is_not_looked_at(stage: Stage, check: Any, key: str) -> None:
    assert check(stage.context()) is None


@CHECKS
def test_a_pin_that_is_only_imitated(stage: Stage, check: Any, key: str) -> None:
    assert said(check(stage.context(sensor={key: 4}, panel={"pins": "mock"}))) == "PIN_MOCK"


@CHECKS
def test_the_daemon_has_it(stage: Stage, check: Any, key: str) -> None:
    context = stage.context(sensor={key: 4})
    context.status = status()
    assert said(check(context)) == "PIN_OF_DAEMON"


@CHECKS
def test_somebody_else_has_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, check: Any, key: str
) -> None:
    def busy() -> Any:
        raise RuntimeError("'GPIO busy'")  # As gpiod says it.

    monkeypatch.setattr("edge_agent.gate.pins._header", busy)
    assert said(check(stage.context(sensor={key: 4}))) == "PIN_BUSY"


@CHECKS
def test_there_is_no_way_to_the_pins(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, check: Any, key: str
) -> None:
    def none() -> Any:
        raise ModuleNotFoundError("No module named 'gpiod'")

    monkeypatch.setattr("edge_agent.gate.pins._header", none)
    [finding] = look(check, stage.context(sensor={key: 4}))
    assert finding.state == "FAIL"
    assert key in finding.found
    assert "gpiod is installed" in finding.advice


@pytest.mark.parametrize("active", ["low", "high"])
@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([False], "TOUCH_AT_REST"),
        ([True], "TOUCH_FELT"),
        ([True, False, False], "TOUCH_FLICKERS"),
    ],
)
def test_the_touch_pin(
    stage: Stage,
    header: MockFactory,
    monkeypatch: pytest.MonkeyPatch,
    active: str,
    levels: list[bool],
    expected: str,
) -> None:
    turn = iter(levels * 40)
    pressed = active == "high"
    monkeypatch.setattr(MockPin, "_get_state", lambda pin: next(turn) is pressed)
    context = stage.context(sensor={"touch_pin": 4, "touch_active": active})
    assert said(touch_pin(context)) == expected


def test_a_sensor_that_is_off_is_switched_on_to_feel(stage: Stage, header: MockFactory) -> None:
    on: list[bool] = []
    context = stage.context(sensor={"touch_pin": 4, "power_pin": 5})
    make = context.assembly.touch

    def touch() -> Any:
        on.append(bool(header.pin(5).state))
        return make()

    context.assembly.touch = touch  # type: ignore[method-assign]
    assert said(touch_pin(context)) == "TOUCH_AT_REST"
    assert on == [True]


@pytest.mark.parametrize("active", ["low", "high"])
def test_the_power_pin(stage: Stage, header: MockFactory, active: str) -> None:
    context = stage.context(sensor={"power_pin": 5, "power_active": active})
    assert said(power_pin(context)) == "POWER_PIN_SWITCHES"
    # It was let go of: the sensor's own check opens it again.
    assert said(power_pin(context)) == "POWER_PIN_SWITCHES"


def test_a_power_pin_with_a_short(
    stage: Stage, header: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MockPin, "_get_state", lambda pin: False)
    assert said(power_pin(stage.context(sensor={"power_pin": 5}))) == "POWER_PIN_SHORTED"
