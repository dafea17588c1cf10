"""The touch output: is it at the pin, and is its polarity the one that the settings say?"""

import time
from collections.abc import Iterator

import pytest

from edge_agent.gate.pins import TouchPin
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor

from .facts import Facts
from .glass import Glass
from .person import PATIENCE_S

_SETTLED_S = 0.3


@pytest.fixture
def touch(pytestconfig: pytest.Config) -> Iterator[TouchPin]:
    option = pytestconfig.option
    if option.touch_pin == "none":
        pytest.skip("no touch output is wired: --touch-pin names its pin")
    pin = TouchPin(option.touch_pin, option.touch_active, "mock" if option.simulator else "gpio")
    yield pin
    pin.close()


def test_the_touch_output(
    touch: TouchPin,
    sensor: FingerprintSensor,
    glass: Glass,
    facts: Facts,
    pytestconfig: pytest.Config,
) -> None:
    option = pytestconfig.option
    glass.clear()
    if option.touch_sleep:
        sensor.sleep()
    time.sleep(_SETTLED_S)
    glass.person.at_pin(touch)
    bare = touch.felt
    glass.person.press("right-index")
    pressed = _felt_within(touch, glass, bare)
    other = "high" if option.touch_active == "low" else "low"
    level = {True: option.touch_active, False: other}
    facts.note("touch output", f"{level[bare]} at rest, {level[pressed]} at a touch")
    glass.clear()
    assert bare != pressed, (
        f"BCM pin {option.touch_pin} stays {level[bare]} whether the glass is touched or not: "
        "check the wire, the touch output's own supply, and try --touch-sleep."
    )
    assert pressed, (
        f"The touch output is {level[pressed]} at a touch: set [sensor] touch_active = "
        f'"{level[pressed]}".'
    )


def _felt_within(touch: TouchPin, glass: Glass, bare: bool) -> bool:
    """What the pin says once it says something else; as at rest where it never does."""
    give_up = time.monotonic() + (PATIENCE_S if not glass.person.at_once else 2.0)
    while time.monotonic() < give_up:
        glass.person.at_pin(touch)
        if touch.felt != bare:
            return touch.felt
        time.sleep(0.01)
    return bare
