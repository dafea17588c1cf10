"""How long after the sensor's last reply byte the lamp answers.

    python bench/press_to_lamp.py [PRESSES]

Everything between the two is ours: parsing the reply, the rules, the durable commit (EXTRA,
psow=0, on the disk under the temporary folder), the lamp. The simulated sensor is a process of its
own and unpaced: its own time is not part of the figure. The floor beside it is one bare durable
transaction with stock sqlite3 on the same disk in the same run, so that the ratio says what the
gate adds.
"""

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge_agent.cli.carry_out import carry_out
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.events import Event, Outcome, PanelShown
from edge_agent.gate.people.requests import AddWorker, Enroll, Step, StepKind
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.touch.take_punch import TakePunch
from edge_agent.simulator.background import Remote
from edge_agent.simulator.paths import SimulatorError

SETTINGS = """
[gate]
id = "bench"
[sensor]
port = "{folder}/sensor"
[panel]
pins = "mock"
[punch]
repeat_window_s = 0
[store]
path = "{folder}/gate.db"
[clock]
trust = "always"
[control]
socket = "{folder}/control.sock"
"""


def measure(folder: Path, presses: int) -> list[float]:
    """Seconds from the last reply byte read to the lamp, one for each press."""
    config = folder / "edge-agent.toml"
    config.write_text(SETTINGS.format(folder=folder))
    settings = load_settings(config)
    remote = _remote(folder / "simulator.sock")

    def follow(step: Step) -> None:
        remote.ask("lift" if step.what is StepKind.LIFT else "press worker")

    carry_out(settings, AddWorker(code="NV0001", name="Bench"))
    carry_out(settings, Enroll(code="NV0001", finger="right-index"), follow)
    remote.ask("lift")

    assembly = Assembly(settings)
    sensor, panel = assembly.sensor(), assembly.panel()
    read_at = [0.0]
    shown: list[tuple[Outcome, float]] = []

    def tell(event: Event) -> None:
        if isinstance(event, PanelShown):
            shown.append((event.outcome, time.perf_counter() - read_at[0]))

    taker = TakePunch(
        assembly.gate(tell), sensor, panel, 3, recover=sensor.recover, offline=lambda: False
    )
    sensor.connect()
    _note_reads(sensor, read_at)
    for press in range(presses):
        remote.ask("press worker")
        while len(shown) <= press:
            taker.poll()
        remote.ask("lift")
        taker.poll()
    panel.close()
    sensor.close()
    assert all(outcome is Outcome.RECORDED for outcome, _ in shown), "not every press was green"
    return [seconds for _, seconds in shown]


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


def _remote(control: Path) -> Remote:
    for _ in range(200):
        with suppress(OSError, SimulatorError):
            return Remote(control)
        time.sleep(0.05)
    raise SystemExit("The simulator did not start.")


def _row(label: str, times: list[float]) -> str:
    cuts = statistics.quantiles(times, n=100)
    return f"{label:<34} {cuts[49] * 1e3:8.2f} {cuts[94] * 1e3:8.2f} {cuts[98] * 1e3:8.2f}"


def main() -> None:
    """Measure and print."""
    presses = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as name:
        folder = Path(name)
        simulator = [sys.executable, "-m", "edge_agent", "simulate", "--no-pace"]
        simulator += ["--link", f"{name}/sensor", "--control", f"{name}/simulator.sock"]
        process = subprocess.Popen(simulator)
        try:
            gate = measure(folder, presses)
        finally:
            process.terminate()
            process.wait()
        bare = bare_commits(folder / "bare.db", presses)
    print(f"{'milliseconds, ' + str(presses) + ' presses':<34} {'p50':>8} {'p95':>8} {'p99':>8}")
    print(_row("last reply byte to lamp", gate))
    print(_row("of it, one bare durable commit", bare))
    print(f"ratio of medians: {statistics.median(gate) / statistics.median(bare):.1f}")


if __name__ == "__main__":
    main()
