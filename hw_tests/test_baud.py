"""The sensor's speed is changed and changed back. Only where asked for: a cut in between hurts."""

import pytest

from edge_agent.gate.ports import SensorInfo
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.sensor.instructions import SET_SYS_PARA

from .facts import Facts

_BAUD_NUMBER = 4  # of SetSysPara
_UNIT = 9600


def test_another_baud_and_back(
    sensor: FingerprintSensor, info: SensorInfo, facts: Facts, pytestconfig: pytest.Config
) -> None:
    option = pytestconfig.option
    if not option.baud_switch:
        pytest.skip("nobody asked for it: --baud-switch")
    other = 115200 if option.baud != 115200 else 57600
    taken = sensor.slots()
    try:
        _switch(sensor, other)
        sensor.recover()
        assert sensor.slots() == taken
        facts.note("speaks as well", f"{other} baud")
    finally:
        _switch(sensor, option.baud)
        sensor.recover()
    assert sensor.slots() == taken, (
        f"The sensor does not answer well at {option.baud} baud any more: power it off and on."
    )


def _switch(sensor: FingerprintSensor, baud: int) -> None:
    sensor._link.exchange(SET_SYS_PARA, number=_BAUD_NUMBER, value=baud // _UNIT)
    assert sensor._port
    sensor._port.baud = baud
