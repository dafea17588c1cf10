"""Apply payroll's roster between two looks at the glass, and say why one is refused."""

import logging
from collections import deque
from math import inf

from msgspec import structs

from ..domain.errors import StoreFault
from ..domain.events import RosterChanged
from ..domain.facts import Fact, RosterApplied, RosterRefused, WorkerAdded, WorkerChanged
from ..domain.messages import Roster
from ..domain.people import Worker
from ..domain.roster import Applied, Heard, Refusal, judge_roster, merge
from .gate import Gate

log = logging.getLogger(__name__)

_ACTOR = "payroll"

_PAUSE_S = 60.0
"""Between two refusals that are written, and before a roster that could not be stored is tried
again: whoever publishes nonsense without end must not fill the card."""


class RosterInbox:
    """Hands the latest roster from the uplink's thread to the gate's; an older one is dropped."""

    def __init__(self) -> None:
        self._latest: deque[Heard] = deque(maxlen=1)

    def put(self, heard: Heard) -> None:
        """A roster arrived. For any thread; never blocks."""
        self._latest.append(heard)

    def take(self) -> Heard | None:
        """The latest one, once."""
        return self._latest.popleft() if self._latest else None


class KeepRoster:
    """Lives on the gate's thread, which alone writes the ledger."""

    def __init__(self, gate: Gate, inbox: RosterInbox) -> None:
        self._gate = gate
        self._inbox = inbox
        self._waiting: Heard | None = None
        self._due = -inf

    def look(self) -> None:
        """Apply or refuse what has arrived."""
        arrived = self._inbox.take()
        if arrived is not None:
            self._waiting = arrived
        if self._waiting is None or (arrived is None and self._gate.clock.monotonic() < self._due):
            return
        try:
            done = self._answer(self._waiting)
        except StoreFault as fault:
            done = False
            self._due = self._gate.clock.monotonic() + _PAUSE_S
            log.error("payroll's roster could not be stored, and is tried again: %s", fault)
        if done:
            self._waiting = None

    def _answer(self, heard: Heard) -> bool:
        """Returns whether nothing is left to be done about this roster."""
        applied = self._gate.store.roster()
        refusal = judge_roster(heard, applied)
        if refusal is not None:
            return self._refuse(heard, refusal, applied)
        if heard.roster is not None and heard.roster.version > applied.version:
            self._apply(heard.roster, heard.digest)
        elif applied.refused is not None:
            self._restored(applied)
        return True

    def _apply(self, roster: Roster, digest: bytes) -> None:
        known = self._gate.workers
        workers = merge(roster.workers, known)
        facts = [_fact(worker, known.get(worker.code)) for worker in workers]
        added = sum(isinstance(fact, WorkerAdded) for fact in facts)
        summary = RosterApplied(
            version=roster.version,
            workers=len(roster.workers),
            added=added,
            changed=len(workers) - added,
        )
        in_force = Applied(version=roster.version, digest=digest)
        self._gate.record_roster([*facts, summary], workers, in_force)
        self._tell(roster.version, None)
        log.info(
            "payroll's roster %d is in force: %d workers, %d added, %d changed",
            *(summary.version, summary.workers, summary.added, summary.changed),
        )

    def _refuse(self, heard: Heard, refusal: Refusal, applied: Applied) -> bool:
        if heard.digest == applied.refused_digest:
            return True  # The broker keeps it, and gives it to us at each connection.
        now = self._gate.clock.monotonic()
        if now < self._due:
            return False
        self._due = now + _PAUSE_S
        fact = RosterRefused(
            reason=refusal.value,
            version=heard.version,
            workers=len(heard.roster.workers) if heard.roster else None,
            in_force=applied.version,
        )
        refused = structs.replace(applied, refused=refusal, refused_digest=heard.digest)
        self._gate.record_roster([fact], [], refused)
        self._tell(applied.version, refusal)
        log.error(
            "payroll's roster was refused (%s), and nothing was changed: %s. Publish a sound one "
            "with a version above %d.",
            *(refusal, heard.why or f"its version is {heard.version}", applied.version),
        )
        return True

    def _restored(self, applied: Applied) -> None:
        """The roster in force is the one that is published again: nothing is wrong any more."""
        with self._gate.store.changing() as change:
            change.put_roster(Applied(version=applied.version, digest=applied.digest))
        self._tell(applied.version, None)

    def _tell(self, version: int, refused: Refusal | None) -> None:
        self._gate.tell(RosterChanged(version=version or None, refused=refused))


def _fact(worker: Worker, before: Worker | None) -> Fact:
    """What changed, in codes only."""
    active = worker.listed is None or worker.listed.active
    if before is None:
        return WorkerAdded(worker=worker.code, active=active, actor=_ACTOR)
    return WorkerChanged(worker=worker.code, active=active, actor=_ACTOR)
