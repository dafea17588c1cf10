"""What the daemon's status calls wrong, the doctor calls wrong too, and as badly at least."""

from typing import Any

import pytest

from edge_agent import __version__
from edge_agent.contract.messages import (
    ClockStatus,
    GateStatus,
    LedgerStatus,
    RosterStatus,
    SensorStatus,
)
from edge_agent.contract.stamps import ClockState
from edge_agent.gate.daemon.running_status import Vitals, running_status
from edge_agent.gate.doctor.checks import OF_THE_GATE, look
from edge_agent.gate.doctor.context import CheckContext
from edge_agent.gate.doctor.findings import Finding, State
from edge_agent.gate.events import FingerAwaited, UplinkChanged
from tests.gate.control.serving import serving

from .staging import Stage

HEALTHY = GateStatus(
    gate="main-gate",
    state="online",
    version=__version__,
    started_at="2026-11-23T14:16:42.187+07:00",
    sensor=SensorStatus(state="ready", prints=5, capacity=100),
    clock=ClockStatus(state=ClockState.SYNCED, uncertainty_ms=7),
    ledger=LedgerStatus(
        id="c7c336fc", last_seq=9, confirmed_seq=9, complete_until=None, rejected=0
    ),
    roster=RosterStatus(version=3, refused=None),
    disk_free_bytes=9_000_000_000,
)
ALIVE = Vitals(
    up_s=7200,
    away_s=None,
    mended=0,
    clock_refused=False,
    silent_s={"gate": 0.1, "uplink": 0.4},
)

FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    # what is wrong → what the status then tells, the line that says it, and how bad that is
    "another version": ({"version": "0"}, "daemon", "WARN"),
    "the gate's thread hangs": ({"silent_s": {"gate": 25.0}}, "daemon", "FAIL"),
    "the uplink's thread hangs": ({"silent_s": {"uplink": 25.0}}, "daemon", "FAIL"),
    "the sensor is silent": ({"sensor": {"state": "silent", "problem": "So."}}, "sensor", "FAIL"),
    "the sensor is foreign": ({"sensor": {"state": "foreign", "problem": "So."}}, "sensor", "FAIL"),
    "the sensor is not in use": ({"sensor": {"state": "not in use"}}, "sensor", "FAIL"),
    "the sensor still starts": ({"sensor": {"state": "starting"}}, "sensor", "FAIL"),
    "the sensor starts": ({"sensor": {"state": "starting"}, "up_s": 5}, "sensor", "WARN"),
    "a loose plug": ({"sensor": {"problem": "It keeps going away: see."}}, "sensor", "WARN"),
    "a link that is mended often": (
        {"sensor": {"mended": 12, "problem": "It was mended: see."}},
        "sensor",
        "WARN",
    ),
    "a link that is mended every two seconds": (
        {"sensor": {"mended": 300, "problem": "It was mended: see."}},
        "sensor",
        "FAIL",
    ),
    "few slots are left": ({"sensor": {"prints": 85}}, "slots", "WARN"),
    "fingers that wear": (
        {"sensor": {"worn_prints": 2, "worn": ["NV1", "NV2"]}},
        "prints",
        "WARN",
    ),
    "a dirty glass": ({"sensor": {"glass_dirty": True}}, "glass", "WARN"),
    "prints in no backup": ({"sensor": {"not_backed_up": 2}}, "backup", "WARN"),
    "nothing can be written": (
        {"store": {"state": "failing", "problem": "So."}},
        "database",
        "FAIL",
    ),
    "the disk is in reserve": (
        {"store": {"state": "reserve", "problem": "So."}},
        "database",
        "FAIL",
    ),
    "the disk fills": ({"store": {"problem": "It is 81 % full: see."}}, "database", "WARN"),
    "the clock was never set": (
        {"clock": {"state": "unsynced", "uncertainty_ms": None, "problem": "So."}},
        "clock",
        "WARN",
    ),
    "the clock runs by itself": ({"clock": {"state": "holdover"}}, "clock", "WARN"),
    "the kernel says nothing of the clock": (
        {"clock": {"state": "unsynced", "uncertainty_ms": None, "refused": True, "problem": "So."}},
        "clock",
        "FAIL",
    ),
    "any other trouble of the clock": ({"clock": {"problem": "So."}}, "clock", "WARN"),
    "payroll could not use entries": ({"ledger": {"rejected": 4}}, "payroll", "WARN"),
    "a roster was refused": ({"roster": {"refused": "It was cut short."}}, "roster", "WARN"),
    "the broker is away": (
        {"uplink": {"state": "disconnected", "problem": "No route.", "away_s": 60}},
        "uplink",
        "WARN",
    ),
    "the broker is away without a reason": (
        {"uplink": {"state": "disconnected", "away_s": 60}},
        "uplink",
        "WARN",
    ),
    "the broker is away for long": (
        {"uplink": {"state": "disconnected", "problem": "No route.", "away_s": 3600}},
        "uplink",
        "FAIL",
    ),
    "nobody listens": ({"uplink": {"problem": "Nobody is subscribed: ask."}}, "uplink", "WARN"),
    "a twin": ({"uplink": {"duplicate_gate": True}}, "uplink", "WARN"),
    "forged receipts": ({"uplink": {"refused_receipts": 1}}, "uplink", "WARN"),
    "forged commands": ({"uplink": {"refused_commands": 1}}, "uplink", "WARN"),
    "not by payroll's key": ({"uplink": {"not_signed": 1, "keys": ["ab"]}}, "uplink", "WARN"),
}

HARMLESS = {
    "gate", "daemon", "state", "started_at", "awaiting", "awaiting_worker", "disk_free_bytes",
    "sensor.capacity",
    "uplink.mqtt",
    "uplink.hung_up_often",  # Its sentence is the problem.
    "sensor.message", "uplink.message",  # The name of the problem.
    "hangs",  # The threads of which silent_s tells it.
    "uplink.keys",  # What is not signed by them is told.
    "store.set_aside",  # A damaged one is a problem, which stands there.
    "clock.pending", "clock.pending_since",  # Why they wait is the problem.
    "ledger.id", "ledger.last_seq", "ledger.confirmed_seq", "ledger.complete_until",
    "roster.version",
    "privacy.consent",  # What the site has chosen.
    "privacy.asks", "privacy.erasing", "case",  # Told by status itself, the first also as overdue.
}  # fmt: skip
"""What the status tells that is no fault, whatever it is; how much waits for how long is the
payroll line's own look at the ledger."""


def told(**faults: Any) -> dict[str, Any]:
    """A healthy gate's status with these faults in it."""
    status = running_status(
        HEALTHY, UplinkChanged(state="connected"), FingerAwaited(request=None), ALIVE
    )
    for key, value in faults.items():
        status[key] = {**status[key], **value} if isinstance(value, dict) else value
    return status


@pytest.fixture
def context(stage: Stage) -> CheckContext:
    """A gate without lamps whose database this user may not even read: the status has to do."""
    context = stage.context()
    context.assembly.store_for_reading = _forbidden  # type: ignore[method-assign]
    return context


def _forbidden() -> Any:
    raise PermissionError


NOT_HERE = {"broker"}
"""Looks that need what this test does not stage; none of them rests on the status."""


def findings(context: CheckContext, status: dict[str, Any]) -> dict[str, Finding]:
    with serving(context.assembly.control_socket, status=lambda: status):
        found = [
            finding
            for check in OF_THE_GATE
            if check.title not in NOT_HERE
            for finding in look(check, context)
        ]
    return {finding.check: finding for finding in found}


LINES = {line for _, line, _ in FAULTS.values()}


def test_a_healthy_gate_s_status_is_no_fault(context: CheckContext) -> None:
    found = findings(context, told())

    assert {found[line].state for line in LINES & found.keys()} == {State.OK}
    # Nothing to say of them.
    assert LINES - found.keys() == {"database", "payroll", "roster", "glass"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_status_is_a_line_of_the_doctor(context: CheckContext, name: str) -> None:
    fault, line, severity = FAULTS[name]

    found = findings(context, told(**fault))

    assert found[line].state == severity, found[line]
    assert found[line].advice


def test_each_field_of_the_status_is_in_this_table() -> None:
    """Whoever adds one says here whether it can be a fault, and which line then tells it."""
    fields = set(_paths(told()))
    staged = {path for fault, _, _ in FAULTS.values() for path in _paths(fault)}

    assert staged <= fields
    assert fields - staged - HARMLESS == set()
    assert fields >= HARMLESS


def _paths(status: dict[str, Any], above: str = "") -> list[str]:
    paths: list[str] = []
    for key, value in status.items():
        path = f"{above}{key}"
        if isinstance(value, dict):
            paths += _paths(value, f"{path}.")
        else:
            paths.append(path)
    return paths
