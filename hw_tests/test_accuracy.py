"""How well it tells fingers apart: a small confusion table, and the scores of real fingers."""

from collections import Counter
from collections.abc import Iterator

import pytest

from edge_agent.gate.errors import SensorFault
from edge_agent.gate.ports import SensorInfo
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor

from .enrolment import CANDIDATES, FULL, merge_two_presses
from .facts import Facts
from .glass import Glass

_ENROLLED = 2
_STRANGER = "right-little"
_NOBODY = "nobody"


@pytest.fixture
def library(sensor: FingerprintSensor, info: SensorInfo, glass: Glass) -> Iterator[dict[int, str]]:
    """Fingers in the highest free slots, erased again whatever happens."""
    free = sorted(set(range(info.capacity)) - sensor.slots(), reverse=True)[:_ENROLLED]
    if len(free) < _ENROLLED:
        pytest.fail(FULL, pytrace=False)
    held: dict[int, str] = {}
    try:
        for finger in CANDIDATES:
            if len(held) == _ENROLLED:
                break
            glass.press(finger)
            if sensor.search() is None:
                merge_two_presses(sensor, glass, finger)
                sensor.store(free[len(held)])
                held[free[len(held)]] = finger
        if len(held) < _ENROLLED:
            pytest.fail("Too many of your fingers are enrolled here: let somebody else help.")
        yield held
    finally:
        sensor.recover()
        for slot in free:
            if slot in sensor.slots():
                sensor.erase(slot)


def test_the_accuracy_of_a_few_presses(
    library: dict[int, str],
    sensor: FingerprintSensor,
    glass: Glass,
    facts: Facts,
    pytestconfig: pytest.Config,
) -> None:
    presses = pytestconfig.option.presses
    found: dict[str, Counter[str]] = {}
    scores: list[int] = []
    for _ in range(presses):
        for finger in (*library.values(), _STRANGER):
            glass.press(finger)
            try:
                match = sensor.search()
            except SensorFault:
                sensor.recover()
                continue
            seen = library.get(match.slot, f"slot {match.slot}") if match else _NOBODY
            found.setdefault(finger, Counter())[seen] += 1
            if match and seen == finger:
                scores.append(match.score)
    glass.clear()
    for finger, counts in found.items():
        facts.note(f"pressed {finger}", ", ".join(f"{n} x {who}" for who, n in counts.items()))
    if scores:
        facts.note("scores", f"{min(scores)} to {max(scores)}, {len(scores)} presses")
    wrong = [
        f"{finger} as {who}"
        for finger, counts in found.items()
        for who in counts
        if who not in (finger, _NOBODY)
    ]
    assert not wrong, (
        f"Fingers were taken for others ({', '.join(wrong)}): check that the security level is 3 "
        "or more and wipe the glass; if it happens again, replace the sensor."
    )
    missed = sum(found[finger][_NOBODY] for finger in library.values())
    assert missed <= presses * len(library) / 3, (
        f"{missed} of {presses * len(library)} presses were not recognised: wipe the glass, press "
        "flat, moisten dry fingers, enrol in the way in which you press."
    )
