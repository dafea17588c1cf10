"""Whether the system talks on the sensor's port too. Only files are read."""

from collections.abc import Iterator

from .findings import Verdict
from .machine import Machine
from .sentences import wiring as say
from .visit import Visit

_CMDLINES = ("/boot/firmware/cmdline.txt", "/boot/cmdline.txt", "/proc/cmdline")
"""What the next start will have (by system version), and what this one had."""

_UNITS = (
    r"/sys/fs/cgroup/system.slice/system-serial\x2dgetty.slice",
    "/run/systemd/generator/getty.target.wants",
    "/etc/systemd/system/getty.target.wants",
)
"""Where systemd shows the login terminals that run, and those that will."""


def console(visit: Visit) -> Verdict | None:
    """Look for the kernel's console and for a login terminal."""
    machine, device = visit.machine, visit.device
    if device is None:
        return None
    for file in _CMDLINES:
        for word in (machine.text(file) or "").split():
            key, _, value = word.partition("=")
            if key == "console" and machine.device(f"/dev/{value.split(',')[0]}") == device:
                return say.CONSOLE_OF_KERNEL(word=word, file=file)
    for unit, name in _login_terminals(machine):
        if machine.device(f"/dev/{name}") == device:
            return say.CONSOLE_LOGIN(unit=unit)
    return say.CONSOLE_NONE(port=visit.settings.sensor.port)


def _login_terminals(machine: Machine) -> Iterator[tuple[str, str]]:
    """Each unit, and the name of its terminal."""
    for folder in _UNITS:
        for path in sorted(machine.at(folder).glob("serial-getty@*.service")):
            yield path.name, path.name.removeprefix("serial-getty@").removesuffix(".service")
