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
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_agent.gate.errors import SensorGarbled
from edge_agent.gate.host.board import Board
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.ports import Buffer, SensorInfo
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.settings.schema import PanelSettings, SensorSettings
from edge_agent.simulator.background import Remote, running_simulator
from edge_agent.simulator.serving import SimulatorOptions
from hw_tests import test_board, test_card, test_finger, test_link
from hw_tests.facts import Facts
from hw_tests.person import Terminal

from .everyday import one_in
from .patience import PATIENCE_S, patient_line

ROOT = Path(__file__).parents[1]
MODELS = {
    "r307": (1000, ("--touch-pin", "4")),
    "as608": (162, ("--touch-pin", "4", "--touch-active", "high", "--touch-sleep")),
    "zfm20": (162, ()),
    "zfm60": (1000, ()),
    "r503": (200, ("--touch-pin", "4")),
}
"""Each simulated model: its slots, and what there is to say of its touch output."""

ALL = ("--presses", "2", "--power-cycles", "2", "--baud-switch", "--swap", "--contact", "24")

# On a busy machine a simulator answers later than any sensor.
PATIENT = """
import pytest, sys
from tests.patience import patient_line
patient_line()
sys.exit(pytest.console_main())
"""

# Takes the terminal at its stdin for its own, as a login does.
OWN_TERMINAL = """
import os, sys
os.open(os.ttyname(0), os.O_RDWR)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Run:
    """One run of hw_tests."""

    def __init__(
        self, *options: str | Path, stdin: int = subprocess.DEVNULL, patient: bool = True
    ) -> None:
        started = ("-c", PATIENT) if patient else ("-m", "pytest")
        pytest_ = [sys.executable, *started, "hw_tests", "-p", "no:cacheprovider"]
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

    def close(self) -> None:
        """End it, whether anybody has listened or not."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

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

    def run(self, *options: str | Path, control: Path | None = None, patient: bool = True) -> Run:
        at = ("--port", self.port, "--simulator", control or self.control)
        run = Run(*at, *options, patient=patient)
        self._stack.callback(run.close)
        return run

    @contextmanager
    def connected(self) -> Iterator[FingerprintSensor]:
        """The gate's side of it, to be connected."""
        sensor = FingerprintSensor(SensorSettings(port=str(self.port)))
        with patient_line(), closing(sensor):
            yield sensor

    def enrol(self, finger: str) -> None:
        """Put the finger into the last slot."""
        with self.connected() as sensor:
            last = sensor.connect().capacity - 1
            self.remote.ask(f"press {finger}")
            for buffer in Buffer:
                assert sensor.capture()
                assert sensor.extract(buffer) is None
            assert sensor.merge()
            sensor.store(last)
        self.remote.ask("lift")


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Simulated]:
    with ExitStack() as stack:
        yield Simulated(tmp_path, stack)


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Simulated, Run]]]:
    """A run on each model that is asked for and one on a silent sensor, all at once: they mostly
    wait.
    """
    asked = {
        item.callspec.params["model"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
        if hasattr(item, "callspec") and "model" in item.callspec.params
    }
    with ExitStack() as stack:
        started = {}
        for model, (_, touch) in MODELS.items():
            if model not in asked:
                continue
            folder = tmp_path_factory.mktemp(model)
            simulated = Simulated(folder, stack, model)
            simulated.enrol("right-index")
            started[model] = (simulated, simulated.run("--report", folder / "report", *ALL, *touch))
        silent = Simulated(tmp_path_factory.mktemp("silent"), stack)
        silent.remote.ask("fault silence 10000")
        yield started | {"silent": (silent, silent.run(patient=False))}


@pytest.mark.system
@pytest.mark.parametrize("model", one_in(3, MODELS))
def test_a_sound_gate_passes(model: str, runs: dict[str, tuple[Simulated, Run]]) -> None:
    simulated, run = runs[model]
    said = run.end()
    assert run.code == 0, said
    capacity, touch = MODELS[model]
    count = "26 passed, 5 skipped" if touch else "25 passed, 6 skipped"  # No reader, no board.
    assert re.search(rf"^=+ {count} in [^,]*=+$", said, re.MULTILINE), said
    assert simulated.slots == f"count=0 capacity={capacity} slots=", "it was swapped at last"
    report = (simulated.port.parent / "report").read_text()
    assert re.search(rf"^capacity +{capacity} slots$", report, re.MULTILINE)
    assert re.search(rf"^test finger +right-middle in slot {capacity - 2}$", report, re.MULTILINE)
    assert re.search(r"^capture of a finger .* ms median", report, re.MULTILINE)
    assert re.search(r"^pressed right-little +2 x nobody$", report, re.MULTILINE)
    assert re.search(r"^another sensor +told from this one$", report, re.MULTILINE)
    assert report.count("\npassed ") == (26 if touch else 25)
    assert re.search(r"^contact +10 changes, bounces for 0.0 ms at most$", report, re.MULTILINE)


@pytest.mark.system
def test_the_sensor_is_left_as_it_was(simulated: Simulated) -> None:
    simulated.enrol("right-index")
    run = simulated.run("--power-cycles", "1", "--baud-switch", "--presses", "1")
    said = run.end()
    assert run.code == 0, said
    assert simulated.slots == "count=1 capacity=1000 slots=999"
    with simulated.connected() as sensor:
        assert sensor.connect().baud == 57600
        assert sensor.read_notepad(14) == bytes(32)


@pytest.mark.system
def test_a_silent_sensor_is_told_once_and_the_lamps_are_tested(
    runs: dict[str, tuple[Simulated, Run]],
) -> None:
    _, run = runs["silent"]
    said = run.end()
    assert run.code == 1
    assert said.count("check its supply, whether RX and TX are swapped") == 1, said
    assert "4 passed, 26 skipped, 1 error" in said
    assert "Traceback" not in said


def test_without_a_port_it_says_what_to_name(tmp_path: Path) -> None:
    run = Run(patient=False)
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


@pytest.mark.parametrize("how", one_in(2, [signal.SIGINT, signal.SIGHUP]))
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


def options(**given: Any) -> Any:
    return SimpleNamespace(option=SimpleNamespace(**{"simulator": None, **given}))


def test_the_mini_uart_is_told(tmp_path: Path) -> None:
    port = tmp_path / "serial0"
    port.symlink_to("/dev/ttyAMA0")
    test_board.test_the_header_has_the_good_uart(Facts(None), options(port=str(port)))
    port.unlink()
    port.symlink_to("/dev/ttyS0")
    with pytest.raises(AssertionError, match="/dev/ttyS0, the mini UART"):
        test_board.test_the_header_has_the_good_uart(Facts(None), options(port=str(port)))


@pytest.mark.parametrize(
    ("board", "told"),
    [
        (Board(temperature_c=61.2, undervoltage=False), None),
        (Board(temperature_c=81.0, undervoltage=False), "became 81 °C hot"),
        (Board(temperature_c=61.2, undervoltage=True), "The supply is too weak"),
    ],
)
def test_heat_and_a_weak_supply_are_told(
    board: Board, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_board, "board_below", lambda: board)
    facts = Facts(None)
    if told is None:
        test_board.test_heat_and_supply_at_full_load(facts, options(minutes=0.0))
    else:
        with pytest.raises(AssertionError, match=told):
            test_board.test_heat_and_supply_at_full_load(facts, options(minutes=0.0))
    assert any(line.startswith("hottest at full load") for line in facts.lines())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([at for press in range(10) for at in (press, press + 0.01)], None),
        ([at for press in range(10) for at in (press, press + 0.06)], "bounces for 60 ms"),
        ([0.0, 1.0], "changed 2 times in 5 presses"),
    ],
)
def test_a_bouncing_contact_is_told(
    changes: list[float], told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(changes)

    def close(device: Any, times: int) -> None:
        for _ in changes:
            with monkeypatch.context() as clock:
                clock.setattr(time, "monotonic", lambda: next(moments))
                device.when_activated()

    person: Any = SimpleNamespace(closes=close)
    monkeypatch.setattr(test_board, "PATIENCE_S", 0.0)
    monkeypatch.setattr(test_board, "DigitalInputDevice", lambda *_, **__: nullcontext(Device()))
    named = options(contact=24, simulator=True)
    if told is None:
        test_board.test_a_contact(person, Facts(None), named)
    else:
        with pytest.raises(AssertionError, match=told):
            test_board.test_a_contact(person, Facts(None), named)


class Device:
    """What a pin calls is called by the test."""

    when_activated: Any = None
    when_deactivated: Any = None


_CUT = """
import sys
from pathlib import Path
from types import SimpleNamespace
from hw_tests import test_card
class Person:
    def told(self, text): print(text, flush=True)
option = SimpleNamespace(card=Path(sys.argv[1]))
test_card.test_a_power_cut(Person(), None, SimpleNamespace(option=option))
"""


def test_a_card_that_lies_is_told(tmp_path: Path) -> None:
    file = tmp_path / "numbers"
    seen = 0
    with subprocess.Popen(
        [sys.executable, "-c", _CUT, file], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as writing:
        assert writing.stdout
        for line in writing.stdout:
            seen = int(line) if line.strip().isdecimal() else 0
            if seen == 3:
                break
        writing.kill()
    kept = file.read_bytes()

    def after(number: int) -> Facts:
        file.write_bytes(kept)
        facts = Facts(None)
        person: Any = SimpleNamespace(number=lambda _: number)
        test_card.test_a_power_cut(person, facts, options(card=file))
        return facts

    assert any(line.startswith("card after a power cut") for line in after(seen).lines())
    assert not file.exists()
    with pytest.raises(AssertionError, match="it lies"):
        after(seen + 100)
    file.unlink(missing_ok=True)
    kept = b"1 4102444800.000\n2 41024"  # In the year 2100; the second is torn.
    with pytest.raises(AssertionError, match="there is no RTC"):
        after(1)
