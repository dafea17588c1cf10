"""A full example of every message, made by the code that makes the real ones. All of it made up."""

import hashlib
import json
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from ..chain import GENESIS, Entry, Scribe
from ..facts import (
    AttemptRefused,
    CaseClosed,
    CaseOpened,
    ClockStepped,
    ClockSynced,
    Direction,
    DirectionSource,
    Fact,
    GateAlive,
    GateRetired,
    LedgerOpened,
    Method,
    OldEntry,
    PunchAdded,
    PunchDirected,
    PunchRecorded,
    PunchRecovered,
    PunchRepeated,
    PunchTimeCorrected,
    PunchTimeResolved,
    PunchVoided,
    RecordingResumed,
    RecordingStopped,
    SensorAdopted,
    SensorReconnected,
    SensorRestarted,
)
from ..home_assistant import discovery
from ..messages import (
    ClockStatus,
    Erased,
    ErasedWorker,
    GateStatus,
    LastWill,
    LedgerStatus,
    Receipt,
    Rejection,
    Reply,
    Report,
    ReportLine,
    Resend,
    Roster,
    RosterWorker,
    SensorStatus,
    Topics,
)
from ..people_facts import (
    ConsentGiven,
    ConsentWithdrawn,
    CredentialAdded,
    CredentialRemoved,
    CredentialsAllowed,
    ErasuresKnown,
    PrintEnrolled,
    PrintErased,
    PrintHeld,
    PrintReleased,
    PrintRemoved,
    PrintRestored,
    RetentionApplied,
    RosterApplied,
    RosterRefused,
    TemplatesDestroyed,
    TemplatesLost,
    TemplatesSealed,
    WorkerAdded,
    WorkerChanged,
    WorkerErased,
    WorkerForgotten,
    WorkerLeaveDropped,
    WorkerLeavePlanned,
    WorkerLeft,
)
from ..stamps import ClockState, Stamp, local_time, parse_time
from .json_schemas import entry_of

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_GATE, _VERSION = "main-gate", "1.0.0"
_SCRIBE = Scribe(gate=_GATE, ledger="c7c336fc-e83b-454b-80e7-09c96ee9725a", zone=_ZONE)
_OLDER = Scribe(gate=_GATE, ledger="5f0e9c1e-6f0b-4d7b-9a53-1c8b5c1d2a70", zone=_ZONE)
_BOOT, _SYNCED = parse_time("2026-11-23T05:40:00+07:00"), parse_time("2026-11-23T05:43:00+07:00")
_LAN, _HOA, _TECHNICIAN = "NV0042", "0007", "uid:1000"
_EVIDENCE = hashlib.sha256(b"a salt, and what it opens to").hexdigest()
_WHOSE = hashlib.sha256(b"a salt, and whose touch it was").hexdigest()
_OF = 13
"""The entry that the amendments among the examples speak of."""


@cache
def examples() -> dict[str, list[dict[str, Any]]]:
    """Of each message, by the name of its schema."""
    entries = {entry_of(fact): [_decoded(entry.wire)] for fact, entry in _entries()}
    status, will = _plain(_status()), _plain(LastWill(gate=_GATE, ledger_id=_SCRIBE.ledger))
    commands = [_plain(one) for one in _COMMANDS]
    return {
        **entries,
        "Entry": [example for [example] in entries.values()],
        "GateStatus": [status],
        "LastWill": [will],
        "Status": [status, will],
        "Receipt": [_plain(_receipt())],
        "Command": commands,
        **{type(one).__name__: [told] for one, told in zip(_COMMANDS, commands, strict=True)},
        "Reply": [_plain(one) for one in _REPLIES],
        "Roster": [_plain(_ROSTER)],
        "Discovery": [_decoded(discovery(Topics("attendance", _GATE), _VERSION, punches=False))],
    }


_FACTS: tuple[Fact, ...] = (
    RosterApplied(version=7, workers=214, added=3, changed=1),
    RosterRefused(reason="older", version=6, workers=214, in_force=7),
    WorkerAdded(worker=_LAN, actor=_TECHNICIAN),
    WorkerChanged(worker=_HOA, active=False, actor="payroll"),
    PrintEnrolled(worker=_LAN, finger="right-index", slot=3, generation=1, actor=_TECHNICIAN),
    PrintHeld(worker=_LAN, finger="right-index", slot=3, generation=1),
    PrintReleased(worker=_LAN, finger="right-index", slot=3, generation=1),
    PrintRemoved(worker=_HOA, finger="left-thumb", slot=4, generation=2, actor=_TECHNICIAN),
    CredentialAdded(worker=_HOA, method=Method.CARD, actor=_TECHNICIAN),
    CredentialRemoved(worker=_HOA, method=Method.CARD, actor=_TECHNICIAN),
    CredentialsAllowed(worker=_HOA, allowed=True, actor=_TECHNICIAN),
    ConsentGiven(
        worker=_HOA,
        text="vi-1",
        text_hash=hashlib.sha256(b"the text that was signed").hexdigest(),
        language="vi",
        signed="2026-11-22",
        witness=_LAN,
        paper=True,
        actor=_TECHNICIAN,
    ),
    PrintRestored(
        worker=_LAN,
        finger="left-index",
        slot=5,
        generation=1,
        origin="north-gate",
        backup="2026-11-20-north-gate",
        actor=_TECHNICIAN,
    ),
    ConsentWithdrawn(worker=_HOA, actor=_TECHNICIAN),
    WorkerLeft(worker=_HOA, actor=_TECHNICIAN),
    PrintErased(worker=_HOA, slot=4, generation=2),
    WorkerErased(
        worker=_HOA,
        prints=1,
        openings=118,
        credentials=0,
        proof=hashlib.sha256(b"what was done, and how it was checked").hexdigest(),
    ),
    WorkerForgotten(worker=_HOA, actor=_TECHNICIAN),
    TemplatesDestroyed(backup="2026-11-20-main-gate", actor=_TECHNICIAN),
    ErasuresKnown(workers=1, actor="payroll"),
    RetentionApplied(evidence=96, attempts=2, consents=0, claims=0),
    GateRetired(erased=48, slots=1000, actor=_TECHNICIAN),
    TemplatesSealed(
        backup="2026-11-23-main-gate",
        prints=412,
        recipients=["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"],
        actor=_TECHNICIAN,
    ),
    SensorAdopted(actor=_TECHNICIAN, why="new"),
    RecordingResumed(reason="started"),
    PunchRecorded(
        worker=_LAN,
        direction=Direction.IN,
        direction_source=DirectionSource.ALTERNATE,
        evidence_hash=_EVIDENCE,
    ),
    PunchRepeated(worker=_LAN, of=_OF, evidence_hash=_EVIDENCE),
    PunchDirected(worker=_LAN, of=_OF, direction=Direction.OUT),
    ClockSynced(offset_ms=_BOOT, hardware_clock="lost"),
    ClockStepped(
        before="2026-11-22T22:43:00.000Z",
        after="2026-11-22T22:58:00.000Z",
        step_ms=900_000,
        state=ClockState.SYNCED,
    ),
    PunchTimeResolved(
        of=_OF,
        worker=_LAN,
        at=None,
        uncertainty_ms=None,
        not_before="2026-11-22T23:10:00.000+07:00",
        not_after="2026-11-23T05:40:00.000+07:00",
        final=True,
    ),
    PunchTimeCorrected(of=_OF, worker=_LAN, at="2026-11-23T05:41:12.480+07:00", uncertainty_ms=542),
    PunchVoided(of=_OF, worker=_LAN, reason="mistake", actor=_TECHNICIAN),
    PunchAdded(
        worker=_HOA,
        at="2026-11-22T16:30:00.000+07:00",
        direction=Direction.OUT,
        reason="forgot",
        actor=_TECHNICIAN,
    ),
    AttemptRefused(reason="deactivated", hint=None, worker=None, suppressed=0, worker_hash=_WHOSE),
    SensorRestarted(times=1),
    CaseOpened(at_start=False),
    CaseClosed(),
    SensorReconnected(times=1, templates="agree"),
    RecordingStopped(reason="sensor-fault"),
    GateAlive(recording=False, version=_VERSION),
    WorkerLeavePlanned(worker=_LAN, last_day="2026-12-05", actor=_TECHNICIAN),
    WorkerLeaveDropped(worker=_LAN, actor=_TECHNICIAN),
    TemplatesLost(backup="2026-11-20-main-gate", actor=_TECHNICIAN),
)

_COMMANDS = (
    Resend(
        id="3c4f", expires="2026-11-24T00:00:00.000+07:00", ledger=_SCRIBE.ledger, from_=13, to=14
    ),
    Report(id="3c50"),
    Erased(
        id="3c51",
        ledger=_SCRIBE.ledger,
        erased=[ErasedWorker(ledger=_OLDER.ledger, seq=29, worker=_HOA, kind="worker.left")],
    ),
)

_REPLIES = (
    Reply(id="3c4f", command="resend", ok=True),
    Reply(
        id="3c50",
        command="report",
        ok=True,
        report=[ReportLine(check="clock", state="OK", found="within 40 ms", advice="")],
    ),
    Reply(id="3c51", command="resend", ok=False, error="There is no entry 900 yet."),
)

_ROSTER = Roster(
    version=7,
    count=2,
    workers=[
        RosterWorker(code=_LAN, name="Lan", valid_from="2026-03-01", valid_to="2026-11-30"),
        RosterWorker(code=_HOA, name="Hoa", active=False),
    ],
)


def _entries() -> list[tuple[type[Fact], Entry]]:
    """A ledger of one entry of each kind, with its chain, and in an order that might be."""
    first = PunchRecorded(
        worker=_HOA,
        direction=Direction.OUT,
        direction_source=DirectionSource.ALTERNATE,
        evidence_hash=_EVIDENCE,
    )
    lost = _OLDER.write(first, _stamp(0), 31, GENESIS)
    of = OldEntry(ledger=_OLDER.ledger, seq=lost.seq, hash=lost.hash.hex())
    previous = OldEntry(ledger=_OLDER.ledger, seq=30, hash=_OLDER_HASH)
    told = _decoded(lost.wire)["data"]
    opened = LedgerOpened(
        gate=_GATE, zone=_ZONE.key, version=_VERSION, why="restored-backup", previous=previous
    )
    recovered = PunchRecovered(worker=_HOA, at=told["at"], of=of, data=told)
    made: list[tuple[type[Fact], Entry]] = []
    for seq, fact in enumerate((opened, recovered, *_FACTS), 1):
        prevhash = made[-1][1].hash if made else GENESIS
        made.append((type(fact), _SCRIBE.write(fact, _stamp(seq), seq, prevhash)))
    return made


_OLDER_HASH = "4ce63f3238687ed07864e282611c744541d51dacaf361155e7781f2a7cdeab67"


def _stamp(minute: int) -> Stamp:
    ms = _SYNCED + minute * 60_000 + 12_480
    return Stamp(
        boot="0d4d6d1280534ad49f1325f45b2ffd38",
        boottime_ms=ms - _BOOT,
        wall_ms=ms,
        state=ClockState.SYNCED,
        uncertainty_ms=40,
    )


def _status() -> GateStatus:
    return GateStatus(
        gate=_GATE,
        state="online",
        version=_VERSION,
        started_at=local_time(_SYNCED, _ZONE),
        sensor=SensorStatus(state="ready", prints=412, capacity=1000, not_backed_up=3),
        clock=ClockStatus(state=ClockState.SYNCED, uncertainty_ms=40),
        ledger=LedgerStatus(
            id=_SCRIBE.ledger,
            last_seq=24,
            confirmed_seq=22,
            complete_until=local_time(_SYNCED + 22 * 60_000, _ZONE),
            rejected=1,
        ),
        disk_free_bytes=11_800_000_000,
    )


def _receipt() -> Receipt:
    [entry] = [entry for _, entry in _entries() if entry.seq == 22]
    return Receipt(
        ledger=_SCRIBE.ledger,
        through=22,
        hash=entry.hash.hex(),
        rejected=[Rejection(seq=_OF, reason="unknown-worker")],
        rejected_count=1,
        at=local_time(_SYNCED + 23 * 60_000, _ZONE),
    )


def _plain(message: Struct) -> dict[str, Any]:
    return _decoded(msgspec.json.encode(message))


def _decoded(wire: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(wire)
    return decoded
