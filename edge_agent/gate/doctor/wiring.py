"""The sensor's port: which it is, and who else talks on it; and who may use what.

Only files are read. Rights are those of this user, and what is said names the group that would
help. While the daemon runs it alone uses port and lamps, so only what commands need is looked at.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from .context import CheckContext, check
from .findings import Judgement, Sentence, State
from .machine import Machine, user_name

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

BOARD_PI = Sentence(OK, "This is a {model}")
BOARD_OTHER = Sentence(OK, "This is not a Raspberry Pi")

_MODEL = "/sys/firmware/devicetree/base/model"


@check("board")
def board(machine: Machine) -> Judgement:
    """Which Raspberry Pi this is, if it is one."""
    model = _model(machine)
    return BOARD_PI(model=model) if _is_pi(model) else BOARD_OTHER()


def _model(machine: Machine) -> str:
    return machine.text(_MODEL) or ""


def _is_pi(model: str) -> bool:
    return model.startswith("Raspberry Pi")


PORT_IS_URL = Sentence(OK, "{port} is not a device of this machine")
PORT_RIGHT = Sentence(OK, "{port} is there ({device})")
PORT_MISSING_PI_5 = Sentence(
    FAIL,
    "There is no {port}",
    "on this Raspberry Pi the header's port is /dev/ttyAMA0: add 'dtparam=uart0=on' to "
    "/boot/firmware/config.txt, reboot, and set [sensor] port to it; a USB adapter is "
    "/dev/ttyUSB0",
)
PORT_MISSING_PI = Sentence(
    FAIL,
    "There is no {port}",
    "on this Raspberry Pi the header's port is /dev/serial0: switch it on with 'sudo "
    "raspi-config', Interface Options, Serial Port, login shell No, hardware Yes; a USB adapter "
    "is /dev/ttyUSB0",
)
PORT_MISSING = Sentence(
    FAIL,
    "There is no {port}",
    "plug the adapter in, see with 'ls /dev/ttyUSB* /dev/ttyACM*' what it is called, and set "
    "[sensor] port to that",
)
PORT_IS_NO_DEVICE = Sentence(
    FAIL, "{port} is not a serial port", "set [sensor] port to the one that the sensor is wired to"
)
PORT_IS_DEBUG_CONNECTOR = Sentence(
    FAIL,
    "{port} is the small debug connector of a Raspberry Pi 5 ({device}), not the header",
    "set [sensor] port to /dev/ttyAMA0, and add 'dtparam=uart0=on' to /boot/firmware/config.txt",
)
PORT_IS_BLUETOOTH = Sentence(
    FAIL,
    "{port} is the line to the Bluetooth chip ({device}), not the header",
    "set [sensor] port to /dev/serial0",
)
PORT_IS_MINI_UART = Sentence(
    WARN,
    "{port} is the mini UART ({device}), whose speed follows the processor's clock",
    "add 'dtoverlay=miniuart-bt' to /boot/firmware/config.txt and reboot",
)

_FAMILIES = {
    "Raspberry Pi 5": PORT_MISSING_PI_5,  # and the 500
    "Raspberry Pi Compute Module 5": PORT_MISSING_PI_5,
    "Raspberry Pi": PORT_MISSING_PI,
    "": PORT_MISSING,
}
"""How a model's name begins → what to say where the port is missing; the first that fits."""

_DEBUG_CONNECTOR = "ttyAMA10"

_MINI_UART = "ttyS0"

_OF_BLUETOOTH = "/dev/serial1"
"""The firmware's own name for the line to the Bluetooth chip, whichever UART it is."""


@check("port")
def port(context: CheckContext) -> Judgement:
    """Whether the sensor's port leads to the header's good UART, or to an adapter."""
    name, device, machine = context.settings.sensor.port, context.device, context.machine
    if "://" in name:
        return PORT_IS_URL(port=name)
    model = _model(machine)
    if device is None:
        return _missing(model)(port=name)
    if machine.at(name).is_file() or machine.at(name).is_dir():
        return PORT_IS_NO_DEVICE(port=name)
    return _judge_port(machine, model, device)(port=name, device=device)


def _missing(model: str) -> Sentence:
    return next(sentence for name, sentence in _FAMILIES.items() if model.startswith(name))


def _judge_port(machine: Machine, model: str, device: str) -> Sentence:
    if device == _DEBUG_CONNECTOR:
        return PORT_IS_DEBUG_CONNECTOR
    if _is_pi(model) and device == machine.device(_OF_BLUETOOTH):
        return PORT_IS_BLUETOOTH
    if _is_pi(model) and device == _MINI_UART:
        return PORT_IS_MINI_UART
    return PORT_RIGHT


CONSOLE_NONE = Sentence(OK, "No console uses {port}")
CONSOLE_OF_KERNEL = Sentence(
    FAIL,
    "The kernel's console is on the sensor's port ({word} in {file})",
    "run 'sudo raspi-config', Interface Options, Serial Port, login shell No, hardware Yes, "
    "and reboot",
)
CONSOLE_LOGIN = Sentence(
    FAIL,
    "A login terminal is on the sensor's port ({unit})",
    "run 'sudo systemctl disable --now {unit}'",
)

_CMDLINES = ("/boot/firmware/cmdline.txt", "/boot/cmdline.txt", "/proc/cmdline")
"""What the next start will have (by system version), and what this one had."""

_UNITS = (
    r"/sys/fs/cgroup/system.slice/system-serial\x2dgetty.slice",
    "/run/systemd/generator/getty.target.wants",
    "/etc/systemd/system/getty.target.wants",
)
"""Where systemd shows the login terminals that run, and those that will."""


@check("console")
def console(context: CheckContext) -> Judgement | None:
    """Look for the kernel's console and for a login terminal."""
    machine, device = context.machine, context.device
    if device is None:
        return None
    for file in _CMDLINES:
        for word in (machine.text(file) or "").split():
            key, _, value = word.partition("=")
            if key == "console" and machine.device(f"/dev/{value.split(',')[0]}") == device:
                return CONSOLE_OF_KERNEL(word=word, file=file)
    for unit, name in _login_terminals(machine):
        if machine.device(f"/dev/{name}") == device:
            return CONSOLE_LOGIN(unit=unit)
    return CONSOLE_NONE(port=context.settings.sensor.port)


def _login_terminals(machine: Machine) -> Iterator[tuple[str, str]]:
    """Each unit, and the name of its terminal."""
    for folder in _UNITS:
        for path in sorted(machine.at(folder).glob("serial-getty@*.service")):
            yield path.name, path.name.removeprefix("serial-getty@").removesuffix(".service")


MAY_USE = Sentence(OK, "User {user} may use {path}")
JOIN_GROUP = Sentence(
    FAIL,
    "User {user} may not use {path}, which the group {group} may",
    "run 'sudo usermod -aG {group} {user}' and log in again",
)
LOG_IN_AGAIN = Sentence(
    FAIL,
    "User {user} may not use {path} yet, although now a member of the group {group}",
    "log out and in again",
)
USE_SUDO = Sentence(
    FAIL,
    "User {user} may not use {path}, which belongs to user {owner} and group {group}",
    "run the command as the daemon's user: sudo -u edge-agent edge-agent doctor",
)

_READ, _WRITE, _ENTER = os.R_OK, os.W_OK, os.X_OK


def _judge(machine: Machine, path: str | Path, mode: int) -> Judgement:
    """``mode`` is made of R_OK, W_OK and X_OK, which are the bits of each part of a file's mode."""
    person, staged = machine.person, machine.at(path)
    if machine.may(staged, mode):
        return MAY_USE(user=person.name, path=path)
    found = staged.stat()
    group = machine.group(found.st_gid)
    if found.st_mode >> 3 & mode != mode or found.st_gid in person.groups:
        owner = user_name(found.st_uid)
        return USE_SUDO(user=person.name, path=path, owner=owner, group=group.name)
    known = person.name in group.members
    sentence = LOG_IN_AGAIN if known else JOIN_GROUP
    return sentence(user=person.name, path=path, group=group.name)


def _exists(machine: Machine, path: str | Path) -> bool:
    return os.path.exists(machine.at(path))


@check("port rights")
def port_rights(context: CheckContext) -> Judgement | None:
    """The sensor's port; one that is not there is told by another check."""
    if context.status is not None or context.device is None:
        return None
    return _judge(context.machine, context.settings.sensor.port, _READ | _WRITE)


NO_GPIO_CHIP = Sentence(
    FAIL,
    "This machine has no GPIO chip for the pins that the settings name",
    'set [panel] pins and [sensor] touch_pin and power_pin to "none", or install this on a '
    "Raspberry Pi",
)


@check("pin rights")
def pin_rights(context: CheckContext) -> Judgement | None:
    """The chip that the pins belong to: the lamps' and the two at the sensor."""
    panel, sensor = context.settings.panel.pins, context.settings.sensor
    at_the_sensor = (sensor.touch_pin, sensor.power_pin) != ("none", "none")
    wired = panel == "gpio" or (panel == "none" and at_the_sensor)
    if context.status is not None or not wired:
        return None
    machine = context.machine
    chips = sorted(machine.at("/dev").glob("gpiochip*"))
    if not chips:
        return NO_GPIO_CHIP()
    verdicts = [_judge(machine, f"/dev/{chip.name}", _READ | _WRITE) for chip in chips]
    return next((verdict for verdict in verdicts if verdict.state is State.FAIL), verdicts[0])


@check("socket rights")
def socket_rights(context: CheckContext) -> Judgement | None:
    """The daemon's control socket; there is none while no daemon runs."""
    socket = context.settings.control.socket
    there = [path for path in (str(Path(socket).parent), socket) if _exists(context.machine, path)]
    verdict = None
    for path in there:
        verdict = _judge(context.machine, path, _READ | _WRITE if path == socket else _ENTER)
        if verdict.state is State.FAIL:
            return verdict
    return verdict if socket in there else None


NO_FOLDER = Sentence(
    FAIL,
    "There is no folder {path}",
    "the service makes /var/lib/edge-agent; for any other [store] path make the folder and give "
    "it to the daemon's user",
)


@check("database rights")
def database_rights(context: CheckContext) -> Judgement:
    """The database and its folder, where SQLite keeps files beside it."""
    database = Path(context.settings.store.path)
    if not _exists(context.machine, database.parent):
        return NO_FOLDER(path=database.parent)
    changing = 0 if context.status is not None else _WRITE
    folder = _judge(context.machine, database.parent, _ENTER | changing)
    if folder.state is State.FAIL or not _exists(context.machine, database):
        return folder
    return _judge(context.machine, database, _READ | changing)
