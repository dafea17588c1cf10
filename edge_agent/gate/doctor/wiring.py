"""The board, the sensor's port, and who else talks on it. Only files are read."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ...contract.language import Message
from ..control.client import daemon_process
from ..host.lock import daemon_at
from ..host.service import restarting
from ..sensor.adapter import stable_name
from .context import CheckContext, check
from .findings import Judgement, Sentence, State
from .machine import Machine, user_name

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

BOARD_PI = Sentence(OK, "doctor.board-pi")
BOARD_OTHER = Sentence(OK, "doctor.board-other")

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


PORT_IS_URL = Sentence(OK, "doctor.port-is-url")
PORT_RIGHT = Sentence(OK, "doctor.port-right")
PORT_MISSING_PI_5 = Sentence(FAIL, "doctor.port-missing-pi-5")
PORT_MISSING_PI = Sentence(FAIL, "doctor.port-missing-pi")
PORT_MISSING = Sentence(FAIL, "doctor.port-missing")
PORT_MISSING_DEBIAN = Sentence(FAIL, "doctor.port-missing-debian")
PORT_MISSING_DEBIAN_UART = Sentence(FAIL, "doctor.port-missing-debian-uart")
PORT_MISSING_ADAPTER_THERE = Sentence(FAIL, "doctor.port-missing-adapter-there")
PORT_MOVED = Sentence(WARN, "doctor.port-moved")
PORT_MAY_MOVE = Sentence(WARN, "doctor.port-may-move")
PORT_IS_NO_DEVICE = Sentence(FAIL, "doctor.port-is-no-device")
PORT_IS_DEBUG_CONNECTOR = Sentence(FAIL, "doctor.port-is-debug-connector")
PORT_IS_BLUETOOTH = Sentence(FAIL, "doctor.port-is-bluetooth")
PORT_IS_MINI_UART = Sentence(WARN, "doctor.port-is-mini-uart")

_FAMILIES = {
    "Raspberry Pi 5": PORT_MISSING_PI_5,  # and the 500
    "Raspberry Pi Compute Module 5": PORT_MISSING_PI_5,
    "Raspberry Pi": PORT_MISSING_PI,
    "": PORT_MISSING,
}
"""How a model's name begins → what to say where the port is missing; the first that fits."""

_BARE_NAME = re.compile(r"/dev/tty(USB|ACM)\d+")
"""Given in the order in which adapters are found."""

_OF_ADAPTERS = ("/dev/ttyUSB", "/dev/ttyACM", "/dev/serial/", "/dev/edge-agent")

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
        return _judge_missing(context, model)
    if machine.at(name).is_file() or machine.at(name).is_dir():
        return PORT_IS_NO_DEVICE(port=name)
    stable = stable_name(name, machine.root) if _BARE_NAME.fullmatch(name) else None
    if stable is not None:
        return PORT_MAY_MOVE(port=name, device=device, stable=stable)
    return _judge_port(machine, model, device)(port=name, device=device)


def _judge_missing(context: CheckContext, model: str) -> Judgement:
    name, machine = context.settings.sensor.port, context.machine
    if context.status is not None and context.status["sensor"]["state"] == "ready":
        return PORT_MOVED(port=name, restart=restarting())
    others = [f"/dev/{path.name}" for path in machine.at("/dev").glob("tty[UA][SC][BM]*")]
    if len(others) == 1 and name.startswith(_OF_ADAPTERS):
        other = stable_name(others[0], machine.root) or others[0]
        return PORT_MISSING_ADAPTER_THERE(port=name, other=other, restart=restarting())
    families = (sentence for family, sentence in _FAMILIES.items() if model.startswith(family))
    missing = next(families)
    if missing is PORT_MISSING_PI and _is_debian(machine):
        has_uart = machine.at("/dev/ttyAMA0").exists()
        missing = PORT_MISSING_DEBIAN_UART if has_uart else PORT_MISSING_DEBIAN
    return missing(port=name)


def _is_debian(machine: Machine) -> bool:
    """Debian itself, and not Raspberry Pi OS, which is made of it and has a file more."""
    return machine.at("/etc/debian_version").exists() and not machine.at("/etc/rpi-issue").exists()


def _judge_port(machine: Machine, model: str, device: str) -> Sentence:
    if device == _DEBUG_CONNECTOR:
        return PORT_IS_DEBUG_CONNECTOR
    if _is_pi(model) and device == machine.device(_OF_BLUETOOTH):
        return PORT_IS_BLUETOOTH
    if _is_pi(model) and device == _MINI_UART:
        return PORT_IS_MINI_UART
    return PORT_RIGHT


CONSOLE_NONE = Sentence(OK, "doctor.console-none")
CONSOLE_OF_KERNEL = Sentence(FAIL, "doctor.console-of-kernel")
CONSOLE_LOGIN = Sentence(FAIL, "doctor.console-login")

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


LINE_IS_OURS = Sentence(OK, "doctor.line-is-ours")
LINE_IS_OURS_AS_FAR_AS_SEEN = Sentence(OK, "doctor.line-is-ours-as-far-as-seen")
LINE_HAS_OTHERS = Sentence(FAIL, "doctor.line-has-others")


@check("other readers")
def other_readers(context: CheckContext) -> Judgement | None:
    """Whether anybody beside gate and doctor has the port open; whoever reads there takes bytes."""
    machine, name = context.machine, context.settings.sensor.port
    port = None if "://" in name else _stat(machine.at(name))
    if port is None or not machine.at("/proc").is_dir():
        return None
    assembly = context.assembly
    # One that listens elsewhere does not answer at the socket, and has the database.
    daemons = daemon_process(assembly.control_socket), daemon_at(assembly.database)
    ours = {os.getpid(), *daemons}
    everything_seen = False
    for process, files in _open_files(machine):
        if process not in ours and _reads(port, files):
            return LINE_HAS_OTHERS(port=name, who=_who(machine, process), process=process)
        # Others' processes may be hidden altogether, as from the service itself.
        everything_seen = everything_seen or process == _FIRST
    if everything_seen:
        return LINE_IS_OURS(port=name)
    return LINE_IS_OURS_AS_FAR_AS_SEEN(port=name, user=machine.person.name)


_FIRST = 1
"""The process that is root's on every machine: whoever may look into it may into all."""


def _open_files(machine: Machine) -> Iterator[tuple[int, list[Path]]]:
    """Each process that this user may look into, and what it has open, as links."""
    for folder in machine.at("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # It is somebody else's, or has ended.
                yield int(folder.name), list((folder / "fd").iterdir())


def _reads(port: os.stat_result, files: list[Path]) -> bool:
    open_files = [file for file in map(_stat, files) if file is not None]
    if _is_pseudo(port) and any(file.st_rdev == _MULTIPLEXER for file in open_files):
        return False  # It is at the other end: what stands for the sensor there.
    return any(_is_same(port, file) for file in open_files)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None  # It was closed meanwhile, or is not for this user.


def _is_same(port: os.stat_result, other: os.stat_result) -> bool:
    """By device and not by name: a container has names of its own, and pseudo-terminals too."""
    if (port.st_dev, port.st_ino) == (other.st_dev, other.st_ino):
        return True
    if not (stat.S_ISCHR(port.st_mode) and stat.S_ISCHR(other.st_mode)):
        return False
    return port.st_rdev == other.st_rdev and not _is_pseudo(port)


def _is_pseudo(port: os.stat_result) -> bool:
    return os.major(port.st_rdev) in _PSEUDO_TERMINALS


_PSEUDO_TERMINALS = range(136, 144)
"""The major numbers of their devices (devices.txt of the kernel)."""

_MULTIPLEXER = os.makedev(5, 2)
"""/dev/ptmx, and /dev/pts/ptmx."""


def _who(machine: Machine, process: int) -> Message:
    name = machine.text(f"/proc/{process}/comm") or Message("doctor.some-program")
    try:
        owner = user_name(machine.at(f"/proc/{process}").stat().st_uid)
    except OSError:
        return Message("doctor.process", name=name, process=process)
    return Message("doctor.process-of", name=name, process=process, user=owner)
