"""A simulator behind a pty for each test that asks for one, and the other driver's two stubs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edge_agent.simulator.background import Remote, running_simulator
from edge_agent.simulator.serving import SimulatorOptions


@dataclass
class Running:
    """A simulator that a test has started: where it is, and how to tell it what to do."""

    options: SimulatorOptions
    remote: Remote

    @property
    def port(self) -> str:
        return str(self.options.link)

    def ask(self, line: str) -> str:
        return self.remote.ask(line)


Simulate = Callable[..., Running]


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[Simulate]:
    """Starts simulators, unpaced unless asked otherwise; all of them stop with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Running:
            place = {"link": tmp_path / "sensor", "control": tmp_path / "control"}
            chosen = SimulatorOptions(**{"paced": False, **place, **options})
            return Running(chosen, stack.enter_context(running_simulator(chosen)))

        yield start


@pytest.fixture
def adafruit(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """adafruit_fingerprint, which needs of CircuitPython only a type and `const`."""
    busio: Any = ModuleType("busio")
    busio.UART = object
    micropython: Any = ModuleType("micropython")
    micropython.const = int
    monkeypatch.setitem(sys.modules, "busio", busio)
    monkeypatch.setitem(sys.modules, "micropython", micropython)
    return pytest.importorskip("adafruit_fingerprint")
