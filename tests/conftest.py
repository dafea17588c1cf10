"""Fixtures that all tests share."""

import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.brokers import MOSQUITTO, Mosquitto

# A slow machine is no bug: no example of a property has a deadline.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# A shell that runs the suite in the background has SIGINT ignored, and whatever the tests start
# would ignore their Ctrl-C as well.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running mosquitto of this test's own, with its default limits."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    with Mosquitto(tmp_path) as broker:
        yield broker
