"""The machine's clocks, and whether the wall clock may be trusted."""

import ctypes
import math
import os
import time
from pathlib import Path
from typing import Literal

from ..domain.stamps import ClockState, Stamp

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_MAX_ERROR_US = 16_000_000
"""linux/timex.h: the kernel itself gives up (STA_UNSYNC) when maxerror reaches 16 s."""

_DRIFT_PPM = 500
"""The kernel lets maxerror grow at this rate without a sync; so do we once it has given up."""

_KEPT_ELSEWHERE_MS = 1000
"""The uncertainty stated for ``trust = "always"``: nobody here measures that clock."""


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as far as it is read; the rest is room for the kernel."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def _kernel_error_ms() -> int | None:
    """The kernel's bound on the wall clock's error, or None where it is not synchronised."""
    timex = _Timex()
    state: int = _LIBC.adjtimex(ctypes.byref(timex))
    error_us: int = timex.maxerror
    synced = state not in (-1, _TIME_ERROR) and not timex.status & _STA_UNSYNC
    return math.ceil(error_us / 1000) if synced and error_us < _MAX_ERROR_US else None


_LIBC = ctypes.CDLL(None, use_errno=True)


class HostClock:
    """The Clock port on the kernel's clocks. One object a process: it remembers the last sync."""

    def __init__(self, trust: Literal["auto", "always"]) -> None:
        self._trust = trust
        # A hardened unit may hide /proc/sys; systemd then hands the boot id over (%b, no dashes).
        self._boot = (os.environ.get("BOOT_ID") or _BOOT_ID.read_text()).strip().replace("-", "")
        self._last_sync: tuple[int, int, int] | None = None

    def recall(self, stamp: Stamp) -> None:
        """Learn from a stamp of this boot that was trusted, as a daemon that starts again must."""
        measured = stamp.trusted and stamp.uncertainty_ms != _KEPT_ELSEWHERE_MS
        if stamp.boot == self._boot and measured and self._last_sync is None:
            self._last_sync = (stamp.boottime_ms, stamp.wall_ms, stamp.uncertainty_ms or 0)

    def stamp(self) -> Stamp:
        """The raw clock readings of now."""
        # The kernel is asked before and after: a clock that is stepped in between is not trusted.
        before = _kernel_error_ms()
        boottime = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        wall = time.time_ns() // 1_000_000
        after = _kernel_error_ms()
        error_ms = None if before is None or after is None else max(before, after)
        state, uncertainty = self._judge(boottime, wall, error_ms)
        return Stamp(
            boot=self._boot,
            boottime_ms=boottime,
            wall_ms=wall,
            state=state,
            uncertainty_ms=uncertainty,
        )

    def monotonic(self) -> float:
        """Seconds that never step, for timeouts."""
        return time.monotonic()

    def _judge(
        self, boottime: int, wall: int, error_ms: int | None
    ) -> tuple[ClockState, int | None]:
        if self._trust == "always":
            return ClockState.SYNCED, _KEPT_ELSEWHERE_MS
        if error_ms is not None:
            self._last_sync = (boottime, wall, error_ms)
            return ClockState.SYNCED, error_ms
        if self._last_sync is None:
            return ClockState.UNSYNCED, None
        synced_boottime, synced_wall, synced_error = self._last_sync
        running = boottime - synced_boottime
        bound = synced_error + running * _DRIFT_PPM // 1_000_000 + 1
        # Both clocks run on one oscillator: where they differ, somebody has set the wall clock.
        stepped = abs((wall - synced_wall) - running)
        if stepped > bound:
            return ClockState.UNSYNCED, None
        return ClockState.HOLDOVER, bound + stepped
