"""Lamps and buzzer, one after another: the right one, by itself, and off again."""

import pytest

from edge_agent.gate.panel.lamps import GpioPanel

from .person import Person

_ADVICE = {
    "lamp": "which way round the LED is, its resistor, and GND",
    "buzzer": "+ and -, and that it is an active buzzer, which sounds on plain 3.3 V",
}


@pytest.mark.parametrize("lamp", ["green", "amber", "red", "buzzer"])
def test_one_at_a_time(
    lamp: str, panel: GpioPanel, person: Person, pytestconfig: pytest.Config
) -> None:
    pin = pytestconfig.getoption(lamp)
    if pin == "none":
        pytest.skip(f"--{lamp} none: nothing is connected")
    device = panel.devices[lamp]
    device.on()
    try:
        seen = person.sees(lamp, panel)
    finally:
        panel.dark()
    assert seen, (
        f"With BCM pin {pin} on, {lamp} was not seen, or not alone: check the wire at that pin "
        f"(--{lamp} names another; pin numbers are BCM's, not places on the header), "
        f"{_ADVICE.get(lamp, _ADVICE['lamp'])}."
    )
    assert not device.value, f"BCM pin {pin} stayed on after the panel went dark: replace the Pi."
