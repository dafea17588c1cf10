"""What a gate costs while nobody comes, how long its start takes, and what memory a day leaves it.

    python bench/idle.py [SECONDS] [STARTS]

Three figures of a whole daemon, installed as ``bench/startup.py`` installs it, all in one run:

- from the start of the process to READY on the service manager's socket, by the clock and of the
  processor, medians of STARTS, the simulated sensor at a real module's pace and awake;
- the processor time of SECONDS in which nobody comes, all threads together, as a part of one core:
  with a touch pin (a mock one), and where the gate has to look at the glass again and again;
- the resident memory before and after the work of a day, at once: 320 presses, as eighty workers
  make them, into a ledger that no broker takes; now and then somebody asks for the status, one
  worker is entered, and the list is looked at. Then to that of a process that has imported the five
  packages which the gate is built on.

Beside them what ``python -c pass`` takes, by the clock and of the processor.
"""

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from startup import SETTINGS, Gate, bare_mib, resident_mib

from edge_agent.cli.carry_out import carry_out
from edge_agent.gate.control.client import ask_status
from edge_agent.gate.people.answers import Step, StepKind
from edge_agent.gate.people.requests import AddWorker, Enroll
from edge_agent.gate.settings.load import load_settings
from edge_agent.simulator.background import Remote
from edge_agent.simulator.paths import SimulatorError

TOUCH_PIN = '[sensor]\ntouch_pin = 24\nport = "{folder}/sensor"'
POLLS = '[sensor]\nport = "{folder}/sensor"'

_SETTLED_S = 5.0
_PATIENCE_S = 60.0
_PRESSES = 320
_ASKED_EVERY = 10
_BARE_S = 0.4
"""Until the glass was seen bare."""


def settings(folder: Path, sensor: str) -> None:
    """The settings of ``bench/startup.py`` with another section of the sensor."""
    with_sensor = SETTINGS.replace(POLLS, sensor)
    assert sensor == POLLS or with_sensor != SETTINGS
    text = f"{with_sensor}[punch]\nrepeat_window_s = 0\n".format(folder=folder)
    (folder / "edge-agent.toml").write_text(text)


@contextmanager
def simulated(gate: Gate, *options: str) -> Iterator[Remote]:
    """A sensor."""
    control = gate.folder / "simulator.sock"
    ends = ("--link", str(gate.folder / "sensor"), "--control", str(control))
    with _quiet(gate, "simulate", *ends, *options):
        yield _remote(control)


@contextmanager
def daemon(gate: Gate) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """It, once it is ready, and the seconds that this took."""
    path = gate.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(path))
        told.settimeout(_PATIENCE_S)
        began = time.perf_counter()
        with _quiet(gate, "run", NOTIFY_SOCKET=str(path)) as process:
            while b"READY=1" not in told.recv(4096).split(b"\n"):
                pass
            took = time.perf_counter() - began
            path.unlink()  # What nobody reads would fill, and the daemon wait.
            told.close()
            yield process, took


@contextmanager
def _quiet(gate: Gate, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with (gate.folder / "log").open("ab") as log:
        process = subprocess.Popen(
            gate.command(*arguments),
            env={**gate.environment, **environment},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _remote(control: Path) -> Remote:
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        with suppress(OSError, SimulatorError):
            return Remote(control)
        if time.monotonic() > give_up:
            raise SystemExit("The simulator did not start.")
        time.sleep(0.05)


def cpu_s(process: int) -> float:
    """Seconds of the processor that all threads have had (proc(5), schedstat)."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in tasks) / 1e9


def starts(gate: Gate, count: int) -> None:
    took, cpu_of_start, of_pass, cpu_of_pass = [], [], [], []
    with simulated(gate):
        for _ in range(count):
            with daemon(gate) as (process, seconds):
                cpu_of_start.append(cpu_s(process.pid))
                took.append(seconds)
            began = time.perf_counter()
            cpu_of_pass.append(gate.cpu_s([gate.python, "-c", "pass"]))
            of_pass.append(time.perf_counter() - began)
    bare, ready = statistics.median(of_pass), statistics.median(took)
    cpu = statistics.median(cpu_of_pass)
    print(f"python -c pass: {bare * 1000:.1f} ms, of the processor {cpu * 1000:.1f} ms")
    used = statistics.median(cpu_of_start)
    print(f"start to READY: {ready:.2f} s, at most {max(took):.2f}; of the processor {used:.2f} s")
    print(f"times pass: {ready / bare:.0f}, of the processor {used / cpu:.0f}")


def idle(gate: Gate, name: str, seconds: float) -> None:
    with simulated(gate), daemon(gate) as (process, _):
        time.sleep(_SETTLED_S)
        before, began = cpu_s(process.pid), time.monotonic()
        time.sleep(seconds)
        used, passed = cpu_s(process.pid) - before, time.monotonic() - began
    print(f"idle, {name}: {used / passed * 100:.2f} % of a core over {passed:.0f} s")


def day(gate: Gate) -> None:
    loaded = load_settings(gate.config)
    with simulated(gate, "--no-pace") as sensor:

        def follow(step: Step) -> None:
            sensor.ask("lift" if step.what is StepKind.LIFT else "press worker")

        carry_out(loaded, AddWorker(code="NV0002", name="Bench"))
        carry_out(loaded, Enroll(code="NV0002", finger="right-index"), follow)
        sensor.ask("lift")
        with daemon(gate) as (process, _):
            time.sleep(_SETTLED_S)
            before = resident_mib(process.pid)
            _work(gate, Path(loaded.control.socket), sensor)
            after, bare = resident_mib(process.pid), bare_mib(gate)
    print(f"memory: {before:.1f} MiB, {after:.1f} after a day, the five packages {bare:.1f}")
    print(f"ratio {before / bare:.2f}, after a day {after / bare:.2f}")


def _work(gate: Gate, control: Path, sensor: Remote) -> None:
    gate.run(*gate.command("workers", "add", "NV0003", "Third"))
    written = ask_status(control)["ledger"]["last_seq"]
    for press in range(1, _PRESSES + 1):
        sensor.ask("press worker")
        _until_written(control, written + press)
        sensor.ask("lift")
        time.sleep(_BARE_S)
        if press % _ASKED_EVERY == 0:
            gate.run(*gate.command("workers", "list"))


def _until_written(control: Path, seq: int) -> None:
    give_up = time.monotonic() + _PATIENCE_S
    while ask_status(control)["ledger"]["last_seq"] < seq:
        if time.monotonic() > give_up:
            raise SystemExit("A press was not recorded.")
        time.sleep(0.02)


def main(seconds: float, count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as folder:
        gate = Gate(Path(folder))
        gate.run(*gate.command("workers", "add", "NV0001", "Bench"))
        starts(gate, count)
        for name, sensor in (("with a touch pin", TOUCH_PIN), ("without", POLLS)):
            settings(gate.folder, sensor)
            idle(gate, name, seconds)
        day(gate)


if __name__ == "__main__":
    numbers = [float(word) for word in sys.argv[1:]]
    main(numbers[0] if numbers else 60, int(numbers[1]) if len(numbers) > 1 else 11)
