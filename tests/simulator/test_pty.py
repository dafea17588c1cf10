"""The port as a host's operating system shows it: speeds, plugs, and hosts that do not read."""

from __future__ import annotations

import os
import select
import termios
import threading
import time
from pathlib import Path

import pytest
import serial

from edge_agent.simulator.background import running_simulator
from edge_agent.simulator.pty_port import garble
from edge_agent.simulator.serving import SimulatorOptions
from edge_agent.simulator.wire import Packet, Parser, Pid
from tests.patience import PATIENCE_S

from .conftest import Simulate
from .hosts import BROADCAST

COUNT = Packet(BROADCAST, Pid.COMMAND, b"\x1d").encode()
EMPTY = bytes.fromhex("ef01ffffffff070005000000000c")


def _open(port: str, baud: int = 57600, timeout: float = PATIENCE_S) -> serial.Serial:
    return serial.Serial(port, baud, timeout=timeout)


def _ask(host: serial.Serial, *content: int) -> bytes:
    host.write(Packet(BROADCAST, Pid.COMMAND, bytes(content)).encode())
    head = host.read(9)
    tail: bytes = host.read(int.from_bytes(head[7:9], "big"))
    [packet] = Parser().feed(head + tail)
    assert isinstance(packet, Packet)
    return packet.data


def _comes_to_rest() -> bool:
    """Whether this process, the simulator's thread included, soon uses next to no processor."""

    def used() -> float:
        before = time.process_time()
        time.sleep(0.1)
        return time.process_time() - before

    return any(used() < 0.005 for _ in range(20))


def test_a_host_without_settings_of_its_own(simulate: Simulate) -> None:
    # What a shell's redirection does: the pty is raw and at the sensor's speed already.
    simulator = simulate(model="zfm20")
    fd = os.open(simulator.port, os.O_RDWR | os.O_NOCTTY)
    try:
        assert not termios.tcgetattr(fd)[3] & (termios.ECHO | termios.ICANON)
        os.write(fd, COUNT)
        received = b""
        while len(received) < len(EMPTY):
            assert select.select([fd], [], [], PATIENCE_S)[0]
            received += os.read(fd, 100)
        assert received == EMPTY
    finally:
        os.close(fd)


@pytest.mark.parametrize("multiplier", [1, 3, 12])
def test_the_host_must_follow_the_sensors_speed(simulate: Simulate, multiplier: int) -> None:
    simulator = simulate(model="zfm20")
    with _open(simulator.port) as host:
        assert _ask(host, 0x0E, 4, multiplier) == b"\x00"
        host.baudrate = multiplier * 9600
        assert _ask(host, 0x1D) == b"\x00\x00\x00"


def test_at_another_speed_it_hears_nothing(simulate: Simulate) -> None:
    simulator = simulate(model="zfm20")
    with _open(simulator.port, 9600, timeout=0.2) as host:
        host.write(COUNT)
        assert host.read(1) == b""
        host.baudrate = 57600
        host.timeout = PATIENCE_S
        host.write(COUNT)
        assert host.read(len(EMPTY)) == EMPTY


def test_at_another_speed_only_garbage_comes_back(simulate: Simulate) -> None:
    simulator = simulate(model="zfm20")
    with _open(simulator.port) as host:
        simulator.ask("fault stray-byte")
        simulator.ask("fault late-ack")
        host.write(COUNT + COUNT)
        assert host.read(1 + len(EMPTY)) == b"\x00" + EMPTY, "both have been heard"
        host.baudrate = 9600
        assert host.read(len(EMPTY)) == garble(EMPTY)


def test_garbled_bytes_never_hold_a_packet() -> None:
    assert Parser().feed(garble(bytes(range(256)) + COUNT) + bytes(300)) == []


def test_unplugging_gives_the_host_an_error(simulate: Simulate) -> None:
    simulator = simulate()
    with _open(simulator.port) as host:
        failure: list[Exception] = []

        def read() -> None:
            try:
                host.read(1)
            except serial.SerialException as error:
                failure.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        simulator.ask("unplug")
        reader.join(PATIENCE_S)
        assert failure
        with pytest.raises((serial.SerialException, OSError)):
            host.write(COUNT)
    assert not os.path.lexists(simulator.port)
    simulator.ask("plug")
    with _open(simulator.port) as host:
        assert _ask(host, 0x13, 0, 0, 0, 0) == b"\x00"


def test_unplugging_takes_the_power_but_not_the_flash_nor_the_finger(simulate: Simulate) -> None:
    simulator = simulate(model="zfm20")
    with _open(simulator.port) as host:
        _ask(host, 0x18, 0, *b"\x01" * 32)
        assert _ask(host, 0x13, 0, 0, 0, 0) == b"\x00"
        simulator.ask("unplug")
        simulator.ask("press an")
        assert simulator.ask("slots") == "count=0 capacity=162 slots="
        simulator.ask("plug")
    with _open(simulator.port) as host:
        assert _ask(host, 0x0F)[2] == 0, "no longer verified"
        assert _ask(host, 0x19, 0) == b"\x00" + b"\x01" * 32
        assert _ask(host, 0x01) == b"\x00"


def test_the_boot_byte_is_there_when_the_port_is(simulate: Simulate) -> None:
    simulator = simulate(model="as608")
    fd = os.open(simulator.port, os.O_RDWR | os.O_NOCTTY)
    try:
        assert select.select([fd], [], [], 0)[0]
        assert os.read(fd, 10) == b"\x55"
    finally:
        os.close(fd)


def test_a_plugged_sensor_boots(simulate: Simulate) -> None:
    simulator = simulate(model="as608", paced=True)
    with _open(simulator.port) as host:
        assert host.read(1) == b"\x55"
        assert _ask(host, 0x1D) == b"\x00\x00\x00"


def test_200_plugs_leave_nothing_behind(simulate: Simulate) -> None:
    simulator = simulate()
    simulator.ask("slots")  # the connection has been accepted, and counts

    def kept() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    before = kept()
    for _ in range(200):
        with _open(simulator.port) as host:
            host.write(COUNT)
            simulator.ask("unplug")
        simulator.ask("plug")
    assert kept() == before


def test_hosts_may_come_and_go(simulate: Simulate) -> None:
    simulator = simulate(model="zfm20")
    for _ in range(20):
        with _open(simulator.port) as host:
            assert _ask(host, 0x1D) == b"\x00\x00\x00"


def test_a_host_that_does_not_read_costs_nothing_and_loses_nothing(simulate: Simulate) -> None:
    simulator = simulate(model="zfm20")
    simulator.ask("press an")
    with _open(simulator.port) as host:
        assert _ask(host, 0x01) == b"\x00"
        for _ in range(3):  # more than a pty holds
            host.write(Packet(BROADCAST, Pid.COMMAND, b"\x0a").encode())
        assert _comes_to_rest()
        expected = 3 * (12 + 288 * (128 + 11))
        assert len(host.read(expected)) == expected


def test_what_was_not_sent_is_lost_with_the_plug(simulate: Simulate) -> None:
    simulator = simulate(model="zfm20")
    simulator.ask("press an")
    with _open(simulator.port) as host:
        assert _ask(host, 0x01) == b"\x00"
        for _ in range(3):
            host.write(Packet(BROADCAST, Pid.COMMAND, b"\x0a").encode())
        assert len(host.read(12)) == 12
        simulator.ask("unplug")
        simulator.ask("plug")
    with _open(simulator.port) as host:
        simulator.ask("fault late-ack")  # nothing to send at once: no longer stalled all the same
        assert _ask(host, 0x1D) == b"\x00\x00\x00"


def test_an_idle_simulator_sleeps(simulate: Simulate) -> None:
    simulate()
    assert _comes_to_rest()


def test_a_finger_between_two_polls(simulate: Simulate) -> None:
    simulator = simulate(model="zfm20")
    with _open(simulator.port) as host:
        simulator.ask("press an")
        assert _ask(host, 0x01) == b"\x00"
        simulator.ask("press binh")
        assert _ask(host, 0x01) == b"\x02"
        assert _ask(host, 0x01) == b"\x00"
        simulator.ask("lift")
        assert _ask(host, 0x01) == b"\x02"


def test_faults_reach_the_host(simulate: Simulate) -> None:
    simulator = simulate(model="zfm20")
    with _open(simulator.port) as host:
        simulator.ask("fault stray-byte")
        host.write(COUNT)
        assert host.read(len(EMPTY) + 1) == b"\x00" + EMPTY
        simulator.ask("fault split-reply")
        started = time.monotonic()
        assert _ask(host, 0x1D) == b"\x00\x00\x00"
        assert time.monotonic() - started >= 0.15


def test_the_flash_outlives_the_simulator(tmp_path: Path) -> None:
    options = SimulatorOptions(
        tmp_path / "sensor", tmp_path / "control", "zfm20", paced=False, flash=tmp_path / "flash"
    )
    with running_simulator(options) as simulator, _open(str(options.link)) as host:
        simulator.ask("press an")
        assert _ask(host, 0x01) + _ask(host, 0x02, 1) + _ask(host, 0x06, 1, 0, 9) == bytes(3)
    with running_simulator(options) as simulator:
        assert simulator.ask("slots") == "count=1 capacity=162 slots=9"
