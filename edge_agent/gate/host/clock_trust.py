"""Whether the wall clock may be trusted, and within what. Pure: readings are passed in."""

from collections.abc import Iterable

from msgspec import Struct

from ...contract.stamps import ClockState, Stamp
from ...contract.true_times import SLEWED_MS

KEPT_ELSEWHERE_MS = 1000
"""The uncertainty stated for ``[clock] trust = "always"``: nobody here measures that clock."""

_HARDWARE_CLOCK_MS = 2000
"""A hardware clock tells whole seconds, and the kernel sets it up to a second late."""


_LONGEST_OFF_MS = 92 * 24 * 3_600_000
"""A battery-backed clock that shows more than a season since the last sure moment has leapt, or its
drift is worth an hour by now: no time rests on it, and nobody is refused by a date in 2069."""


class HardwareClock(Struct, frozen=True):
    """A battery-backed clock as it was read before this boot was ever synchronised."""

    boottime_ms: int
    shows_ms: int


def that_counts(clocks: Iterable[HardwareClock], wall_ms: int, last: Stamp) -> HardwareClock | None:
    """The clock with a battery among those of a machine; None: there is none.

    The wall clock began with it, so the two go together. Where none does, it is one that is not
    before the last sure moment: a Raspberry Pi 5 has one of its own, ``rtc0``, that begins in 1970
    without a battery, beside the module that was fitted, ``rtc1``. Of two that are alike the last:
    the one on the board comes first, and nobody fits another to one that works.
    """

    def worth(clock: HardwareClock) -> tuple[bool, bool]:
        goes = abs(clock.shows_ms - wall_ms) <= _HARDWARE_CLOCK_MS
        since_ms = clock.shows_ms - last.wall_ms
        may_be = -_HARDWARE_CLOCK_MS <= since_ms <= _LONGEST_OFF_MS
        return goes and may_be, may_be

    return max(reversed(list(clocks)), key=worth, default=None)


class KnownTime(Struct, frozen=True):
    """What the ledger tells a gate that starts: its last trusted stamp.

    ``hardware_clock_held``: the last synchronisation that could tell has found the battery-backed
    clock right after a power cut, and nobody has set the clock by hand since.
    """

    stamp: Stamp
    hardware_clock_held: bool


class _Sync(Struct, frozen=True):
    boottime_ms: int
    wall_ms: int
    error_ms: int


class ClockTrust:
    """Judges the readings of one boot, one after the other: it remembers the last sync."""

    def __init__(self, boot: str, drift_ppm: int) -> None:
        """``drift_ppm``: how far the boot's clock may be off the true pace by itself."""
        self._boot = boot
        self._drift_ppm = drift_ppm
        self._last_sync: _Sync | None = None
        self._hardware: HardwareClock | None = None
        self._hardware_bound_ms: int | None = None

    def recall(self, known: KnownTime, hardware: HardwareClock | None) -> None:
        """Begin with what is known already.

        Within one boot the last sync holds. After a power cut a battery-backed clock counts where
        it has proved itself and is neither before the last stamp, which is a leap into the past,
        1970 included, nor far beyond it.
        """
        stamp = known.stamp
        if stamp.boot == self._boot:
            if stamp.uncertainty_ms != KEPT_ELSEWHERE_MS and self._last_sync is None:
                self._last_sync = _Sync(stamp.boottime_ms, stamp.wall_ms, stamp.uncertainty_ms or 0)
            return
        if hardware is None:
            return
        self._hardware = hardware
        since_ms = hardware.shows_ms - stamp.wall_ms
        bound_ms = (stamp.uncertainty_ms or 0) + _HARDWARE_CLOCK_MS + SLEWED_MS
        if since_ms < hardware.boottime_ms - bound_ms:
            return
        self._hardware_bound_ms = bound_ms + self._drifted(max(0, since_ms))
        if known.hardware_clock_held and since_ms <= _LONGEST_OFF_MS:
            self._last_sync = _Sync(
                hardware.boottime_ms, hardware.shows_ms, self._hardware_bound_ms
            )

    def judge(
        self, boottime_ms: int, wall_ms: int, error_ms: int | None
    ) -> tuple[ClockState, int | None]:
        """The state and uncertainty of a reading; ``error_ms`` is the kernel's bound, if synced."""
        if error_ms is not None:
            self._last_sync = _Sync(boottime_ms, wall_ms, error_ms)
            return ClockState.SYNCED, error_ms
        sync = self._last_sync
        if sync is None:
            return ClockState.UNSYNCED, None
        running = boottime_ms - sync.boottime_ms
        bound = sync.error_ms + self._drifted(running) + 1
        # Both clocks run on one oscillator: where they differ, somebody has set the wall clock.
        stepped = abs((wall_ms - sync.wall_ms) - running)
        if stepped > bound:
            return ClockState.UNSYNCED, None
        return ClockState.HOLDOVER, bound + stepped

    def hardware_clock_held(self, synced: Stamp) -> bool | None:
        """Whether the battery-backed clock was right when this boot began; None: nobody can tell.

        ``synced`` is a stamp of this boot from after its synchronisation.
        """
        if self._hardware is None or synced.state is not ClockState.SYNCED:
            return None
        if self._hardware_bound_ms is None:
            return False
        running = synced.boottime_ms - self._hardware.boottime_ms
        error = self._hardware.shows_ms + running - synced.wall_ms
        bound = self._hardware_bound_ms + self._drifted(running) + (synced.uncertainty_ms or 0)
        return abs(error) <= bound

    def _drifted(self, running_ms: int) -> int:
        return running_ms * self._drift_ppm // 1_000_000
