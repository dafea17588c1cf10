"""The sensor driver beside unmodified pyfingerprint, on one simulated R307.

    python bench/sensor.py

Both do the same work in one run: a punch (capture, features, search), reading a template, writing
one and proving it from the flash, reading an image. System calls are counted on a simulator without
pace; times are taken at the pace of a real module at 57600 baud.

What a time is held against: *wire* is every byte of our exchanges in both directions, commands,
acknowledgements and packets' frames included, ten bits each at 57600 baud; *sensor* is what the
simulated module takes for itself, from the times that a real one was measured to take. Neither can
be made shorter from this side.
"""

import os
import re
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pyfingerprint.pyfingerprint import PyFingerprint

sys.path.insert(0, str(Path(__file__).parent))

from simulated import simulator, taking

from edge_agent.gate.ports import Buffer
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.sensor.instructions import INSTRUCTIONS
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.settings.schema import SensorSettings
from edge_agent.simulator.background import Remote
from edge_agent.simulator.table import INSTRUCTIONS as SIMULATED
from edge_agent.simulator.wire import line_seconds

BAUD = 57600
PUNCHES = 200  # without pace
PRESSES = 25  # at a real module's pace
TEMPLATES = 12
IMAGES = 1  # 7 seconds each
SLOT = 0
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


class Tape:
    """What goes through our port, and what of it nobody can make faster."""

    def __init__(self, sensor: FingerprintSensor) -> None:
        self.wire = self.sensor = 0.0
        port: Any = sensor._port
        read, write = port.read, port.write

        def note_read(size: int) -> bytes:
            data: bytes = read(size)
            self.wire += line_seconds(len(data), BAUD)
            return data

        def note_write(data: bytes) -> None:
            write(data)
            self.wire += line_seconds(len(data), BAUD)
            if data[6] == 1:  # a command
                ack = 12 + INSTRUCTIONS[data[9]].ack_size
                takes = SIMULATED[data[9]].takes
                self.sensor += max(0.0, takes - line_seconds(len(data) + ack, BAUD))

        port.read, port.write = note_read, note_write


def ours(folder: Path) -> FingerprintSensor:
    """Our driver, connected."""
    sensor = FingerprintSensor(SensorSettings(port=f"{folder}/sensor", baud=BAUD))
    sensor.connect()
    return sensor


def theirs(folder: Path) -> Any:
    """pyfingerprint as it comes, connected."""
    sensor = PyFingerprint(f"{folder}/sensor", BAUD)
    assert sensor.verifyPassword()
    return sensor


DRIVERS: dict[str, Callable[[Path], Any]] = {"ours": ours, "theirs": theirs}


def enrol(folder: Path, remote: Remote) -> bytes:
    """Let the sensor know a finger, which stays on the glass; returns its template."""
    sensor = ours(folder)
    remote.ask("press worker")
    for buffer in Buffer:
        assert sensor.capture()
        assert sensor.extract(buffer) is None
    assert sensor.merge()
    sensor.store(SLOT)
    template = sensor.read_template(SLOT)
    sensor.close()
    return template


def punch(sensor: Any) -> None:
    """From the capture to the match, by either driver."""
    if isinstance(sensor, FingerprintSensor):
        assert sensor.capture()
        assert sensor.extract() is None
        match = sensor.search()
        assert match
        assert match.slot == SLOT
    else:
        assert sensor.readImage()
        sensor.convertImage()
        assert sensor.searchTemplate()[0] == SLOT


def write_and_prove(sensor: Any, slot: int, template: bytes) -> None:
    """Write a template and see that the flash holds it."""
    if isinstance(sensor, FingerprintSensor):
        sensor.write_template(slot, template)
        return
    assert sensor.uploadCharacteristics(1, list(template))
    sensor.storeTemplate(slot)
    assert sensor.getTemplateIndex(0)[slot]
    sensor.loadTemplate(slot, 2)
    assert bytes(sensor.downloadCharacteristics(2)) == template


def read_template(sensor: Any) -> None:
    """One template out of the flash."""
    if isinstance(sensor, FingerprintSensor):
        sensor.read_template(SLOT)
    else:
        sensor.loadTemplate(SLOT)
        sensor.downloadCharacteristics()


def read_image(sensor: Any, folder: Path) -> None:
    """The last image."""
    if isinstance(sensor, FingerprintSensor):
        sensor.read_image()
    else:
        sensor.downloadImage(f"{folder}/image.bmp")


def cpu_seconds(sensor: Any, punches: int) -> float:
    """Processor time of one punch."""
    began = time.process_time()
    for _ in range(punches):
        punch(sensor)
    return (time.process_time() - began) / punches


def system_calls(folder: Path, driver: str) -> float | None:
    """System calls of one punch, by strace: of many punches less those of few. None without it."""
    if not shutil.which("strace"):
        return None
    counts = []
    for punches in (10, 110):
        counted = folder / "strace"
        command = ["strace", "-c", "-f", "-o", str(counted), sys.executable, __file__]
        if subprocess.run([*command, driver, str(folder), str(punches)], check=False).returncode:
            return None  # A container may forbid it.
        total = re.search(r"(\d+) +\d* *total$", counted.read_text(), re.MULTILINE)
        assert total
        counts.append(int(total[1]))
    return (counts[1] - counts[0]) / 100


def reads_and_writes(sensor: Any, punches: int = 20) -> float:
    """What pyserial calls for one punch, where strace is missing: reads, writes and selects."""
    calls = 0

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal calls
            calls += 1
            return function(*arguments)

        return call

    with ExitStack() as stack:
        for module, name in ((os, "read"), (os, "write"), (select, "select")):
            counted = counting(getattr(module, name))
            stack.enter_context(patch.object(module, name, counted))
        for _ in range(punches):
            punch(sensor)
    return calls / punches


def timed(count: int, do: Callable[[int], object]) -> tuple[float, float]:
    """The median time of doing something and the processor time of one, in milliseconds."""
    taken, busy = [], time.process_time()
    for index in range(count):
        began = time.perf_counter()
        do(index)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e3, (time.process_time() - busy) / count * 1e3


def press_to_lamp(folder: Path, remote: Remote) -> tuple[float, float]:
    """Seconds from the capture that sees the finger to its lamp, by a whole gate; and the limit."""
    config = folder / "edge-agent.toml"
    config.write_text(SETTINGS.format(folder=folder))
    settings = load_settings(config)
    with taking(settings, remote) as (gate, sensor):
        tape = Tape(sensor)

        def rewind() -> None:
            tape.wire = tape.sensor = 0.0

        taken, limits = [], []
        for _ in range(PRESSES):
            taken.append(gate.press(before_look=rewind))
            limits.append(tape.wire + tape.sensor)
            gate.lift()
    return statistics.median(taken), statistics.median(limits)


def work(folder: Path) -> None:
    """Print what one punch costs the host, without pace."""
    with simulator(folder, "--no-pace") as remote:
        enrol(folder, remote)
        print(f"{'a punch, without pace':<44} {'ours':>9} {'theirs':>9} {'ratio':>7}")
        counts = [calls for driver in DRIVERS if (calls := system_calls(folder, driver))]
        straced = bool(counts)
        label = "system calls" if straced else "reads, writes and selects"
        cpu = []
        for connect in DRIVERS.values():
            sensor = connect(folder)
            cpu.append(cpu_seconds(sensor, PUNCHES) * 1e3)
            if not straced:
                counts.append(reads_and_writes(sensor))
            _close(sensor)
        _row(f"{label} ({'strace -c -f' if straced else 'counted: no strace'})", *counts)
        _row("processor time, ms", *cpu)


def times(folder: Path) -> None:
    """Print how long things take at a real module's pace."""
    with simulator(folder) as remote:
        template = enrol(folder, remote)
        things: list[tuple[str, int, Callable[[Any, int], object]]] = [
            ("a punch", PRESSES, lambda sensor, _: punch(sensor)),
            ("read a template", TEMPLATES, lambda sensor, _: read_template(sensor)),
            (
                "write a template, proved",
                TEMPLATES,
                lambda sensor, at: write_and_prove(sensor, at + 1, template),
            ),
            ("read an image", IMAGES, lambda sensor, _: read_image(sensor, folder)),
        ]
        print(
            f"\n{'':<26} {'limit, ms':>17} {'taken, ms':>17} {'ours to':>17} {'processor, ms':>17}"
        )
        print(
            f"{'at 57600 baud':<26} {'wire':>8} {'+ sensor':>8} {'ours':>8} {'theirs':>8}"
            f" {'limit':>8} {'wire':>8} {'ours':>8} {'theirs':>8}"
        )
        for label, count, do in things:
            _compare(folder, label, count, do)


def _compare(folder: Path, label: str, count: int, do: Callable[[Any, int], object]) -> None:
    sensor = ours(folder)
    punch(sensor)  # What only a connection's first time needs is not counted.
    if count > 1:
        do(sensor, 0)
    tape = Tape(sensor)
    mine, my_work = timed(count, lambda at: do(sensor, at))
    wire, limit = (seconds / count * 1e3 for seconds in (tape.wire, tape.wire + tape.sensor))
    sensor.close()
    other = theirs(folder)
    yours, your_work = timed(count, lambda at: do(other, at))
    _close(other)
    print(
        f"{label:<26} {wire:8.1f} {limit:8.1f} {mine:8.1f} {yours:8.1f}"
        f" {mine / limit:8.3f} {mine / wire:8.3f} {my_work:8.2f} {your_work:8.2f}"
    )
    if label.startswith("write"):
        print(f"{'  1,000 of them, s':<26} {wire:8.0f} {limit:8.0f} {mine:8.0f} {yours:8.0f}")


def lamp(folder: Path) -> None:
    """Print what is left of the time from the press to the lamp."""
    with simulator(folder) as remote:
        taken, limit = press_to_lamp(folder, remote)
    print(
        f"\nfrom the press to the lamp {taken * 1e3:.1f} ms, of it neither wire nor sensor"
        f" {(taken - limit) * 1e3:.1f} ms (at most 15)"
    )


def _row(label: str, mine: float, yours: float) -> None:
    print(f"{label:<44} {mine:9.2f} {yours:9.2f} {yours / mine:7.1f}")


def _close(sensor: Any) -> None:
    if isinstance(sensor, FingerprintSensor):
        sensor.close()
    else:
        sensor._PyFingerprint__serial.close()


def main() -> None:
    """Measure and print; with a driver, a folder and a number, only make that many punches."""
    if len(sys.argv) == 4:
        sensor = DRIVERS[sys.argv[1]](Path(sys.argv[2]))
        for _ in range(int(sys.argv[3])):
            punch(sensor)
        _close(sensor)
        return
    for part in (work, times, lamp):
        with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as name:
            part(Path(name))


if __name__ == "__main__":
    main()
