"""A gate's fingers in virtual time: some wear, all scatter, and now and then the glass is dirty."""

import math
import random
from collections.abc import Iterator

from msgspec import Struct

from edge_agent.gate.print_health import HealthBook, ScoredPress
from edge_agent.simulator.fingers import THRESHOLDS, genuine_score

PRESSES_A_DAY = 4
_PRESS_MS, _DAY_MS = 60_000, 86_400_000


class Finger(Struct):
    """One finger. ``wears_from`` day on, to a quarter within ``wears_for`` days; None: never."""

    slot: int
    base: float
    wears_from: float | None
    wears_for: float
    generation: int = 1
    presses: int = 0
    warned: int | None = None
    """At which of its presses it was told."""
    refused: int | None = None
    """At which it was first refused."""

    def factor(self, day: float) -> float:
        if self.wears_from is None:
            return self.base
        return self.base * math.exp(
            -1.4 * min(1.0, max(0.0, day - self.wears_from) / self.wears_for)
        )


class Gate:
    """``days`` of a gate, told press by press to a HealthBook."""

    def __init__(
        self,
        seed: int,
        *,
        workers: int = 60,
        wearing: float = 0.4,
        captures: int = 3,
        dirty: tuple[tuple[int, int, float], ...] = (),
    ) -> None:
        """``wearing``: the share of fingers that wear; ``dirty``: from which day to which the glass
        lowers all scores, and to what part."""
        self.rng = rng = random.Random(seed)
        self.captures = captures
        self.dirty = dirty
        self.book = HealthBook(captures)
        self.fingers = [
            Finger(
                slot=slot,
                base=math.exp(rng.gauss(0, 0.1)),
                wears_from=rng.uniform(20, 100) if rng.random() < wearing else None,
                wears_for=rng.choice([10, 30, 90, 200]),
            )
            for slot in range(workers)
        ]
        self.told_dirty: set[int] = set()
        self._seq = self._ms = 0

    def live(self, days: int) -> None:
        for day in range(days):
            begin_ms = day * _DAY_MS
            for turn in range(PRESSES_A_DAY):
                self._ms = begin_ms + turn * _DAY_MS // PRESSES_A_DAY
                for finger in self.fingers:
                    self._press(finger, day + turn / PRESSES_A_DAY)
            if self.book.dirty:
                self.told_dirty.add(day)

    def _press(self, finger: Finger, day: float) -> None:
        """Until the finger is refused for the first time; then it is enrolled anew, elsewhere."""
        if finger.refused is not None:
            return
        today = random.Random(f"{finger.slot} {int(day)}").gauss(0, 0.06)
        factor = finger.factor(day) * math.exp(today) * self._glass(day)
        for score in self._scans(factor):
            if score >= THRESHOLDS[3]:
                finger.presses += 1
                if self._tell(finger, score) and finger.warned is None:
                    finger.warned = finger.presses
                return
        finger.refused = finger.presses + 1
        self._tell(None, 0)

    def _scans(self, factor: float) -> Iterator[int]:
        for _ in range(self.captures):
            yield genuine_score(self.rng.uniform(1e-9, 1 - 1e-9), factor)

    def _glass(self, day: float) -> float:
        return min((part for first, last, part in self.dirty if first <= day < last), default=1.0)

    def _tell(self, finger: Finger | None, score: int) -> bool:
        self._seq += 1
        self._ms += _PRESS_MS
        press = ScoredPress(seq=self._seq, boot="b", boottime_ms=self._ms, day=None, score=score)
        if finger is not None:
            press = ScoredPress(
                seq=self._seq,
                boot="b",
                boottime_ms=self._ms,
                day=None,
                slot=finger.slot,
                generation=finger.generation,
                score=score,
            )
        return self.book.add(press)
