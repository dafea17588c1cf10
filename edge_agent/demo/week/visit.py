"""What technician and supervisor do at the main gate in the week: each kind that is not for pay, so
that a developer meets it.
"""

import hashlib

from ...contract.facts import (
    CaseClosed,
    CaseOpened,
    Fact,
    Method,
    RecordingResumed,
    RecordingStopped,
    SensorAdopted,
    SensorReconnected,
    SensorRestarted,
)
from ...contract.people_facts import (
    ConsentGiven,
    ConsentWithdrawn,
    CredentialAdded,
    CredentialRemoved,
    CredentialsAllowed,
    PrintEnrolled,
    PrintErased,
    PrintHeld,
    PrintReleased,
    PrintRemoved,
    PrintRestored,
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
from .plan import NORTH

SUPERVISOR = "NV0001"

_NEWCOMER, _SLOT = "NV0011", 30
TECHNICIANS_VISIT: tuple[Fact, ...] = (
    RosterApplied(version=2, workers=21, added=0, changed=1),
    RosterRefused(reason="older", version=1, workers=20, in_force=2),
    WorkerAdded(worker=_NEWCOMER, actor=SUPERVISOR),
    PrintEnrolled(
        worker=_NEWCOMER, finger="right-index", slot=_SLOT, generation=1, actor=SUPERVISOR
    ),
    PrintRemoved(
        worker=_NEWCOMER, finger="right-index", slot=_SLOT, generation=1, actor=SUPERVISOR
    ),
    PrintRestored(
        worker=_NEWCOMER,
        finger="right-thumb",
        slot=_SLOT,
        generation=2,
        origin=NORTH,
        backup="2026-11-15",
        actor=SUPERVISOR,
    ),
    WorkerChanged(worker=_NEWCOMER, active=False, actor="payroll"),
    TemplatesSealed(
        backup="2026-11-22",
        prints=21,
        recipients=["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"],
        actor=SUPERVISOR,
    ),
    TemplatesDestroyed(backup="2026-10-18", actor=SUPERVISOR),
    TemplatesLost(backup="2026-11-15", actor=SUPERVISOR),
    CredentialAdded(worker=_NEWCOMER, method=Method.CARD, actor=SUPERVISOR),
    CredentialsAllowed(worker=_NEWCOMER, allowed=True, actor=SUPERVISOR),
    ConsentGiven(
        worker=_NEWCOMER,
        text="vi-1",
        text_hash=hashlib.sha256(b"the text that was signed").hexdigest(),
        language="vi",
        signed="2026-11-22",
        witness=None,
        paper=True,
        actor=SUPERVISOR,
    ),
    CredentialRemoved(worker=_NEWCOMER, method=Method.CARD, actor=SUPERVISOR),
    ConsentWithdrawn(worker=_NEWCOMER, actor=SUPERVISOR),
    WorkerLeavePlanned(worker=_NEWCOMER, last_day="2026-11-28", actor=SUPERVISOR),
    WorkerLeaveDropped(worker=_NEWCOMER, actor=SUPERVISOR),
    WorkerLeft(worker=_NEWCOMER, actor=SUPERVISOR),
    PrintErased(worker=_NEWCOMER, slot=_SLOT, generation=1),
    WorkerErased(
        worker=_NEWCOMER,
        prints=1,
        openings=0,
        credentials=1,
        proof=hashlib.sha256(b"what was done, and how it was checked").hexdigest(),
    ),
    WorkerForgotten(worker=_NEWCOMER, actor=SUPERVISOR),
    RecordingStopped(reason="sensor-fault"),
    SensorRestarted(times=1),
    CaseOpened(at_start=False),
    CaseClosed(),
    SensorReconnected(times=1, templates="differ"),
    PrintHeld(worker=_NEWCOMER, finger="right-thumb", slot=_SLOT, generation=2),
    PrintReleased(worker=_NEWCOMER, finger="right-thumb", slot=_SLOT, generation=2),
    SensorAdopted(actor=SUPERVISOR, why="new"),
    PrintHeld(worker=_NEWCOMER, finger="right-thumb", slot=_SLOT, generation=2),
    PrintReleased(worker=_NEWCOMER, finger="right-thumb", slot=_SLOT, generation=2),
    SensorReconnected(times=2, templates="agree"),
    RecordingResumed(reason="sensor-back"),
)
"""A bit of everything that is not for pay, at an hour at which nobody comes."""
