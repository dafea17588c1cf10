"""The keys and their lamps, on mock pins."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from edge_agent.contract.facts import Direction
from edge_agent.gate.errors import PinFault
from edge_agent.gate.events import Outcome
from edge_agent.gate.panel.keys import GpioKeys
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.settings.schema import PanelSettings
from tests.patience import PATIENCE_S

IN, OUT = Direction.IN, Direction.OUT
WIRED = PanelSettings(pins="mock", key_in=5, key_out=6, lamp_in=12, lamp_out=13)


@pytest.fixture
def keys() -> Iterator[GpioKeys]:
    with closing(GpioKeys(WIRED)) as opened:
        yield opened


def test_a_press_is_one_however_it_bounces(keys: GpioKeys) -> None:
    heard = threading.Semaphore(0)
    keys.listen(lambda: heard.release() and None)
    for way in (OUT, IN):
        pin = keys.devices[way].pin
        pin.drive_low()
        assert heard.acquire(timeout=PATIENCE_S)
        pin.drive_high()
    assert [way for way, _ in keys.pressed()] == [OUT, IN]
    assert keys.pressed() == []
    assert all(button.pin.bounce == 0.05 for button in keys.devices.values())


def test_a_key_whose_pin_is_taken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    factory = MockFactory()
    monkeypatch.setattr("edge_agent.gate.panel.keys.pin_factory", lambda pins: factory)
    settings = PanelSettings(pins="mock", key_in=5, key_out=5)
    with pytest.raises(PinFault, match=r"\[panel\] key_out cannot be used"):
        GpioKeys(settings)
    with closing(GpioKeys(PanelSettings(pins="mock", key_in=5))) as one:  # And let go of.
        assert list(one.devices) == [IN]


def lit(panel: Any) -> set[str]:
    return {name for name, device in panel.devices.items() if device.pin.state}


def test_the_lamp_of_what_would_be_recorded_stays_beside_all_else() -> None:
    with closing(GpioPanel(WIRED)) as panel:
        panel.choose(OUT)
        assert lit(panel) == {"out"}
        panel.touched()
        assert lit(panel) == {"out", "amber"}
        panel.dark()
        assert lit(panel) == {"out"}
        panel.choose(IN)
        assert lit(panel) == {"in"}
        panel.choose(None)
        assert lit(panel) == set()
    with closing(GpioPanel(WIRED)) as panel:
        panel.choose(OUT)
        pins = [device.pin for device in panel.devices.values()]
        panel.close()
        assert not any(pin.state for pin in pins)


def test_a_punch_without_a_direction_asks_for_one() -> None:
    with closing(GpioPanel(WIRED)) as panel:
        panel.show(Outcome.RECORDED)
        assert {"green", "in", "out"} <= lit(panel)
        panel.show(Outcome.REPEATED, direction=IN)
        assert {"green", "in"} <= lit(panel)
        assert "out" not in lit(panel)
