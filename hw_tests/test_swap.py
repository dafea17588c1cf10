"""Another sensor in the place of this one is told from it, by a note in its notepad."""

import os
import time

import pytest

from edge_agent.gate.errors import SensorFault, SensorRefused
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor

from .facts import Facts
from .person import PATIENCE_S, Person

_PAGE = 14  # the gate uses 15


def test_another_sensor_is_told_from_this_one(
    sensor: FingerprintSensor, person: Person, facts: Facts, pytestconfig: pytest.Config
) -> None:
    if not pytestconfig.option.swap:
        pytest.skip("there is no other sensor to put in its place: --swap says that there is")
    token = os.urandom(32)
    try:
        sensor.write_notepad(_PAGE, token)
    except SensorRefused:
        pytest.skip("this module has no notepad: the gate knows it by its templates")
    person.swap()
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            sensor.connect()
            if sensor.read_notepad(_PAGE) != token:
                break
        except SensorFault:
            pass
        if time.monotonic() > give_up:
            pytest.fail("The other sensor says what this one was told.", pytrace=False)
    facts.note("another sensor", "told from this one")
