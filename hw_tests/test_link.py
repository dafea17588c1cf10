"""The wires and the line: does the sensor answer, always, and always the same?"""

import math
from collections import Counter

from edge_agent.gate.errors import SensorFault
from edge_agent.gate.ports import SensorInfo
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor

from .facts import Facts

_EXCHANGES = 200
_INDEX_PAGE = 256  # slots that one exchange tells of
_RECONNECTS = 5
_RECOVERIES = 5

_SUSPECT = "check its supply and that no other program uses the port; if it stays so, replace it"


def test_it_answers_and_says_what_it_is(info: SensorInfo, facts: Facts) -> None:
    facts.note("system id", f"{info.system_id:04X}")
    facts.note("capacity", f"{info.capacity} slots")
    facts.note("security level", info.security_level)
    facts.note("baud it says it has", info.baud)
    assert info.capacity > 0, f"The sensor says that it has no slots: {_SUSPECT}."
    assert info.security_level >= 3, (
        f"The sensor's security level is {info.security_level}, and no maker says how often it "
        "takes one person for another below 3: set it to 3 with the tool that lowered it."
    )


def test_its_slots_can_be_read(sensor: FingerprintSensor, info: SensorInfo, facts: Facts) -> None:
    taken = sensor.slots()
    facts.note("slots taken", f"{len(taken)} of {info.capacity}")
    assert taken <= set(range(info.capacity)), (
        f"The sensor shows templates in slots that it does not have: {_SUSPECT}."
    )


def test_200_exchanges_without_a_fault(
    sensor: FingerprintSensor, info: SensorInfo, facts: Facts
) -> None:
    at_once = math.ceil(info.capacity / _INDEX_PAGE)
    readings = math.ceil(_EXCHANGES / at_once)
    taken = sensor.slots()
    faults: list[str] = []
    for _ in range(readings):
        try:
            changed = sensor.slots() != taken
        except SensorFault as fault:
            faults.append(str(fault))
            sensor.recover()
        else:
            if changed:
                faults.append("The sensor suddenly told of other slots.")
    facts.note("faults on the line", f"{len(faults)} in {readings * at_once} exchanges")
    assert not faults, (
        f"{len(faults)} of {readings} readings of the slots failed. Check for long wires, a loose "
        "GND, a supply that sags (3.3 V at the sensor, not at the Pi) and a mini UART "
        "(dtoverlay=disable-bt gives the header the good one). What went wrong:\n"
        + "\n".join(f"  {count} x {what}" for what, count in Counter(faults).items())
    )


def test_it_is_the_same_after_a_recovery(sensor: FingerprintSensor) -> None:
    before = sensor.slots()
    for _ in range(_RECOVERIES):
        sensor.recover()
        assert sensor.slots() == before, f"The sensor changed its slots by itself: {_SUSPECT}."


def test_it_answers_at_every_start(sensor: FingerprintSensor, info: SensorInfo) -> None:
    for _ in range(_RECONNECTS):
        assert sensor.connect() == info, (
            f"The sensor said other things of itself when it was connected again: {_SUSPECT}."
        )
