"""How long it takes: measured, and judged only where the gate would give the sensor up."""

import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.sensor.instructions import GEN_IMG, IMG_2_TZ, SEARCH, Instruction

from .facts import Facts
from .glass import Glass

_TIMES = 10

T = TypeVar("T")


class _Stopwatch:
    """Takes the times of one kind of exchange."""

    def __init__(self, name: str, instruction: Instruction) -> None:
        self.name = name
        self._deadline = instruction.deadline
        self._seconds: list[float] = []

    def time(self, exchange: Callable[[], T]) -> T:
        began = time.monotonic()
        result = exchange()
        self._seconds.append(time.monotonic() - began)
        return result

    def note(self, facts: Facts) -> None:
        middle, slowest = (1000 * f(self._seconds) for f in (median, max))
        facts.note(
            self.name,
            f"{middle:6.1f} ms median, {slowest:6.1f} ms slowest of {len(self._seconds)}, "
            f"given up after {1000 * self._deadline:.0f} ms",
        )

    def judge(self, slack: float) -> None:
        slowest = max(self._seconds)
        assert slowest < self._deadline * slack, (
            f"{self.name} took {slowest:.2f} s, and the gate gives the sensor up after "
            f"{self._deadline} s: check its supply, and that nothing else keeps this host busy."
        )


def test_without_a_finger(
    sensor: FingerprintSensor, glass: Glass, facts: Facts, slack: float
) -> None:
    captures = _Stopwatch("capture of a bare glass", GEN_IMG)
    glass.clear()
    for _ in range(_TIMES):
        captures.time(sensor.capture)
    captures.note(facts)
    captures.judge(slack)


def test_with_a_finger(sensor: FingerprintSensor, glass: Glass, facts: Facts, slack: float) -> None:
    captures = _Stopwatch("capture of a finger", GEN_IMG)
    extracts = _Stopwatch("features", IMG_2_TZ)
    searches = _Stopwatch(f"search beside {len(sensor.slots())} others", SEARCH)
    glass.person.told("Keep the next finger down until you are told to lift it.")
    glass.press("right-index")
    for done in range(_TIMES):
        assert captures.time(sensor.capture), (
            f"The finger left the glass after {done} of {_TIMES} captures: hold it still until you "
            "are told to lift it."
        )
        extracts.time(sensor.extract)
        searches.time(sensor.search)
    glass.clear()
    for stopwatch in (captures, extracts, searches):
        stopwatch.note(facts)
        stopwatch.judge(slack)
