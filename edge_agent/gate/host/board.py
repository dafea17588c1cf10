"""What a board says of its own health: how hot it is, and whether its supply is too weak.

Linux measures the temperature on most boards; of the supply a Raspberry Pi's firmware tells, by a
driver of its own and by a word that says as well what has been since the start. A board that tells
neither is not asked again another way.
"""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

HOT, TOO_HOT = 70.0, 80.0
"""Degrees Celsius; every Raspberry Pi slows itself down from 80."""

_LOW_NOW, _LOW_BEFORE = 1 << 0, 1 << 16
"""Of the firmware's word: https://www.raspberrypi.com/documentation/computers/os.html#get_throttled"""


class Board(Struct, frozen=True, kw_only=True):
    """``temperature_c``: of the hottest place that is measured. ``undervoltage``: now;
    ``undervoltage_seen``: since the start. Null: not told."""

    temperature_c: float | None = None
    undervoltage: bool | None = None
    undervoltage_seen: bool | None = None


def board_below(root: Path = Path("/")) -> Board:
    """What the files below ``root`` tell. Never raises."""
    degrees = [value for value in map(_number, _temperatures(root)) if value is not None]
    alarms = [value for value in map(_number, _alarms(root)) if value is not None]
    words = [value for value in map(_word, _firmware(root)) if value is not None]
    return Board(
        temperature_c=max(degrees) / 1000 if degrees else None,
        undervoltage=(
            any(alarms) or any(word & _LOW_NOW for word in words) if alarms or words else None
        ),
        undervoltage_seen=any(word & _LOW_BEFORE for word in words) if words else None,
    )


def _temperatures(root: Path) -> Iterator[Path]:
    return root.glob("sys/class/thermal/thermal_zone*/temp")


def _firmware(root: Path) -> Iterator[Path]:
    return root.glob("sys/devices/platform/soc*/*firmware/get_throttled")


def _alarms(root: Path) -> Iterator[Path]:
    for sensor in root.glob("sys/class/hwmon/hwmon*"):
        if _text(sensor / "name") == "rpi_volt":
            yield sensor / "in0_lcrit_alarm"


def _word(path: Path) -> int | None:
    return _number(path, 16)


def _number(path: Path, base: int = 10) -> int | None:
    try:
        return int(_text(path) or "", base)
    except ValueError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n")
    except OSError:
        return None
