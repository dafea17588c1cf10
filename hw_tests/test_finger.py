"""Fingers: seen, lifted, enrolled, found again. No template that was there before is touched."""

from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor

from .enrolment import Enrolled, merge_two_presses
from .facts import Facts
from .glass import Glass

_EMPTY_CAPTURES = 20
_LIFT_WITHIN_S = 1.0

_NOBODY_S = "little"  # No candidate is one of these.

_NOT_FOUND = (
    "The finger that has just been enrolled was not found: press it again in the same place, flat "
    "and clean; if that does not help, enrol another finger, and at last replace the sensor."
)


def test_an_empty_glass_shows_no_finger(sensor: FingerprintSensor, glass: Glass) -> None:
    glass.clear()
    ghosts = sum(sensor.capture() for _ in range(_EMPTY_CAPTURES))
    assert ghosts == 0, (
        f"The sensor saw a finger on {ghosts} of {_EMPTY_CAPTURES} captures of a bare glass: wipe "
        "it, keep sunlight and rain off it, and check its supply."
    )


def test_a_lift_is_noticed_within_a_second(
    sensor: FingerprintSensor, glass: Glass, slack: float, facts: Facts
) -> None:
    glass.press("right-index")
    noticed = glass.clear()
    facts.note("lift noticed within", f"{noticed * 1000:.0f} ms")
    assert noticed < _LIFT_WITHIN_S * slack, (
        f"The sensor took {noticed:.1f} s to notice that the finger had gone: wipe the glass and "
        "look up the times of its captures below; a queue cannot pass at this speed."
    )


def test_the_enrolled_finger_is_found(
    enrolled: Enrolled, sensor: FingerprintSensor, glass: Glass, facts: Facts
) -> None:
    glass.press(enrolled.finger)
    match = sensor.search()
    assert match is not None, _NOT_FOUND
    facts.note("score of the test finger", match.score)
    assert match.slot == enrolled.slot, (
        f"The finger was found in slot {match.slot} and not in slot {enrolled.slot}, where it was "
        "stored: if somebody else's finger is there, check the sensor's security level."
    )


def test_another_finger_is_not_taken_for_it(
    enrolled: Enrolled, sensor: FingerprintSensor, glass: Glass
) -> None:
    hand = "left" if enrolled.finger.startswith("right") else "right"
    glass.press(f"{hand}-{_NOBODY_S}")
    match = sensor.search()
    assert match is None or match.slot != enrolled.slot, (
        "Another finger was taken for the one that was enrolled. If it really was another one, "
        "wipe the glass and check that the security level is 3 or more; if it happens again, "
        "replace the sensor."
    )


def test_a_second_enrolment_would_be_noticed(
    enrolled: Enrolled, sensor: FingerprintSensor, glass: Glass
) -> None:
    glass.press(enrolled.finger)
    merge_two_presses(sensor, glass, enrolled.finger)
    match = sensor.search()
    assert match is not None, _NOT_FOUND
    assert match.slot == enrolled.slot, (
        f"A second enrolment of the finger would be taken for the one in slot {match.slot}, not "
        f"for the one in slot {enrolled.slot}: clean the glass and try again."
    )


def test_an_erased_finger_is_not_found(
    enrolled: Enrolled, sensor: FingerprintSensor, glass: Glass
) -> None:
    glass.press(enrolled.finger)
    sensor.erase(enrolled.slot)
    assert sensor.search() is None, (
        "A finger that was erased is still found: power the sensor off and on and try again; if "
        "it stays so, replace it, because nobody could be removed from it."
    )
    assert sensor.slots() == enrolled.others, (
        "Other slots have changed while the tests ran: compare the gate's prints with its sensor, "
        "and make sure that no gate runs beside these tests."
    )
    glass.clear()
