"""Fixtures of the doctor's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.simulator.background import Remote, running_simulator
from edge_agent.simulator.serving import SimulatorOptions

from .staging import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A machine of this test's own, with nothing on it."""
    return Stage(tmp_path)


@pytest.fixture
def simulator(stage: Stage) -> Iterator[Remote]:
    """A simulated sensor at the stage's port."""
    options = SimulatorOptions(
        link=stage.folder / "tty", control=stage.folder / "sim", model="as608", paced=False
    )
    with running_simulator(options) as remote:
        yield remote
