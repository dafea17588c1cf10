"""Apply payroll's roster between two looks at the glass, and say why one is refused."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from math import inf

from msgspec import structs

from ...contract.bounds import (
    MOST_CHANGES_AN_HOUR,
    MOST_KNOWN_WORKERS,
    MOST_ROSTERS_AN_HOUR,
)
from ...contract.errors import StoreFault
from ...contract.facts import Fact
from ...contract.language import Message
from ...contract.messages import Roster
from ...contract.people import another_person
from ...contract.people_facts import RosterApplied, RosterRefused, WorkerAdded, WorkerChanged
from ...contract.roster import Applied, Heard, Listing, Refusal, judge_roster, merge
from ...contract.told import counted
from ..events import RosterChanged
from ..ledger.recorder import Recorder

log = logging.getLogger(__name__)

_ACTOR = "payroll"
_GATE = "gate"

_HOUR_S = 3600.0

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


class RosterKeeper:
    """Lives on the gate's thread, which alone writes the ledger.

    A newer roster comes into force in one transaction, with the entries that say what it changed:
    whole, or not at all. Where it gives a code to another person, by the name, the gate refuses the
    prints of that code from then on: they are still the former one's.
    """

    def __init__(
        self, gate: Recorder, inbox: RosterInbox, beat: Callable[[], None] = lambda: None
    ) -> None:
        """``beat`` is called again and again where something takes long."""
        self._gate = gate
        self._beat = beat
        self._inbox = inbox
        self._waiting: Heard | None = None
        self._due = -inf
        self._lately: deque[tuple[float, int]] = deque()
        """When rosters came into force within the last hour, and how many workers each changed."""
        self._made_to_wait = False
        self._name_left_due = inf
        """When the files are looked after in which a name may be that was asked to go."""

    def look(self) -> None:
        """Answer the latest roster, where there is one and it is time to."""
        arrived = self._inbox.take()
        if arrived is not None:
            self._waiting = arrived
        now = self._gate.clock.monotonic()
        if now >= self._name_left_due:
            self._overwrite_names()
        if self._waiting is None or (arrived is None and now < self._due):
            return
        try:
            if self._answer(self._waiting):
                self._waiting = None
        except StoreFault as fault:
            self._due = now + _PAUSE_S
            log.error("payroll's roster could not be stored, and is tried again: %s", fault)
        except Exception as error:
            # The broker gives it to us at each start: it must not end the gate each time.
            self._waiting = None
            log.error(
                "payroll's roster was dropped, and nothing was changed, for it has what this gate "
                "cannot take (%s): publish another one.",
                type(error).__name__,
            )

    def _answer(self, heard: Heard) -> bool:
        """Whether this roster has its answer."""
        applied = self._gate.store.roster()
        refusal = judge_roster(heard, applied)
        if refusal is not None:
            return self._refuse(heard, refusal, applied)
        if heard.roster is not None and heard.roster.version != applied.version:
            workers = self._gate.known.workers
            listings = self._without_forgotten(merge(heard.roster.workers, workers))
            if len(workers) + sum(listing.added for listing in listings) > MOST_KNOWN_WORKERS:
                why = Message("roster.too-many-known", most=MOST_KNOWN_WORKERS)
                return self._refuse(structs.replace(heard, why=why), Refusal.TOO_LARGE, applied)
            if not self._room_for(len(listings)):
                return False
            self._put_in_force(heard.roster, heard.digest, listings)
        elif applied.refused is not None:
            self._restored(applied)
        return True

    def _without_forgotten(self, listings: list[Listing]) -> list[Listing]:
        """A name that was asked to go does not come back, unless payroll takes the worker again."""
        known = self._gate.known.workers
        gone = {one.worker for one in self._gate.store.erased()}
        kept = []
        for listing in listings:
            worker, before = listing.worker, known.get(listing.worker.code)
            if before is not None and before.nameless and worker.code in gone:
                listed, former = worker.listed, before.listed
                until = former.valid_to if former else None
                if listed is not None and (not listed.active or listed.valid_to == until):
                    worker = structs.replace(worker, name=worker.code)
                if worker == before:
                    continue
            kept.append(structs.replace(listing, worker=worker))
        return kept

    def _room_for(self, changes: int) -> bool:
        """Whether a roster that changes so many workers may come into force now."""
        now, lately = self._gate.clock.monotonic(), self._lately
        while lately and now - lately[0][0] >= _HOUR_S:
            lately.popleft()
        room = MOST_CHANGES_AN_HOUR - sum(count for _, count in lately)
        if not lately or (len(lately) < MOST_ROSTERS_AN_HOUR and changes <= room):
            self._made_to_wait = False
            return True
        self._due = now + _PAUSE_S
        if not self._made_to_wait:
            log.error(
                "payroll publishes too many rosters (%d came into force within an hour): the "
                "newest one waits until an hour has passed. Look who publishes them.",
                len(lately),
            )
        self._made_to_wait = True
        return False

    def _put_in_force(self, roster: Roster, digest: bytes, listings: list[Listing]) -> None:
        held = self._given_away(listings)
        workers = [
            structs.replace(listing.worker, active=False)
            if listing.worker.code in held
            else listing.worker
            for listing in listings
        ]
        added = sum(listing.added for listing in listings)
        summary = RosterApplied(
            version=roster.version,
            workers=len(roster.workers),
            added=added,
            changed=len(listings) - added,
        )
        known = self._gate.known.workers
        forgets = any(
            worker.nameless and worker.code in known and not known[worker.code].nameless
            for worker in workers
        )
        self._gate.record_roster(
            [summary, *map(_fact, listings), *map(_held, held)],
            Applied(version=roster.version, digest=digest),
            workers,
        )
        if forgets:
            self._overwrite_names()
        self._due = -inf
        self._lately.append((self._gate.clock.monotonic(), len(listings)))
        self._tell(roster.version, None)
        log.info(
            "payroll's roster %d is in force: %s, %d added, %d changed",
            *(summary.version, counted(summary.workers, "worker"), summary.added, summary.changed),
        )
        if held:
            log.error(
                "payroll's roster %d gives another name to %s with prints, which are held "
                "back: %s. Find out whose they are: 'edge-agent prints remove' where the code is "
                "another person's now, and 'edge-agent workers activate' then, or where it is not.",
                *(summary.version, counted(len(held), "worker"), ", ".join(held)),
            )

    def _overwrite_names(self) -> None:
        """Log and free room may have them; where somebody reads along, in a minute again."""
        try:
            gone, again_s = self._gate.store.overwrite_all(self._beat), _PAUSE_S
        except StoreFault as fault:  # No room for it, for instance: presses wait for each try.
            gone, again_s = False, _HOUR_S
            log.error("names that were asked to go are not out of the files yet: %s", fault)
        self._name_left_due = inf if gone else self._gate.clock.monotonic() + again_s

    def _given_away(self, listings: Iterable[Listing]) -> list[str]:
        """Codes with prints, or a card, that are another person's now, as far as names tell."""
        known = self._gate.known.workers
        vouched, held = self._gate.store.vouched_names(), self._gate.store.held_back()
        with_prints = {print_.worker for print_ in self._gate.known.prints}
        with_prints |= {one.worker for one in self._gate.store.credentials()}
        return [
            code
            for code, name in ((listing.worker.code, listing.worker.name) for listing in listings)
            if code in with_prints and code in known and name != code
            if another_person(vouched.get(code, known[code].name), name)
            # Who is held back already is so for any further name, and is told again of another's.
            if code not in held or another_person(known[code].name, name)
        ]

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
        self._gate.record_roster([fact], refused)
        self._tell(applied.version, refusal)
        log.error(
            "payroll's roster was refused (%s), and nothing was changed: %s. Publish a sound one, "
            "newer than version %d.",
            *(refusal, heard.why or f"its version is {heard.version}", applied.version),
        )
        return True

    def _restored(self, applied: Applied) -> None:
        """The roster in force is the one that is published again: nothing is wrong any more."""
        with self._gate.store.changing() as change:
            change.put_roster(Applied(version=applied.version, digest=applied.digest))
        self._tell(applied.version, None)

    def _tell(self, version: int, refused: Refusal | None) -> None:
        self._gate.emit(RosterChanged(version=version or None, refused=refused))


def _fact(listing: Listing) -> Fact:
    """What payroll has changed, in codes only."""
    worker = listing.worker
    active = worker.listed is None or worker.listed.active
    if listing.added:
        return WorkerAdded(worker=worker.code, active=active, actor=_ACTOR)
    return WorkerChanged(worker=worker.code, active=active, actor=_ACTOR)


def _held(code: str) -> Fact:
    return WorkerChanged(worker=code, active=False, actor=_GATE, why="renamed")
