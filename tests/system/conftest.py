"""Fixtures of the system tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .gate import STAFF, Gate


@pytest.fixture(scope="session")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Database and sensor memory of a gate where all of STAFF are enrolled."""
    kept = tmp_path_factory.mktemp("staff")
    with Gate() as gate:
        gate.simulate("--no-pace")
        gate.enrol(*STAFF)
        gate.stop_simulating()
        gate.move_out(kept)
    return kept


@pytest.fixture
def gate(staff: Path) -> Iterator[Gate]:
    """A gate with an unpaced sensor that knows STAFF, and no daemon yet."""
    with Gate() as gate:
        gate.move_in(staff)
        gate.simulate("--no-pace")
        yield gate


@pytest.fixture
def new_gate() -> Iterator[Gate]:
    """A gate with an unpaced sensor that was never used."""
    with Gate() as gate:
        gate.simulate("--no-pace")
        yield gate
