"""The supply goes and comes: does the sensor answer again, and how soon?"""

import time

import pytest

from edge_agent.gate.errors import SensorFault
from edge_agent.gate.ports import SensorInfo
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor

from .facts import Facts
from .person import PATIENCE_S, Person

_BACK_WITHIN_S = 10.0


def test_power_cycles(
    sensor: FingerprintSensor,
    info: SensorInfo,
    person: Person,
    facts: Facts,
    slack: float,
    pytestconfig: pytest.Config,
) -> None:
    cycles = pytestconfig.option.power_cycles
    if not cycles:
        pytest.skip("nobody cuts its supply: --power-cycles says how often you will")
    before = sensor.slots()
    waits = []
    for _ in range(cycles):
        person.unplug()
        _until_gone(sensor)
        person.plug()
        waits.append(_until_back(sensor, info))
        assert sensor.slots() == before, (
            "The sensor came back with other slots: its flash has suffered. Replace it."
        )
    facts.note("back after a power cut", f"{max(waits):.1f} s at the most of {cycles}")
    assert max(waits) < _BACK_WITHIN_S * slack, "It takes too long to come back: check its supply."


def _until_gone(sensor: FingerprintSensor) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        try:
            sensor.capture()
        except SensorFault:
            return
    pytest.fail(f"The sensor still answered after {PATIENCE_S:.0f} s.", pytrace=False)


def _until_back(sensor: FingerprintSensor, info: SensorInfo) -> float:
    """Seconds from the first try on; of them a person may have taken most."""
    began = time.monotonic()
    while True:
        try:
            tried = time.monotonic()
            assert sensor.connect() == info, "Another sensor came back."
            return time.monotonic() - tried
        except SensorFault as fault:
            if time.monotonic() - began > PATIENCE_S:
                pytest.fail(f"The sensor did not come back: {fault}", pytrace=False)
