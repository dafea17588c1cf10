"""How long after the sensor's last reply byte the lamp answers.

    python bench/press_to_lamp.py [PRESSES]
    python bench/press_to_lamp.py [PRESSES] --all-on

Everything between the two is ours: parsing the reply, the rules, the durable commit (EXTRA,
psow=0, on the disk under the temporary folder), the lamp. The simulated sensor is a process of its
own and unpaced: its own time is not part of the figure. The floor beside it is one bare durable
transaction with stock sqlite3 on the same disk in the same run, so that the ratio says what the
gate adds.

``--all-on``: two whole daemons in turn in one run, press by press. One has keys for in and out, a
reader of cards, a screen's process with somebody who looks at it, and a voice (a player that sounds
for a second); the other has none of them.
"""

import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from simulated import ends, enrol_worker, remote_in, simulator, taking

from edge_agent.gate.control.client import ask_status, daemon_runs
from edge_agent.gate.daemon.run import run_daemon
from edge_agent.gate.events import Outcome
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.reader.readers import UsbReaders
from edge_agent.gate.sensor.port import Port
from edge_agent.gate.settings.load import load_settings
from edge_agent.simulator.background import Remote

SETTINGS = """
[gate]
id = "bench"
[sensor]
port = "{folder}/sensor"
[panel]
pins = "mock"
{panel}
[punch]
repeat_window_s = 0
{punch}
[store]
path = "{folder}/gate.db"
[clock]
trust = "always"
[control]
socket = "{folder}/control.sock"
{more}
"""
OFF = {"panel": "", "punch": "", "more": ""}
ON = {
    "panel": 'key_in = 5\nkey_out = 6\nlamp_in = 12\nlamp_out = 13\nvoice = "espeak-ng"',
    "punch": 'direction = "keys"',
    "more": '[reader]\ndevices = ["{folder}/reader"]\n[mqtt]\nport = 1',
}
PLAYER = "#!/bin/sh\ncat > /dev/null\nexec sleep 1\n"


def measure(folder: Path, remote: Remote, presses: int) -> list[float]:
    """Seconds from the last reply byte read to the lamp, one for each press."""
    config = folder / "edge-agent.toml"
    config.write_text(SETTINGS.format(folder=folder, **OFF))
    settings = load_settings(config)
    read_at = [0.0]
    taken = []
    with taking(settings, remote) as (gate, sensor):
        _note_reads(sensor, read_at)
        for _ in range(presses):
            taken.append(gate.press(lambda: read_at[0]))
            gate.lift()
    return taken


def bare_commits(path: Path, count: int) -> list[float]:
    """Seconds of one durable 900-byte insert each, with stock sqlite3."""
    database = sqlite3.connect(f"{path.as_uri()}?psow=0", uri=True, isolation_level=None)
    database.execute("PRAGMA synchronous=EXTRA")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE t (seq INTEGER PRIMARY KEY, wire BLOB)")
    times = []
    for _ in range(count):
        began = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO t (wire) VALUES (?)", (b"x" * 900,))
        database.execute("COMMIT")
        times.append(time.perf_counter() - began)
    database.close()
    return times


def _note_reads(sensor: Any, read_at: list[float]) -> None:
    """Have the time of every read from the serial port noted."""
    port = sensor._port
    plain: Callable[[int], bytes] = port.read

    def noting(size: int) -> bytes:
        data = plain(size)
        read_at[0] = time.perf_counter()
        return data

    port.read = noting


class Whole:
    """A daemon as a process, and around it what the settings name."""

    def __init__(self, folder: Path, stack: ExitStack, *, on: bool) -> None:
        self._stack = stack
        self._times = folder / "times"
        parts = {key: text.format(folder=folder) for key, text in (ON if on else OFF).items()}
        config = folder / "edge-agent.toml"
        config.write_text(SETTINGS.format(folder=folder, **parts))
        if on:
            os.mkfifo(folder / "reader")
            stack.callback(os.close, os.open(folder / "reader", os.O_RDWR))
        self._run("-m", "edge_agent", "simulate", "--no-pace", *ends(folder))
        self.remote = remote_in(folder)
        settings = load_settings(config)
        enrol_worker(settings, self.remote)
        self._run(__file__, "--daemon", str(config), str(self._times))
        self._until(lambda: daemon_runs(folder / "control.sock"))
        self._until(lambda: ask_status(folder / "control.sock")["sensor"]["state"] == "ready")
        if on:
            self._show(folder, config)

    def _show(self, folder: Path, config: Path) -> None:
        """A screen's process, and somebody who looks at it."""
        player = folder / "espeak-ng"
        player.write_text(PLAYER)
        player.chmod(0o700)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        listen = ("--listen", f"127.0.0.1:{port}")
        path = f"{folder}:{os.environ['PATH']}"
        self._run("-m", "edge_agent", "display", "--config", str(config), *listen, PATH=path)
        heard: list[bytes] = []

        def look() -> None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as channel:
                channel.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                while data := channel.recv(65536):
                    heard.append(data)

        def looks() -> bool:
            if not heard:
                threading.Thread(target=look, daemon=True).start()
                time.sleep(0.5)
            return bool(heard)

        self._until(looks)
        self.heard = heard

    def press(self) -> None:
        """Press, wait for the lamp, and lift until the glass was seen bare."""
        before = len(self.times())
        self.remote.ask("press worker")
        self._until(lambda: len(self.times()) > before)
        self.remote.ask("lift")
        time.sleep(0.4)

    def times(self) -> list[float]:
        """Seconds from the last reply byte to the lamp."""
        lines = self._times.read_text().splitlines() if self._times.exists() else []
        return [seconds for outcome, seconds in map(json.loads, lines) if outcome == "recorded"]

    def _run(self, *arguments: str, **environment: str) -> None:
        log = self._stack.enter_context((self._times.parent / "log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, *arguments], env={**os.environ, **environment}, stderr=log
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)

    def _until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while True:
            with suppress(Exception):
                if true():
                    return
            if time.monotonic() > end:
                raise SystemExit((self._times.parent / "log").read_text())
            time.sleep(0.01)


def _daemon(config: Path, times: Path) -> int:
    """Run a daemon that writes down when its lamps answer."""
    read_at = 0.0
    read, show = Port.read, GpioPanel.show

    def noting(self: Port, size: int) -> bytes:
        nonlocal read_at
        data = read(self, size)
        read_at = time.perf_counter()
        return data

    def shown(self: GpioPanel, outcome: Outcome, *how: Any, **other: Any) -> None:
        show(self, outcome, *how, **other)
        took = time.perf_counter() - read_at
        with times.open("a") as file:
            file.write(json.dumps([outcome.value, took]) + "\n")

    Port.read = noting  # type: ignore[method-assign]
    GpioPanel.show = shown  # type: ignore[method-assign]
    UsbReaders.__init__.__defaults__ = (lambda fd: None,)  # A pipe cannot be grabbed.
    return run_daemon(load_settings(config), config)


def all_on(presses: int) -> None:
    """Measure both in turn, and print."""
    with ExitStack() as stack:
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-agent-bench-")))
            for _ in range(2)
        ]
        on, off = (
            Whole(folder, stack, on=all_of_it)
            for folder, all_of_it in zip(folders, (True, False), strict=True)
        )
        for _ in range(presses):
            on.press()
            off.press()
        cards = b"".join(on.heard).count(b'"kind":"card"')
        with_all, without = on.times()[-presses:], off.times()[-presses:]
    assert cards >= presses, "the screen was not told of every press"
    print(_head(presses))
    print(_row("keys, reader, screen and voice on", with_all))
    print(_row("none of them", without))
    print(f"ratio of medians: {statistics.median(with_all) / statistics.median(without):.2f}")


_PERCENTILES = (10, 50, 95, 99)


def _head(presses: int) -> str:
    label = f"milliseconds, {presses} presses"
    return f"{label:<34}" + "".join(f" {f'p{at}':>8}" for at in _PERCENTILES)


def _row(label: str, times: list[float]) -> str:
    cuts = statistics.quantiles(times, n=100)
    return f"{label:<34}" + "".join(f" {cuts[at - 1] * 1e3:8.2f}" for at in _PERCENTILES)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--daemon"]:
        raise SystemExit(_daemon(Path(sys.argv[2]), Path(sys.argv[3])))
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    if "--all-on" in sys.argv:
        all_on(*numbers or [100])
        return
    presses = numbers[0] if numbers else 300
    with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as name:
        folder = Path(name)
        with simulator(folder, "--no-pace") as remote:
            gate = measure(folder, remote, presses)
        bare = bare_commits(folder / "bare.db", presses)
    print(_head(presses))
    print(_row("last reply byte to lamp", gate))
    print(_row("of it, one bare durable commit", bare))
    print(f"ratio of medians: {statistics.median(gate) / statistics.median(bare):.1f}")


if __name__ == "__main__":
    main()
