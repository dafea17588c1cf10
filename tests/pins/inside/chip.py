"""The simulated header, from the other side of its lines (the kernel's gpio-sim)."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.patience import PATIENCE_S

SIMULATED = Path("/sys/kernel/config/gpio-sim/header")


class Chip:
    """What a wire at a pin sees, and does."""

    def __init__(self) -> None:
        device = (SIMULATED / "dev_name").read_text().strip()
        bank = (SIMULATED / "bank/chip_name").read_text().strip()
        self._lines = Path("/sys/devices/platform") / device / bank

    def level(self, pin: int) -> int:
        """0 or 1."""
        return int((self._lines / f"sim_gpio{pin}/value").read_text())

    def put(self, pin: int, level: int) -> None:
        """Hold an input at this level."""
        pull = "pull-up" if level else "pull-down"
        (self._lines / f"sim_gpio{pin}/pull").write_text(pull)

    def seen(self, *pins: int) -> str:
        """The levels of these pins, such as "010"."""
        return "".join(str(self.level(pin)) for pin in pins)

    def plug(self, live: bool) -> None:
        """Take the whole chip away, or bring it back."""
        (SIMULATED / "live").write_text(str(int(live)))


def until(true: Callable[[], bool], what: str) -> None:
    """Nothing tells of a level: it is read again and again."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"{what}: it never came"
        time.sleep(0.002)
