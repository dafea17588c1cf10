"""hw_tests/ on simulated sensors, so that they cannot rot, and on broken ones, so that they tell.

Each run is a pytest of its own, as a technician starts it.
"""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_agent.gate.errors import SensorGarbled
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.ports import Buffer, SensorInfo
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.settings.schema import PanelSettings, SensorSettings
from edge_agent.simulator.background import Remote, running_simulator
from edge_agent.simulator.serving import SimulatorOptions
from hw_tests import test_finger, test_link
from hw_tests.facts import Facts
from hw_tests.person import Terminal

from .patience import PATIENCE_S

ROOT = Path(__file__).parents[1]
MODELS = {
    "r307": (1000, ("--touch-pin", "4")),
    "as608": (162, ("--touch-pin", "4", "--touch-active", "high", "--touch-sleep")),
    "zfm20": (162, ()),
    "zfm60": (1000, ()),
    "r503": (200, ("--touch-pin", "4")),
}
"""Each simulated model: its slots, and what there is to say of its touch output."""

ALL = ("--presses", "2", "--power-cycles", "2", "--baud-switch", "--swap")

# Takes the terminal at its stdin for its own, as a login does.
OWN_TERMINAL = """
import os, sys
os.open(os.ttyname(0), os.O_RDWR)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Run:
    """One run of hw_tests."""

    def __init__(self, *options: str | Path, stdin: int = subprocess.DEVNULL) -> None:
        pytest_ = [sys.executable, "-m", "pytest", "hw_tests", "-p", "no:cacheprovider"]
        launcher = [] if stdin == subprocess.DEVNULL else [sys.executable, "-c", OWN_TERMINAL]
        # Under CI pytest would repeat every sentence whole in its summary.
        ours = {"EDGE_AGENT_HW_PORT", "PYTEST_ADDOPTS", "CI", "BUILD_NUMBER"}
        self.process = subprocess.Popen(
            [*launcher, *pytest_, *options],
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if key not in ours},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def end(self) -> str:
        """What it printed, once it has ended."""
        try:
            return self.process.communicate(timeout=PATIENCE_S)[0]
        finally:
            self.process.kill()
            self.process.wait()

    @property
    def code(self) -> int:
        return self.process.returncode


class Simulated:
    """A simulated sensor, and a run of hw_tests on it."""

    def __init__(self, folder: Path, stack: ExitStack, model: str = "r307") -> None:
        self.port, self.control = folder / "sensor", folder / "control"
        options = SimulatorOptions(self.port, self.control, model=model, paced=False)
        self.remote = stack.enter_context(running_simulator(options))
        self._stack = stack

    @property
    def slots(self) -> str:
        return self.remote.ask("slots")

    def run(self, *options: str | Path, control: Path | None = None) -> Run:
        run = Run("--port", self.port, "--simulator", control or self.control, *options)
        self._stack.callback(run.process.kill)
        return run

    def enrol(self, finger: str) -> None:
        """Put the finger into the last slot."""
        sensor = FingerprintSensor(SensorSettings(port=str(self.port)))
        last = sensor.connect().capacity - 1
        self.remote.ask(f"press {finger}")
        for buffer in Buffer:
            assert sensor.capture()
            assert sensor.extract(buffer) is None
        assert sensor.merge()
        sensor.store(last)
        sensor.close()
        self.remote.ask("lift")


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Simulated]:
    with ExitStack() as stack:
        yield Simulated(tmp_path, stack)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Simulated, Run]]]:
    """A run on each model and one on a silent sensor, all at once: they mostly wait."""
    with ExitStack() as stack:
        started = {}
        for model, (_, touch) in MODELS.items():
            folder = tmp_path_factory.mktemp(model)
            simulated = Simulated(folder, stack, model)
            simulated.enrol("right-index")
            started[model] = (simulated, simulated.run("--report", folder / "report", *ALL, *touch))
        silent = Simulated(tmp_path_factory.mktemp("silent"), stack)
        silent.remote.ask("fault silence 10000")
        yield started | {"silent": (silent, silent.run())}


@pytest.mark.system
@pytest.mark.parametrize("model", MODELS)
def test_a_sound_gate_passes(model: str, runs: dict[str, tuple[Simulated, Run]]) -> None:
    simulated, run = runs[model]
    said = run.end()
    assert run.code == 0, said
    capacity, touch = MODELS[model]
    count = "25 passed, 1 skipped" if touch else "24 passed, 2 skipped"  # No reader is there.
    assert re.search(rf"^=+ {count} in [^,]*=+$", said, re.MULTILINE), said
    assert simulated.slots == f"count=0 capacity={capacity} slots=", "it was swapped at last"
    report = (simulated.port.parent / "report").read_text()
    assert re.search(rf"^capacity +{capacity} slots$", report, re.MULTILINE)
    assert re.search(rf"^test finger +right-middle in slot {capacity - 2}$", report, re.MULTILINE)
    assert re.search(r"^capture of a finger .* ms median", report, re.MULTILINE)
    assert re.search(r"^pressed right-little +2 x nobody$", report, re.MULTILINE)
    assert re.search(r"^another sensor +told from this one$", report, re.MULTILINE)
    assert report.count("\npassed ") == (25 if touch else 24)


@pytest.mark.system
def test_the_sensor_is_left_as_it_was(simulated: Simulated) -> None:
    simulated.enrol("right-index")
    run = simulated.run("--power-cycles", "1", "--baud-switch", "--presses", "1")
    said = run.end()
    assert run.code == 0, said
    assert simulated.slots == "count=1 capacity=1000 slots=999"
    sensor = FingerprintSensor(SensorSettings(port=str(simulated.port)))
    assert sensor.connect().baud == 57600
    assert sensor.read_notepad(14) == bytes(32)
    sensor.close()


@pytest.mark.system
def test_a_silent_sensor_is_told_once_and_the_lamps_are_tested(
    runs: dict[str, tuple[Simulated, Run]],
) -> None:
    _, run = runs["silent"]
    said = run.end()
    assert run.code == 1
    assert said.count("check its supply, whether RX and TX are swapped") == 1, said
    assert "4 passed, 21 skipped, 1 error" in said
    assert "Traceback" not in said


def test_without_a_port_it_says_what_to_name(tmp_path: Path) -> None:
    run = Run()
    said = run.end()
    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert said.strip().startswith("ERROR: Name the port that the sensor is wired to, with --port")
    assert len(said.strip().splitlines()) == 1


@contextmanager
def meddler(simulated: Simulated, meddle: Callable[[str], None]) -> Iterator[Path]:
    """A control socket that calls ``meddle`` with each line before it carries it out."""
    path = simulated.control.with_name("meddler")
    remote = Remote(simulated.control)

    def serve() -> None:
        with suppress(OSError):  # Whoever was interrupted does not read the last reply.
            client, _ = listener.accept()
            with client, client.makefile("r") as lines:
                for line in lines:
                    meddle(line.strip())
                    client.sendall(f"ok {remote.ask(line.strip())}\n".encode())

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(PATIENCE_S)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield path
        finally:
            thread.join(PATIENCE_S)
            remote.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP])
def test_an_interrupted_run_leaves_no_template(simulated: Simulated, how: signal.Signals) -> None:
    """As Ctrl-C does, and an SSH session that is lost."""
    stored, interrupted = threading.Event(), threading.Event()

    def hold(line: str) -> None:
        if line.startswith("press") and "count=1" in simulated.slots:
            stored.set()
            interrupted.wait(PATIENCE_S)

    with meddler(simulated, hold) as control:
        run = simulated.run("-k", "enrolled_finger_is_found", control=control)
        try:
            assert stored.wait(PATIENCE_S)
            run.process.send_signal(how)
        finally:
            # What it does on the way out does not depend on when the held line is answered.
            interrupted.set()
            said = run.end()
    assert run.code == pytest.ExitCode.INTERRUPTED, said
    assert simulated.slots == "count=0 capacity=1000 slots="


def test_a_sensor_that_is_pulled_out_is_told(simulated: Simulated) -> None:
    def pull(line: str) -> None:
        if line.startswith("press"):
            with suppress(Exception):  # It is pulled out only once.
                simulated.remote.ask("unplug")

    with meddler(simulated, pull) as control:
        run = simulated.run("-k", "lift_is_noticed", control=control)
        said = run.end()
    assert run.code == 1, said
    assert "has vanished: check the cable and the sensor's supply" in said


def test_a_person_is_guided_at_the_terminal(simulated: Simulated) -> None:
    """All prompts, and nothing else, are at the terminal; the fingers alone answer them."""
    ours, theirs = pty.openpty()
    run = Run("--port", simulated.port, "--pins", "none", "-k", "finger", stdin=theirs)
    os.close(theirs)
    output: list[str] = []
    reader = threading.Thread(target=lambda: output.append(run.end()))
    reader.start()
    prompts = _follow(ours, simulated.remote)
    reader.join(PATIENCE_S)
    os.close(ours)
    assert run.code == 0, output
    assert "8 passed" in output[0]
    assert prompts[:3] == [
        "Press your right index finger on the glass and hold it.",
        "Lift your finger.",
        "Press your right index finger on the glass and hold it.",
    ]


def _follow(terminal: int, remote: Remote) -> list[str]:
    """Do what is asked at the terminal until it is hung up; what was asked."""
    prompts: list[str] = []
    pending = ""
    while select.select([terminal], [], [], PATIENCE_S)[0]:
        try:
            pending += os.read(terminal, 4096).decode()
        except OSError:  # The other side is closed.
            break
        *lines, pending = pending.split("\n")
        for prompt in (line.strip().removeprefix(">>> ") for line in lines if line.strip()):
            prompts.append(prompt)
            if asked := re.match(r"Press your (\w+) (\w+) finger", prompt):
                remote.ask("press {}-{}".format(*asked.groups()))
            elif prompt == "Lift your finger.":
                remote.ask("lift")
    return prompts


@pytest.mark.parametrize(("typed", "seen"), [("y\n", True), ("what?\nNo\n", False)])
def test_a_person_says_what_they_see(typed: str, seen: bool) -> None:
    ours, theirs = pty.openpty()
    person = Terminal(os.ttyname(theirs))
    answers: list[bool] = []
    with_no_lamps = GpioPanel(PanelSettings())
    thread = threading.Thread(target=lambda: answers.append(person.sees("amber", with_no_lamps)))
    thread.start()
    for line in typed.splitlines(keepends=True):
        said = ""
        while "then Enter." not in said:
            assert select.select([ours], [], [], PATIENCE_S)[0]
            said += os.read(ours, 4096).decode()
        assert "Do you see the amber lamp lit, and nothing else?" in said
        os.write(ours, line.encode())
    thread.join(PATIENCE_S)
    assert answers == [seen]
    person.close()
    os.close(ours)
    os.close(theirs)


INFO = SensorInfo(system_id=9, capacity=200, security_level=3, baud=57600)


class Flawed:
    """A sensor that sees ghosts now and then, and whose line is bad now and then."""

    def __init__(self) -> None:
        self.captures = self.readings = 0

    def capture(self) -> bool:
        self.captures += 1
        return self.captures % 10 == 0

    def slots(self) -> frozenset[int]:
        self.readings += 1
        if self.readings % 80 == 0:
            raise SensorGarbled("The checksum was wrong.")
        return frozenset({1})

    def recover(self) -> None:
        pass


def test_ghosts_are_told() -> None:
    sensor: Any = Flawed()
    bare: Any = SimpleNamespace(clear=lambda: 0.0)
    with pytest.raises(AssertionError, match="on 2 of 20 captures of a bare glass: wipe it"):
        test_finger.test_an_empty_glass_shows_no_finger(sensor, bare)


def test_a_bad_line_is_told() -> None:
    sensor: Any = Flawed()
    with pytest.raises(AssertionError, match=r"2 of 200 readings .*\n +2 x The checksum was wrong"):
        test_link.test_200_exchanges_without_a_fault(sensor, INFO, Facts(None))
