"""How it starts, what it refuses to take over, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from edge_agent.simulator.background import running_simulator
from edge_agent.simulator.flash import Flash
from edge_agent.simulator.paths import SimulatorError
from edge_agent.simulator.serving import SimulatorOptions, serve
from edge_agent.simulator.wire import Packet, Pid
from tests.patience import PATIENCE_S

from .conftest import Simulate

_SERVE = """
import sys
from pathlib import Path
from edge_agent.simulator import SimulatorOptions, serve
folder = Path(sys.argv[1])
options = SimulatorOptions(folder / "sensor", folder / "control", "zfm20", flash=folder / "flash")
serve(options, lambda: print("ready", flush=True))
"""


@contextmanager
def _process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A simulator in a process of its own, which a test may kill."""
    command = [sys.executable, "-c", _SERVE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def _options(folder: Path, **changes: Path) -> SimulatorOptions:
    places = {"link": folder / "sensor", "control": folder / "control"}
    return SimulatorOptions(**{**places, **changes}, paced=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with _process(tmp_path) as process:
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 0
    assert list(tmp_path.iterdir()) == []


def test_quit_ends_it_cleanly(tmp_path: Path) -> None:
    for _ in range(2):
        with running_simulator(_options(tmp_path)) as simulator:
            simulator.ask("quit")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_left_is_replaced(tmp_path: Path) -> None:
    with _process(tmp_path) as process:
        process.kill()
        process.wait(PATIENCE_S)
    assert sorted(os.listdir(tmp_path)) == ["control", "sensor"]
    with running_simulator(_options(tmp_path)) as simulator:
        simulator.ask("slots")


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    write_notepad = Packet(0xFFFFFFFF, Pid.COMMAND, b"\x18\x00" + b"\x07" * 32).encode()
    with _process(tmp_path) as process, serial.Serial(str(tmp_path / "sensor"), 57600) as host:
        host.timeout = 0.2  # the sensor is deaf until it has booted
        acknowledgement = b""
        while not acknowledgement:
            host.write(write_notepad)
            acknowledgement = host.read(12)
        process.kill()
        process.wait(PATIENCE_S)
    assert Flash.open("zfm20", tmp_path / "flash").notepad == {0: b"\x07" * 32}


def test_a_live_one_is_left_alone(simulate: Simulate, tmp_path: Path) -> None:
    simulator = simulate(flash=tmp_path / "flash")
    other = tmp_path / "other"
    for options, message in [
        (_options(tmp_path, control=other), f"another simulator is using {tmp_path}/sensor"),
        (_options(tmp_path, link=other), f"somebody is listening at {tmp_path}/control"),
        (
            _options(tmp_path, link=other, control=other, flash=tmp_path / "flash"),
            f"another simulator is using {tmp_path}/flash",
        ),
    ]:
        with pytest.raises(SimulatorError, match=message):
            serve(options)
    assert simulator.ask("slots")
    assert os.readlink(simulator.port).startswith("/dev/pts/")


def test_an_unplugged_one_keeps_its_place(simulate: Simulate, tmp_path: Path) -> None:
    simulate().ask("unplug")
    with pytest.raises(SimulatorError, match="another simulator"):
        serve(_options(tmp_path, control=tmp_path / "other"))


@pytest.mark.parametrize("name", ["sensor", "control"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_not_a_simulators_is_left_alone(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/ttyAMA0")
    with pytest.raises(SimulatorError, match=f"{path} is already there"):
        serve(_options(tmp_path))
    assert os.listdir(tmp_path) == [name]


def test_places_that_do_not_exist(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "x"
    for options in (_options(tmp_path, link=nowhere), _options(tmp_path, control=nowhere)):
        with pytest.raises(SimulatorError, match=str(nowhere)):
            serve(options)
    assert list(tmp_path.iterdir()) == []


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="cannot make the control socket"):
        serve(_options(tmp_path, control=tmp_path / ("x" * 120)))


def test_a_model_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="choose one of r307, as608"):
        serve(SimulatorOptions(tmp_path / "sensor", tmp_path / "control", model="r308"))


def test_a_failure_to_start_reaches_the_caller(tmp_path: Path) -> None:
    (tmp_path / "sensor").write_text("precious")
    with (
        pytest.raises(SimulatorError, match="already there"),
        running_simulator(_options(tmp_path)),
    ):
        pass


def test_the_control_socket_is_its_owners(simulate: Simulate) -> None:
    assert simulate().options.control.stat().st_mode & 0o777 == 0o600


def test_a_stale_socket_of_any_kind_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control"))
    with running_simulator(_options(tmp_path)) as simulator:
        simulator.ask("slots")
