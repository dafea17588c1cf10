"""A chip that vanishes while it is used, as an expander's does.

The last file: the kernel leaves its interrupts in use.
"""

import threading
import time
from contextlib import closing

import pytest

from edge_agent.gate.errors import PinFault
from edge_agent.gate.events import Outcome
from edge_agent.gate.panel.keys import GpioKeys
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.pins import TouchPin
from edge_agent.gate.settings.schema import PanelSettings

from .chip import Chip

TOUCH, IN, OUT = 4, 5, 6
SETTINGS = PanelSettings(pins="gpio")
# The kernel says so on its console each time: "REMOVING GPIOCHIP WITH GPIOS STILL REQUESTED".


def test_without_a_chip_each_pin_says_so(chip: Chip) -> None:
    chip.plug(False)
    try:
        with pytest.raises(PinFault, match=r"touch_pin cannot be used .*No such device"):
            TouchPin(TOUCH, "low", "gpio")
    finally:
        chip.plug(True)


def test_a_chip_that_vanishes_takes_no_press_with_it(
    chip: Chip, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(GpioPanel(SETTINGS)) as panel:
        panel.touched()
        chip.plug(False)
        try:
            began = time.monotonic()
            panel.show(Outcome.RECORDED)
            panel.touched()
            panel.dark()
            assert time.monotonic() - began < 5
        finally:
            chip.plug(True)
    assert [record.message for record in caplog.records if "lamps fail" in record.message]


def test_keys_on_a_chip_that_vanished_keep_nothing_busy_and_can_be_closed(chip: Chip) -> None:
    with closing(GpioKeys(PanelSettings(pins="gpio", key_in=IN, key_out=OUT))) as keys:
        chip.plug(False)
        try:
            began = time.process_time()
            time.sleep(1.0)
            assert time.process_time() - began < 0.5
            assert keys.pressed() == []
        finally:
            chip.plug(True)
    assert [thread for thread in threading.enumerate() if thread.name == "pin"] == []
