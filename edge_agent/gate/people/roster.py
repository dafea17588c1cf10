"""Apply payroll's roster between two looks at the glass, and say why one is refused."""

import logging
from collections import deque
from math import inf

from msgspec import Struct, structs

from ...contract.errors import StoreFault
from ...contract.facts import Fact, RosterApplied, RosterRefused, WorkerAdded, WorkerChanged
from ...contract.messages import Roster
from ...contract.roster import Applied, Heard, Listing, Refusal, judge_roster, merge
from ..events import RosterChanged
from ..ledger.gate import Gate

log = logging.getLogger(__name__)

_ACTOR = "payroll"

_PAUSE_S = 60.0
"""Between two refusals that are written, and before a roster that could not be stored is tried
again: whoever publishes nonsense without end must not fill the card."""


_PREPARED_AT_ONCE = 250
_SETTLED_AT_ONCE = 25
"""Rows and entries between two looks at the glass: some milliseconds, on a Pi some tens."""


class _Preparing(Struct):
    """A newer roster, of which the first ``done`` rows are prepared."""

    roster: Roster
    digest: bytes
    done: int = 0
    listings: list[Listing] = []


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


class RosterKeeper:
    """Lives on the gate's thread, which alone writes the ledger, and never holds it for long.

    A newer roster is prepared beside the one in force, some rows at a time; then one small
    transaction puts it in force, whole; then follow the entries that say what it changed, some at a
    time. Cut off before, it is prepared again; cut off after, the entries go on where they were.
    """

    def __init__(self, gate: Gate, inbox: RosterInbox) -> None:
        self._gate = gate
        self._inbox = inbox
        self._waiting: Heard | None = None
        self._preparing: _Preparing | None = None
        self._settling = True
        self._due = -inf
        self._rest_until = -inf

    def look(self) -> bool:
        """Do a little of what is due. Returns whether there is more to do."""
        arrived = self._inbox.take()
        if arrived is not None:
            self._waiting = arrived
        now = self._gate.clock.monotonic()
        if self._settling or self._preparing is not None:
            if now < self._rest_until:
                return False
        elif self._waiting is None or (arrived is None and now < self._due):
            return False
        try:
            self._step()
        except StoreFault as fault:
            self._preparing = None
            self._settling = True  # It may be in force after all.
            self._due = self._rest_until = now + _PAUSE_S
            log.error("payroll's roster could not be stored, and is tried again: %s", fault)
            return False
        return self._settling or self._preparing is not None

    def _step(self) -> None:
        if self._settling:
            self._settling = self._settle()
            if self._settling:
                return
        if self._preparing is not None:
            self._prepare(self._preparing)
        elif self._waiting is not None and self._answer(self._waiting) and self._preparing is None:
            self._waiting = None

    def _answer(self, heard: Heard) -> bool:
        """Returns whether there is an answer to this roster, or it is being prepared."""
        applied = self._gate.store.roster()
        refusal = judge_roster(heard, applied)
        if refusal is not None:
            return self._refuse(heard, refusal, applied)
        if heard.roster is not None and heard.roster.version > applied.version:
            with self._gate.store.changing() as change:
                change.forget_listings(applied.version)
            self._preparing = _Preparing(heard.roster, heard.digest)
        elif applied.refused is not None:
            self._restored(applied)
        return True

    def _prepare(self, preparing: "_Preparing") -> None:
        """A little more of a newer roster, or all that remains: that it is in force."""
        roster, listings = preparing.roster, preparing.listings
        if preparing.done == len(roster.workers):
            self._put_in_force(preparing)
            return
        rows = roster.workers[preparing.done : preparing.done + _PREPARED_AT_ONCE]
        found = merge(rows, self._gate.workers)
        if found:
            with self._gate.store.changing() as change:
                change.prepare(roster.version, found)
        listings += found
        preparing.done += len(rows)

    def _put_in_force(self, preparing: "_Preparing") -> None:
        roster, listings = preparing.roster, preparing.listings
        added = sum(listing.added for listing in listings)
        summary = RosterApplied(
            version=roster.version,
            workers=len(roster.workers),
            added=added,
            changed=len(listings) - added,
        )
        in_force = Applied(version=roster.version, digest=preparing.digest)
        self._gate.record_roster(summary, in_force, listings)
        self._preparing = None
        self._settling = True
        self._due = -inf
        if self._waiting is not None and self._waiting.digest == preparing.digest:
            self._waiting = None
        self._tell(roster.version, None)
        log.info(
            "payroll's roster %d is in force: %d workers, %d added, %d changed",
            *(summary.version, summary.workers, summary.added, summary.changed),
        )

    def _settle(self) -> bool:
        """Write some entries of what the roster in force has changed. Whether there are more."""
        listings = self._gate.store.unsettled(_SETTLED_AT_ONCE)
        if listings:
            facts = [_fact(listing) for listing in listings]
            self._gate.record_listings(facts, [listing.worker for listing in listings])
        return len(listings) == _SETTLED_AT_ONCE

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
        self._gate.record_roster(fact, refused)
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


def _fact(listing: Listing) -> Fact:
    """What changed, in codes only."""
    worker = listing.worker
    active = worker.listed is None or worker.listed.active
    if listing.added:
        return WorkerAdded(worker=worker.code, active=active, actor=_ACTOR)
    return WorkerChanged(worker=worker.code, active=active, actor=_ACTOR)
