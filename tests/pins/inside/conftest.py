"""A header with nothing lit and nothing pressed."""

import pytest

from .chip import Chip

LINES = 28


@pytest.fixture
def chip() -> Chip:
    """Every line pulled low, as a lamp does; a key's own pull is the gate's to ask for."""
    chip = Chip()
    for pin in range(LINES):
        chip.put(pin, 0)
    return chip
