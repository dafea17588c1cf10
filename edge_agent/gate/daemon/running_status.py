"""How the running daemon itself is, beside the gate's status: the rest of what ``status`` shows."""

from typing import Any

from msgspec import Struct, to_builtins

from ...contract.language import Message, together, told_problem
from ...contract.messages import GateStatus
from ..events import FingerAwaited, UplinkChanged
from ..host.service import restarting
from .status import Problems, tell_problem, told_of
from .supervised_thread import SILENT_AFTER_S


class Vitals(Struct, frozen=True, kw_only=True):
    """How the running daemon itself is. Payroll is not told: it could do nothing about it."""

    up_s: float
    """Seconds since it was up."""
    away_s: float | None
    """Seconds since the broker was last there; None: it is there."""
    away_since_start: bool
    """Whether it was there at no time since the start: it may have been away for longer."""
    tried_s: float | None
    """Seconds since the broker was tried last; None: it is there, being tried, or was not since a
    connection has ended."""
    next_try_s: float | None
    """Seconds until it is tried again; None: it is there, or being tried."""
    mended: int
    """How often the sensor's link was mended within the last ten minutes."""
    clock_refused: bool
    """Whether the kernel does not say if the clock is synchronised, so that no time is believed."""
    clock_believed: bool
    """Whether every time is believed, for the settings say so: nothing has synchronised it."""
    silent_s: dict[str, float]
    """For each thread, the seconds since its last sign of life."""


MENDED_OFTEN = 10
"""Times in ten minutes. A spark or a press that begins badly makes one or two."""


def running_status(
    status: GateStatus,
    uplink: UplinkChanged,
    awaited: FingerAwaited,
    vitals: Vitals,
    problems: Problems | None = None,
) -> dict[str, Any]:
    """What ``status --json`` prints while the daemon runs."""
    waits = {"awaiting": awaited.request, "awaiting_worker": awaited.worker}
    told = told_of("running", uplink, {**to_builtins(status), **waits}, problems or {})
    told["up_s"] = round(vitals.up_s)
    told["hangs"] = [name for name, s in vitals.silent_s.items() if s >= SILENT_AFTER_S]
    told["silent_s"] = {name: round(seconds, 1) for name, seconds in vitals.silent_s.items()}
    sensor, way = told["sensor"], told["uplink"]
    sensor["mended"] = vitals.mended
    told["clock"] |= {"refused": vitals.clock_refused, "believed": vitals.clock_believed}
    way["away_s"] = None if vitals.away_s is None else round(vitals.away_s)
    way["away_since_start"] = vitals.away_since_start
    often = vitals.mended >= MENDED_OFTEN and sensor["state"] == "ready"
    mended = Message("problem.mended", count=vitals.mended) if often else None
    way["tried_s"] = None if vitals.tried_s is None else round(vitals.tried_s)
    way["next_try_s"] = None if vitals.next_try_s is None else round(vitals.next_try_s)
    tell_problem(sensor, together(_hangs(vitals, "gate"), told_problem(sensor), mended))
    tell_problem(way, together(_hangs(vitals, "uplink"), told_problem(way)))
    return told


def _hangs(vitals: Vitals, thread: str) -> Message | None:
    seconds = vitals.silent_s[thread]
    if seconds < SILENT_AFTER_S:
        return None
    return Message("problem.hangs", thread=thread, seconds=float(seconds), restart=restarting())
