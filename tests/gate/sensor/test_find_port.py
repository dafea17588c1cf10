"""Which serial ports of a machine are asked for a sensor."""

from pathlib import Path

import pytest

from edge_agent.gate.sensor.find_port import serial_ports


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "dev/serial/by-id").mkdir(parents=True)
    return tmp_path


def device(root: Path, name: str, uart: int | None = None) -> None:
    (root / "dev" / name).touch()
    if uart is not None:
        kind = root / "sys/class/tty" / name / "type"
        kind.parent.mkdir(parents=True)
        kind.write_text(f"{uart}\n")


def link(root: Path, name: str, device: str) -> None:
    (root / "dev" / name).symlink_to(root / "dev" / device)


def test_a_pi_is_asked_by_the_name_that_stays_and_never_at_its_bluetooth(root: Path) -> None:
    device(root, "ttyS0")
    device(root, "ttyAMA0")
    link(root, "serial0", "ttyS0")
    link(root, "serial1", "ttyAMA0")
    assert serial_ports(root) == ["/dev/serial0"]


def test_an_adapter_comes_first_and_by_its_stable_name(root: Path) -> None:
    device(root, "ttyAMA0")
    device(root, "ttyUSB0")
    link(root, "serial/by-id/usb-FTDI-if00", "ttyUSB0")
    assert serial_ports(root) == ["/dev/serial/by-id/usb-FTDI-if00", "/dev/ttyAMA0"]


def test_a_port_of_a_pc_with_nothing_behind_it_is_not_asked(root: Path) -> None:
    device(root, "ttyS0", uart=0)
    device(root, "ttyS1", uart=4)
    assert serial_ports(root) == ["/dev/ttyS1"]


def test_a_machine_without_any(root: Path) -> None:
    assert serial_ports(root) == []
