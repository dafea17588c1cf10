"""What a running daemon tells of itself on its socket."""

from typing import Any

import pytest
from msgspec.structs import replace

from edge_agent.contract.messages import ClockStatus, GateStatus, LedgerStatus, SensorStatus
from edge_agent.contract.stamps import ClockState
from edge_agent.gate.daemon.running_status import Vitals, running_status
from edge_agent.gate.events import FingerAwaited, UplinkChanged
from edge_agent.gate.sensor.lifecycle import Mends

STATUS = GateStatus(
    gate="main-gate",
    state="online",
    version="1",
    started_at=None,
    sensor=SensorStatus(state="ready", problem="The touch pin is off.", prints=5, capacity=100),
    clock=ClockStatus(state=ClockState.SYNCED, uncertainty_ms=7),
    ledger=LedgerStatus(id="c7", last_seq=9, confirmed_seq=9, complete_until=None, rejected=0),
    disk_free_bytes=None,
)
VITALS = Vitals(
    up_s=61.4,
    away_s=None,
    away_since_start=False,
    tried_s=None,
    next_try_s=None,
    mended=0,
    clock_refused=False,
    clock_believed=False,
    silent_s={"gate": 0.12, "uplink": 0.1},
)


def told(status: GateStatus = STATUS, **vitals: Any) -> dict[str, Any]:
    way = UplinkChanged(state="connected")
    return running_status(status, way, FingerAwaited(request=None), replace(VITALS, **vitals))


def test_a_daemon_that_is_well() -> None:
    status = told()

    assert status["sensor"]["problem"] == "The touch pin is off."
    assert (status["sensor"]["mended"], status["up_s"]) == (0, 61)
    assert status["uplink"]["problem"] is status["uplink"]["away_s"] is None
    assert status["silent_s"] == {"gate": 0.1, "uplink": 0.1}


@pytest.mark.parametrize(("thread", "line"), [("gate", "sensor"), ("uplink", "uplink")])
def test_a_thread_that_hangs_is_a_problem_of_what_it_does(thread: str, line: str) -> None:
    status = told(silent_s={"gate": 0.0, "uplink": 0.0, thread: 20.0})

    assert f"The daemon's {thread} thread has not moved for 20 s" in status[line]["problem"]
    assert status["hangs"] == [thread]


def test_a_link_that_has_to_be_mended_all_the_time_is_a_problem() -> None:
    assert "mended" not in told(mended=9)["sensor"]["problem"]
    assert "was mended 10 times" in told(mended=10)["sensor"]["problem"]
    # One that is not in use has a worse one.
    silent = replace(STATUS, sensor=replace(STATUS.sensor, state="silent"))
    assert "mended" not in told(silent, mended=10)["sensor"]["problem"]


def test_mends_are_forgotten_after_ten_minutes() -> None:
    mends = Mends()
    for second in range(0, 1200, 2):
        mends.note(float(second))

    assert mends.lately(1200.0) == 299
    assert mends.lately(1790.0) == 4
    assert mends.lately(3000.0) == 0
