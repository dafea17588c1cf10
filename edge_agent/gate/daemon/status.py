"""The gate's status, as payroll's retained message and the ``status`` command show it."""

import os
import time
from contextlib import closing
from typing import Any, Literal, NamedTuple

from msgspec import Struct, to_builtins

from ... import __version__
from ...contract.chain import stamp_of, told
from ...contract.messages import (
    ClockStatus,
    GateStatus,
    LedgerStatus,
    PinsStatus,
    RosterStatus,
    SensorStatus,
    StoreStatus,
    UplinkStatus,
)
from ...contract.stamps import ClockState, Stamp, local_time
from ...contract.true_times import Timeline
from ..errors import NoLedgerYet
from ..events import FingerAwaited, SensorChanged, StoreChanged, UplinkChanged
from ..ledger.lost_people import BRING_BACK
from ..ledger.store.sqlite_store import SqliteStore
from .assembly import Assembly
from .supervised_thread import SILENT_AFTER_S

_FILLING_PERCENT = 80


class Circumstances(Struct, frozen=True):
    """What the status tells beyond the store: how the running daemon is."""

    state: Literal["online", "offline"]
    started_at: str | None
    sensor: SensorChanged
    store: StoreChanged
    capacity: int | None
    confirmed: int
    """What the uplink knows; the store learns it only now and then, to spare the card."""
    uplink: UplinkStatus = UplinkStatus()
    pins: dict[str, str] = {}


def gate_status(assembly: Assembly, store: SqliteStore, now: Circumstances) -> GateStatus:
    """Put the status together."""
    stamp = assembly.clock.stamp()
    marks = store.watermarks()
    roster = store.roster()
    usage = _disk(assembly)
    confirmed = max(marks.confirmed, now.confirmed)
    return GateStatus(
        gate=assembly.settings.gate.id,
        state=now.state,
        version=__version__,
        started_at=now.started_at,
        sensor=SensorStatus(
            state=now.sensor.state,
            problem=now.sensor.detail,
            prints=len(store.prints()),
            capacity=now.capacity,
            not_backed_up=store.not_backed_up(),
        ),
        store=_store_status(assembly, store, now.store, usage),
        pins=PinsStatus(problems=now.pins),
        clock=_clock_status(assembly, store, stamp),
        ledger=LedgerStatus(
            id=store.ledger,
            last_seq=store.tail().seq,
            confirmed_seq=confirmed,
            complete_until=store.complete_until(confirmed),
            rejected=marks.rejected,
        ),
        uplink=now.uplink,
        roster=RosterStatus(version=roster.version or None, refused=roster.refused),
        disk_free_bytes=usage.free if usage else None,
    )


class _Disk(NamedTuple):
    """Bytes; ``free`` are those that ordinary users may still have."""

    total: int
    free: int


def _disk(assembly: Assembly) -> _Disk | None:
    """None where it does not answer: a card that dies must not take the status along."""
    try:
        # Not by shutil, which brings three libraries for archives into every status.
        found = os.statvfs(assembly.database.parent)
    except OSError:
        return None
    return _Disk(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def _clock_status(assembly: Assembly, store: SqliteStore, stamp: Stamp) -> ClockStatus:
    pending, since = store.pending_times(), None
    if pending.first is not None:
        timeline = Timeline(store.landmarks(), assembly.settings.clock.drift_ppm)
        low = timeline.place(stamp_of(told(store.data_of(store.entries(pending.first, 1)[0])))).low
        since = None if low is None else local_time(low, assembly.zone)
    refused = assembly.clock.refused()
    problem = None
    if refused is not None:
        problem = _REFUSED.format(error=refused)
    elif stamp.state is ClockState.UNSYNCED:
        problem = _UNSYNCED
    return ClockStatus(
        state=stamp.state,
        uncertainty_ms=stamp.uncertainty_ms,
        pending=pending.count,
        pending_since=since,
        problem=problem,
    )


_REFUSED = (
    "The kernel does not say whether the clock is synchronised ({error}), so no time is believed: "
    "in a unit of your own set ProtectClock=no and allow adjtimex, as systemd/edge-agent.service "
    "does."
)

_UNSYNCED = (
    "The clock is not synchronised: punches are safe, and get their true time once it is. See to "
    "the gate's network ('timedatectl'), or fit a battery-backed clock."
)


def _store_status(
    assembly: Assembly,
    store: SqliteStore,
    now: StoreChanged,
    usage: _Disk | None,
) -> StoreStatus:
    lost = assembly.lost_people(store)
    people = f"{lost}: {BRING_BACK}." if lost else None
    problem = _joined(now.detail or _disk_problem(usage), people)
    left = [old.name for old in assembly.set_aside()]
    return StoreStatus(state=now.state, problem=problem, set_aside=left)


def _disk_problem(usage: _Disk | None) -> str | None:
    if usage is None:
        return "The disk does not say how full it is: see 'edge-agent doctor', replace the card."
    percent = (usage.total - usage.free) * 100 // usage.total
    if percent < _FILLING_PERCENT:
        return None
    return (
        f"The disk is {percent} % full: make room before it is. 'edge-agent doctor' names the disk."
    )


class Vitals(Struct, frozen=True, kw_only=True):
    """How the running daemon itself is. Payroll is not told: it could do nothing about it."""

    up_s: float
    """Seconds since it was up."""
    away_s: float | None
    """Seconds since the broker was last there; None: it is there."""
    mended: int
    """How often the sensor's link was mended within the last ten minutes."""
    clock_refused: bool
    """Whether the kernel does not say if the clock is synchronised, so that no time is believed."""
    silent_s: dict[str, float]
    """For each thread, the seconds since its last sign of life."""


MENDED_OFTEN = 10
"""Times in ten minutes. A spark or a press that begins badly makes one or two."""

_HANGS = (
    "The daemon's {thread} thread has not moved for {seconds:.0f} s: restart it with 'sudo "
    "systemctl restart edge-agent'."
)
_MENDED = (
    "The link to the sensor was mended {count} times within ten minutes, and presses may have to "
    "be repeated: 'sudo edge-agent doctor' tells whether another program reads from its port; "
    "otherwise check GND, the wires and the supply."
)


def running_status(
    status: GateStatus, uplink: UplinkChanged, awaited: FingerAwaited, vitals: Vitals
) -> dict[str, Any]:
    """What ``status --json`` prints while the daemon runs."""
    waits = {"awaiting": awaited.request, "awaiting_worker": awaited.worker}
    told = _told("running", uplink, {**to_builtins(status), **waits})
    told["up_s"] = round(vitals.up_s)
    told["silent_s"] = {name: round(seconds, 1) for name, seconds in vitals.silent_s.items()}
    sensor, way = told["sensor"], told["uplink"]
    sensor["mended"] = vitals.mended
    told["clock"]["refused"] = vitals.clock_refused
    way["away_s"] = None if vitals.away_s is None else round(vitals.away_s)
    often = vitals.mended >= MENDED_OFTEN and sensor["state"] == "ready"
    mended = _MENDED.format(count=vitals.mended) if often else None
    sensor["problem"] = _joined(_hangs(vitals, "gate"), sensor["problem"], mended)
    way["problem"] = _joined(_hangs(vitals, "uplink"), way["problem"])
    return told


def _hangs(vitals: Vitals, thread: str) -> str | None:
    seconds = vitals.silent_s[thread]
    return _HANGS.format(thread=thread, seconds=seconds) if seconds >= SILENT_AFTER_S else None


def _joined(*problems: str | None) -> str | None:
    return " ".join(filter(None, problems)) or None


def stopped_status(assembly: Assembly) -> dict[str, Any]:
    """What ``status --json`` prints while no daemon runs; reads the store and writes nothing."""
    nowhere = UplinkChanged(state="disconnected")
    unused = Circumstances(
        "offline", None, SensorChanged(state="not in use"), StoreChanged(state="ready"), None, 0
    )
    try:
        store = assembly.store_for_reading()
    except NoLedgerYet:
        return _told("stopped", nowhere, {"gate": assembly.settings.gate.id, "ledger": None})
    with closing(store):
        told = _told("stopped", nowhere, to_builtins(gate_status(assembly, store, unused)))
    return told | {"time": gate_time(assembly)}


def gate_time(assembly: Assembly) -> dict[str, str]:
    """The gate's own time, by which whoever has set the wrong zone finds out."""
    now = local_time(time.time_ns() // 1_000_000, assembly.zone)
    return {"local": now, "zone": assembly.zone.key}


def _told(daemon: str, uplink: UplinkChanged, status: dict[str, Any]) -> dict[str, Any]:
    way = {"state": uplink.state, "problem": uplink.detail}
    return {"daemon": daemon, **status, "uplink": way | status.get("uplink", {})}
