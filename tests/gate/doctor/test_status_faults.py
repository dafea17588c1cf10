"""What status calls wrong the doctor calls wrong too, and as badly at least; and the reverse, but
for what only a look at the machine finds.
"""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent import __version__
from edge_agent.cli import status_to_do
from edge_agent.cli.status_shown import shown_of
from edge_agent.contract.language import Message
from edge_agent.contract.messages import (
    ClockStatus,
    GateStatus,
    LedgerStatus,
    RosterStatus,
    SensorStatus,
)
from edge_agent.contract.people import Print, Worker
from edge_agent.contract.stamps import ClockState
from edge_agent.gate.claims import Claim, What
from edge_agent.gate.consents import Consent
from edge_agent.gate.daemon.running_status import Vitals, running_status
from edge_agent.gate.daemon.status import stopped_status
from edge_agent.gate.doctor.checks import OF_THE_GATE, OF_THE_MACHINE, look
from edge_agent.gate.doctor.context import CheckContext
from edge_agent.gate.doctor.findings import Finding, State
from edge_agent.gate.events import FingerAwaited, UplinkChanged
from edge_agent.gate.ledger.store.metadata import CASE_OPEN, ERASURES_UNKNOWN, Watermarks
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from tests.catalogues import words as catalogue_words
from tests.gate.control.serving import serving
from tests.gate.ledger.ledgers import open_store

from .staging import Stage, usage

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
    away_since_start=False,
    tried_s=None,
    next_try_s=None,
    mended=0,
    clock_refused=False,
    clock_believed=False,
    silent_s={"gate": 0.1, "uplink": 0.4},
)


def named(name: str, **fields: Any) -> dict[str, Any]:
    message = Message(name, **fields)
    return {"problem": str(message), "message": message.plain()}


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    # what is wrong → what the status then tells, the line that says it, and how bad that is
    "another version": ({"version": "0"}, "daemon", "WARN"),
    "the gate's thread hangs": (
        {
            "silent_s": {"gate": 25.0},
            "hangs": ["gate"],
            "sensor": named("problem.hangs", thread="gate", seconds=25.0, restart="So"),
        },
        "daemon",
        "FAIL",
    ),
    "the uplink's thread hangs": (
        {
            "silent_s": {"uplink": 25.0},
            "hangs": ["uplink"],
            "uplink": named("problem.hangs", thread="uplink", seconds=25.0, restart="So"),
        },
        "daemon",
        "FAIL",
    ),
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
    "the database has another trouble": ({"store": {"problem": "It is: see."}}, "database", "WARN"),
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
    "a roster was refused": ({"roster": {"refused": "malformed"}}, "roster", "WARN"),
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
    "whose erasures are not known": (
        {"store": named("privacy.unknown"), "privacy": {"asks": True}},
        "privacy",
        "WARN",
    ),
    "the case is open": ({"case": "open"}, "inputs", "WARN"),
    "the contact cannot be used": (
        {"pins": {"problems": {"tamper_pin": "It is gone: see."}}},
        "inputs",
        "FAIL",
    ),
    "the touch pin cannot be used": (
        {"pins": {"problems": {"touch_pin": "It is gone: see."}}},
        "touch pin",
        "FAIL",
    ),
    "nobody can be recognised": (
        {"sensor": {"prints": 0}, "workers": 6, "credentials": 0},
        "workers",
        "WARN",
    ),
    "who has left here, and is at work by payroll": ({"left_here": ["NV1"]}, "leavers", "WARN"),
    "who is kept here, and left by payroll": ({"left_at_payroll": ["NV1"]}, "leavers", "WARN"),
    "prints that are held back": ({"held_back": ["NV1"]}, "workers", "WARN"),
    "prints without a consent": ({"without_consent": ["NV1"]}, "workers", "WARN"),
    "settings that wait for a restart": (
        {"settings": {"changed": ["[mqtt] port"], "problem": None}},
        "changed settings",
        "WARN",
    ),
    "not by payroll's key": ({"uplink": {"not_signed": 1, "keys": ["ab"]}}, "uplink", "WARN"),
}

HARMLESS = {
    "gate", "daemon", "state", "started_at", "awaiting", "awaiting_worker", "disk_free_bytes",
    "sensor.capacity",
    "uplink.away_since_start",  # How long at least is in its sentence.
    "clock.believed",  # The doctor asks the settings.
    "uplink.mqtt", "uplink.tried_s", "uplink.next_try_s",
    "uplink.hung_up_often",  # Its sentence is the problem.
    "sensor.message", "uplink.message", "store.message",  # The name of the problem.
    "hangs",  # The threads of which silent_s tells it.
    "uplink.keys",  # What is not signed by them is told.
    "store.set_aside",  # A damaged one is a problem, which stands there.
    "clock.pending", "clock.pending_since",  # Why they wait is the problem.
    "ledger.id", "ledger.last_seq", "ledger.confirmed_seq", "ledger.complete_until",
    "roster.version",
    "privacy.consent",  # What the site has chosen.
    "privacy.erasing",  # The doctor looks at the database.
}  # fmt: skip
"""What the status tells that is no fault, whatever it is; how much waits for how long is the
payroll line's own look at the ledger."""


def told(**faults: Any) -> dict[str, Any]:
    """A healthy gate's status with these faults in it."""
    status = running_status(
        HEALTHY, UplinkChanged(state="connected"), FingerAwaited(request=None), ALIVE
    )
    status["store"].setdefault("message", None)
    status |= {"workers": 6, "credentials": 0, "held_back": []}
    status |= {"without_consent": []}
    status |= {"left_here": [], "left_at_payroll": []}
    status["settings"] = {"changed": [], "problem": None}
    for key, value in faults.items():
        status[key] = {**status[key], **value} if isinstance(value, dict) else value
    return status


@pytest.fixture
def context(stage: Stage) -> CheckContext:
    """A gate without lamps whose database this user may not even read: the status has to do."""
    context = stage.context(
        stage.machine(usage=usage(10)),
        sensor={"touch_pin": 4},
        panel={"pins": "gpio", "tamper_pin": 5},
    )
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
    assert LINES - found.keys() == {
        *("database", "payroll", "roster", "glass", "privacy", "workers", "leavers"),
        "changed settings",
    }


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


BESIDE = {
    "backup": "the doctor looks itself, and STATUS_TELLS has it",
    "board": "the doctor looks itself, and STATUS_TELLS has it",
    "overdue": "AT_REST has it",
    "at_broker": "a gate out of service has tests of its own",
    "retired": "a gate out of service has tests of its own",
    "elsewhere": "the doctor looks itself, and test_gate has it",
    "starting": "the doctor looks itself, and test_gate has it",
    "stopped_at": "no fault: that it is stopped has its row",
    "last_punch": "no fault, whoever it was",
    "waiting_since": "the payroll line's own look at the ledger",
    "restored": "the doctor looks itself, and test_gate has it",
    "erased_again": "which status says, and the doctor only that it may be",
    "renamed": "the doctor looks itself, and test_gate has it",
    "left_ledgers": "the doctor looks itself, and test_gate has it",
    "other_gate": "the doctor looks itself, and test_gate has it",
    "templates": "what is typed, of the backup line and of the workers line",
    "time": "what the clock is like is its own part",
}
"""What the whole of ``status`` has beyond the table, and why no row of it is needed."""


def test_the_whole_of_status_has_no_field_that_is_in_no_table(stage: Stage) -> None:
    """Of a stopped gate it is put together from all its parts, a glance at the ledger too."""
    context = stage.context()
    open_store(stage.folder, "main-gate").close()
    assert stopped_status(context.assembly).keys() - told().keys() == BESIDE.keys()


@pytest.mark.parametrize(("asked", "told"), [("required", ["NV1"]), ("off", [])])
def test_who_is_refused_for_want_of_a_consent(stage: Stage, asked: str, told: list[str]) -> None:
    context = stage.context(privacy={"consent": asked})
    with closing(open_store(stage.folder, "main-gate")) as store, store.changing() as change:
        for slot, code in enumerate(("NV1", "NV2")):
            change.put_worker(Worker(code=code, name=code))
            finger = Print(worker=code, finger="right-index", slot=slot, generation=1)
            change.put_print(finger, bytes(32))
        change.put_consent(
            Consent(worker="NV2", text="vi-1", text_hash=bytes(32), signed="2026-11-18")
        )
    assert stopped_status(context.assembly)["without_consent"] == told


IN_A_ROW = {
    *("the clock runs by itself", "the broker is away without a reason"),
    *("the sensor starts", "the sensor is not in use", "the sensor still starts"),
}
"""Faults of which status shows the state in a row, or in its first line, and nothing to do."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_something_to_do_by_status_too(context: CheckContext, name: str) -> None:
    fault, _, _ = FAULTS[name]
    well, ill = (shown_of(context.settings, told(**one)) for one in ({}, fault))

    assert well != ill
    assert [line for line in well if line.text.startswith("- ")] == []
    assert bool([line for line in ill if line.text.startswith("- ")]) == (name not in IN_A_ROW)


def aged(store: SqliteStore) -> None:
    asked = Claim(id=0, worker="007", what=What.ACCESS, asked="2025-11-01", due="2025-11-11")
    with store.changing() as change:
        change.put_claim(asked, "uid:0")


def opened(store: SqliteStore) -> None:
    store.remember(CASE_OPEN, "1")


def hired(store: SqliteStore) -> None:
    with store.changing() as change:
        change.put_worker(Worker(code="007", name="Hoa"))


def rejected(store: SqliteStore) -> None:
    store.move_watermarks(Watermarks(1, 1, 1))


AT_REST: dict[str, tuple[Callable[[SqliteStore], object], str, str]] = {
    # what a stopped gate has → how, the doctor's line, and what status says of it
    "a request whose day is over": (aged, "privacy", "status.overdue"),
    "whose erasures are not known": (
        lambda store: store.remember(ERASURES_UNKNOWN, "1"),
        "privacy",
        "privacy.unknown",
    ),
    "the case is open": (opened, "inputs", "status.case-open"),
    "nobody can be recognised": (hired, "workers", "status.nobody-known"),
    "payroll could not use entries": (rejected, "payroll", "status.rejected"),
}


@pytest.mark.parametrize("name", AT_REST)
def test_of_a_stopped_gate_both_say_the_same(stage: Stage, name: str) -> None:
    change, line, message = AT_REST[name]
    context = stage.context(panel={"pins": "mock", "tamper_pin": 5})
    with closing(open_store(stage.folder, "main-gate")) as store:
        before = stopped_status(context.assembly)
        change(store)
        after = stopped_status(context.assembly)
    spoken = [line.text for line in shown_of(context.settings, after)]
    words = re.sub(r"\{.*", "", catalogue_words("en")[message][0])
    assert [text for text in spoken if words[:20] in text], spoken
    assert shown_of(context.settings, before) != shown_of(context.settings, after)

    [check] = [one for one in OF_THE_GATE if one.title == line]
    [found] = look(check, context)
    assert found.state is State.WARN


DOCTOR_ONLY = {
    "looks at the machine": {
        *("port", "console", "other readers", "port rights", "pin rights", "power pin"),
        *("settings rights", "socket rights", "database rights", "disk mount", "disk errors"),
        *("hardware clock", "memory", "board", "time zone", "readers", "roles"),
    },
    "asks the broker": {"broker"},
    "reads the ledger through": {"chain", "clock battery"},
    "is without the database where status does not come to be": {"settings"},
}
"""Checks of which status knows nothing, and why."""

STATUS_TELLS = {
    "daemon": "a stopped one, one that hangs, another version",
    "disk space": "problem.disk-fills, problem.disk-silent",
    "copy": "status.do-copy, status.do-copy-again",
    "temperature": "status.hot, status.too-hot",
    "power": "status.undervoltage, status.undervoltage-seen",
    "lamps": "the problems of pins",
}
"""Checks that find what status tells as well, beside those of the tables above."""


def test_each_check_is_one_that_status_knows_or_that_looks_further() -> None:
    titles = {check.title for check in (*OF_THE_GATE, *OF_THE_MACHINE)} | {"settings"}
    alone = set().union(*DOCTOR_ONLY.values())
    both = LINES | {line for _, line, _ in AT_REST.values()} | STATUS_TELLS.keys()
    assert titles - alone - both == set()
    assert titles >= alone | both
    assert alone & both == set()


IN_NO_TABLE = {
    "do-start": "a daemon that is stopped", "do-restart": "a daemon that hangs",
    "do-elsewhere": "test_gate", "do-wait": "test_gate",
    "do-retire": "test_checks", "do-retire-again": "test_checks",
    "damaged": "test_gate", "damaged-sent": "test_gate",
    "changed-badly": "the doctor reads the file itself, and says that it is bad",
    "glass-dirty": "glass", "worn": "prints", "do-backup": "backup", "twin": "uplink",
    "refused": "uplink", "not-signed": "uplink", "held-back": "workers",
    "without-consent": "workers",
    "undervoltage": "power", "undervoltage-seen": "power", "hot": "temperature",
    "too-hot": "temperature", "do-copy": "copy", "do-copy-again": "copy",
    "erasing": "privacy", "changed": "changed settings", "other-version": "daemon",
    "other-gate": "database", "other-gate-back": "database", "left-ledger": "database",
    "restored": "database", "tried": "uplink", "away": "uplink",
    "erased-again": "database, without the codes", "no-prints": "workers",
    "erased-again-one": "database, without the code",
    "tried-next": "uplink", "nearly-full": "slots", "do-roster": "roster", "silent": "payroll",
}  # fmt: skip
"""What status says is to be done → the check of the doctor that says it."""


def test_each_thing_to_do_is_in_a_table() -> None:
    """Whoever has status tell more says here which check tells it."""
    code = Path(status_to_do.__file__).read_text()
    said = set(re.findall(r'"status\.([a-z-]+)"', code)) - {"receipts", "commands"}
    tabled = {name.removeprefix("status.") for *_, name in AT_REST.values()}
    assert said - tabled - IN_NO_TABLE.keys() == set()
    assert IN_NO_TABLE.keys() <= said


def _paths(status: dict[str, Any], above: str = "") -> list[str]:
    paths: list[str] = []
    for key, value in status.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and key not in ("message", "problems"):
            paths += _paths(value, f"{path}.")
        else:
            paths.append(path)
    return paths
