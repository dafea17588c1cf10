"""At which serial port of this machine a sensor answers: each is asked."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from ...contract.errors import EdgeAgentError
from ...contract.language import Message
from ..settings.schema import SensorSettings
from .adapter import stable_name
from .fingerprint_sensor import FingerprintSensor

_HEADER = ("serial0", "ttyAMA0", "ttyS0", "ttyS1")
"""A Pi's own, the preferred one first; serial0 is Raspberry Pi OS's name for one of them."""

_ADAPTERS = ("ttyUSB*", "ttyACM*")


class PortAnswer(Struct, frozen=True):
    """What came of asking at one port: a sensor, or why there is none."""

    port: str
    baud: int = 0
    capacity: int = 0
    why: Message | None = None


def serial_ports(root: Path = Path("/")) -> list[str]:
    """The ports that a sensor may hang on: adapters by the name that they keep, then the header's.

    Not the line to a Pi's Bluetooth chip, and no port twice under two names.
    """
    dev = root / "dev"
    bluetooth = _real(dev / "serial1")
    found: dict[str, str] = {}
    for pattern in _ADAPTERS:
        for device in sorted(dev.glob(pattern)):
            name = f"/dev/{device.name}"
            found[_real(device)] = stable_name(name, root) or name
    for name in _HEADER:
        device = dev / name
        if device.exists() and (real := _real(device)) != bluetooth and _is_used(root, real):
            found.setdefault(real, f"/dev/{name}")
    return list(found.values())


def ask_each(ports: list[str]) -> Iterator[PortAnswer]:
    """Ask at one after the other, up to six seconds each; nothing is changed in a sensor."""
    for port in ports:
        yield _ask(port, SensorSettings().baud)


def _ask(port: str, baud: int) -> PortAnswer:
    sensor = FingerprintSensor(SensorSettings(port=port, baud=baud))  # type: ignore[arg-type]
    try:
        info = sensor.connect()
        return PortAnswer(port, baud, info.capacity)
    except EdgeAgentError as fault:
        other = fault.message.fields.get("baud")
        if fault.message.name == "sensor.other-baud" and isinstance(other, int) and other != baud:
            return _ask(port, other)
        return PortAnswer(port, why=fault.message)
    finally:
        sensor.close()


def _real(device: Path) -> str:
    return str(device.resolve())


def _is_used(root: Path, real: str) -> bool:
    """Whether the kernel has found a UART behind it: of a PC's many most are names only."""
    kind = root / "sys/class/tty" / Path(real).name / "type"
    try:
        return kind.read_text().strip() != "0"
    except OSError:
        return True
