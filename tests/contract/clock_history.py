"""Histories of a gate's clock with their true times: boots, power cuts, syncs, steps and drift.

The gate reads what its clocks show and knows nothing else; ``History`` knows the truth. A plain
random generator makes a hundred thousand of them in minutes.
"""

from dataclasses import dataclass, field
from random import Random
from typing import ClassVar

from edge_agent.contract.stamps import Stamp
from edge_agent.contract.true_times import Landmark, turns
from edge_agent.gate.host.clock_trust import ClockTrust, KnownTime

DRIFT_PPM = 500
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 1_795_000_000_000


@dataclass(frozen=True)
class Written:
    """An entry: what its clocks showed, and when it really was."""

    seq: int
    kind: str
    stamp: Stamp
    true_ms: float


@dataclass
class Machine:
    """The clocks of one boot. ``pace``: what its oscillator makes of a true millisecond."""

    boot: str
    began: float
    pace: float
    wall_offset: float
    synced_error_ms: int | None = None
    slewed_left: float = 400.0
    readjusted: float = 0.0
    was_synced: bool = False

    def boottime(self, now: float) -> int:
        return int((now - self.began) * self.pace + self.readjusted)

    def wall(self, now: float) -> int:
        return int((now - self.began) * self.pace + self.readjusted + self.wall_offset)


@dataclass
class History:
    """What a gate has written in its ledger over some boots."""

    random: Random
    lies: bool = False
    """Whether a time server may lie; it is then found out in the same boot."""
    now: float = float(NOON)
    entries: list[Written] = field(default_factory=list)
    landmarks: dict[int, Landmark] = field(default_factory=dict)
    lied: bool = False

    LIE: ClassVar = (5 * MINUTE, 30 * DAY)
    GAP: ClassVar = 6 * HOUR
    """At most, between two entries."""

    def live(self) -> "History":
        """Run through some boots."""
        for number in range(self.random.randint(1, 5)):
            self._boot(f"boot-{number}")
            self.now += self._while(8 * HOUR)
        return self

    def _while(self, most: float) -> float:
        """Some time, short ones as likely as long ones."""
        return most ** self.random.random() if self.random.random() < 0.9 else 0.0

    def _boot(self, name: str) -> None:
        pace = 1 + self.random.uniform(-DRIFT_PPM, DRIFT_PPM) * 0.99e-6
        shows = self.random.choice(
            [0.0, self.now - self._while(400 * DAY), self.now + self._while(400 * DAY), self.now]
        )
        machine = Machine(name, self.now, pace, shows)
        trust = self._started(machine)
        self.now += self._while(2 * MINUTE)
        self._write(machine, trust, "alive")
        for _ in range(self.random.randint(0, 12)):
            self._happens(machine, trust)
            if self.random.random() < 0.1:
                trust = self._started(machine)
            self.now += self._while(self.GAP)
            self._write(machine, trust, self.random.choice(["punch", "alive", "punch"]))
        if self.lied:
            self._sync(machine, lie=False)
            self._write(machine, trust, "alive")

    def _started(self, machine: Machine) -> ClockTrust:
        """The daemon starts: it knows what its ledger says."""
        trust = ClockTrust(machine.boot, DRIFT_PPM)
        for entry in reversed(self.entries):
            if entry.stamp.trusted:
                trust.recall(KnownTime(entry.stamp, False), None)
                break
        return trust

    def _happens(self, machine: Machine, trust: ClockTrust) -> None:
        match self.random.randint(0, 7):
            case 0 | 1:
                self._sync(machine, lie=self.lies and self.random.random() < 0.4)
            case 2:
                machine.synced_error_ms = None
            case 3:  # somebody sets the clock by hand, or the lost service leaves it anywhere
                machine.wall_offset += self.random.choice([-1, 1]) * self._while(400 * DAY)
                machine.synced_error_ms = None
            case 4:  # a time service moves both clocks, a little
                moved = self.random.uniform(-1, 1) * machine.slewed_left
                if machine.was_synced:  # … and then towards the truth.
                    off = self.now - machine.wall(self.now)
                    moved = self.random.random() * max(-abs(moved), min(abs(moved), off))
                machine.slewed_left -= abs(moved)
                before = machine.readjusted
                machine.readjusted = max(before + moved, before - self._since_last(machine))
                machine.synced_error_ms = None
            case _:
                pass

    def _since_last(self, machine: Machine) -> float:
        """How far the boot's clock may be moved back without going back."""
        same = [e for e in self.entries if e.stamp.boot == machine.boot]
        last = same[-1].stamp.boottime_ms if same else 0
        return max(0.0, machine.boottime(self.now) - last - 1.0)

    def _sync(self, machine: Machine, *, lie: bool, error: int | None = None) -> None:
        """The kernel says: synchronised, within ``error``."""
        error = self.random.choice([5, 40, 400]) if error is None else error
        off = self.random.uniform(-1, 1) * (error - 2)
        if lie:
            least, more = self.LIE
            off += self.random.choice([-1, 1]) * (least + self._while(more))
        machine.wall_offset += self.now + off - machine.wall(self.now)
        machine.synced_error_ms = error
        self.lied = lie
        machine.was_synced = True

    def _write(self, machine: Machine, trust: ClockTrust, kind: str) -> None:
        error = machine.synced_error_ms
        if error is not None and not self.lied:
            self._sync(machine, lie=False, error=error)  # The service keeps it so.
        boottime, wall = machine.boottime(self.now), machine.wall(self.now)
        state, uncertainty = trust.judge(boottime, wall, error)
        stamp = Stamp(
            boot=machine.boot,
            boottime_ms=boottime,
            wall_ms=wall,
            state=state,
            uncertainty_ms=uncertainty,
        )
        before = self.entries[-1] if self.entries else None
        entry = Written(len(self.entries) + 1, kind, stamp, self.now)
        self.entries.append(entry)
        if turns(before.stamp if before else None, stamp, DRIFT_PPM):
            for turn in (before, entry):
                if turn is not None:
                    self.landmarks[turn.seq] = Landmark(turn.seq, turn.stamp)

    def marks(self) -> list[Landmark]:
        """The landmarks, with the last entry: the boot has run at least until then."""
        last = self.entries[-1]
        return [*self.landmarks.values(), Landmark(last.seq, last.stamp)]

    def punches(self) -> list[Written]:
        return [entry for entry in self.entries if entry.kind == "punch"]


class SmallLies(History):
    """Lies of seconds, about hours without a clock, that are found out within the hour."""

    LIE: ClassVar = (7500, 3000)
    GAP: ClassVar = HOUR

    def _while(self, most: float) -> float:
        return self.random.uniform(0, most)

    def _happens(self, machine: Machine, trust: ClockTrust) -> None:
        if self.lied:
            self._sync(machine, lie=False)
        else:
            super()._happens(machine, trust)


def naive(entry: Written) -> tuple[float, float]:
    """What a gate would state that believes its wall clock within a minute."""
    return entry.stamp.wall_ms - MINUTE, entry.stamp.wall_ms + MINUTE
