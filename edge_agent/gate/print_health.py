"""How well prints are read, by the scores of their presses: whose finger wears, and whether it is
the window that everybody's score falls at. Pure: no I/O, no clock, no threads.

A finger's scores scatter by about a quarter, whoever it is, so one low score says nothing: the mean
of its last ten is held against the score below which the module knows nobody. Where all of a gate's
scores fall at once the glass is dirty, or the air is dry, and no finger is told off for it.
"""

from collections import deque
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from math import erf, exp, inf, log, pi, sqrt

from msgspec import Struct

FEWEST = 10
"""Presses before anything is said of a print."""

GOOD, FAIR = 100, 60
"""From these scores on. The sensor's manual gives none: real fingers were seen to score 60 to 275
(simulator.fingers), and one that stays at the low end is refused on every dry morning."""

_LOWEST = 50.0
"""The score that modules ask for at security level 3, as far as they tell; less where less was
ever credited."""

_WORN = {1: 2.5, 2: 2.2}
_WORN_USUALLY = 2.0
"""By the scans of a touch: how many times its scatter the mean is above that score where a finger
counts as worn. At 2 one scan of 44 is refused, and three in a row hardly ever."""

_WELL_AGAIN = 0.5
"""So much more, and it no longer does."""

_BAD = 0.7
"""So much less, and it is bad: with three scans every tenth is refused."""

_SCATTER, _SCATTER_PRESSES = 0.22, 200
"""Of the logarithm of a finger's scores, until so many presses tell this gate's own."""

_SLOWLY = 1 / 40
"""Weight of a press in what is usual for its finger."""

_GLASS_PRESSES, _GLASS_PRINTS = 60, 4
"""So many presses, of so many prints at least, tell the glass from a finger."""

_DIRTY, _CLEAN = -0.18, -0.09
"""The median of how far these presses are from what is usual: a sixth less, and half of that."""

TOGETHER_S = 10
"""A press that nobody was recognised by, so shortly before a success, was likely the same finger's:
time for a second and a third try, and not for a row of strangers. A refusal has no worker, and
whoever stood before may have been another one: it is told as likely, and judges no finger."""

REMEMBERED = 60
"""Presses of a print of which the refused ones before them are counted."""


def quality_of(score: int) -> str:
    """``good``, ``fair`` or ``weak``."""
    return "good" if score >= GOOD else "fair" if score >= FAIR else "weak"


class ScoredPress(Struct, frozen=True, kw_only=True):
    """A press of a finger, as the ledger has it; ``slot`` None: it was refused, whosever it was.

    ``boot`` and ``boottime_ms`` say when; ``day`` is the local date, where that is known.
    """

    seq: int
    boot: str
    boottime_ms: int
    day: str | None
    slot: int | None = None
    generation: int = 0
    score: int = 0


class PrintState(StrEnum):
    """How a print is read."""

    NEW = "new"
    """Too few presses to tell."""
    WELL = "well"
    WORN = "worn"
    """On the way to being refused: to be enrolled anew."""
    BAD = "bad"
    """Nearly there: now."""


class Health(Struct, frozen=True, kw_only=True):
    """How a print is read.

    ``score``: of its last ten presses, and ``usual``: of its best ten, in the module's own measure;
    None of fewer. ``refused``: presses just before the last ``presses``, likely of the same finger,
    by which nobody was recognised. ``risk``: the share of touches that is refused, as far as the
    scores tell.
    """

    state: PrintState
    presses: int
    refused: int
    score: int | None = None
    usual: int | None = None
    risk: float | None = None


class _Finger:
    """One life of a print."""

    def __init__(self) -> None:
        self.recent: deque[float] = deque(maxlen=FEWEST)
        """As they would be at a clean glass."""
        self.last: float | None = None
        self.refused: deque[int] = deque(maxlen=REMEMBERED)
        self.usual = 0.0
        self.best = -inf
        self.worn = False


class HealthBook:
    """What the presses of a gate say of its prints, one after the other as they came."""

    def __init__(self, captures: int, min_score: int = 0) -> None:
        """``captures``: scans of a touch; ``min_score``: what the gate itself asks for."""
        self._captures = captures
        self._worn = _WORN.get(captures, _WORN_USUALLY)
        self._min_score = min_score
        self._lowest = _LOWEST
        self._fingers: dict[tuple[int, int], _Finger] = {}
        self._apart: deque[tuple[tuple[int, int], float]] = deque(maxlen=_GLASS_PRESSES)
        """How far the last presses were from what is usual for their fingers."""
        self._steps, self._step_sum = _SCATTER_PRESSES, _SCATTER_PRESSES * _SCATTER
        self._refused: list[ScoredPress] = []
        self.dirty = False
        """Whether everybody's scores have fallen at once."""

    def add(self, press: ScoredPress) -> bool:
        """Take in the next press; whether its print counts as worn by then."""
        if press.slot is None:
            self._refused.append(press)
            return False
        key, score = (press.slot, press.generation), log(max(1, press.score))
        finger = self._fingers.setdefault(key, _Finger())
        self._lowest = min(self._lowest, press.score)
        self._learn_scatter(finger, score)
        finger.refused.append(self._refused_before(press))
        self._look_at_glass(key, finger, score)
        finger.recent.append(score - (min(0.0, self._common()) if self.dirty else 0.0))
        if len(finger.recent) == FEWEST:
            finger.best = max(finger.best, _mean(finger))
            least = self._worn + (_WELL_AGAIN if finger.worn else 0.0)
            finger.worn = self._margin(finger) < least
        return finger.worn

    def of(self, slot: int, generation: int) -> Health:
        """How a print is read by now."""
        finger = self._fingers.get((slot, generation))
        if finger is None:
            return Health(state=PrintState.NEW, presses=0, refused=0)
        refused, presses = sum(finger.refused), len(finger.refused)
        if len(finger.recent) < FEWEST:
            return Health(state=PrintState.NEW, presses=presses, refused=refused)
        margin = self._margin(finger)
        state = PrintState.WORN if finger.worn else PrintState.WELL
        return Health(
            state=PrintState.BAD if finger.worn and margin < self._worn - _BAD else state,
            presses=presses,
            refused=refused,
            score=round(exp(_mean(finger))),
            usual=round(exp(finger.best)),
            risk=round(_below(margin) ** self._captures, 4),
        )

    def forget(self, alive: Iterable[tuple[int, int]]) -> None:
        """Keep those prints only, by slot and generation."""
        kept = set(alive)
        self._fingers = {key: one for key, one in self._fingers.items() if key in kept}

    def _margin(self, finger: _Finger) -> float:
        floor = log(max(self._lowest, self._min_score, 1))
        return (_mean(finger) - floor) / (self._step_sum / self._steps)

    def _common(self) -> float:
        return _median([apart for _, apart in self._apart])

    def _learn_scatter(self, finger: _Finger, score: float) -> None:
        """From one press of a finger to its next: what changes slowly does not count."""
        if finger.last is not None:
            self._steps += 1
            self._step_sum += abs(score - finger.last) * sqrt(pi) / 2
        finger.last = score

    def _look_at_glass(self, key: tuple[int, int], finger: _Finger, score: float) -> None:
        known = len(finger.refused)
        if known <= FEWEST:  # Its own beginning is what is usual.
            finger.usual += (score - finger.usual) / known
            return
        self._apart.append((key, score - finger.usual))
        prints = len({key for key, _ in self._apart})
        if len(self._apart) == _GLASS_PRESSES and prints >= _GLASS_PRINTS:
            self.dirty = self._common() < (_CLEAN if self.dirty else _DIRTY)
        if not self.dirty:  # A dirty glass must not become the usual one.
            finger.usual += (score - finger.usual) * _SLOWLY

    def _refused_before(self, press: ScoredPress) -> int:
        """How many were refused just before it, and after everybody else's."""
        first_ms = press.boottime_ms - TOGETHER_S * 1000
        before, self._refused = self._refused, []
        return sum(one.boot == press.boot and one.boottime_ms >= first_ms for one in before)


def _mean(finger: _Finger) -> float:
    return sum(finger.recent) / len(finger.recent)


def _median(values: list[float] | list[int]) -> float:
    # Not by statistics, which brings libraries of exact numbers into every daemon.
    half, odd = divmod(len(values), 2)
    ordered = sorted(values)
    return ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2


def _below(margin: float) -> float:
    """The share of scans below the score that is asked for."""
    return (1 - erf(margin / sqrt(2))) / 2


class Week(Struct, frozen=True):
    """A print's median score in the week that begins on the Monday ``week``."""

    week: str
    score: int
    presses: int


def weekly(presses: Iterable[ScoredPress]) -> dict[tuple[int, int], list[Week]]:
    """The weeks of each print, by slot and generation; without presses whose day is not known."""
    scores: dict[tuple[int, int], dict[str, list[int]]] = {}
    for press in presses:
        if press.slot is not None and press.day is not None:
            weeks = scores.setdefault((press.slot, press.generation), {})
            weeks.setdefault(_monday(press.day), []).append(press.score)
    return {
        key: [
            Week(week, round(_median(found)), len(found)) for week, found in sorted(weeks.items())
        ]
        for key, weeks in scores.items()
    }


def _monday(day: str) -> str:
    then = date.fromisoformat(day)
    return (then - timedelta(days=then.weekday())).isoformat()
