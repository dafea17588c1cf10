"""What a second look at a weak match buys, and what it costs.

    python bench/second_look.py

Touches of strangers and of workers are looked at by the gate's own code (``Glass.read``, the table
of the touch), on scores in place of a sensor. *As simulated*: the simulator's scores, at level 1,
where its strangers pass now and then; at level 3 they never do. *As published*: its strangers made
worse until 0.001 % of all comparisons pass at level 3, which is the most that the manuals allow;
how alike two looks of one stranger are to one template is nowhere published, so it is tried. The
time is taken from a whole simulated sensor at a real module's pace.
"""

import math
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import Any, cast
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parent))

from simulated import CAPTURES, simulator, taking

from edge_agent.contract.stamps import Stamp
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.ports import Clock, Sensor
from edge_agent.gate.rules import Match, Policy
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.touch.decide import Seen
from edge_agent.gate.touch.glass import Glass
from edge_agent.gate.touch.state import seen_again
from edge_agent.simulator.background import Remote
from edge_agent.simulator.fingers import THRESHOLDS, genuine_score, impostor_score

PRINTS = 200
TOUCHES = 20_000
PRESSES = 10
FINGERS = {"good": 1.0, "a fifth weaker": 0.8, "worn (0.6)": 0.6, "worn (0.42)": 0.42}
SETTINGS = """
[gate]
id = "bench"
[sensor]
port = "{folder}/sensor"
confirm_below = {confirm_below}
[panel]
pins = "mock"
[punch]
repeat_window_s = 0
[store]
path = "{folder}/gate.db"
[clock]
trust = "always"
[control]
socket = "{folder}/control.sock"
"""

_NORMAL = NormalDist()
_SIMULATED = 0.36
_PUBLISHED = math.log(50 / 6) / _NORMAL.inv_cdf(1 - 1e-5)
"""The spread of strangers' scores: the simulator's, and that of which 0.001 % reach 50."""


class Scores:
    """A sensor that is nothing but its scores: it finds the best of all slots, if that passes."""

    def __init__(self, of_look: Callable[[], dict[int, int]], threshold: int) -> None:
        self._of_look, self._threshold = of_look, threshold

    def capture(self) -> bool:
        return True

    def extract(self) -> None:
        return None

    def search(self) -> Match | None:
        score, slot = max((score, slot) for slot, score in self._of_look().items())
        return Match(slot, score) if score >= self._threshold else None


class Stopped:
    """A clock that stands still."""

    def monotonic(self) -> float:
        return 0.0


def touch(scores: Scores, confirm_below: int) -> tuple[Match | None, bool]:
    """Whose a touch is taken to be, and whether it took a second look."""
    policy = Policy(
        repeat_window_ms=0,
        direction=DirectionRule.NONE,
        zone=ZoneInfo("UTC"),
        confirm_below=confirm_below,
    )
    sensor, clock = cast(Sensor, scores), cast(Clock, Stopped())
    glass = Glass(sensor, clock, CAPTURES, policy, lambda: None, lambda: False)
    stamp = cast(Stamp, None)
    first = glass.read(stamp, 0.0)
    if not isinstance(first.found, Match):
        return None, False
    if not first.weak:
        return first.found, False
    second = glass.read(stamp, 0.0, again=True)
    same = seen_again(first.found, second.found) is Seen.CONFIRMED
    return (first.found if same else None), True


def as_simulated(rng: random.Random) -> Callable[[], dict[int, int]]:
    """Of a stranger: the best of all slots, whose score the simulator would have drawn."""

    def look() -> dict[int, int]:
        best = rng.random() ** (1 / PRINTS)
        return {rng.randrange(PRINTS): impostor_score(min(best, 1 - 1e-15))}

    return look


def strangers(thresholds: list[int]) -> list[float]:
    """How many of 10,000 touches of strangers at level 1 are taken for somebody's."""
    found = []
    for confirm_below in thresholds:
        scores = Scores(as_simulated(random.Random(1)), THRESHOLDS[1])
        taken = [touch(scores, confirm_below)[0] is not None for _ in range(TOUCHES)]
        found.append(sum(taken) / TOUCHES * 10_000)
    return found


def reckoned(spread: float, least: int, alike: float, thresholds: list[int]) -> list[float]:
    """The same by reckoning, for what is too rare to be met.

    ``alike``: the correlation of two looks of one stranger at one template.
    """

    def passes(score: int, affinity: float) -> float:
        needed = math.log((score - 0.5) / 6) / spread
        return 1 - _NORMAL.cdf((needed - math.sqrt(alike) * affinity) / math.sqrt(1 - alike))

    def taken(confirm_below: int, affinity: float) -> float:
        found = passes(least, affinity)
        at_once = passes(max(confirm_below, least), affinity)
        credited = at_once + (found - at_once) * found
        return sum((1 - found) ** scans * credited for scans in range(CAPTURES))

    step = 0.01
    affinities = [step * n for n in range(-800, 801)]
    return [
        10_000
        * PRINTS
        * sum(taken(c, affinity) * _NORMAL.pdf(affinity) * step for affinity in affinities)
        for c in thresholds
    ]


def workers(thresholds: list[int]) -> None:
    """Print what share of workers' touches takes a second look, and is refused."""
    print(f"\n{'workers, level 3: second looks, refused':<44}" + _heads(thresholds))
    for label, factor in FINGERS.items():
        cells = []
        for confirm_below in thresholds:
            rng = random.Random(1)

            def look(rng: random.Random = rng, factor: float = factor) -> dict[int, int]:
                return {0: genuine_score(rng.random(), factor)}

            told = [touch(Scores(look, THRESHOLDS[3]), confirm_below) for _ in range(TOUCHES)]
            twice = sum(again for _, again in told) / TOUCHES
            refused = sum(found is None for found, _ in told) / TOUCHES
            cells.append(f"{twice:>8.1%} {refused:>6.1%}")
        print(f"{label:<44}" + "".join(f"{cell:>16}" for cell in cells))


def seconds(folder: Path, confirm_below: int, remote: Remote) -> float:
    """From the capture that sees a finger to its lamp, at a real module's pace."""
    config = folder / "edge-agent.toml"
    config.write_text(SETTINGS.format(folder=folder, confirm_below=confirm_below))
    settings = load_settings(config)
    with taking(settings, remote) as (gate, _):
        taken = []
        for _ in range(PRESSES):
            taken.append(gate.press())
            gate.lift()
    return statistics.median(taken)


def _paced(confirm_below: int) -> float:
    with (
        tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as name,
        simulator(Path(name)) as remote,
    ):
        return seconds(Path(name), confirm_below, remote)


def _row(label: str, rates: list[float]) -> None:
    print(f"{label:<44}" + "".join(f"{rate:>9.3f}" for rate in rates))


def _heads(values: list[Any], width: int = 16) -> str:
    return "".join(f"{'off' if value == 0 else value:>{width}}" for value in values)


def main() -> None:
    """Measure and print."""
    print(f"of 10,000 strangers' touches, taken for one of {PRINTS} prints")
    levels = [0, 35, 40, 50]
    print(f"{'as simulated, level 1':<44}" + _heads(levels, 9))
    _row("the gate's own code", strangers(levels))
    _row("by reckoning", reckoned(_SIMULATED, THRESHOLDS[1], 0.0, levels))
    levels = [0, 60, 75, 100]
    print(f"{'as published, level 3, by reckoning':<44}" + _heads(levels, 9))
    for alike in (0.0, 0.5, 0.8):
        rates = reckoned(_PUBLISHED, THRESHOLDS[3], alike, levels)
        _row(f"two looks are alike by {alike}", rates)
    workers(levels)
    once, twice = _paced(0), _paced(1000)
    print(f"\nfrom the finger to the lamp: {once * 1e3:.0f} ms, {twice * 1e3:.0f} with a second")
    print(f"look: {twice / once:.2f} times")


if __name__ == "__main__":
    main()
