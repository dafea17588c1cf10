"""What the benches of a touch share: a simulated sensor beside them, a worker, and who takes it."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from edge_agent.cli.carry_out import carry_out
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.events import Event, Outcome, PanelShown
from edge_agent.gate.people.answers import Step, StepKind
from edge_agent.gate.people.requests import AddWorker, Enroll
from edge_agent.gate.ports import Sensor
from edge_agent.gate.settings.schema import Settings
from edge_agent.gate.touch.take_punch import TakePunch
from edge_agent.simulator.background import Remote
from edge_agent.simulator.paths import SimulatorError

CAPTURES = 3


def ends(folder: Path) -> tuple[str, ...]:
    """Where a simulator has its line and its socket: options of ``edge-agent simulate``."""
    return ("--link", f"{folder}/sensor", "--control", f"{folder}/simulator.sock")


def remote_in(folder: Path) -> Remote:
    """What tells the simulator what to do, once it is there."""
    for _ in range(400):
        with suppress(OSError, SimulatorError):
            return Remote(folder / "simulator.sock")
        time.sleep(0.05)
    raise SystemExit("The simulator did not start.")


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[Remote]:
    """A simulated R307 in a process of its own."""
    command = [sys.executable, "-m", "edge_agent", "simulate", *options, *ends(folder)]
    process = subprocess.Popen(command)
    try:
        yield remote_in(folder)
    finally:
        process.terminate()
        process.wait()


def enrol_worker(settings: Settings, remote: Remote) -> None:
    """The finger ``worker`` is a worker's."""

    def follow(step: Step) -> None:
        remote.ask("lift" if step.what is StepKind.LIFT else "press worker")

    carry_out(settings, AddWorker(code="NV0001", name="Bench"))
    carry_out(settings, Enroll(code="NV0001", finger="right-index"), follow)
    remote.ask("lift")


class Taking:
    """A gate in this process that takes the worker's presses, which are all recorded."""

    def __init__(self, assembly: Assembly, sensor: Sensor, remote: Remote) -> None:
        self.began = 0.0
        """When the last look began, by ``time.perf_counter``."""
        self._remote = remote
        self._panel = assembly.panel()
        self._taken: list[float] = []
        self._taker = TakePunch(
            assembly.gate(self._tell),
            sensor,
            self._panel,
            CAPTURES,
            recover=sensor.recover,
            offline=lambda: False,
        )

    def _tell(self, event: Event) -> None:
        if isinstance(event, PanelShown):
            assert event.outcome is Outcome.RECORDED, "not every press was green"
            self._taken.append(time.perf_counter() - self._since())

    def press(
        self,
        since: Callable[[], float] | None = None,
        before_look: Callable[[], None] = lambda: None,
    ) -> float:
        """Press until the lamp is lit: seconds since then, or since the look that saw it began."""
        self._since = since or (lambda: self.began)
        before = len(self._taken)
        self._remote.ask("press worker")
        while len(self._taken) == before:
            before_look()
            self.began = time.perf_counter()
            self._taker.poll()
        return self._taken[-1]

    def lift(self) -> None:
        """Lift, and have the glass seen bare."""
        self._remote.ask("lift")
        self._taker.poll()

    def close(self) -> None:
        """Take none any more."""
        self._panel.close()


@contextmanager
def taking(settings: Settings, remote: Remote) -> Iterator[tuple[Taking, Sensor]]:
    """The same, of one worker who was just enrolled, with its sensor."""
    enrol_worker(settings, remote)
    assembly = Assembly(settings)
    with (
        closing(assembly.sensor()) as sensor,
        closing(Taking(assembly, sensor, remote)) as gate,
    ):
        sensor.connect()
        yield gate, sensor
