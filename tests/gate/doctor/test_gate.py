"""Daemon, sensor, lamps, database and broker: the parts of a gate."""

import os
import sqlite3
import threading
from contextlib import closing
from typing import Any

import msgspec
import pytest
from msgspec import structs

from edge_agent.cli.doctor import _each_once
from edge_agent.cli.status_shown import shown_of
from edge_agent.cli.status_to_do import to_do
from edge_agent.contract.chain import stamp_of
from edge_agent.contract.errors import EdgeAgentError, StoreFault
from edge_agent.contract.facts import GateRetired
from edge_agent.contract.language import Message, say
from edge_agent.gate.claims import Answer, Claim, What
from edge_agent.gate.daemon.status import stopped_status
from edge_agent.gate.doctor import ledger
from edge_agent.gate.doctor import panel as lamps_module
from edge_agent.gate.doctor.checks import look
from edge_agent.gate.doctor.daemon import broker, daemon, settings_in_use, uplink
from edge_agent.gate.doctor.findings import Finding, Judgement, State, in_parts, passed_on
from edge_agent.gate.doctor.panel import lamps
from edge_agent.gate.doctor.sensor import sensor, slots
from edge_agent.gate.errors import DamagedLedger, GateBusy, SensorSilent
from edge_agent.gate.events import Outcome
from edge_agent.gate.host.lock import GateLock
from edge_agent.gate.host.service import restarting
from edge_agent.gate.ledger.glance import restored
from edge_agent.gate.ledger.lost_people import LostPeople
from edge_agent.gate.ledger.store.metadata import COPY, PEOPLE_LOST, Watermarks
from edge_agent.gate.ledger.store.notes import Leaving, leaving_note
from edge_agent.gate.ports import SensorInfo
from edge_agent.simulator.background import Remote
from tests.brokers import Mosquitto
from tests.gate.control.serving import serving
from tests.gate.ledger.ledgers import NOON, append, later, open_store, punch, unsynced
from tests.gate.ledger.old_copies import start
from tests.gate.uplink.stub_broker import ACCEPTED_3, StubBroker, until_hung_up
from tests.patience import patient_with_another_baud

from .staging import HOUR, FixedClock, Stage, said, status

HOUR_MS = 3_600_000


@pytest.mark.parametrize(("version", "expected"), [("1", "DAEMON_RUNS"), ("2", None)])
def test_a_running_daemon(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, version: str, expected: str | None
) -> None:
    monkeypatch.setattr("edge_agent.gate.doctor.daemon.__version__", version)
    context = stage.context()
    with serving(stage.folder / "gate.sock", status=status):
        verdict = daemon(context)

    assert said(verdict) == (expected or "DAEMON_OF_OTHER_VERSION")
    assert context.status == status()


def test_no_daemon(stage: Stage) -> None:
    context = stage.context()

    assert said(daemon(context)) == "DAEMON_STOPPED"
    assert context.status is None


def test_a_gate_out_of_service_is_not_to_be_started(stage: Stage) -> None:
    with closing(open_store(stage.folder)) as store:
        last = append(store, GateRetired(erased=3, slots=100, actor="uid:0")).seq
        assert said(daemon(stage.context())) == "GATE_RETIRED_WAITS"
        store.move_watermarks(Watermarks(last, last, 0))
    assert said(daemon(stage.context())) == "GATE_RETIRED"


@pytest.fixture(params=[True, False], ids=["young", "old"])
def young(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the daemon has just begun: here it is this process, which is as old as the tests."""
    is_young: bool = request.param
    monkeypatch.setattr("edge_agent.gate.control.no_answer._START_S", 1e9 if is_young else -1.0)
    return is_young


def test_a_daemon_that_starts_is_not_called_stopped(stage: Stage, young: bool) -> None:
    """Nor is a first start called none; a sensor that says nothing takes it four seconds."""
    context = stage.context()
    lock = GateLock(context.assembly.database)
    lock.acquire("daemon")
    try:
        found, [of_sensor] = said(daemon(context)), [*look(sensor, context)]
        answer = stopped_status(context.assembly)
        first, *rest = [line.text for line in shown_of(context.settings, answer)]
        with closing(open_store(stage.folder, "main-gate")):
            later = [line.text for line in shown_of(context.settings, answer)]
    finally:
        lock.release()
    assert found == ("DAEMON_STARTING" if young else "DAEMON_ELSEWHERE")
    # What the words call a start is no fault, and ends no script with 1.
    assert of_sensor.state is (State.WARN if young else State.FAIL)
    assert of_sensor.name == ("control.starting" if young else "control.elsewhere")
    assert answer["starting"] is young
    assert ("is starting" in first) is young
    assert ("Wait a few seconds" in rest[-1]) is young
    assert ("Was [control] socket changed?" in rest[-1]) is not young
    assert later == [first, *rest]


@pytest.mark.parametrize("holder", ["daemon", "a command of edge-agent"])
def test_a_daemon_that_listens_elsewhere_is_not_called_stopped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, holder: str
) -> None:
    """As where [control] socket was changed since its start; a command has the lock as well."""
    monkeypatch.setattr("edge_agent.gate.control.no_answer._START_S", -1.0)
    context = stage.context()
    open_store(stage.folder, "main-gate").close()
    lock = GateLock(context.assembly.database)
    lock.acquire(holder)
    try:
        found, answer = said(daemon(context)), stopped_status(context.assembly)
        first, *rest = [line.text for line in shown_of(context.settings, answer)]
    finally:
        lock.release()
    here = holder == "daemon"
    assert found == ("DAEMON_ELSEWHERE" if here else "DAEMON_STOPPED")
    assert answer["elsewhere"] == (os.getpid() if here else None)
    assert ("does not answer at [control] socket" in first) == here
    assert ("is stopped" in first) == (not here)
    assert any("Was [control] socket changed?" in line for line in rest) == here
    # Its process may have ended since without a word.
    assert said(daemon(context)) == "DAEMON_STOPPED"


@pytest.mark.parametrize(
    ("state", "expected"), [("connected", "UPLINK_GOOD"), ("disconnected", "UPLINK_STARTING")]
)
def test_the_daemon_s_own_connection(stage: Stage, state: str, expected: str) -> None:
    context = stage.context()
    context.status = status(uplink={"state": state, "problem": None})

    assert said(uplink(context)) == expected


@pytest.mark.parametrize("state", ["connected", "disconnected"])
def test_what_troubles_the_daemon_s_connection(stage: Stage, state: str) -> None:
    context = stage.context()
    context.status = status(
        uplink={"state": state, "problem": "Nobody is subscribed: ask payroll."}
    )

    verdict = uplink(context)
    assert verdict is not None
    assert (verdict.state, verdict.found) == ("WARN", "Nobody is subscribed")
    assert verdict.advice == "ask payroll"


AWAY = Message("broker.unreachable", host="10.0.0.9", port=8883, why="Nobody is there.")


def test_a_trouble_of_the_connection_is_told_since_when_it_is(stage: Stage) -> None:
    """Once, together with what the doctor's own try at the broker found."""
    context = stage.context()
    context.status = status(
        uplink={
            **{"state": "disconnected", "away_s": 95},
            **{"problem": str(AWAY), "message": AWAY.plain()},
        }
    ) | {"time": {"local": "2026-11-30T15:00:05.000+07:00", "zone": "Asia/Ho_Chi_Minh"}}

    verdict = uplink(context)
    assert verdict is not None
    assert verdict.found.startswith("Not connected to the broker since 2026-11-30 14:58:30, ")
    own = passed_on(State.FAIL, AWAY)
    [line] = _each_once([Finding.of("uplink", verdict), Finding.of("broker", own)])
    assert (line.state, line.titles) == ("FAIL", ["broker", "uplink"])
    assert "14:58:30" in line.found
    # Also where it is said of when that was.
    context.status["uplink"] |= {"tried_s": 4, "next_try_s": 26}
    tried = uplink(context)
    assert tried is not None
    assert "nothing is lost. Tried 4 s ago, and again in 26 s. " in tried.found
    assert tried.advice == verdict.advice
    [line] = _each_once([Finding.of("uplink", tried), Finding.of("broker", own)])
    assert line.titles == ["broker", "uplink"]
    context.status["uplink"]["tried_s"] = None
    assert "Tried again in 26 s. " in said_of(uplink(context))
    # Of a cause that no other check has met, two that tell of it stay two.
    longer = passed_on(State.FAIL, Message("uplink.away-long", age="3 h", why=AWAY))
    also = Finding.of("uplink too", longer)
    assert len(_each_once([Finding.of("uplink", verdict), also])) == 2


def test_a_daemon_that_was_never_connected_does_not_say_when_the_broker_went(stage: Stage) -> None:
    """It was restarted during the outage: since then, and longer by what waits."""
    context = stage.context()
    way = {"state": "disconnected", "away_s": 95, "away_since_start": True}
    context.status = status(uplink={**way, "problem": str(AWAY), "message": AWAY.plain()}) | {
        "time": {"local": "2026-11-30T18:51:41.000+07:00", "zone": "Asia/Ho_Chi_Minh"}
    }
    begun = "Not connected to the broker since the daemon started (2026-11-30 18:50:06), "

    assert said_of(uplink(context)).startswith(f"{begun}nothing is lost.")
    context.status["waiting_since"] = "2026-11-30T18:50:05.900+07:00"  # It is of the start.
    assert said_of(uplink(context)).startswith(f"{begun}nothing is lost.")
    context.status["waiting_since"] = "2026-11-30T17:02:00.000+07:00"
    waits = "the oldest entry waits since 2026-11-30 17:02:00, nothing is lost."
    assert said_of(uplink(context)).startswith(f"{begun}{waits}")
    for now in ("41.400", "42.400"):  # Between two looks the seconds that it is away are rounded.
        context.status["started_at"] = "2026-11-30T18:50:06.700+07:00"
        context.status["time"]["local"] = f"2026-11-30T18:51:{now}+07:00"
        assert said_of(uplink(context)).startswith(begun)
    context.status["uplink"]["away_s"] = 7200
    assert "for at least 2 hours, nothing is lost." in said_of(uplink(context))


def said_of(verdict: Judgement | None) -> str:
    assert verdict is not None
    return verdict.found


def test_no_daemon_no_connection(stage: Stage) -> None:
    assert uplink(stage.context()) is None


@pytest.mark.usefixtures("simulator")
def test_a_sensor_that_answers(stage: Stage) -> None:
    context = stage.context(sensor={"port": str(stage.folder / "tty")})

    verdict = sensor(context)

    assert said(verdict) == "SENSOR_READY"
    assert "57600 baud" in verdict.found
    assert said(slots(context)) == "SLOTS_FREE"
    assert context.slots
    assert (context.slots.used, context.slots.capacity) == (0, 162)
    # Both were let go of again.
    assert said(sensor(context)) == "SENSOR_READY"


@pytest.mark.usefixtures("simulator")
def test_a_sensor_at_another_baud(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.gate.sensor.link._RECOVERY", 0.1)
    context = stage.context(sensor={"port": str(stage.folder / "tty"), "baud": 9600})

    said = r"set \[sensor\] baud = 57600"
    with patient_with_another_baud(), pytest.raises(EdgeAgentError, match=said):
        sensor(context)
    context.assembly.lock().acquire("somebody else")  # The lock was let go of.


def test_a_sensor_that_is_silent(
    stage: Stage, simulator: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.gate.sensor.link._RECOVERY", 0.1)
    monkeypatch.setattr("edge_agent.gate.sensor.fingerprint_sensor._USUAL_BAUDS", ())
    simulator.ask("fault silence 100")

    with pytest.raises(SensorSilent, match="check its supply"):
        sensor(stage.context(sensor={"port": str(stage.folder / "tty")}))


@pytest.mark.usefixtures("simulator")
def test_a_sensor_that_somebody_else_has(stage: Stage) -> None:
    context = stage.context(sensor={"port": str(stage.folder / "tty")})
    other = context.assembly.lock()
    other.acquire("edge-agent enroll")

    with pytest.raises(GateBusy, match="in use by edge-agent enroll"):
        sensor(context)
    other.release()


class FakeSensor:
    """A sensor of 100 slots that answers."""

    def __init__(self, used: int, level: int) -> None:
        self._used, self._level = used, level
        self.closed = False

    def connect(self) -> SensorInfo:
        return SensorInfo(system_id=9, capacity=100, security_level=self._level, baud=57600)

    def slots(self) -> frozenset[int]:
        return frozenset(range(self._used))

    def capture(self) -> bool | None:
        return False

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("used", "level", "expected", "fullness"),
    [
        (79, 3, "SENSOR_READY", "SLOTS_FREE"),
        (80, 3, "SENSOR_READY", "SLOTS_NEARLY_FULL"),
        (0, 2, "SENSOR_LEVEL_LOW", "SLOTS_FREE"),
    ],
)
def test_parameters_and_slots(
    stage: Stage, used: int, level: int, expected: str, fullness: str
) -> None:
    context, fake = stage.context(), FakeSensor(used, level)
    context.assembly.sensor = lambda: fake  # type: ignore[method-assign, assignment, return-value]

    assert said(sensor(context)) == expected
    assert said(slots(context)) == fullness
    assert fake.closed


@pytest.mark.parametrize(
    ("told", "expected", "fullness"),
    [
        ({}, "SENSOR_TOLD_READY", "SLOTS_FREE"),
        ({"prints": 80}, "SENSOR_TOLD_READY", "SLOTS_NEARLY_FULL"),
        ({"state": "starting", "capacity": None}, "SENSOR_TOLD_STARTING", None),
    ],
)
def test_a_sensor_that_the_daemon_has(
    stage: Stage, told: dict[str, Any], expected: str, fullness: str | None
) -> None:
    context = stage.context(sensor={"port": "/dev/null"})
    context.status = status(sensor={**status()["sensor"], **told})

    assert said(sensor(context)) == expected
    assert said(slots(context)) == fullness


def test_a_fault_that_the_daemon_tells(stage: Stage) -> None:
    context = stage.context()
    fault = {"state": "silent", "problem": "It is silent: look.", "prints": 1, "capacity": None}
    context.status = status(sensor=fault)

    verdict = sensor(context)
    assert verdict is not None
    assert (verdict.state, verdict.found, verdict.advice) == ("FAIL", "It is silent", "look")
    assert slots(context) is None


@pytest.mark.parametrize(
    ("pins", "runs", "light", "expected"),
    [
        ("none", False, True, "LAMPS_NONE"),
        ("mock", False, False, "LAMPS_MOCK"),
        ("gpio", True, False, "LAMPS_OF_DAEMON"),
        ("gpio", True, True, "LAMPS_BUSY"),
    ],
)
def test_lamps(stage: Stage, pins: str, runs: bool, light: bool, expected: str) -> None:
    context = stage.context(panel={"pins": pins}, light=light)
    context.status = status() if runs else None

    assert said(lamps(context)) == expected


def test_pins_that_cannot_be_opened(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> Any:
        raise OSError("no chip")

    monkeypatch.setattr("edge_agent.gate.pins._header", refused)

    found = lamps(stage.context(panel={"pins": "gpio"}))
    assert found.state is State.FAIL
    assert found.found == "The lamps cannot be used (no chip)"
    assert found.advice.startswith("check the pins")


class FakePanel:
    """Notes what it shows."""

    problem: str | None = None

    def __init__(self) -> None:
        self.shown: list[object] = []

    def show(self, outcome: Outcome) -> None:
        self.shown.append(outcome)

    def close(self) -> None:
        self.shown.append("closed")


@pytest.mark.parametrize(
    ("light", "expected", "shown"),
    [
        (False, "LAMPS_OPEN", ["closed"]),
        (True, "LAMPS_LIT", ["recorded", "try-again", "unknown", "closed"]),
    ],
)
def test_lamps_are_lit_only_when_asked_for(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    light: bool,
    expected: str,
    shown: list[str],
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(lamps_module, "sleep", slept.append)
    context, panel = stage.context(panel={"pins": "gpio"}, light=light), FakePanel()
    context.assembly.panel = lambda: panel  # type: ignore[method-assign, assignment, return-value]

    assert said(lamps(context)) == expected
    assert panel.shown == shown
    assert sum(slept) < 5


@pytest.mark.parametrize(
    ("confirmed", "rejected", "hours", "expected", "told"),
    [
        (3, 0, 100, "PAYROLL_HAS_ALL", "3 entries"),
        (1, 0, 0, "PAYROLL_WAITING", "2 entries; the oldest is at least 0 minutes"),
        (1, 0, 24, "PAYROLL_WAITING", "2 entries; the oldest is at least 24 hours"),
        (1, 0, 25, "PAYROLL_SILENT", "2 entries; the oldest is at least 25 hours"),
        (0, 4, 73, "PAYROLL_SILENT", "3 entries; the oldest is at least 3 days"),
        (3, 4, 73, "PAYROLL_REJECTED", "4 entries"),
    ],
)
def test_what_payroll_has_yet_to_confirm(
    stage: Stage, confirmed: int, rejected: int, hours: int, expected: str, told: str
) -> None:
    with closing(open_store(stage.folder)) as store:
        append(store)
        append(store)
        store.move_watermarks(Watermarks(3, confirmed, rejected))
    context = stage.context()
    context.assembly.clock = FixedClock(hours * HOUR)

    verdict = ledger.payroll(context)

    assert said(verdict) == expected
    assert verdict
    assert told in verdict.found


def test_what_payroll_confirmed_a_moment_ago(stage: Stage) -> None:
    """A receipt is written down with the next ones: until then only the daemon knows of it."""
    with closing(open_store(stage.folder)) as store:
        append(store)
        append(store)
        store.move_watermarks(Watermarks(3, 1, 0))
    context = stage.context()
    context.status = status(ledger={"confirmed_seq": 3})

    assert said(ledger.payroll(context)) == "PAYROLL_HAS_ALL"


def test_a_request_whose_day_is_over(stage: Stage) -> None:
    with closing(open_store(stage.folder)) as store:
        asked = Claim(id=0, worker="007", what=What.ACCESS, asked="2026-11-01", due="2026-11-11")
        with store.changing() as change:
            change.put_claim(asked, "uid:0")
        context = stage.context()
        context.assembly.clock = FixedClock(0)
        verdict = ledger.privacy(context)
        assert said(verdict) == "PRIVACY_OVERDUE"
        assert verdict
        assert verdict.found == "Not done yet for workers' data: 1 request that is overdue"
        assert in_parts(verdict.message, "vi")[0].endswith(": 1 yêu cầu quá hạn")
        assert "edge-agent privacy overdue" in verdict.advice
        [entered] = store.claims()
        with store.changing() as change:
            change.put_claim(structs.replace(entered, closed="2026-11-12", answer=Answer.DONE), "")
    assert ledger.privacy(context) is None


def test_an_age_never_rests_on_a_clock_that_nobody_set(stage: Stage) -> None:
    with closing(open_store(stage.folder)) as store:
        append(store, stamp=unsynced(0))
        store.move_watermarks(Watermarks(1, 1, 0))
    context = stage.context()
    # Another boot, 30 hours of it; the wall clock claims years.
    context.assembly.clock = FixedClock(30 * HOUR, boot="b", wall_ms=NOON.wall_ms + 99_999 * HOUR)

    verdict = ledger.payroll(context)

    assert said(verdict) == "PAYROLL_SILENT"
    assert verdict
    assert "at least 30 hours" in verdict.found


def test_a_database_that_opens(stage: Stage) -> None:
    with closing(open_store(stage.folder)) as store:
        append(store)

    verdict = ledger.database(stage.context())

    assert said(verdict) == "DATABASE_OPENS"
    assert verdict
    assert "2 entries" in verdict.found


def test_a_database_that_takes_nothing(stage: Stage) -> None:
    """It opens and reads well, but the lamps say that nothing is recorded."""
    open_store(stage.folder).close()
    context = stage.context()
    context.status = status(store={"state": "failing", "problem": "The disk is full."})

    verdict = ledger.database(context)

    assert said(verdict) == "DATABASE_FAILS"
    assert verdict
    assert verdict.found.endswith("The daemon says: The disk is full")


def test_a_damaged_database_was_set_aside(stage: Stage) -> None:
    open_store(stage.folder).close()
    (stage.folder / "gate.db.old-1-damaged").touch()
    (stage.folder / "gate.db.old-1-damaged.jsonl").touch()

    verdict = ledger.database(stage.context())

    assert said(verdict) == "DATABASE_SET_ASIDE"
    assert verdict
    assert "gate.db.old-1-damaged." in verdict.found


def test_payroll_has_all_that_was_taken_along_from_a_damaged_database(stage: Stage) -> None:
    with closing(open_store(stage.folder)) as store:
        last = store.tail().seq
        store.move_watermarks(Watermarks(last, last, 0))
    (stage.folder / "gate.db.old-1-damaged").touch()

    verdict = ledger.database(stage.context())

    assert said(verdict) == "DATABASE_SET_ASIDE_SENT"
    assert verdict
    assert "rm" in verdict.advice


def test_people_were_lost_with_a_damaged_database(stage: Stage) -> None:
    """The doctor, and the status: how many of how many, until they are back or the file is gone."""
    lost = LostPeople(workers=["001"], of_workers=80, prints=[("001", "left-thumb")], of_prints=79)
    with closing(open_store(stage.folder)) as store:
        store.remember(PEOPLE_LOST, msgspec.json.encode(lost).decode())
    (stage.folder / "gate.db.old-1-damaged").touch()

    verdict = ledger.database(stage.context())

    assert said(verdict) == "PEOPLE_LOST"
    assert verdict
    assert "1 of 80 workers and 1 of 79 prints did not come along" in verdict.found
    assert "edge-agent templates restore FILE" in verdict.advice
    assembly = stage.context().assembly
    problem = stopped_status(assembly)["store"]["problem"]
    assert "1 of 80 workers and 1 of 79 prints" in problem
    assert "edge-agent templates restore FILE" in problem
    (stage.folder / "gate.db.old-1-damaged").unlink()
    assert said(ledger.database(stage.context())) == "DATABASE_OPENS"
    assert stopped_status(assembly)["store"]["problem"] is None


@pytest.mark.parametrize("check", [ledger.database, ledger.payroll])
def test_an_entry_that_was_altered_is_called_damaged(stage: Stage, check: Any) -> None:
    """Not an unexpected error of the doctor's."""
    with closing(open_store(stage.folder)) as store, store.changing() as change:
        change._database.conn.execute("UPDATE ledger SET wire = x'00' WHERE seq = 1")
    with pytest.raises(DamagedLedger, match="Entry 1 of the ledger was altered"):
        check(stage.context())


def test_a_database_of_another_gate(stage: Stage) -> None:
    open_store(stage.folder, gate="side-gate").close()

    context = stage.context()
    assert said(ledger.database(context)) == "DATABASE_OF_OTHER_GATE"
    shown = shown_of(context.settings, stopped_status(context.assembly))
    left = say("status.other-gate", owner="side-gate", gate="main-gate")
    assert any(left in line.text for line in shown)


def test_an_id_that_is_changed_is_told_before_a_restart_is(stage: Stage) -> None:
    """Whoever restarts leaves the ledger; it is said once, by whichever check may look."""
    open_store(stage.folder, gate="side-gate").close()
    context = stage.context()
    changed = {**IN_USE, "changed": ["[gate] id", "[mqtt] host"]}
    context.status = {**status(), "gate": "side-gate", "settings": changed}
    verdict = settings_in_use(context)

    assert said(verdict) == "DATABASE_OF_OTHER_GATE"
    assert verdict
    assert verdict == ledger.database(context)
    assert str(restarting()) not in verdict.found + str(verdict.advice)


def test_an_id_that_was_changed_by_mistake_and_set_back(stage: Stage) -> None:
    """After the start with it, and on the way back: nothing leads to the wrong one again."""
    with closing(open_store(stage.folder, "main-gate")) as store:
        append(store, punch(), later(HOUR))
    wrong = stage.context(gate={"id": "side-gate"})
    with wrong.assembly.open_or_succeed() as begun:
        assert begun

    verdict = ledger.database(wrong)
    assert said(verdict) == "DATABASE_LEFT"
    assert verdict
    assert "set aside (gate.db.old-1-other-gate-id) with 2 entries" in verdict.found
    left = say("status.left-ledger", count=2, owner="main-gate", gate="side-gate")
    parts = [one for one in to_do(wrong.settings, stopped_status(wrong.assembly)) if one[1]]
    assert parts[1] == ("settings", left)  # Right after that the daemon is to be started.

    back = stage.context()
    assert said(ledger.database(back)) == "DATABASE_OF_GATE_BEFORE"
    told = {"owner": "side-gate", "gate": "main-gate", "file": "gate.db.old-1-other-gate-id"}
    again = say("status.other-gate-back", **told)
    assert ("settings", again) in to_do(back.settings, stopped_status(back.assembly))

    with back.assembly.open_or_succeed() as begun:
        assert begun
    assert said(ledger.database(back)) == "DATABASE_OPENS"
    parts = [one for one in to_do(back.settings, stopped_status(back.assembly)) if one[1]]
    assert "settings" not in dict(parts)
    with closing(back.assembly.store_for_reading()) as store:
        recorded = [data["worker"] for _, data in store.newest_first({"punch.recovered"})]
    assert recorded == ["007"]


def test_a_gate_that_is_renamed_with_all_confirmed_is_not_warned(stage: Stage) -> None:
    with closing(open_store(stage.folder, "main-gate")) as store:
        store.move_watermarks(Watermarks(1, 1, 0))
    context = stage.context(gate={"id": "side-gate"})
    with context.assembly.open_or_succeed() as begun:
        assert begun

    assert said(ledger.database(context)) == "DATABASE_OPENS"


@pytest.mark.parametrize("known_by", ["the copy itself", "a receipt"])
def test_a_backup_that_was_put_back(stage: Stage, known_by: str) -> None:
    """For a week: payroll has presses that this ledger has not."""
    context = stage.context()
    with closing(open_store(stage.folder, "main-gate")) as store:
        if known_by == "the copy itself":
            store.remember(COPY, "backup")
        else:
            why = Leaving(why="payroll-is-ahead", through=99)
            assert leaving_note.put(context.assembly.database, store.ledger, why)
    with context.assembly.open_or_succeed() as begun:
        assert begun
    verdict = ledger.database(context)
    assert verdict
    assert (verdict.state, "may not be here" in verdict.found) == ("WARN", True)
    status = stopped_status(context.assembly)
    assert ("ledger", say("status.restored")) in to_do(context.settings, status)

    with closing(context.assembly.store_for_reading()) as store:
        then = stamp_of(store.data_of(store.entries(1, 1)[0]))
        week = structs.replace(then, boottime_ms=then.boottime_ms + 7 * 86_400_000)
        assert restored(store, structs.replace(week, boottime_ms=week.boottime_ms - 1))
        assert not restored(store, week)


def test_a_backup_that_was_put_back_is_told_of_for_a_week_that_the_gate_has_run(
    stage: Stage,
) -> None:
    """Where no clock was ever set; it was told of again after each start, for good."""
    context = stage.context()
    with closing(open_store(stage.folder, "main-gate")) as store:
        store.remember(COPY, "backup")
    with context.assembly.open_or_succeed() as begun:
        assert begun
    with closing(open_store(stage.folder, "main-gate")) as store:
        for boot in ("r", "s", "t"):
            for running in (1, 24, 48):
                append(store, stamp=unsynced(running * HOUR_MS, boot))
        assert restored(store, unsynced(1, "u"))
        assert restored(store, unsynced(24 * HOUR_MS - 60_000, "u"))
        assert not restored(store, unsynced(24 * HOUR_MS, "u"))
        append(store, stamp=unsynced(24 * HOUR_MS, "u"))
        assert not restored(store, unsynced(1, "v"))


def test_no_database_yet(stage: Stage) -> None:
    context = stage.context(verify=True)

    verdict = ledger.database(context)

    assert verdict
    assert verdict.state == "WARN"
    assert verdict.found.startswith("There is no database at ")
    assert ledger.payroll(context) is None
    assert ledger.chain(context) is None


def test_a_database_that_is_none(stage: Stage) -> None:
    (stage.folder / "gate.db").write_text("not a database, but long enough to look like one" * 99)

    with pytest.raises(StoreFault, match="not a SQLite file"):
        ledger.database(stage.context())


def test_the_chain_is_read_only_when_asked_for(stage: Stage) -> None:
    open_store(stage.folder).close()

    assert ledger.chain(stage.context()) is None
    assert said(ledger.chain(stage.context(verify=True))) == "CHAIN_UNBROKEN"


def test_what_the_next_start_would_call_damaged_is_found_by_verify_too(stage: Stage) -> None:
    """A page of a table beside the ledger: the chain is whole, and the start leaves the file."""
    start(stage.folder)
    path = stage.folder / "gate.db"
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [(page,)] = plain.execute("SELECT rootpage FROM sqlite_master WHERE name = 'claims'")
    raw = bytearray(path.read_bytes())
    raw[(page - 1) * 4096 : page * 4096] = bytes(4096)
    path.write_bytes(raw)

    verdict = ledger.chain(stage.context(verify=True))
    assert verdict is not None
    assert verdict.state == "FAIL"
    assert verdict.found.startswith(f"The database {path} is damaged (")
    assert "start the daemon, edge-agent run: it sets the file aside" in verdict.advice
    # What a daemon that runs is writing just now is no damage.
    running = stage.context(verify=True)
    running.status = status()
    assert said(ledger.chain(running)) == "CHAIN_UNBROKEN"


def test_a_broken_chain(stage: Stage) -> None:
    with closing(open_store(stage.folder)) as store:
        store.move_watermarks(Watermarks(9, 0, 0))

    with pytest.raises(DamagedLedger, match="entries after 1 are missing"):
        ledger.chain(stage.context(verify=True))


def at(server: Any, **other: Any) -> dict[str, Any]:
    return {"host": server.host, "port": server.port, **other}


def test_a_broker_that_lets_us_in_and_hears_nothing(stage: Stage, mosquitto: Mosquitto) -> None:
    verdict = broker(stage.context(mqtt=at(mosquitto)))

    assert said(verdict) == "BROKER_ANSWERS"
    assert "MQTT 5" in verdict.found
    mosquitto.stop()
    log = mosquitto.log.read_text()
    assert "edge-agent-main-gate-doctor" in log
    assert "PUBLISH" not in log


CONNECTED = {"state": "connected", "problem": None, "mqtt": "5"}
IN_USE = {"file": "/etc/edge-agent.toml", "changed": [], "problem": None}


@pytest.mark.parametrize(
    ("mqtt", "sentence"), [("5", "BROKER_ANSWERS"), ("3.1.1", "BROKER_IS_OLD")]
)
def test_a_broker_that_has_the_daemon_is_left_alone(
    stage: Stage, mosquitto: Mosquitto, mqtt: str, sentence: str
) -> None:
    """A second connection of the same user would end the daemon's where the broker knows users."""
    context = stage.context(mqtt=at(mosquitto))
    context.status = {"uplink": {**CONNECTED, "mqtt": mqtt}, "settings": IN_USE}

    assert said(broker(context)) == sentence
    mosquitto.stop()
    assert "main-gate" not in mosquitto.log.read_text()


TRIED = {
    "away": {"uplink": {**CONNECTED, "state": "disconnected", "mqtt": None}, "settings": IN_USE},
    "with other settings": {
        "uplink": CONNECTED,
        "settings": {**IN_USE, "changed": ["[sensor] captures", "[mqtt] host"]},
    },
    "of an older version": {"uplink": {"state": "connected", "problem": None}},
}


@pytest.mark.parametrize("status", TRIED.values(), ids=TRIED.keys())
def test_a_broker_is_tried_where_the_daemon_is(
    stage: Stage, mosquitto: Mosquitto, status: dict[str, Any]
) -> None:
    context = stage.context(mqtt=at(mosquitto))
    context.status = status

    assert said(broker(context)) == "BROKER_ANSWERS"


def test_a_broker_of_settings_that_wait_for_a_restart_is_no_failure_of_the_one_in_use(
    stage: Stage,
) -> None:
    """The gate delivers well; that the next start would not is said with which settings."""
    context = stage.context(mqtt={"host": "127.0.0.1", "port": 1})
    context.status = {**TRIED["with other settings"]}
    context.status["settings"] = {**IN_USE, "changed": ["[mqtt] port"]}
    verdict = broker(context)
    assert verdict.state == "WARN"
    assert verdict.found.startswith("The daemon is connected to the broker by the settings from")
    assert "([mqtt] port) wait for a restart" in verdict.found
    assert "Nothing listens there" in verdict.found
    assert "[mqtt] port" in verdict.advice
    context.status["uplink"] = {**CONNECTED, "state": "disconnected"}
    assert broker(context).state == "FAIL"


def test_a_broker_that_is_not_there(stage: Stage) -> None:
    verdict = broker(stage.context(mqtt={"host": "127.0.0.1", "port": 1}))

    assert verdict.state == "FAIL"
    assert "Nothing listens there" in verdict.found
    assert "[mqtt] port" in verdict.advice


def test_a_name_that_nobody_knows(stage: Stage) -> None:
    verdict = broker(stage.context(mqtt={"host": "no-such-host.invalid"}))

    assert verdict.state == "FAIL"
    assert "no-such-host.invalid" in verdict.found


def test_a_broker_of_yesterday(stage: Stage) -> None:
    with StubBroker(_speak_3_only) as stub:
        verdict = broker(stage.context(mqtt=at(stub)))

    assert said(verdict) == "BROKER_IS_OLD"
    assert stub.levels == [5, 4]


def _speak_3_only(link: Any, level: int) -> None:
    link.sendall(ACCEPTED_3 if level == 4 else bytes.fromhex("2003008400"))
    until_hung_up(link)


def test_a_broker_that_does_not_answer(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.gate.doctor.daemon._PATIENCE_S", 0.1)
    over = threading.Event()
    with StubBroker(lambda link, level: bool(over.wait(30)) and None) as stub:
        verdict = broker(stage.context(mqtt=at(stub)))
        over.set()

    assert said(verdict) == "BROKER_SLOW"
