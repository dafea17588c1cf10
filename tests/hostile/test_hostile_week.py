"""Everything hostile at once, at random, with presses: nothing is lost, late, large or told.

Thirty minutes; ``HOSTILE_WEEK_S=120 HOSTILE_WEEK_SEED=3`` are others.
"""

import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from tests import patience

from .troubles import Trouble, all_troubles
from .week import HostileWeek

pytestmark = pytest.mark.long

_SECONDS = float(os.environ.get("HOSTILE_WEEK_S", "1800"))
_SEED = int(os.environ.get("HOSTILE_WEEK_SEED", "1"))
_CALM_EVERY = 3
"""Every so manieth time nothing is wrong."""

_PRESSES = 8
"""Amid one set of troubles, at least."""


def live(week: HostileWeek, seconds: float, only: Sequence[str] = ()) -> None:
    """``only``: these troubles and no others, by the beginning of their names."""
    subjects = all_troubles(week)
    if only:
        chosen = [make for some in subjects.values() for make in some]
        named = [make for make in chosen if make().name.startswith(tuple(only))]
        subjects = {"only": named}
    # Each trouble comes once before one comes twice.
    decks: dict[str, list[int]] = {subject: [] for subject in subjects}
    end, turn = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        turn += 1
        week.calm()  # What the last ones have left is not held against the next.
        if turn % _CALM_EVERY == 0:
            for _ in range(_PRESSES):
                week.press(week.somebody())
            continue
        befall(week, [_draw(week.random, subjects[s], decks[s]) for s in _some(week, subjects)])
    week.settle()


def _some(week: HostileWeek, subjects: dict[str, list[object]]) -> list[str]:
    chosen = week.random.sample(sorted(subjects), week.random.randint(1, min(3, len(subjects))))
    if "broker" in subjects and "broker" not in chosen and week.random.random() < 0.5:
        chosen[0] = "broker"  # Of them there are most kinds.
    # A machine whose disk has failed is not switched off in the middle of that, too.
    return [s for s in chosen if not (s == "kill" and "disk" in chosen)]


def _draw(random: Random, troubles: list, deck: list[int]) -> Trouble:  # type: ignore[type-arg]
    if not deck:
        deck += random.sample(range(len(troubles)), len(troubles))
    return troubles[deck.pop()]()


def befall(week: HostileWeek, troubles: list[Trouble]) -> None:
    names = tuple(trouble.name for trouble in troubles)
    begun: list[Trouble] = []
    try:
        for trouble in troubles:
            trouble.begin()
            begun.append(trouble)
        for _ in range(_PRESSES):
            week.press(week.somebody(), names)
            for trouble in begun:
                trouble.go_on()
    finally:
        for trouble in reversed(begun):
            trouble.end()


@pytest.mark.alone
@pytest.mark.timeout(_SECONDS + 1200)
def test_a_hostile_week(tmp_path: Path) -> None:
    with HostileWeek(tmp_path, _SEED) as week:
        try:
            live(week, _SECONDS)
        finally:
            print(week.figures())
        found = week.faults()
        if (late := week.late(strict=patience.alone)) is not None:
            found.append(late)
        assert found == []
        assert week.green.total() > 0
        if _SECONDS >= 1800:
            assert len(week.front.met) >= 20


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("plant", "only", "said"),
    [
        pytest.param("green first", ["kill"], "green and not at payroll", id="acknowledge first"),
        pytest.param("QoS 2", ["broker never"], "the gate took", id="a bound taken out"),
    ],
)
def test_the_controls(tmp_path: Path, plant: str, only: list[str], said: str) -> None:
    with HostileWeek(tmp_path, 1, plant) as week:
        for _ in range(8):
            live_a_while(week, only)
            if any(said in fault for fault in week.faults()):
                return
    raise AssertionError(f"the plant was not found: {Counter(week.told)}")


def live_a_while(week: HostileWeek, only: list[str]) -> None:
    live(week, 30.0, only)
    week.ensure()
