"""A whole gate of real processes: simulated sensor, daemon, payroll's receiver, settings file."""

import json
import os
import queue
import re
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, ClassVar

import edge_agent
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.people.answers import StepKind
from edge_agent.gate.people.handlers import Dispatcher
from edge_agent.gate.people.requests import AddWorker, Enroll
from edge_agent.gate.sensor.pairing import Pairing
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.touch.credit import Credit
from tests.forks import Forked, ForkServer
from tests.patience import PATIENCE_S, patient_line

from .watch import Event, Watch

_ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if not key.startswith("EDGE_AGENT")},
    "PYTHONPATH": str(Path(edge_agent.__file__).parent.parent),
    "COLUMNS": "100",
}
STAFF = tuple(f"NV{number:03}" for number in range(1, 61))
"""Codes of workers; the finger that each has enrolled is called like the code."""

OWN = (sys.executable, "-m", "edge_agent")

_BELONGINGS = ("gate.db", "flash")

Sections = dict[str, dict[str, Any]]


class Result:
    """How a command ended. Whatever it was, it never shows a trace."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in out + err, out + err

    @property
    def json(self) -> Any:
        """What ``--json`` printed."""
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one message on stderr of a command that failed."""
        # A daemon's last words are a line of its log.
        *_, last = re.split("^(?:edge-agent: |CRITICAL )", self.err, flags=re.MULTILINE)
        assert last != self.err, self.err
        return last.strip()

    def __repr__(self) -> str:
        return f"<exit {self.code} out={self.out!r} err={self.err!r}>"


def _begin(
    command: Sequence[str],
    stdout: int,
    stderr: int,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
) -> Forked | subprocess.Popen[bytes]:
    """Start a process with an empty stdin: by fork, where it is plainly a command of our own."""
    variables = {**_ENVIRONMENT, **(environment or {})}
    if Gate.forks is not None and tuple(command[: len(OWN)]) == OWN:
        arguments = command[len(OWN) :]
        return Gate.forks.start(
            arguments,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            environment=variables,
            patient=Gate.patient,
        )
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=cwd, env=variables
    )


def _read_from_the_start(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


class Part:
    """One process of the gate, its stderr kept in a file."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: dict[str, str] | None = None
    ) -> None:
        """The folder of ``log`` is where it runs."""
        self.log = log
        with log.open("ab") as said:
            self.process = _begin(command, said.fileno(), said.fileno(), log.parent, environment)

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def until_said(self, pattern: str) -> re.Match[str]:
        """Wait until something in its log is like ``pattern``."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := re.search(pattern, self.said)):
            assert self.runs, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.02)  # A log has no event to wait for.
        return found

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        self.process.wait()

    def stop(self, within_s: float = PATIENCE_S) -> int:
        """SIGTERM; the exit code."""
        if self.runs:
            self.process.terminate()
        return self.wait(within_s)

    def wait(self, within_s: float = PATIENCE_S) -> int:
        """The exit code, once it ends."""
        return self.process.wait(within_s)

    def make_sure(self) -> None:
        """Leave nothing running, whatever the test did."""
        if self.runs:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


class Fingers:
    """Tells the simulated sensor what lies on its glass."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._replies = self._socket.makefile()

    def ask(self, lines: str) -> str:
        """Send commands, all at once; what follows the last one's ``ok``."""
        self._socket.sendall(lines.encode() + b"\n")
        for line in lines.split("\n"):
            reply = self._replies.readline().strip()
            assert reply.split()[:1] == ["ok"], f"{line!r}: {reply!r}"
        return reply.removeprefix("ok").strip()

    def close(self) -> None:
        self._replies.close()
        self._socket.close()


class Gate:
    """A gate in a short folder of its own (a socket's path has 107 bytes).

    ``sections`` are settings over the defaults below. A context manager that leaves nothing
    running; a trace in any part's log fails the test then.
    """

    forks: ClassVar[ForkServer | None] = None
    """What starts its processes, in place of a Python for each."""

    patient: ClassVar[bool] = False
    """Whether its processes have ``patient_line``."""

    def __init__(self, **sections: dict[str, Any]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ea-"))
        self.config = self.folder / "gate.toml"
        self.database = self.folder / "gate.db"
        self.socket = self.folder / "gate.sock"
        self.port = self.folder / "tty"
        self.payroll = self.folder / "payroll.db"
        self.traces_are_fine = False
        self._control = self.folder / "sim.sock"
        self._flash = self.folder / "flash"
        self._parts: list[Part] = []
        self._watches: list[Watch] = []
        self.simulator: Part | None = None
        self._remote: Fingers | None = None
        self.finger: Callable[[str], str] = self._no_simulator
        self.sections: Sections = {
            "gate": {"id": "main-gate"},
            "sensor": {"port": str(self.port)},
            "panel": {"pins": "mock"},
            "store": {"path": "gate.db"},
            "clock": {"trust": "always"},
            "mqtt": {"host": "127.0.0.1", "port": 1},
            "control": {"socket": "gate.sock"},
        }
        self.set(**sections)

    def set(self, **sections: dict[str, Any]) -> None:
        """Change settings; a daemon takes them at its next start."""
        for name, values in sections.items():
            self.sections.setdefault(name, {}).update(values)
        self.config.write_text(toml(self.sections))

    def simulate(self, *flags: str) -> None:
        """Start the sensor (again), with the memory that it had."""
        self.stop_simulating()
        self.simulator = self.part(
            "simulate",
            *("--link", str(self.port)),
            *("--control", str(self._control)),
            *("--flash", str(self._flash)),
            *flags,
        )
        self._remote = self._reach(self.simulator)
        self.finger = self._remote.ask

    def stop_simulating(self) -> None:
        """Take the sensor away with everything around it; its memory stays."""
        if self.simulator is not None:
            self.simulator.stop()
        if self._remote is not None:
            self._remote.close()
            self._remote = None
        self.finger = self._no_simulator

    def enrol(self, *codes: str) -> None:
        """Enter workers and enrol the finger called like their code, with no daemon running.

        As the commands do without a daemon, but over one connection to the sensor.
        """
        assembly = Assembly(load_settings(self.config))
        with (
            patient_line(),
            closing(assembly.sensor()) as sensor,
            closing(assembly.panel()) as panel,
        ):
            gate, info = assembly.gate(lambda event: None), sensor.connect()
            pairing = Pairing(gate, sensor, beat=lambda: None)
            assert pairing.check() is None
            credit = Credit(gate, panel, offline=lambda: True)
            dispatcher = Dispatcher(gate, sensor, panel, pairing, assembly.sealing(), credit.match)
            for code in codes:
                named = AddWorker(code=code, name=name_of(code))
                dispatcher.carry_out(named, info, _Obeying(self.finger, code), "uid:0")
                enroll = Enroll(code=code, finger="right-index")
                dispatcher.carry_out(enroll, info, _Obeying(self.finger, code), "uid:0")
                self.finger("lift")
            gate.store.close()

    def move_in(self, folder: Path) -> None:
        """Take over the database and the sensor memory that another gate left in ``folder``."""
        for name in _BELONGINGS:
            shutil.copy(folder / name, self.folder)

    def move_out(self, folder: Path) -> None:
        """Leave them there."""
        for name in _BELONGINGS:
            shutil.copy(self.folder / name, folder)

    def start(self, *command: str) -> Part:
        """Start the daemon and return once it says that it is ready, as systemd would be told."""
        address = self.folder / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(str(address))
            daemon = self._spawn(
                command or (*OWN, "run", "--config", str(self.config)),
                "run",
                {"NOTIFY_SOCKET": str(address)},
            )
            ended = os.pidfd_open(daemon.process.pid)
            try:
                while True:
                    told, _, _ = select.select([notified, ended], [], [], PATIENCE_S)
                    assert notified in told, f"the daemon did not start: {daemon.said}"
                    if (said := notified.recv(100)) == b"READY=1":
                        break
                    assert said.startswith(b"EXTEND_TIMEOUT_USEC=")
            finally:
                os.close(ended)
                address.unlink()
        with closing(Watch(self.socket)) as watch:
            # It is up before it has looked at its sensor.
            if self._answer({"ask": "status"})["sensor"]["state"] == "starting":
                watch.until(lambda event: event["event"] == "sensor")
        return daemon

    def managed(self) -> Part:
        """Start the daemon as a service manager does that waits for nothing."""
        return self._spawn(
            (*OWN, "run", "--config", str(self.config)),
            "run",
            {"NOTIFY_SOCKET": str(self.folder / "nobody-reads")},
        )

    def _answer(self, request: dict[str, Any]) -> Any:
        """What the daemon answers on its control socket."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(self.socket))
            asking.sendall(json.dumps(request).encode() + b"\n")
            with asking.makefile() as answers:
                return json.loads(answers.readline())["result"]

    def stop(self) -> None:
        """Stop every daemon that runs."""
        for part in self._parts:
            if part.runs and part.log.name.startswith("run"):
                assert part.stop() == 0, part.said

    def receive(self, *flags: str) -> Part:
        """Start payroll's receiver."""
        return self.part(
            "receive", "--config", str(self.config), "--database", str(self.payroll), *flags
        )

    def watch(self) -> Watch:
        """Follow the event stream from now on."""
        watch = Watch(self.socket)
        self._watches.append(watch)
        return watch

    def part(self, command: str, *arguments: str) -> Part:
        """Any other command, as a process that runs on."""
        return self._spawn((*OWN, command, *arguments), command)

    def cli(
        self,
        *arguments: str,
        environment: dict[str, str] | None = None,
        prefix: Iterable[str] = (),
    ) -> Result:
        """Run a command to its end, at this gate unless it names its settings itself."""
        if "--config" not in arguments:
            environment = {"EDGE_AGENT_CONFIG": str(self.config), **(environment or {})}
        command = [*prefix, *OWN, *arguments]
        with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
            process = _begin(command, out.fileno(), err.fileno(), self.folder, environment)
            try:
                code = process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            return Result(code, *map(_read_from_the_start, (out, err)))

    def enrol_by_command(
        self, code: str, *flags: str, presses: str | None = None, finger: str = "right-index"
    ) -> Result:
        """``enroll`` with somebody at the sensor who follows what it says on stderr."""
        command = [*OWN, "enroll", code, "--finger", finger, "--config", str(self.config), *flags]
        said = []
        reading, writing = os.pipe()
        with TemporaryFile("w+") as out, open(reading) as told:
            with open(writing, "wb") as err:
                process = _begin(command, out.fileno(), err.fileno(), self.folder)
            for line in told:
                said.append(line)
                if line.startswith("Lift"):
                    self.finger("lift")
                elif line.startswith("Press"):
                    self.finger(f"press {presses or code}")
            code_of_end = process.wait(PATIENCE_S)
            self.finger("lift")
            return Result(code_of_end, _read_from_the_start(out), "".join(said))

    def press(self, finger: str) -> None:
        """Put a finger down after a moment in which the glass is seen to be empty."""
        # The first one is gone before it can be seen, and the second one waits for the gap.
        self.finger(f"press {finger}\npress {finger}")

    def status(self) -> Any:
        """``status --json`` of the running daemon."""
        return self.cli("status", "--json").json

    def entries(self) -> list[dict[str, Any]]:
        """The ledger as any SQLite program reads it: the data of each entry, in order."""
        wires = rows(self.database, "SELECT wire FROM ledger ORDER BY seq")
        return [json.loads(wire)["data"] for (wire,) in wires]

    def punches(self) -> list[tuple[int, str]]:
        """(seq, worker) of each recorded punch in the ledger."""
        return [(e["seq"], e["worker"]) for e in self.entries() if e["kind"] == "punch.recorded"]

    def paid(self) -> list[tuple[int, str]]:
        """(seq, worker) of each punch that payroll would pay."""
        return rows(
            self.payroll, "SELECT seq, code FROM punches WHERE state <> 'repeated' ORDER BY seq"
        )

    def until(self, watch: Watch, of: str, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the status says what is wanted of the "sensor" or the "uplink".

        Whether or not the watch began before that.
        """
        deadline = time.monotonic() + PATIENCE_S
        while not wanted(part := self.status()[of]):
            assert time.monotonic() < deadline, part
            with suppress(queue.Empty):
                watch.until(lambda event: event["event"] == of, within_s=1)

    def online(self, watch: Watch) -> None:
        """Wait until the gate hears payroll."""
        self.until(watch, "uplink", lambda uplink: uplink["state"] == "connected")

    def open(self, watch: Watch) -> None:
        """Wait until presses are recorded."""
        self.until(watch, "sensor", lambda sensor: sensor["state"] == "ready")

    def in_step(self, watch: Watch) -> int:
        """Wait until payroll has the whole ledger of a gate at rest; the last seq."""
        last = int(rows(self.database, "SELECT max(seq) FROM ledger")[0][0])

        def covered(event: Event) -> bool:
            return bool(event["event"] == "confirmed" and event["through"] >= last)

        deadline = time.monotonic() + PATIENCE_S
        while not any(map(covered, watch.seen)) and time.monotonic() < deadline:
            # It may have been told before the watch began; the watermark is written after that.
            if rows(self.database, "SELECT confirmed FROM watermarks")[0][0] >= last:
                return last
            with suppress(queue.Empty):
                watch.until(covered, within_s=1)
        assert any(map(covered, watch.seen)), f"payroll has not got all {last} entries"
        return last

    def _spawn(
        self, command: Sequence[str], name: str, environment: dict[str, str] | None = None
    ) -> Part:
        number = sum(part.log.name.startswith(name) for part in self._parts)
        part = Part(command, self.folder / f"{name}-{number}.log", environment)
        self._parts.append(part)
        return part

    def _reach(self, simulator: Part) -> "Fingers":
        deadline = time.monotonic() + PATIENCE_S
        while simulator.runs and time.monotonic() < deadline:
            with suppress(FileNotFoundError, ConnectionRefusedError):
                fingers = Fingers(self._control)
                fingers.ask("lift")  # Answered: all its files are there.
                return fingers
            time.sleep(0.01)  # A socket that is not there yet has no event to wait for.
        raise AssertionError(f"the simulator did not start: {simulator.said}")

    def _no_simulator(self, line: str) -> str:
        raise AssertionError(f"no simulator runs, yet a test asks it to {line!r}")

    def __enter__(self) -> "Gate":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for part in reversed(self._parts):
            part.make_sure()
        self.stop_simulating()
        for watch in self._watches:
            watch.close()
        logs = {part.log.name: part.said for part in self._parts}
        shutil.rmtree(self.folder)
        for name, said in logs.items():
            print(f"--- {name}\n{said}", file=sys.stderr)  # pytest shows it where a test failed.
        if error is None and not self.traces_are_fine:
            assert not [name for name, said in logs.items() if "Traceback" in said]


class _Obeying:
    """Somebody at the sensor who does what they are told."""

    def __init__(self, finger: Callable[[str], str], name: str) -> None:
        self._finger = finger
        self._name = name

    def step(
        self,
        what: StepKind,
        hint: str | None = None,
        score: int | None = None,
        worker: str | None = None,
    ) -> None:
        self._finger("lift" if what is StepKind.LIFT else f"press {self._name}")

    def beat(self) -> None:
        """No need for a rest: nobody else uses the sensor."""

    def go_on(self) -> None:
        """Nor between templates."""


def name_of(code: str) -> str:
    """The name of an enrolled worker: nothing else may ever contain it."""
    return f"Nguyễn Thị {code[::-1]}"


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """What another program reads in a database meanwhile."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def toml(sections: Sections) -> str:
    """A settings file. A JSON text or number is a TOML one too."""
    lines: list[str] = []
    for name, values in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every plain file of a folder with its time and bytes: equal means nothing was written.

    The folder's own time is in it, so that a file that came and went is seen, too.
    """
    files = {path for path in folder.rglob("*") if path.is_file()}
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path in files else b"")
        for path in sorted(files | {folder})
    }
