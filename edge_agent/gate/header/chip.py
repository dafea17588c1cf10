"""Which GPIO chip the header's pins are on, by its label: its number changes between kernels."""

import errno
import os
from pathlib import Path

import gpiod

CHIPS = Path("/dev")


def header_chip() -> Path:
    """Its device: pinctrl-bcm2835, pinctrl-bcm2711 or, on a Pi 5, pinctrl-rp1.

    Raises OSError: there is none, or none that this user may open.
    """
    closed: OSError | None = None
    for device in sorted(CHIPS.glob("gpiochip*")):
        try:
            with gpiod.Chip(str(device)) as chip:
                if chip.get_info().label.startswith("pinctrl-"):
                    return device
        except OSError as error:
            closed = closed or error
    raise closed or OSError(errno.ENODEV, os.strerror(errno.ENODEV), str(CHIPS / "gpiochip*"))
