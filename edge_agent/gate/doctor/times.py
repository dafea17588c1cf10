"""The clock, the clock that survives a power cut, and the time zone."""

import os
from contextlib import closing
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ...contract.errors import StoreFault
from ...contract.language import told_problem
from ...contract.stamps import ClockState
from .context import CheckContext, check
from .findings import Judgement, Sentence, State, passed_on
from .machine import Machine

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

CLOCK_SYNCED = Sentence(OK, "doctor.clock-synced")
CLOCK_HOLDOVER = Sentence(WARN, "doctor.clock-holdover")
CLOCK_UNSYNCED = Sentence(WARN, "doctor.clock-unsynced")
CLOCK_REFUSED = Sentence(FAIL, "doctor.clock-refused")
CLOCK_BELIEVED = Sentence(WARN, "doctor.clock-believed")

_CLOCK = {
    ClockState.SYNCED: CLOCK_SYNCED,
    ClockState.HOLDOVER: CLOCK_HOLDOVER,
    ClockState.UNSYNCED: CLOCK_UNSYNCED,
}


@check("clock")
def clock(context: CheckContext) -> Judgement:
    """Whether times are known; a running daemon remembers the last time that they were."""
    believed = context.settings.clock.trust == "always"
    stamp = context.assembly.clock.stamp()
    if context.status is None:
        if believed:
            return CLOCK_BELIEVED()
        return _CLOCK[stamp.state](uncertainty_ms=stamp.uncertainty_ms, pending=0)
    told = context.status["clock"]
    state = ClockState(told["state"])
    unlike = (state, stamp.state) == (ClockState.UNSYNCED, ClockState.SYNCED)
    if told.get("refused") or (unlike and not believed):
        return CLOCK_REFUSED()
    if believed:
        return CLOCK_BELIEVED()
    verdict = _CLOCK[state](uncertainty_ms=told["uncertainty_ms"], pending=told["pending"])
    if verdict.state is State.OK and (problem := told_problem(told)) is not None:
        return passed_on(State.WARN, problem)
    return verdict


RTC_RUNS = Sentence(OK, "doctor.rtc-runs")
RTC_FORGOT = Sentence(WARN, "doctor.rtc-forgot")
RTC_NONE = Sentence(WARN, "doctor.rtc-none")

RTC_SECOND = Sentence(WARN, "doctor.rtc-second")

_RTCS = "/sys/class/rtc"

_NOT_BEFORE = 2026
"""An RTC that shows an earlier year has lost the time: this program is younger."""


@check("hardware clock")
def rtc(machine: Machine) -> Judgement:
    """Whether there is a clock with a battery, whether it kept the time, and whether it is used."""
    years: dict[str, int] = {}
    for folder in sorted(machine.at(_RTCS).glob("rtc*")):
        seconds = machine.number(f"{_RTCS}/{folder.name}/since_epoch")
        if seconds is not None and 0 <= seconds <= _REPRESENTABLE_S:
            years[folder.name] = datetime.fromtimestamp(seconds, UTC).year
    if not years:
        return RTC_NONE()
    first = min(years)
    kept = [name for name, year in years.items() if _NOT_BEFORE <= year <= _this_year() + 1]
    if not kept:
        return RTC_FORGOT(year=years[first])
    used = first in kept or any(machine.number(f"{_RTCS}/{one}/hctosys") == 1 for one in kept)
    if used:
        return RTC_RUNS(year=years[first if first in kept else kept[0]])
    return RTC_SECOND(clock=kept[0], year=years[kept[0]], first=first)


def _this_year() -> int:
    return datetime.now(UTC).year


_REPRESENTABLE_S = 253_402_300_799
"""The end of the year 9999: a clock may show anything."""


BATTERY_FAILED = Sentence(WARN, "doctor.battery-failed")


@check("clock battery")
def battery(context: CheckContext) -> Judgement | None:
    """Whether the clock kept the time through the last power cut: by now the network has set it."""
    if next(context.machine.at(_RTCS).glob("rtc*/since_epoch"), None) is None:
        return None  # Another check tells.
    try:
        store = context.assembly.store_for_reading()
    except (StoreFault, PermissionError):
        return None  # Another check tells.
    with closing(store):
        found = [mark.hardware_clock_held for mark in store.landmarks()]
    compared = [held for held in found if held is not None]
    return BATTERY_FAILED() if compared and not compared[-1] else None


ZONE_SAME = Sentence(OK, "doctor.zone-same")
ZONE_OTHER = Sentence(WARN, "doctor.zone-other")


@check("time zone")
def time_zone(context: CheckContext) -> Judgement:
    """Whether log lines show the same times as punches."""
    zone, machine = context.settings.gate.timezone, _zone_of(context.machine)
    if machine == zone:
        return ZONE_SAME(zone=zone, now=f"{datetime.now(ZoneInfo(zone)):%Y-%m-%dT%H:%M}")
    return ZONE_OTHER(zone=zone, machine=machine)


def _zone_of(machine: Machine) -> str:
    """localtime(5): a link into the zone data; without one the machine runs in UTC."""
    try:
        link = os.readlink(machine.at("/etc/localtime"))
    except OSError:
        return machine.text("/etc/timezone") or "UTC"
    return link.partition("zoneinfo/")[2]
