"""The keys for in and out."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from edge_agent.contract.facts import Direction
from edge_agent.gate.errors import PinFault
from edge_agent.gate.panel.keys import BOUNCE_S, GpioKeys
from edge_agent.gate.settings.schema import PanelSettings
from tests.patience import PATIENCE_S

from .chip import Chip

IN, OUT = 5, 6


@pytest.fixture
def told() -> threading.Semaphore:
    return threading.Semaphore(0)


@pytest.fixture
def keys(chip: Chip, told: threading.Semaphore) -> Iterator[GpioKeys]:
    with closing(GpioKeys(PanelSettings(pins="gpio", key_in=IN, key_out=OUT))) as keys:
        keys.listen(told.release)
        yield keys


def test_a_key_is_held_high_until_it_is_pressed(
    chip: Chip, keys: GpioKeys, told: threading.Semaphore
) -> None:
    assert chip.seen(IN, OUT) == "11"
    chip.put(OUT, 0)
    assert told.acquire(timeout=PATIENCE_S)
    assert [way for way, _ in keys.pressed()] == [Direction.OUT]
    chip.put(OUT, 1)
    assert not told.acquire(timeout=3 * BOUNCE_S)
    chip.put(IN, 0)
    assert told.acquire(timeout=PATIENCE_S)
    assert [way for way, _ in keys.pressed()] == [Direction.IN]


def bounce(chip: Chip, pin: int) -> float:
    """Close a contact as contacts do; the longest time between two of its changes, in seconds."""
    longest, last = 0.0, time.monotonic()
    for level in (0, 1, 0, 1, 0, 1, 0):
        chip.put(pin, level)
        time.sleep(0.006)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    return longest


def test_a_contact_that_bounces_is_one_press(
    chip: Chip, keys: GpioKeys, told: threading.Semaphore
) -> None:
    """Five times, for the simulated line may lose an edge that follows another at once."""
    for _ in range(5):
        while bounce(chip, IN) > BOUNCE_S / 2:
            # This machine was too slow for a bounce: those were presses.
            chip.put(IN, 1)
            while told.acquire(timeout=3 * BOUNCE_S):
                keys.pressed()
        assert told.acquire(timeout=PATIENCE_S)
        assert not told.acquire(timeout=3 * BOUNCE_S)
        assert [way for way, _ in keys.pressed()] == [Direction.IN]
        chip.put(IN, 1)
        assert not told.acquire(timeout=3 * BOUNCE_S)


def test_a_pin_that_a_key_has_already(chip: Chip, keys: GpioKeys) -> None:
    with pytest.raises(PinFault, match="key_in cannot be used"):
        GpioKeys(PanelSettings(pins="gpio", key_in=OUT))
