"""The clock, the clock that survives a power cut, and the time zone."""

import os
from datetime import UTC, datetime

from ..domain.stamps import ClockState
from .findings import Verdict
from .machine import Machine
from .sentences import times as say
from .visit import Visit

_RTC = "/sys/class/rtc/rtc0"
_NOT_BEFORE = 2026
"""An RTC that shows an earlier year has lost the time: this program is younger."""

_CLOCK = {
    ClockState.SYNCED: say.CLOCK_SYNCED,
    ClockState.HOLDOVER: say.CLOCK_HOLDOVER,
    ClockState.UNSYNCED: say.CLOCK_UNSYNCED,
}


def clock(visit: Visit) -> Verdict:
    """Whether times are known; a running daemon remembers the last time that they were."""
    if visit.settings.clock.trust == "always":
        return say.CLOCK_BELIEVED()
    stamp = visit.assembly.clock.stamp()
    if visit.status is None:
        return _CLOCK[stamp.state](uncertainty_ms=stamp.uncertainty_ms, pending=0)
    told = visit.status["clock"]
    state = ClockState(told["state"])
    if (state, stamp.state) == (ClockState.UNSYNCED, ClockState.SYNCED):
        return say.CLOCK_REFUSED()
    return _CLOCK[state](uncertainty_ms=told["uncertainty_ms"], pending=told["pending"])


def rtc(machine: Machine) -> Verdict:
    """Whether there is a clock with a battery, and whether it kept the time."""
    seconds = machine.number(f"{_RTC}/since_epoch")
    if seconds is None:
        return say.RTC_NONE()
    year = datetime.fromtimestamp(seconds, UTC).year
    return (say.RTC_RUNS if year >= _NOT_BEFORE else say.RTC_FORGOT)(year=year)


def time_zone(visit: Visit) -> Verdict:
    """Whether log lines show the same times as punches."""
    zone, machine = visit.settings.gate.timezone, _zone_of(visit.machine)
    if machine == zone:
        return say.ZONE_SAME(zone=zone)
    return say.ZONE_OTHER(zone=zone, machine=machine)


def _zone_of(machine: Machine) -> str:
    """localtime(5): a link into the zone data; without one the machine runs in UTC."""
    try:
        link = os.readlink(machine.at("/etc/localtime"))
    except OSError:
        return machine.text("/etc/timezone") or "UTC"
    return link.partition("zoneinfo/")[2]
