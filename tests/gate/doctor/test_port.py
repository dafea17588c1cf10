"""The board, its ports, and who else talks on them."""

import os
import subprocess
from pathlib import Path

import pytest

from edge_agent.gate.doctor.machine import Machine
from edge_agent.gate.doctor.wiring import board, console, other_readers, port

from .staging import Stage, said, status

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


ADAPTER = "/dev/serial/by-id/usb-FTDI_A50285BI-if00-port0"


@pytest.mark.parametrize("model", [PI_4, LAPTOP])
def test_a_bare_name_may_be_another_s_tomorrow(stage: Stage, model: str | None) -> None:
    staged(stage, model, NOTHING, "ttyUSB0")
    stage.link(ADAPTER, "../../ttyUSB0")

    bare = port(stage.context(sensor={"port": "/dev/ttyUSB0"}))
    stable = port(stage.context(sensor={"port": ADAPTER}))

    assert said(bare) == "PORT_MAY_MOVE"
    assert bare
    assert bare.advice.startswith(f"set [sensor] port to {ADAPTER},")
    assert said(stable) == "PORT_RIGHT"


@pytest.mark.parametrize(
    ("name", "others", "expected"),
    [
        ("/dev/ttyUSB0", ("ttyUSB1",), "PORT_MISSING_ADAPTER_THERE"),
        ("/dev/ttyACM0", ("ttyUSB1",), "PORT_MISSING_ADAPTER_THERE"),
        (ADAPTER, ("ttyUSB1",), "PORT_MISSING_ADAPTER_THERE"),
        ("/dev/ttyUSB0", ("ttyUSB1", "ttyACM0"), "PORT_MISSING_PI"),  # Which of them?
        ("/dev/serial0", ("ttyUSB1",), "PORT_MISSING_PI"),
        ("/dev/ttyUSB0", (), "PORT_MISSING_PI"),
    ],
)
def test_the_adapter_that_is_there_instead(
    stage: Stage, name: str, others: tuple[str, ...], expected: str
) -> None:
    staged(stage, PI_4, NOTHING, *others)

    verdict = port(stage.context(sensor={"port": name}))

    assert said(verdict) == expected
    if expected == "PORT_MISSING_ADAPTER_THERE":
        assert verdict
        assert "an adapter is at /dev/ttyUSB1" in verdict.found


def test_a_port_that_the_daemon_has_found_under_another_name(stage: Stage) -> None:
    context = stage.context(sensor={"port": "/dev/ttyUSB0"})
    context.status = status()
    verdict = port(context)
    assert said(verdict) == "PORT_MOVED"
    assert verdict is not None
    assert verdict.advice.endswith("restart the daemon: Ctrl+C where it runs, then edge-agent run")

    context.status = status(sensor={**status()["sensor"], "state": "unplugged"})
    assert said(port(context)) == "PORT_MISSING"


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


def staged_process(stage: Stage, process: int, opened: str | Path) -> None:
    stage.file(f"/proc/{process}/comm", "agetty\n")
    stage.link(f"/proc/{process}/fd/5", str(opened))


@pytest.mark.parametrize(
    ("opened", "expected"),
    [("dev/ttyUSB0", "LINE_HAS_OTHERS"), ("dev/ttyUSB1", "LINE_IS_OURS"), ("gone", "LINE_IS_OURS")],
)
def test_who_else_reads_from_the_port(stage: Stage, opened: str, expected: str) -> None:
    staged(stage, LAPTOP, NOTHING, "ttyUSB0", "ttyUSB1")
    stage.link("/dev/serial/by-id/usb-x", "../../ttyUSB0")
    staged_process(stage, 1, "/dev/null")
    staged_process(stage, 77, stage.root / opened)

    verdict = other_readers(stage.context(sensor={"port": "/dev/serial/by-id/usb-x"}))

    assert said(verdict) == expected
    assert verdict
    if expected == "LINE_HAS_OTHERS":
        assert "agetty (process 77 of user" in verdict.found
        assert "sudo systemctl status 77" in verdict.advice


def test_doctor_and_daemon_are_no_other_readers(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged(stage, LAPTOP, NOTHING, "ttyUSB0")
    monkeypatch.setattr("edge_agent.gate.doctor.wiring.daemon_process", lambda socket: 77)
    staged_process(stage, 1, "/dev/null")
    for process in (77, os.getpid()):
        staged_process(stage, process, stage.root / "dev/ttyUSB0")
    context = stage.context(sensor={"port": "/dev/ttyUSB0"})

    assert said(other_readers(context)) == "LINE_IS_OURS"

    staged_process(stage, 78, stage.root / "dev/ttyUSB0")
    assert said(other_readers(context)) == "LINE_HAS_OTHERS"


def test_a_daemon_that_listens_elsewhere_is_no_other_reader(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where [control] socket was changed since its start."""
    staged(stage, LAPTOP, NOTHING, "ttyUSB0")
    monkeypatch.setattr("edge_agent.gate.doctor.wiring.daemon_at", lambda database: 77)
    staged_process(stage, 1, "/dev/null")
    staged_process(stage, 77, stage.root / "dev/ttyUSB0")

    assert said(other_readers(stage.context(sensor={"port": "/dev/ttyUSB0"}))) == "LINE_IS_OURS"


def test_who_may_not_look_into_every_process_says_so(stage: Stage) -> None:
    """Somebody else's processes cannot be looked into, or are not even seen."""
    staged(stage, LAPTOP, NOTHING, "ttyUSB0")
    staged_process(stage, 77, stage.root / "gone")

    verdict = other_readers(stage.context(sensor={"port": "/dev/ttyUSB0"}))

    assert said(verdict) == "LINE_IS_OURS_AS_FAR_AS_SEEN"


def test_a_program_that_reads_beside_the_gate(stage: Stage) -> None:
    """Real processes: one that has the terminal open, and the one at its other end."""
    ours, theirs = os.openpty()
    context = stage.context(Machine(), sensor={"port": os.ttyname(theirs)})
    at_the_other_end = subprocess.Popen(["sleep", "60"], stdin=ours, stdout=theirs)
    try:
        alone = other_readers(context)
        with subprocess.Popen(["sleep", "60"], stdin=theirs) as reader:
            beside = other_readers(context)
            reader.kill()
    finally:
        at_the_other_end.kill()
        at_the_other_end.wait()
        os.close(ours)
        os.close(theirs)

    assert alone
    assert alone.state == "OK"
    assert said(beside) == "LINE_HAS_OTHERS"
    assert beside
    assert f"sleep (process {reader.pid} of user" in beside.found


@pytest.mark.parametrize(
    ("files", "devices", "expected"),
    [
        (("/etc/debian_version",), (), "PORT_MISSING_DEBIAN"),
        (("/etc/debian_version",), ("ttyAMA0",), "PORT_MISSING_DEBIAN_UART"),
        (("/etc/debian_version", "/etc/rpi-issue"), (), "PORT_MISSING_PI"),
    ],
)
def test_debian_on_a_pi_has_no_serial0(
    stage: Stage, files: tuple[str, ...], devices: tuple[str, ...], expected: str
) -> None:
    staged(stage, PI_4, NOTHING, *devices)
    for file in files:
        stage.file(file)

    assert said(port(stage.context(sensor={"port": "/dev/serial0"}))) == expected
