"""Moving templates to a new sensor, by the commands, at a real module's pace.

    python bench/templates.py

Two simulated R307: the templates of one are sealed by ``templates backup`` and stored in the other
by ``templates restore``, everything included (pairing, database, age, reading back). *Wire* and
*sensor* are as in bench/sensor.py: every byte of our exchanges at 57600 baud, and what the module
takes for itself by the times that a real one was measured to take. What 1,000 would take is what
these took, times 1,000 / their number; ``--prints 1000`` does move so many (six minutes).
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parent))

from sensor import BAUD, SETTINGS, Tape
from simulated import simulator

from edge_agent.cli import main as command
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.people.answers import StepKind
from edge_agent.gate.people.handlers import Dispatcher
from edge_agent.gate.people.requests import AddWorker, Enroll
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.ports import SensorInfo
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.sensor.pairing import Pairing
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.touch.credit import Credit
from edge_agent.simulator.background import Remote

_options = argparse.ArgumentParser(description="Move templates to a new sensor.")
_options.add_argument("--prints", type=int, default=64, metavar="N")
PRINTS: int = _options.parse_args().prints
HEADS = ("wire", "+ sensor", "taken", "to both", "to wire")


class Obeying:
    """Somebody at the sensor who does what they are told."""

    def __init__(self, remote: Remote, finger: str) -> None:
        self._remote, self._finger = remote, finger

    def step(self, what: StepKind, hint: str | None = None, score: int | None = None) -> None:
        """Press or lift."""
        self._remote.ask("lift" if what is StepKind.LIFT else f"press {self._finger}")

    def beat(self) -> None:
        """No rest."""

    def go_on(self) -> None:
        """No rest either."""


def enrol(folder: Path) -> None:
    """A gate with PRINTS prints, at a sensor without pace."""
    assembly = Assembly(load_settings(folder / "edge-agent.toml"))
    with (
        simulator(folder, "--no-pace", "--flash", f"{folder}/flash") as remote,
        closing(assembly.sensor()) as sensor,
        closing(assembly.panel()) as panel,
    ):
        gate, info = assembly.gate(lambda event: None), sensor.connect()
        pairing = Pairing(gate, sensor, beat=lambda: None)
        pairing.check()
        credit = Credit(gate, panel, offline=lambda: True)
        dispatcher = Dispatcher(gate, sensor, panel, pairing, assembly.sealing(), credit.match)
        for number in range(PRINTS):
            code, person = f"NV{number:04}", Obeying(remote, f"finger {number}".replace(" ", "-"))
            dispatcher.carry_out(AddWorker(code=code, name=code), info, person, "bench")
            dispatcher.carry_out(Enroll(code=code, finger="right-index"), info, person, "bench")
            remote.ask("lift")
        gate.store.close()


@contextmanager
def taping() -> Iterator[list[Tape]]:
    """A tape of each connection to a sensor."""
    tapes: list[Tape] = []
    connect: Callable[[FingerprintSensor], SensorInfo] = FingerprintSensor.connect

    def connect_taped(sensor: FingerprintSensor) -> SensorInfo:
        info = connect(sensor)
        tapes.append(Tape(sensor))
        return info

    with patch.object(FingerprintSensor, "connect", connect_taped):
        yield tapes


def timed(label: str, *words: str) -> None:
    """Carry a command out and print how long it took beside what it could not do without."""
    with taping() as tapes:
        began = time.perf_counter()
        command(list(words), standalone_mode=False)
        taken = time.perf_counter() - began
    wire = sum(tape.wire for tape in tapes)
    limit = wire + sum(tape.sensor for tape in tapes)
    each = 1e3 / PRINTS
    print(
        f"{label:<10} {wire * each:9.1f} {limit * each:9.1f} {taken * each:9.1f}"
        f" {taken / limit:9.3f} {taken / wire:9.3f} {taken * 1000 / PRINTS:11.0f}"
    )


def main() -> None:
    """Measure and print."""
    keys = AgeSealing().new_keys()
    with tempfile.TemporaryDirectory(prefix="ea-bench-") as name:
        old, new, desk = (Path(name, part) for part in ("old", "new", "file"))
        for folder in (old, new):
            folder.mkdir()
            (folder / "edge-agent.toml").write_text(SETTINGS.format(folder=folder))
        key = Path(name, "key.txt")
        key.write_text(keys.identity)
        enrol(old)
        print(f"{PRINTS} templates of 512 bytes at {BAUD} baud, ms a template\n")
        heads = "".join(f" {head:>9}" for head in HEADS)
        print(f"{'':<10}{heads} {'1,000 in, s':>11}")
        config = ("--config", f"{old}/edge-agent.toml")
        with simulator(old, "--flash", f"{old}/flash"):
            timed("backup", "templates", "backup", str(desk), "-r", keys.recipient, *config)
        config = ("--config", f"{new}/edge-agent.toml")
        with simulator(new):
            timed("restore", "templates", "restore", str(desk), "--identity", str(key), *config)


if __name__ == "__main__":
    main()
