"""The parts of the demo, each a process of its own, and a settings file as a real gate has."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from ..cli.carry_out import carry_out
from ..contract.errors import EdgeAgentError
from ..contract.language import Message
from ..contract.people import Worker
from ..gate.control.client import daemon_runs
from ..gate.people.answers import Step, StepKind
from ..gate.people.requests import AddWorker, Enroll
from ..gate.settings.load import load_settings
from ..gate.settings.schema import Settings
from ..simulator.background import Remote
from ..simulator.paths import SimulatorError

_SETTINGS = """\
[gate]
id = "main-gate"

[sensor]
port = "{folder}/sensor"

[panel]
pins = "mock"

[punch]
repeat_window_s = 20
direction = "alternate"

[store]
path = "{folder}/gate.db"

[clock]
trust = "always"

[mqtt]
host = "127.0.0.1"
port = {port}
receipt_timeout_s = 5

[control]
socket = "{folder}/control.sock"
"""

_BROKER = """\
id = 0
[router]
id = 0
max_connections = 10
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10
[v5.1]
name = "v5.1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
    [v5.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 65536
    max_inflight_count = 100
    dynamic_filters = true
"""
"""rumqttd's settings: MQTT 5 on the loopback only."""

_PATIENCE_S = 20.0

_PARTS = {"simulate": "simulator", "receive": "subscriber", "run": "daemon"}
"""What our own commands are, by which name they are told of."""


class StageFault(EdgeAgentError):
    """A part of the demo did not start, or has ended by itself."""


class Stage:
    """Starts and stops the parts. Everything they write stays in ``folder``.

    ``heed`` is called while something is awaited, and may raise to end that.
    """

    def __init__(self, folder: Path, heed: Callable[[], None]) -> None:
        if find_spec("iotcore") is None:
            raise StageFault("demo.no-broker", install="pip install 'attendance-edge-agent[demo]'")
        self._folder = folder
        self._heed = heed
        self._port = _free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.config = folder / "edge-agent.toml"
        self.config.write_text(_SETTINGS.format(folder=folder, port=self._port))
        self.settings: Settings = load_settings(self.config)
        (folder / "broker.toml").write_text(_BROKER.format(port=self._port))
        self.payroll = folder / "payroll.db"
        self._control = folder / "simulator.sock"
        self._remote: Remote | None = None

    def set_up(self, workers: tuple[Worker, ...]) -> None:
        """Enrol the workers at an unpaced sensor, then start everything at its real pace."""
        self._start_simulator("--no-pace")
        for worker in workers:
            self._heed()
            self._enrol(worker)
        self._stop("simulator")
        self.broker_up()
        self._run_own("receive", "--config", self.config, "--database", self.payroll)
        self._start_simulator()
        self._run_own("run", "--config", self.config)
        socket_path = Path(self.settings.control.socket)
        self._await("daemon", lambda: daemon_runs(socket_path))

    def finger(self, command: str) -> None:
        """Move a finger at the simulated sensor: ``press NAME`` or ``lift``."""
        if self._remote is None:
            raise StageFault("demo.no-sensor")
        self._remote.ask(command)

    def broker_up(self) -> None:
        """Start the broker; it remembers nothing from before."""
        module = ("-m", "iotcore", "--config", str(self._folder / "broker.toml"))
        self._spawn("broker", sys.executable, *module)
        self._await("broker", self._broker_answers)

    @property
    def broker_runs(self) -> bool:
        """Whether there is a broker now."""
        return "broker" in self._processes

    def broker_down(self) -> None:
        """Take the broker away in mid-flight."""
        self._stop("broker", kill=True)

    def check(self) -> None:
        """Raise StageFault where a part has ended by itself: it will say nothing any more."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise StageFault("demo.ended", part=Message(f"demo.{name}"), folder=self._folder)

    def tear_down(self) -> None:
        """Stop everything, the daemon first."""
        for name in ("daemon", "subscriber", "broker", "simulator"):
            self._stop(name)

    def _enrol(self, worker: Worker) -> None:
        def follow(step: Step) -> None:
            self.finger("lift" if step.what is StepKind.LIFT else f"press {worker.code}")

        carry_out(self.settings, AddWorker(code=worker.code, name=worker.name))
        carry_out(self.settings, Enroll(code=worker.code, finger="right-index"), follow)
        self.finger("lift")

    def _start_simulator(self, *flags: str) -> None:
        self._run_own(
            "simulate",
            *("--link", self.settings.sensor.port),
            *("--control", self._control),
            *("--flash", self._folder / "sensor.flash"),
            *flags,
        )
        self._await("simulator", self._reach_simulator)

    def _reach_simulator(self) -> bool:
        with suppress(OSError, SimulatorError):
            self._remote = Remote(self._control)
            return True
        return False

    def _broker_answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
            return True
        return False

    def _run_own(self, command: str, *arguments: object) -> None:
        self._spawn(
            _PARTS[command], sys.executable, "-m", "edge_agent", command, *map(str, arguments)
        )

    def _spawn(self, name: str, *command: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            # A session of its own: Ctrl-C and the end of the terminal are for the demo, which
            # then stops the parts in their right order.
            self._processes[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _stop(self, name: str, *, kill: bool = False) -> None:
        process = self._processes.pop(name, None)
        if process is None:
            return
        process.kill() if kill else process.terminate()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _await(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        process = next(reversed(self._processes.values()))
        while not ready():
            self._heed()
            if process.poll() is not None or time.monotonic() > deadline:
                part = Message(f"demo.{name}")
                raise StageFault("demo.not-started", part=part, folder=self._folder)
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
