"""Fixtures that all tests share."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from . import patience
from .brokers import MOSQUITTO, Mosquitto

# A slow machine is no bug: no example of a property has a deadline.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# A shell that runs the suite in the background has SIGINT ignored, and whatever the tests start
# would ignore their Ctrl-C as well.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_SYSTEM = (
    "system",
    "powerloss",
    "receiver",
    "scale",
    "gate/uplink",
    "gate/sensor/line",
    "simulator",
    "test_demo.py",
    "test_hw_tests.py",
)
"""What takes more than the minute that a contributor's plain ``pytest`` may take."""


def pytest_configure(config: pytest.Config) -> None:
    """Hold times in seconds only where nothing runs beside the tests."""
    patience.alone = config.option.markexpr == "alone"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what only ``make test`` runs."""
    folder = Path(__file__).parent
    for item in items:
        if any(item.path.is_relative_to(folder / slow) for slow in _SYSTEM):
            item.add_marker("system")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say plainly what a plain ``pytest`` leaves out."""
    if "not system" not in config.option.markexpr:
        return None
    return f"left out, run by make test: {', '.join(_SYSTEM)} (real processes, brokers, lines)"


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test run's, the same for all its processes."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running mosquitto of this test's own, with its default limits."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    with Mosquitto(tmp_path) as broker:
        yield broker
