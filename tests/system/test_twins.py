"""Two daemons that call themselves by one gate's name, at one broker."""

import time
from collections.abc import Iterator

import pytest

from tests.brokers import Mosquitto

from .gate import Gate, rows

pytestmark = pytest.mark.long


@pytest.fixture
def twin(mosquitto: Mosquitto) -> Iterator[Gate]:
    with Gate(mqtt={"port": mosquitto.port}) as gate:
        gate.simulate("--no-pace")
        gate.enrol("NV001")
        yield gate


def duplicate(gate: Gate) -> None:
    watch = gate.watch()
    gate.until(watch, "uplink", lambda uplink: bool(uplink["duplicate_gate"]))


def press(gate: Gate) -> None:
    watch = gate.watch()
    gate.press("NV001")
    assert watch.panel()["outcome"] == "recorded"


def until_payroll_has_all(gate: Gate) -> None:
    """One entry every five seconds, for a quarter of an hour after the last sign of a twin."""
    [(last,)] = rows(gate.database, "SELECT max(seq) FROM ledger")
    deadline = time.monotonic() + 200
    while rows(gate.database, "SELECT confirmed FROM watermarks")[0][0] < last:
        assert time.monotonic() < deadline
        time.sleep(0.5)


@pytest.mark.timeout(500)
def test_both_notice_both_record_and_nothing_is_lost(new_gate: Gate, twin: Gate) -> None:
    gate = new_gate
    gate.set(mqtt=twin.sections["mqtt"])
    gate.enrol("NV001")
    gate.receive()
    gate.start()
    gate.online(watch := gate.watch())
    gate.in_step(watch)

    twin.start()
    duplicate(gate)
    duplicate(twin)
    for daemon in (gate, twin):
        assert "duplicate-gate" in daemon.cli("status").out
        press(daemon)

    for daemon, other in ((gate, twin), (twin, gate)):  # By turns: alone a connection holds.
        other.stop()
        if daemon is twin:
            twin.start()
        until_payroll_has_all(daemon)
    assert rows(gate.payroll, "SELECT count(DISTINCT ledger) FROM entries") == [(2,)]
    assert rows(gate.payroll, "SELECT count(*) FROM forks") == [(0,)]
    assert [code for _, code in gate.paid()] == ["NV001", "NV001"]
