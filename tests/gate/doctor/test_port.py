"""The board, its ports, and who else talks on them."""

import pytest

from edge_agent.gate.doctor.wiring import board, console, port

from .staging import Stage, said

PI_5 = "Raspberry Pi 5 Model B Rev 1.0\0"
PI_500 = "Raspberry Pi 500 Rev 1.0\0"
PI_4 = "Raspberry Pi 4 Model B Rev 1.5\0"
ZERO_2 = "Raspberry Pi Zero 2 W Rev 1.0\0"
LAPTOP = None

MINI = {"/dev/serial0": "ttyS0", "/dev/serial1": "ttyAMA0"}
SWAPPED = {"/dev/serial0": "ttyAMA0", "/dev/serial1": "ttyS0"}
DEBUG = {"/dev/serial0": "ttyAMA10"}
HEADER = {"/dev/serial0": "ttyAMA0"}
NOTHING: dict[str, str] = {}


def staged(stage: Stage, model: str | None, links: dict[str, str], *devices: str) -> None:
    if model is not None:
        stage.file("/sys/firmware/devicetree/base/model", model)
    for device in {*devices, *links.values()}:
        stage.device(f"/dev/{device}")
    for path, target in links.items():
        stage.link(path, target)


@pytest.mark.parametrize(
    ("model", "links", "devices", "name", "expected"),
    [
        (PI_4, SWAPPED, (), "/dev/serial0", "PORT_RIGHT"),
        (PI_4, SWAPPED, (), "/dev/ttyAMA0", "PORT_RIGHT"),
        (ZERO_2, MINI, (), "/dev/serial0", "PORT_IS_MINI_UART"),
        (PI_4, MINI, (), "/dev/ttyS0", "PORT_IS_MINI_UART"),
        (PI_4, MINI, (), "/dev/ttyAMA0", "PORT_IS_BLUETOOTH"),
        (PI_4, SWAPPED, (), "/dev/ttyS0", "PORT_IS_BLUETOOTH"),
        (PI_4, NOTHING, (), "/dev/serial0", "PORT_MISSING_PI"),
        (PI_4, MINI, ("ttyUSB0",), "/dev/ttyUSB0", "PORT_RIGHT"),
        (PI_5, DEBUG, ("ttyAMA0",), "/dev/ttyAMA0", "PORT_RIGHT"),
        (PI_5, DEBUG, (), "/dev/serial0", "PORT_IS_DEBUG_CONNECTOR"),
        (PI_5, HEADER, (), "/dev/serial0", "PORT_RIGHT"),
        (PI_5, DEBUG, (), "/dev/ttyAMA0", "PORT_MISSING_PI_5"),
        (PI_500, NOTHING, (), "/dev/ttyAMA0", "PORT_MISSING_PI_5"),
        (LAPTOP, NOTHING, (), "/dev/ttyUSB0", "PORT_MISSING"),
        (LAPTOP, NOTHING, ("ttyUSB0",), "/dev/ttyUSB0", "PORT_RIGHT"),
        (LAPTOP, NOTHING, ("ttyS0",), "/dev/ttyS0", "PORT_RIGHT"),
        (LAPTOP, NOTHING, (), "socket://10.0.0.2:4000", "PORT_IS_URL"),
        (LAPTOP, NOTHING, ("ttyUSB0",), "/dev", "PORT_IS_NO_DEVICE"),
    ],
)
def test_the_right_port_for_the_board(
    stage: Stage,
    model: str | None,
    links: dict[str, str],
    devices: tuple[str, ...],
    name: str,
    expected: str,
) -> None:
    staged(stage, model, links, *devices)

    assert said(port(stage.context(sensor={"port": name}))) == expected


@pytest.mark.parametrize(("model", "expected"), [(PI_5, "BOARD_PI"), (LAPTOP, "BOARD_OTHER")])
def test_which_board_this_is(stage: Stage, model: str | None, expected: str) -> None:
    staged(stage, model, {})

    verdict = board(stage.machine())

    assert said(verdict) == expected
    assert "\0" not in verdict.found


CMDLINE = "console=tty1 {} root=PARTUUID=1-02 rootwait"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "CONSOLE_NONE"),
        ({"/proc/cmdline": CMDLINE.format("")}, "CONSOLE_NONE"),
        ({"/proc/cmdline": CMDLINE.format("console=ttyS0,115200")}, "CONSOLE_OF_KERNEL"),
        ({"/proc/cmdline": CMDLINE.format("console=ttyAMA0,115200")}, "CONSOLE_NONE"),
        ({"/proc/cmdline": CMDLINE.format("not-console=ttyS0")}, "CONSOLE_NONE"),
        ({"/proc/cmdline": CMDLINE.format("serial0,115200")}, "CONSOLE_NONE"),
        (
            {"/boot/firmware/cmdline.txt": CMDLINE.format("console=serial0,115200")},
            "CONSOLE_OF_KERNEL",
        ),
        ({"/boot/cmdline.txt": CMDLINE.format("console=serial0")}, "CONSOLE_OF_KERNEL"),
        (
            {"/etc/systemd/system/getty.target.wants/serial-getty@ttyS0.service": ""},
            "CONSOLE_LOGIN",
        ),
        (
            {"/run/systemd/generator/getty.target.wants/serial-getty@ttyS0.service": ""},
            "CONSOLE_LOGIN",
        ),
        (
            {"/run/systemd/generator/getty.target.wants/serial-getty@ttyAMA0.service": ""},
            "CONSOLE_NONE",
        ),
        (
            {
                r"/sys/fs/cgroup/system.slice/system-serial\x2dgetty.slice"
                "/serial-getty@serial0.service/cgroup.procs": "12"
            },
            "CONSOLE_LOGIN",
        ),
        ({"/etc/systemd/system/getty.target.wants/getty@tty1.service": ""}, "CONSOLE_NONE"),
    ],
)
def test_a_console_on_the_sensor_s_port(stage: Stage, files: dict[str, str], expected: str) -> None:
    staged(stage, PI_4, MINI, "tty1")
    for path, text in files.items():
        stage.file(path, text)

    assert said(console(stage.context(sensor={"port": "/dev/serial0"}))) == expected


@pytest.mark.parametrize("name", ["/dev/ttyUSB9", "socket://10.0.0.2:4000"])
def test_no_port_has_no_console(stage: Stage, name: str) -> None:
    assert console(stage.context(sensor={"port": name})) is None
