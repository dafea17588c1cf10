"""Which board and which card, read from the files of a made-up kernel."""

import os
from pathlib import Path

import pytest

from edge_agent.gate.host.host_identity import host_identity


class Machine:
    """A sysfs in a folder; ``gate`` is the folder that the database is in."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.gate = folder / "gate"
        self.gate.mkdir()

    def file(self, path: str, content: bytes) -> None:
        there = self.root / path
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(content)

    def disk(self, partition: str) -> None:
        """The file system is on this partition below /sys/devices."""
        device = self.gate.stat().st_dev
        self.file(f"sys/devices/{partition}/partition", b"2\n")
        link = self.root / "sys/dev/block" / f"{os.major(device)}:{os.minor(device)}"
        link.parent.mkdir(parents=True)
        link.symlink_to(self.root / "sys/devices" / partition)

    @property
    def board(self) -> dict[str, str]:
        return host_identity(self.gate, self.root).board

    @property
    def card(self) -> dict[str, str]:
        return host_identity(self.gate, self.root).card


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_pi_with_its_card(machine: Machine) -> None:
    # As on a Pi 4: the device tree's strings end with a NUL.
    machine.file("sys/firmware/devicetree/base/serial-number", b"10000000a1b2c3d4\0")
    machine.file("etc/machine-id", b"0d4d6d1280534ad49f1325f45b2ffd38\n")
    machine.disk("mmc0/mmc0:aaaa/block/mmcblk0/mmcblk0p2")
    card = "sys/devices/mmc0/mmc0:aaaa/block/mmcblk0/device"
    machine.file(f"{card}/cid", b"03534453433332478012345678012300\n")
    machine.file(f"{card}/serial", b"0x12345678\n")

    assert list(machine.board.items()) == [
        ("serial", "10000000a1b2c3d4"),
        ("machine-id", "0d4d6d1280534ad49f1325f45b2ffd38"),
    ]
    assert next(iter(machine.card.items())) == ("cid", "03534453433332478012345678012300")


def test_a_laptop_with_a_file_system_that_has_a_name(machine: Machine) -> None:
    machine.file("etc/machine-id", b"aa\n")
    machine.disk("nvme/nvme0/nvme0n1/nvme0n1p3")
    machine.file("sys/devices/nvme/nvme0/nvme0n1/wwid", b"eui.0025385b71b11111\n")
    machine.file("dev/nvme0n1p3", b"")
    uuid = machine.root / "dev/disk/by-uuid/5e7a"
    uuid.parent.mkdir(parents=True)
    uuid.symlink_to("../../nvme0n1p3")

    assert machine.board == {"machine-id": "aa"}
    assert list(machine.card.items()) == [("wwid", "eui.0025385b71b11111"), ("uuid", "5e7a")]


def test_a_machine_that_tells_nothing(machine: Machine) -> None:
    assert (machine.board, machine.card) == ({}, {})
    machine.file("etc/machine-id", b"\n")
    machine.file("sys/firmware/devicetree/base/serial-number", b"\xff\xfe")
    assert machine.board == {}
    assert host_identity(machine.gate / "not-there", machine.root).card == {}


def test_this_machine_does_not_raise(tmp_path: Path) -> None:
    host_identity(tmp_path)
    host_identity(Path("/dev/shm"))
