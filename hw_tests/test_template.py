"""A template taken out of the sensor and put back is as good as before."""

from edge_agent.sensor import FingerprintSensor

from .enrolment import Enrolled
from .facts import Facts
from .glass import Glass


def test_a_template_survives_a_backup(
    enrolled: Enrolled, sensor: FingerprintSensor, glass: Glass, facts: Facts
) -> None:
    template = sensor.read_template(enrolled.slot)
    facts.note("template", f"{len(template)} bytes")  # Never its content.
    sensor.erase(enrolled.slot)
    glass.press(enrolled.finger)
    assert sensor.search() is None, "A finger that was erased is still found: replace the sensor."
    sensor.write_template(enrolled.slot, template)
    glass.press(enrolled.finger)
    match = sensor.search()
    assert match is not None, (
        "A template that was put back is not recognised: press again, flat; if it stays so, this "
        "module's templates cannot be backed up."
    )
    assert match.slot == enrolled.slot, (
        f"It was found in slot {match.slot} instead of {enrolled.slot}: replace the sensor."
    )
    glass.clear()
