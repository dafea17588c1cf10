"""Hours at a gate in a minute: faults between presses, plugs pulled, supplies that fail.

On a real pty, with the simulator's own faults. `make test-long` runs the long versions.
"""

import gc
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_agent.gate.errors import SensorFault, SensorUnplugged
from edge_agent.gate.sensor import link, port
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.settings.schema import SensorSettings
from edge_agent.simulator.background import Remote, running_simulator
from edge_agent.simulator.faults import FAULTS
from edge_agent.simulator.serving import SimulatorOptions
from tests.patience import PATIENCE_S

from .line import template

FINGERS = range(1, 6)
# A change of the flash is not part of a press, and a swapped sensor knows nobody any more. A late
# reply takes 3 seconds, so there are few.
_FAULTS = sorted(FAULTS.keys() - {"power-cut", "swap-sensor", "late-ack"})


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    options = SimulatorOptions(tmp_path / "tty", tmp_path / "control", "as608", paced=False)
    with running_simulator(options) as remote:
        yield remote


@pytest.fixture
def sensor(remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FingerprintSensor:
    """Connected; knows FINGERS, each in the slot of its number. Answers at once, late or never."""
    hasty = {code: replace(row, deadline=0.2) for code, row in link.INSTRUCTIONS.items()}
    monkeypatch.setattr(link, "INSTRUCTIONS", hasty)
    monkeypatch.setattr(port, "QUIET", 0.01)
    monkeypatch.setattr(port, "PATIENCE", 0.01)
    sensor = FingerprintSensor(SensorSettings(port=str(tmp_path / "tty")))
    sensor.connect()
    for finger in FINGERS:
        sensor.write_template(finger, template(finger, "as608"))
    return sensor


def _press(remote: Remote, sensor: FingerprintSensor, finger: int) -> int | None:
    """The slot that is found for a finger; as a gate does, it begins anew after a fault."""
    remote.ask("lift")
    remote.ask(f"press {finger}")
    for _ in range(20):
        try:
            assert sensor.capture()
            assert sensor.extract() is None
            match = sensor.search()
            return match.slot if match else None
        except SensorFault:
            _until_sound(sensor)
    raise AssertionError("nothing works any more")


def _until_sound(sensor: FingerprintSensor) -> None:
    for _ in range(5):
        try:
            return sensor.recover()
        except SensorFault:
            continue
    raise AssertionError("the link does not recover")


def _exchanges(remote: Remote, sensor: FingerprintSensor, count: int, seed: int) -> None:
    rng = random.Random(seed)
    struck = 0
    while struck < count:
        for _ in range(rng.randrange(4)):
            struck += 1
            remote.ask(f"fault {rng.choice(_FAULTS) if struck % 50 else 'late-ack'}")
        finger = rng.choice([*FINGERS, 99])
        assert _press(remote, sensor, finger) == (finger if finger in FINGERS else None)
    sensor.close()


def test_sixty_faulty_exchanges(remote: Remote, sensor: FingerprintSensor) -> None:
    _exchanges(remote, sensor, 60, seed=1)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_five_hundred_faulty_exchanges(remote: Remote, sensor: FingerprintSensor) -> None:
    _exchanges(remote, sensor, 500, seed=2)


def _resources() -> tuple[int, int]:
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def _comes_back(sensor: FingerprintSensor, remote: Remote) -> float:
    """Seconds until a finger is found again."""
    began = time.monotonic()
    while True:
        try:
            sensor.connect()
            if _press(remote, sensor, 1) == 1:
                return time.monotonic() - began
        except SensorFault:
            assert time.monotonic() - began < PATIENCE_S, "it does not come back"


def _answers(sensor: FingerprintSensor) -> None:
    """It looks at the glass; a busy machine may be slower than the time that it has here."""
    began = time.monotonic()
    while True:
        try:
            assert sensor.capture() is not None
            return
        except SensorFault:
            assert time.monotonic() - began < PATIENCE_S
            with suppress(SensorFault):
                sensor.connect()


def _cycles(remote: Remote, sensor: FingerprintSensor, count: int) -> None:
    """Plugs pulled between touches and in the middle of one, and supplies that fail."""
    gc.collect()  # What a test before has left open is not theirs.
    before = _resources()
    sensor.close()
    closed = _resources()
    sensor.connect()
    for cycle in range(count):
        if cycle % 2:
            remote.ask("fault reboot")
            with pytest.raises(SensorFault):
                sensor.capture()
        else:
            _answers(sensor)
            remote.ask("unplug")
            with pytest.raises(SensorUnplugged):
                sensor.capture()
            with pytest.raises(SensorUnplugged):
                sensor.connect()
            remote.ask("plug")
        _comes_back(sensor, remote)
        assert _resources() == before, f"cycle {cycle} left something behind"
    sensor.close()
    assert _resources() == closed


def test_twenty_cycles(remote: Remote, sensor: FingerprintSensor) -> None:
    _cycles(remote, sensor, 20)


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_hundred_cycles(remote: Remote, sensor: FingerprintSensor) -> None:
    _cycles(remote, sensor, 200)


def test_a_leak_is_noticed(
    remote: Remote, sensor: FingerprintSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    close, kept = port.Port.close, []

    def close_and_leave_one(port: port.Port) -> None:
        kept.append(os.open(os.devnull, os.O_RDONLY))
        close(port)

    monkeypatch.setattr(port.Port, "close", close_and_leave_one)
    with pytest.raises(AssertionError, match="left something behind"):
        _cycles(remote, sensor, 4)
    for leaked in kept:
        os.close(leaked)


def _trust(link: link.Link) -> None:
    link._trusted = True
    link._stream = None


def test_a_link_that_just_goes_on_is_caught(
    remote: Remote, sensor: FingerprintSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link.Link, "recover", _trust)
    monkeypatch.setattr(port.Port, "unread", lambda _: False)
    with pytest.raises(AssertionError):
        _exchanges(remote, sensor, 60, seed=1)
    sensor.close()
