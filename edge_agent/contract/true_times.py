"""The true time of a stamp, from all that a ledger knows of its clocks.

A boot whose clock was trusted at some moment gives each of its stamps a time: boot time runs on
whatever happens to the wall clock. A boot that was never trusted gives an interval: it began after
the boot before it had ended, and had ended before the next one began. So does one that rested on a
battery-backed clock which the next synchronisation has proved false. Pure: no clock is read here.
"""

from collections.abc import Iterable

from msgspec import Struct, field

from .stamps import ClockState, Stamp

SLEWED_MS = 500
"""How far a time service may move the clocks of a boot without a step: systemd-timesyncd slews what
is below 400 ms (NTP_MAX_ADJUST) and steps the rest; the other 100 ms are for its measuring."""


class Landmark(Struct, frozen=True):
    """A stamp on which times rest: at the ends of a boot and of each run of trusted stamps.

    ``seq`` is the entry that has it. ``hardware_clock_held``: what this entry, a synchronisation,
    has found of the battery-backed clock; None: nothing. ``set_by_hand``: this entry says that
    somebody has set the wall clock, and perhaps that one too.
    """

    seq: int
    stamp: Stamp
    hardware_clock_held: bool | None = None
    set_by_hand: bool = False


class Bounds(Struct, frozen=True):
    """When something happened, in milliseconds since 1970; None where nothing bounds it.

    ``exact``: its own boot has been synchronised. ``final``: nothing better can come.
    """

    low: int | None
    high: int | None
    exact: bool
    final: bool

    @property
    def middle(self) -> int | None:
        """The best single time, where there are both bounds."""
        return None if self.low is None or self.high is None else (self.low + self.high) // 2

    @property
    def uncertainty_ms(self) -> int | None:
        """How far the true time is from ``middle`` at most."""
        return None if self.low is None or self.high is None else (self.high - self.low + 1) // 2


class Fix(Struct, frozen=True):
    """A moment of a boot whose true time is known: between ``low`` and ``high``."""

    boottime_ms: int
    low: int
    high: int
    synced: bool


def fix_of(stamp: Stamp) -> Fix:
    """What a trusted stamp says."""
    around = stamp.uncertainty_ms or 0
    return Fix(
        stamp.boottime_ms,
        stamp.wall_ms - around,
        stamp.wall_ms + around,
        stamp.state is ClockState.SYNCED,
    )


class Drift(Struct, frozen=True):
    """How well a boot's clock runs by itself: within ``ppm`` of the true pace."""

    ppm: int

    def slack(self, running_ms: int) -> int:
        """How wrong ``running_ms`` on the boot's clock may be; readings are whole milliseconds."""
        if running_ms == 0:
            return 0
        return abs(running_ms) * self.ppm // 1_000_000 + SLEWED_MS + 2

    def least(self, running_ms: int) -> int:
        """The least true time that has passed."""
        return max(0, running_ms - self.slack(running_ms))

    def most(self, running_ms: int) -> int:
        """The most true time that has passed."""
        return running_ms + self.slack(running_ms)

    def low(self, fix: Fix, boottime_ms: int) -> int:
        """The earliest that ``boottime_ms`` of the fix's boot may have been."""
        since = boottime_ms - fix.boottime_ms
        return fix.low + self.least(since) if since >= 0 else fix.low - self.most(-since)

    def high(self, fix: Fix, boottime_ms: int) -> int:
        """The latest that ``boottime_ms`` of the fix's boot may have been."""
        since = boottime_ms - fix.boottime_ms
        return fix.high + self.most(since) if since >= 0 else fix.high - self.least(-since)

    def contradict(self, one: Fix, other: Fix) -> bool:
        """Whether two fixes of one boot cannot both be right."""
        at = other.boottime_ms
        return self.low(one, at) > other.high or self.high(one, at) < other.low


def turns(before: Stamp | None, after: Stamp, drift_ppm: int) -> bool:
    """Whether what times rest on changes between the stamps of two entries in a row.

    Both are landmarks then.
    """
    return (
        before is None
        or before.boot != after.boot
        or before.state is not after.state
        or before.trusted is not after.trusted
        or contradict(before, after, drift_ppm)
    )


def contradict(earlier: Stamp, later: Stamp, drift_ppm: int) -> bool:
    """Whether two stamps of one boot, both trusted when they were made, cannot both be right."""
    together = earlier.boot == later.boot and earlier.trusted and later.trusted
    return together and Drift(drift_ppm).contradict(fix_of(earlier), fix_of(later))


class _Boot(Struct):
    """A boot: when it began at the earliest, and had its last stamp at the latest."""

    fixes: list[Fix]
    first_seq: int
    last_ms: int
    vouched: list[Fix] = field(default_factory=list)
    """What was trusted before the boot was synchronised: on the word of a battery-backed clock."""
    held: bool | None = None
    """Whether that clock was right when the boot was synchronised, where the gate says so."""
    set_by_hand: bool = False
    begin_low: int | None = None
    end_high: int | None = None
    settled: bool = False
    """Whether nothing better will be known of a boot that was never trusted."""


class Timeline:
    """Boots in their order, to place any stamp among them.

    ``hardware_clock_held``: what the last boot has found of the battery-backed clock, by comparing
    or because both cannot be right. ``false_since``: the first entry from which on times rested on
    that clock, where it has proved false. ``vouched_since``: the first of those that rest on it
    still, and of which no synchronisation has told whether it held.
    """

    def __init__(self, landmarks: Iterable[Landmark], drift_ppm: int) -> None:
        """``landmarks`` in the order of the ledger; ``drift_ppm`` bounds the boots' own clocks."""
        self._drift = Drift(drift_ppm)
        self.hardware_clock_held: bool | None = None
        self.false_since: int | None = None
        self.vouched_since: int | None = None
        self._boots: dict[str, _Boot] = {}
        for landmark in landmarks:
            self._add(landmark)
        for boot in self._boots.values():
            boot.fixes = self._believed(boot.fixes)
        self._order = list(self._boots.values())
        self._disbelieve_hardware()
        self._bound_from_before()
        self._bound_from_after()

    def _add(self, landmark: Landmark) -> None:
        stamp = landmark.stamp
        boot = self._boots.get(stamp.boot)
        if boot is None:
            boot = self._boots[stamp.boot] = _Boot([], landmark.seq, stamp.boottime_ms)
        boot.last_ms = max(boot.last_ms, stamp.boottime_ms)
        boot.set_by_hand |= landmark.set_by_hand
        if not stamp.trusted:
            return
        fix = fix_of(stamp)
        boot.fixes.append(fix)
        if fix.synced:
            # A second sync of a boot finds the clock as the first one has set it.
            boot.held = landmark.hardware_clock_held if boot.held is None else boot.held
        elif len(boot.vouched) + 1 == len(boot.fixes):
            boot.vouched.append(fix)

    def _believed(self, fixes: list[Fix]) -> list[Fix]:
        """The best fixes, without those that a later one proves wrong."""
        believed: list[Fix] = []
        for fix in reversed(fixes):
            if not any(
                self._drift.contradict(fix, later) for later in believed[:1] + believed[-1:]
            ):
                believed.append(fix)
        # In holdover a clock lives on its last sync, and is never better than that.
        return [fix for fix in reversed(believed) if fix.synced] or believed[::-1]

    def _disbelieve_hardware(self) -> None:
        """Take the times from boots that rested on a clock since it was last found to hold.

        It may have failed in any of them: one that stood still through the first power cut may have
        gone on well ever since. Once somebody has set it by hand, no later boot can compare what it
        was before.
        """
        resting: list[_Boot] = []
        ended: int | None = None
        touched = False
        for boot in self._order:
            self.hardware_clock_held = self.false_since = None
            if not boot.fixes:
                ended = None if ended is None else ended + self._drift.least(boot.last_ms)
            elif not any(fix.synced for fix in boot.fixes):
                resting.append(boot)
            else:
                overtaken = resting and ended is not None and ended > self._high(boot, 0)
                held = False if boot.held is None and (overtaken or touched) else boot.held
                if held is None and self._proves_false(boot):
                    held = False
                self.hardware_clock_held = held
                if held is not None:
                    if not held and resting:
                        self.false_since = resting[0].first_seq
                        for one in resting:
                            one.fixes = []
                    resting = []
            ended = self._low(boot, boot.last_ms) if boot.fixes else ended
            touched = bool(resting) and (touched or boot.set_by_hand)
        self.vouched_since = resting[0].first_seq if resting else None

    def _proves_false(self, boot: _Boot) -> bool:
        """Whether a synchronisation of this boot contradicts what its own start rested on."""
        return any(self._drift.contradict(one, boot.fixes[0]) for one in boot.vouched[:1])

    def _bound_from_before(self) -> None:
        ended: int | None = None
        for boot in self._order:
            if boot.fixes:
                ended = self._low(boot, boot.last_ms)
            else:
                boot.begin_low = ended
                ended = None if ended is None else ended + self._drift.least(boot.last_ms)

    def _bound_from_after(self) -> None:
        began: int | None = None
        settled = False
        for boot in reversed(self._order):
            if boot.fixes:
                began = self._high(boot, 0)
                settled = not self._goes_on(boot) or any(fix.synced for fix in boot.fixes)
            else:
                boot.settled, boot.end_high = settled, began
                if began is not None:
                    began -= self._drift.least(boot.last_ms)

    def _low(self, boot: _Boot, boottime_ms: int) -> int:
        return max(self._drift.low(fix, boottime_ms) for fix in _around(boot.fixes, boottime_ms))

    def _high(self, boot: _Boot, boottime_ms: int) -> int:
        return min(self._drift.high(fix, boottime_ms) for fix in _around(boot.fixes, boottime_ms))

    def place(self, stamp: Stamp) -> Bounds:
        """When a stamp was made, its own wall clock left aside unless it is a landmark.

        Bounds that contradict each other are none: somebody has to look.
        """
        boot = self._boots.get(stamp.boot)
        if boot is None:
            return Bounds(None, None, False, False)
        if boot.fixes:
            low, high = self._low(boot, stamp.boottime_ms), self._high(boot, stamp.boottime_ms)
            settled = any(f.synced and f.boottime_ms >= stamp.boottime_ms for f in boot.fixes)
            return _bounds(low, high, exact=True, final=settled or not self._goes_on(boot))
        earliest, latest = boot.begin_low, boot.end_high
        if earliest is not None:
            earliest += self._drift.least(stamp.boottime_ms)
        if latest is not None:
            latest -= self._drift.least(boot.last_ms - stamp.boottime_ms)
        return _bounds(earliest, latest, exact=False, final=boot.settled)

    def synchronised(self, boot: str) -> bool:
        """Whether a boot's times rest on a synchronisation of its own."""
        found = self._boots.get(boot)
        return found is not None and any(fix.synced for fix in found.fixes)

    def knows(self, boot: str) -> bool:
        """Whether this ledger has entries of that boot."""
        return boot in self._boots

    def _goes_on(self, boot: _Boot) -> bool:
        return boot is self._order[-1]


def _around(fixes: list[Fix], boottime_ms: int) -> list[Fix]:
    """The nearest fix on each side: they bound a moment more tightly than those beyond them."""
    before = [fix for fix in fixes if fix.boottime_ms <= boottime_ms][-1:]
    after = [fix for fix in fixes if fix.boottime_ms > boottime_ms][:1]
    return before + after


def _bounds(low: int | None, high: int | None, *, exact: bool, final: bool) -> Bounds:
    if low is not None and high is not None and low > high:
        return Bounds(None, None, False, final)
    return Bounds(low, high, exact, final)


def to_state(bounds: Bounds, stated: Bounds | None, *, later: bool = False) -> bool:
    """Whether the ledger should say ``bounds`` of a punch of which it last said ``stated``.

    ``later``: an entry after the punch has said that, not the punch itself.
    """
    if stated is None:
        return bounds.final or bounds.middle is not None
    return (bounds.final and not stated.final) or disproves(bounds, stated, later=later)


def disproves(bounds: Bounds, stated: Bounds, *, later: bool) -> bool:
    """Whether ``stated`` cannot stand any more now that ``bounds`` are known.

    A time that rested on a clock which proved false cannot, even where it may be true. What the
    punch said of itself stands otherwise as long as both can be true. What was said later rested on
    a synchronisation, of this boot or of those around it, which may have been a lie: then it may
    lie within what is known now and yet beside the truth, so it has to hold all that may be true.
    """
    if stated.exact and not bounds.exact:
        return True
    return not (_within(bounds, stated) if later else overlap(bounds, stated))


def _within(inner: Bounds, outer: Bounds) -> bool:
    return (outer.low is None or (inner.low is not None and inner.low >= outer.low)) and (
        outer.high is None or (inner.high is not None and inner.high <= outer.high)
    )


def overlap(one: Bounds, other: Bounds) -> bool:
    """Whether both can be true."""
    return _not_after(one.low, other.high) and _not_after(other.low, one.high)


def _not_after(low: int | None, high: int | None) -> bool:
    return low is None or high is None or low <= high


def own_bounds(stamp: Stamp) -> Bounds | None:
    """What a stamp says by itself; None where its clock was not trusted."""
    if not stamp.trusted:
        return None
    fix = fix_of(stamp)
    return Bounds(fix.low, fix.high, exact=True, final=True)
