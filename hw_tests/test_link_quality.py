"""The line for minutes on end: how often it fails, in which way, and how long answers take."""

import time
from collections import Counter
from statistics import quantiles

import pytest

from edge_agent.gate.errors import SensorFault
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor

from .facts import Facts

_ALLOWED = 0.001
"""A gate mends each fault in a fraction of a second; more than one in a thousand is a bad wire."""


def test_the_link_for_minutes(
    sensor: FingerprintSensor, facts: Facts, pytestconfig: pytest.Config
) -> None:
    minutes = pytestconfig.option.minutes
    faults: Counter[str] = Counter()
    taken: list[float] = []
    end = time.monotonic() + 60.0 * minutes
    while time.monotonic() < end or len(taken) < 20:
        began = time.monotonic()
        try:
            sensor.read_notepad(0)
        except SensorFault as fault:
            faults[type(fault).__name__] += 1
            sensor.recover()
        taken.append(time.monotonic() - began)
    cuts = quantiles(taken, n=100)
    facts.note("line watched for", f"{minutes:g} minutes, {len(taken)} exchanges")
    facts.note("faults on it", ", ".join(f"{n} x {name}" for name, n in faults.items()) or "none")
    facts.note("an exchange takes", f"{cuts[49] * 1e3:.1f} ms median, {cuts[98] * 1e3:.1f} ms p99")
    failed = sum(faults.values())
    assert failed <= _ALLOWED * len(taken), (
        f"{failed} of {len(taken)} exchanges failed ({dict(faults)}): check for long wires, a "
        "loose GND, a supply that sags, and a mini UART (dtoverlay=disable-bt)."
    )
