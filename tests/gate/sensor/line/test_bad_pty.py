"""Held presses at a gate's thread on a real pty, behind a proxy that spoils 15 % of all replies.

The same on the line's own clock, many times over, in test_bad_line.py.
"""

import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from edge_agent.gate.events import Outcome
from tests.patience import at_most
from tests.system.test_faulty_line import STRANGER, WORKERS, Shift

from .bad_line import HELD_S, SHARE
from .bad_pty import SpoilingProxy

_IN_TIME_S = 10.0


def _hold(shift: Shift, finger: str, held_s: float) -> tuple[float, list[Outcome]]:
    """After how long a press was answered, and all that it was told until it had gone."""
    before = len(shift.shown)
    pressed = time.monotonic()
    shift.remote.ask(f"press {finger}")
    shift.until(lambda: len(shift.shown) > before)
    waited = time.monotonic() - pressed
    time.sleep(max(0.0, held_s - waited))
    shift.remote.ask("lift")
    bare = shift.bare
    shift.until(lambda: shift.bare > bare + 1)
    told = shift.shown[before:]
    own = finger if finger in WORKERS else None
    assert {shown.worker for shown in told} <= {None, own}, f"{finger}: {told}"
    return waited, [shown.outcome for shown in told]


def presses(folder: Path, count: int, held_s: float, seed: int, *, paced: bool) -> None:
    rng = random.Random(seed)
    waits, once, credited, known = [], 0, 0, 0
    with ExitStack() as stack:
        proxy = stack.enter_context(SpoilingProxy(folder / "tty", folder / "spoiled", seed))
        shift = Shift(folder, stack, "spoiled", paced=paced)
        proxy.share = SHARE
        for _ in range(count):
            finger = rng.choice([rng.choice(WORKERS), STRANGER])
            # Most go once they have their answer, and some moments after; every fifth stays.
            stays = HELD_S if held_s == HELD_S and rng.random() < 0.2 else min(held_s, 1.0)
            waited, outcomes = _hold(shift, finger, stays)
            waits.append(waited)
            once += len(outcomes) == 1
            # Green after the red of a fault does no harm, and nothing else is told twice.
            assert outcomes[:-1] in ([], [Outcome.SENSOR_FAULT]), outcomes
            assert len(outcomes) == 1 or outcomes[-1] is Outcome.RECORDED, outcomes
            known += finger in WORKERS
            credited += outcomes[-1] is Outcome.RECORDED
        proxy.share = 0.0
    in_time = sum(waited < at_most(_IN_TIME_S) for waited in waits)
    print(f"{count} presses, {proxy.spoiled} of {proxy.packets} replies spoiled, {once} told once")
    print(f"{credited} of {known} credited, {in_time} in time, the longest wait {max(waits):.1f} s")
    assert proxy.spoiled > 0.1 * proxy.packets
    assert in_time >= 0.99 * count
    assert once >= 0.93 * count
    assert credited >= 0.9 * known


def test_ten_presses(tmp_path: Path) -> None:
    presses(tmp_path, 10, held_s=0.5, seed=1, paced=False)


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_hundred_held_presses(tmp_path: Path) -> None:
    presses(tmp_path, 100, held_s=HELD_S, seed=2, paced=True)
