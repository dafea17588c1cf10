"""What a command costs before it does anything, and what memory an idle gate holds.

    python bench/startup.py [RUNS]

A Pi Zero 2 W pays for each import some eight times what a laptop pays, so the figures are ratios
of one run: the processor time (user and system) of a command to that of ``python -c pass``, all
run in turn, medians of RUNS. Then the imports that cost most. Then the resident memory of an idle
daemon on the simulated sensor to that of a process that has imported the five packages which the
gate is built on, and done nothing else.

The commands run as they would where the package is installed: an editable install puts a hook
into each start of Python, which would make ``pass`` dearer and the ratios flatter.
"""

import importlib.metadata
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]

COMMANDS = {
    "edge-agent --version": ("--version",),
    "edge-agent --help": ("--help",),
    "edge-agent status": ("status",),
    "edge-agent workers list": ("workers", "list"),
}

FIVE = "import pyfingerprint.pyfingerprint, serial, gpiozero, paho.mqtt.client, sqlite_utils"

SETTINGS = """
[gate]
id = "bench"
[sensor]
port = "{folder}/sensor"
[panel]
pins = "mock"
[store]
path = "{folder}/gate.db"
[clock]
trust = "always"
[control]
socket = "{folder}/control.sock"
[mqtt]
host = "127.0.0.1"
port = 9
"""

SCRIPT = """#!{python}
import sys
from {module} import {function}
sys.exit({function}())
"""
"""A console script as pip writes it."""

_LISTED = 8
_TRACED = 7
_SETTLED_S = 5.0
_PATIENCE_S = 60.0


class Gate:
    """An installed edge-agent and the settings of one gate, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "venv", with_pip=False)
        self.python = str(folder / "venv/bin/python")
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        packages = folder / "venv/lib" / version / "site-packages"
        # A bare path: it runs no code at the start of Python.
        (packages / "edge-agent.pth").write_text(f"{ROOT}\n")
        for name in _needed("attendance-edge-agent", set()):
            _link(importlib.metadata.distribution(name), packages)
        [entry] = importlib.metadata.entry_points(group="console_scripts", name="edge-agent")
        self.script = folder / "venv/bin/edge-agent"
        self.script.write_text(
            SCRIPT.format(python=self.python, module=entry.module, function=entry.attr)
        )
        self.script.chmod(0o755)
        self.config = folder / "edge-agent.toml"
        self.config.write_text(SETTINGS.format(folder=folder))
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
            "EDGE_AGENT_CONFIG": str(self.config),
        }

    def command(self, *arguments: str) -> list[str]:
        return [str(self.script), *arguments]

    def run(self, *command: str) -> str:
        """Its stderr; bytecode is written here, for whatever is run again."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        ).stderr

    def cpu_s(self, command: list[str]) -> float:
        """User and system time of one run, its output thrown away."""
        process = subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return used.ru_utime + used.ru_stime

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The daemon and its simulated sensor."""
        with tempfile.TemporaryFile() as log:
            sensor = subprocess.Popen(
                self.command(
                    *("simulate", "--link", str(self.folder / "sensor")),
                    *("--control", str(self.folder / "simulator.sock")),
                ),
                stdout=log,
                stderr=log,
            )
            try:
                _until((self.folder / "sensor").exists)
                daemon = subprocess.Popen(
                    self.command("run"), env=self.environment, stdout=log, stderr=log
                )
                try:
                    _until((self.folder / "control.sock").exists)
                    yield daemon
                finally:
                    daemon.terminate()
                    daemon.wait()
            finally:
                sensor.terminate()
                sensor.wait()


def _needed(name: str, found: set[str]) -> set[str]:
    """The packages that ``name`` brings along, but for extras and for what is not Linux's."""
    for line in importlib.metadata.requires(name) or ():
        needed = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        if ";" not in line and needed not in found:
            found.add(needed)
            _needed(needed, found)
    return found


def _link(package: importlib.metadata.Distribution, folder: Path) -> None:
    for top in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
        (folder / top).symlink_to(Path(str(package.locate_file(top))))


def _until(done: Callable[[], bool]) -> None:
    give_up = time.monotonic() + _PATIENCE_S
    while not done():
        if time.monotonic() > give_up:
            raise TimeoutError("the gate does not come up")
        time.sleep(0.05)


def ratios(gate: Gate, runs: int) -> dict[str, float]:
    """Command → its processor time in those of ``python -c pass``."""
    commands = {name: gate.command(*arguments) for name, arguments in COMMANDS.items()}
    commands["pass"] = [gate.python, "-c", "pass"]
    for command in commands.values():
        gate.run(*command)
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            took[name].append(gate.cpu_s(command))
    medians = {name: statistics.median(each) for name, each in took.items()}
    floor = medians.pop("pass")
    print(f"python -c pass: {floor * 1000:.1f} ms")
    return {name: median / floor for name, median in medians.items()}


def imports(gate: Gate, arguments: tuple[str, ...]) -> Counter[str]:
    """Package → the microseconds that its modules take to import by themselves, at their best."""
    best: dict[str, int] = {}
    for _ in range(_TRACED):
        traced = gate.run(gate.python, "-X", "importtime", *gate.command(*arguments))
        for own, module in re.findall(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", traced, re.M):
            best[module] = min(int(own), best.get(module, sys.maxsize))
    took: Counter[str] = Counter()
    for module, microseconds in best.items():
        took[module.split(".")[0]] += microseconds
    return took


def resident_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.findall(r"^VmRSS:\s+(\d+) kB", status, re.M)[0]) / 1024


def bare_mib(gate: Gate) -> float:
    """Of a process that has imported the five packages."""
    code = f"{FIVE}; print(flush=True); input()"
    with subprocess.Popen(
        [gate.python, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = resident_mib(process.pid)
        process.kill()
    return found


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as folder:
        gate = Gate(Path(folder))
        gate.run(*gate.command("workers", "add", "NV0001", "Bench"))
        stopped = ratios(gate, runs)
        with gate.running() as daemon:
            running = ratios(gate, runs)
            time.sleep(_SETTLED_S)
            daemon_mib, floor_mib = resident_mib(daemon.pid), bare_mib(gate)
            print(f"\n{'processor time, times pass':28}{'stopped':>9}{'running':>9}")
            for name in COMMANDS:
                print(f"{name:28}{stopped[name]:9.1f}{running[name]:9.1f}")
        for name, arguments in COMMANDS.items():
            took = imports(gate, arguments)
            print(f"\n{name}, no daemon: {sum(took.values()) / 1000:.0f} ms of imports")
            for package, microseconds in took.most_common(_LISTED):
                print(f"  {package:24} {microseconds / 1000:6.1f} ms")
        print(f"\nidle daemon {daemon_mib:.1f} MiB, the five packages {floor_mib:.1f} MiB")
        print(f"ratio {daemon_mib / floor_mib:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
