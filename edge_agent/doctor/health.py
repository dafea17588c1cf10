"""Memory, temperature and supply of the machine."""

import re
from collections.abc import Iterator

from .findings import Verdict
from .machine import Machine
from .sentences import machine as say

_SHORT_MB, _GONE_MB = 60, 25
"""The daemon itself takes about 60 MB."""

_HOT, _TOO_HOT = 70.0, 80.0
"""Degrees Celsius; every Raspberry Pi slows itself down from 80."""

_THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled"
_LOW_NOW, _LOW_BEFORE = 1 << 0, 1 << 16


def memory(machine: Machine) -> Verdict | None:
    """How much programs can still have."""
    said = machine.text("/proc/meminfo") or ""
    amounts = {name: int(kb) // 1024 for name, kb in re.findall(r"^(\w+): +(\d+) kB", said, re.M)}
    if "MemAvailable" not in amounts:
        return None
    free = amounts["MemAvailable"]
    sentence = say.MEMORY_ENOUGH
    if free < _SHORT_MB:
        sentence = say.MEMORY_GONE if free < _GONE_MB else say.MEMORY_SHORT
    return sentence(free=free, total=amounts["MemTotal"])


def temperature(machine: Machine) -> Verdict | None:
    """The hottest place that the kernel measures."""
    zones = machine.at("/sys/class/thermal").glob("thermal_zone*")
    measured = [machine.number(f"/sys/class/thermal/{zone.name}/temp") for zone in zones]
    if not (known := [value for value in measured if value is not None]):
        return None
    degrees = max(known) / 1000
    sentence = say.TEMPERATURE_GOOD
    if degrees >= _HOT:
        sentence = say.TEMPERATURE_TOO_HIGH if degrees >= _TOO_HOT else say.TEMPERATURE_HIGH
    return sentence(degrees=degrees)


def power(machine: Machine) -> Verdict | None:
    """Whether the supply's voltage is or was too low, where a Raspberry Pi tells."""
    alarms = list(_alarms(machine))
    throttled = machine.number(_THROTTLED, base=16)
    if not alarms and throttled is None:
        return None
    if any(alarms) or (throttled or 0) & _LOW_NOW:
        return say.POWER_LOW()
    return say.POWER_WAS_LOW() if (throttled or 0) & _LOW_BEFORE else say.POWER_GOOD()


def _alarms(machine: Machine) -> Iterator[int]:
    for sensor in machine.at("/sys/class/hwmon").glob("hwmon*"):
        here = f"/sys/class/hwmon/{sensor.name}"
        alarm = machine.number(f"{here}/in0_lcrit_alarm")
        if machine.text(f"{here}/name") == "rpi_volt" and alarm is not None:
            yield alarm
