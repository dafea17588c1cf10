"""Fixtures of the system tests."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forks import ForkServer

from .gate import STAFF, Gate


@pytest.fixture(scope="session", autouse=True)
def _forks() -> Iterator[None]:
    """One for all: each is started with its imports done."""
    with ForkServer() as server:
        Gate.forks = server
        yield
        Gate.forks = None


@pytest.fixture(scope="session")
def staff(run_folder: Path) -> Path:
    """Database and sensor memory of a gate where all of STAFF are enrolled, once for all."""
    kept = run_folder / "staff"
    with (run_folder / "staff.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            with Gate() as gate:
                gate.simulate("--no-pace")
                gate.enrol(*STAFF)
                gate.stop_simulating()
                kept.mkdir()
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


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gates wait for their sensors as long as a busy machine needs: no fault of a line is tried."""
    monkeypatch.setattr(Gate, "patient", True)
