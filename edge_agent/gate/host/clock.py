"""The machine's clocks, and whether the wall clock may be trusted."""

import ctypes
import math
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ...contract.stamps import ClockState, Stamp
from .clock_trust import KEPT_ELSEWHERE_MS, ClockTrust, HardwareClock, KnownTime, that_counts

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_MAX_ERROR_US = 16_000_000
"""linux/timex.h: the kernel itself gives up (STA_UNSYNC) when maxerror reaches 16 s."""

_HARDWARE_CLOCKS = Path("/sys/class/rtc")


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
    """The kernel's bound on the wall clock's error, or None where it is not synchronised.

    A kernel that does not tell (EPERM in a unit with ProtectClock=yes) is not believed either.
    """
    timex = _Timex()
    state: int = _LIBC.adjtimex(ctypes.byref(timex))
    error_us: int = timex.maxerror
    synced = state not in (-1, _TIME_ERROR) and not timex.status & _STA_UNSYNC
    return math.ceil(error_us / 1000) if synced and error_us < _MAX_ERROR_US else None


_LIBC = ctypes.CDLL(None, use_errno=True)


class HostClock:
    """The Clock port on the kernel's clocks. One object a process: it remembers the last sync."""

    def __init__(self, trust: Literal["auto", "always"], drift_ppm: int) -> None:
        self._always = trust == "always"
        # A hardened unit may hide /proc/sys; systemd then hands the boot id over (%b, no dashes).
        self._boot = (os.environ.get("BOOT_ID") or _BOOT_ID.read_text()).strip().replace("-", "")
        self._trust = ClockTrust(self._boot, drift_ppm)

    def recall(self, known: KnownTime) -> None:
        """Learn what the ledger knows, as a daemon that starts must."""
        clocks = []
        # Once the kernel is synchronised, it sets the hardware clock: that would prove nothing.
        if _kernel_error_ms() is None:
            clocks = _hardware_clocks()
            if known.hardware_clock_held and not clocks:
                # One that tells nothing any more has lost the time too: the kernel does not read a
                # DS3231 whose battery was empty (EINVAL).
                clocks = [HardwareClock(_boottime_ms(), 0)]
        wall_ms = time.time_ns() // 1_000_000
        self._trust.recall(known, that_counts(clocks, wall_ms, known.stamp))

    def hardware_clock_held(self, synced: Stamp) -> bool | None:
        """Whether the battery-backed clock was right when this boot began; None: cannot tell."""
        return self._trust.hardware_clock_held(synced)

    def refused(self) -> str | None:
        """Why the kernel does not say whether the clock is synchronised, where that is so."""
        return None if self._always else _kernel_refuses()

    def stamp(self) -> Stamp:
        """The raw clock readings of now."""
        # The kernel is asked before and after: a clock that is stepped in between is not trusted.
        before = _kernel_error_ms()
        boottime = _boottime_ms()
        wall = time.time_ns() // 1_000_000
        after = _kernel_error_ms()
        error_ms = None if before is None or after is None else max(before, after)
        state, uncertainty = self._trust.judge(boottime, wall, error_ms)
        if self._always:
            state, uncertainty = ClockState.SYNCED, KEPT_ELSEWHERE_MS
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


def _boottime_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def _hardware_clocks() -> list[HardwareClock]:
    """All that the kernel knows, in its order; which of them has a battery nobody tells."""
    found = []
    for file in sorted(_HARDWARE_CLOCKS.glob("rtc*/since_epoch")):
        with suppress(OSError, ValueError):
            found.append(HardwareClock(_boottime_ms(), int(file.read_text()) * 1000))
    return found


def _kernel_refuses() -> str | None:
    if _LIBC.adjtimex(ctypes.byref(_Timex())) != -1:
        return None
    return os.strerror(ctypes.get_errno())
