"""A finger enrolled for a test, erased again whatever happens."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from edge_agent.gate.errors import SensorFault
from edge_agent.gate.ports import Buffer, SensorInfo
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor

from .facts import Facts
from .glass import Glass

_TRIES = 3

CANDIDATES = ("right-index", "right-middle", "left-index", "left-middle")

_NO_STRANGER = (
    "Each finger that was tried is in the sensor already: let somebody help who is not enrolled."
)
FULL = "The sensor's library is full, and these tests need one free slot: remove a print first."
_CAPTURES_DIFFER = (
    "The sensor took three pairs of presses for different fingers: press the same finger, flat and "
    "still, and clean the glass; if it stays so, replace the sensor."
)


class Enrolled(NamedTuple):
    """The test's own template."""

    finger: str
    slot: int
    others: frozenset[int]  # the slots that were taken before


@pytest.fixture(scope="module")
def enrolled(
    connection: tuple[FingerprintSensor, SensorInfo], glass: Glass, facts: Facts
) -> Iterator[Enrolled]:
    """A finger in the highest free slot, erased again whatever happens, Ctrl-C included."""
    sensor, info = connection
    sensor.recover()
    others = sensor.slots()
    slot = max(set(range(info.capacity)) - others, default=None)
    if slot is None:
        pytest.fail(FULL, pytrace=False)
    finger = stranger(sensor, glass)
    merge_two_presses(sensor, glass, finger)
    facts.note("test finger", f"{finger} in slot {slot}")
    try:
        sensor.store(slot)
        yield Enrolled(finger, slot, others)
    finally:
        erase(sensor, slot)


def stranger(sensor: FingerprintSensor, glass: Glass) -> str:
    """A finger that the sensor does not know, with its features in buffer 1."""
    for finger in CANDIDATES:
        glass.press(finger)
        match = sensor.search()
        if match is None:
            return finger
        glass.person.told(f"Slot {match.slot} holds this finger already: it takes another one.")
    pytest.fail(_NO_STRANGER, pytrace=False)


def merge_two_presses(sensor: FingerprintSensor, glass: Glass, finger: str) -> None:
    """The finger, whose features are in buffer 1, pressed once more and merged."""
    for _ in range(_TRIES):
        glass.press(finger, Buffer.TWO)
        if sensor.merge():
            return
        glass.press(finger, Buffer.ONE)
    pytest.fail(_CAPTURES_DIFFER, pytrace=False)


def erase(sensor: FingerprintSensor, slot: int) -> None:
    try:
        sensor.recover()
        if slot in sensor.slots():
            sensor.erase(slot)
    except SensorFault as fault:
        pytest.fail(f"Slot {slot} may still hold the test finger. {fault}", pytrace=False)
