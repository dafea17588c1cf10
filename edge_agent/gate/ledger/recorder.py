"""What every flow at the gate works on: the ledger to write, who is known, and the last punches."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import Struct, convert, structs

from ...contract.attendance import SHIFT_MS
from ...contract.chain import Entry
from ...contract.errors import StoreFault
from ...contract.facts import (
    Fact,
    PunchAdded,
    PunchDirected,
    PunchRecorded,
    PunchTimeCorrected,
    PunchTimeResolved,
    PunchVoided,
)
from ...contract.messages import ErasedWorker
from ...contract.people import Print, Worker
from ...contract.people_facts import PrintEnrolled, PrintRemoved
from ...contract.roster import Applied
from ...contract.stamps import ClockState, Stamp, local_date
from ...contract.true_times import Bounds, Timeline
from ..consents import Consent
from ..credentials import Credentials
from ..erasure import Counts, Erasure
from ..events import LedgerGrew
from ..evidence import AttemptOpening, Opening
from ..last_punch import LastPunch
from ..ports import Clock, Emit
from ..rules import Policy
from .store.metadata import ERASURES_UNKNOWN
from .store.sqlite_store import SqliteChange, SqliteStore
from .store_health import StoreHealth


class _Known(Struct):
    """What the rules need of the store, by slot and by code."""

    prints: dict[int, Print]
    workers: dict[str, Worker]
    last_punches: dict[str, LastPunch]
    credentials: Credentials
    consents: set[str]
    stopped: set[str]


class Recorder:
    """The store with what the rules need of it held in memory. Lives on one thread."""

    def __init__(self, store: SqliteStore, clock: Clock, emit: Emit, policy: Policy) -> None:
        self.store = store
        self.clock = clock
        self.emit = emit
        self.policy = policy
        self.held: frozenset[tuple[int, int]] = frozenset()
        """Slot and generation of the prints by which nobody is credited for now."""
        self._known: _Known | None = None
        """None where it has to be asked for anew: what was just written is then part of it."""
        self._timeline: Timeline | None = None
        self._doubtful = False
        """Whether the clock of the last punches may have proved false since they were looked at."""
        self._keeper = StoreHealth(store, clock, emit)

    def renew(self, policy: Policy) -> None:
        """Go by these rules from now on."""
        self.policy = policy
        self._known = None  # How far back is looked depends on them.

    def owner_of(self, slot: int) -> tuple[Print | None, Worker | None]:
        """The print that holds ``slot``, and its worker. Raises StoreFault."""
        owner = self._memory.prints.get(slot)
        return owner, self._memory.workers.get(owner.worker) if owner else None

    @property
    def prints(self) -> list[Print]:
        """All prints. Raises StoreFault."""
        return list(self._memory.prints.values())

    @property
    def workers(self) -> dict[str, Worker]:
        """All workers by code. Raises StoreFault."""
        return self._memory.workers

    @property
    def credentials(self) -> Credentials:
        """Whose cards, PINs and QR codes are whose. Raises StoreFault."""
        return self._memory.credentials

    def may_use_fingers_of(self, code: str) -> bool:
        """Whether a worker has agreed to that, where it is asked for, and has not left since.

        Raises StoreFault.
        """
        if code in self._memory.stopped:
            return False
        return not self.policy.consent_required or code in self._memory.consents

    def may_take_fingers_of(self, code: str) -> bool:
        """Whether more of them may come into the sensor. Raises StoreFault.

        A restored database may have a consent that was withdrawn since: until somebody has told
        whose erasures it lacks, one that was given since counts alone.
        """
        if not self.may_use_fingers_of(code):
            return False
        asks = self.policy.consent_required and self.store.remembered(ERASURES_UNKNOWN) is not None
        return not asks or code in self.store.came_since()

    @property
    def last_punches(self) -> dict[str, LastPunch]:
        """Each worker's last punch, as far back as a rule looks. Raises StoreFault."""
        known = self._memory
        if self._doubtful:
            found = {code: self._as_believed(last) for code, last in known.last_punches.items()}
            known.last_punches, self._doubtful = found, False
        return known.last_punches

    def when(self, stamp: Stamp) -> Bounds:
        """What is known of when a stamp was made, its own wall clock aside. Raises StoreFault."""
        return self._known_times.place(stamp)

    def knows(self, stamp: Stamp) -> bool:
        """Whether the ledger knows the boot that a stamp was made in. Raises StoreFault."""
        return self._known_times.knows(stamp.boot)

    def clock_changed(self) -> None:
        """More is known of the clock than before."""
        self._timeline = None
        self._doubtful = True

    def record(
        self,
        fact: Fact,
        stamp: Stamp | None = None,
        also: Callable[[SqliteChange], None] = lambda change: None,
    ) -> Entry:
        """Write one entry durably, together with what ``also`` changes, and tell so.

        Raises StoreFault where that is not certain.
        """
        [entry] = self.record_all([fact], stamp, also)
        return entry

    def record_all(
        self,
        facts: list[Fact],
        stamp: Stamp | None = None,
        also: Callable[[SqliteChange], None] = lambda change: None,
        then: Callable[[SqliteChange, list[Entry]], None] = lambda change, entries: None,
    ) -> list[Entry]:
        """Write entries in one transaction, and tell so.

        ``also`` changes more before them, and ``then`` after them. Raises StoreFault where it is
        not certain that everything was written.
        """
        stamp = stamp or self.clock.stamp()
        lines = self._keeper.lines(facts, stamp)

        def transaction() -> list[Entry]:
            with self.store.changing() as change:
                also(change)
                entries = [change.append(*line) for line in lines]
                then(change, entries[len(lines) - len(facts) :])
                return entries

        try:
            entries = self._keeper.write(facts, stamp, transaction)
        except StoreFault:
            # It may be in the database after all: ask there before the next verdict.
            self._known = None
            raise
        for entry in entries:
            self.emit(LedgerGrew(seq=entry.seq, kind=entry.kind))
        written = entries[len(lines) - len(facts) :]
        for fact, entry in zip(facts, written, strict=True):
            self._heed(fact, entry.seq, stamp)
        return written

    def record_touch(
        self, facts: list[Fact], stamp: Stamp, opening: Opening | AttemptOpening | None
    ) -> list[Entry]:
        """Write what a touch comes to, with what the hash in the first entry opens to.

        Raises StoreFault where it is not certain that everything was written.
        """

        def keep(change: SqliteChange, entries: list[Entry]) -> None:
            if isinstance(opening, Opening):
                change.put_opening(entries[0].seq, opening)
            elif opening is not None:
                change.put_attempt(entries[0].seq, opening)

        return self.record_all(facts, stamp, then=keep)

    def _heed(self, fact: Fact, seq: int, stamp: Stamp) -> None:
        """Have what was written in the memory too: the rules must not wait for a restart.

        A press is its worker's last punch. What else may change that is asked of the ledger anew.
        """
        if self._known is None:
            return
        punches = self._known.last_punches
        match fact:
            case PunchRecorded():
                punches[fact.worker] = LastPunch(seq, stamp, fact.direction)
            case PunchDirected():
                last = punches.get(fact.worker)
                if last is not None and last.seq == fact.of:
                    punches[fact.worker] = structs.replace(last, direction=fact.direction)
            case PunchAdded() | PunchVoided():
                self._known = None
            case PunchTimeResolved() | PunchTimeCorrected():
                if fact.worker in punches and punches[fact.worker].weighed:
                    self._known = None

    def keep_store(self) -> None:
        """Between two looks at the glass: write what could not be written, keep the reserve."""
        if self._keeper.owes:
            with suppress(StoreFault):
                self.record_all([])
        self._keeper.note()
        self._keeper.refill()

    def record_worker(self, fact: Fact, worker: Worker, *, same_person: bool = False) -> None:
        """Enter or change a worker, together with the entry that says so.

        ``same_person``: whatever the names are, the code has not been given to another one.
        """
        self.record_workers([(fact, worker)], same_person=same_person)

    def record_workers(
        self, changes: Sequence[tuple[Fact, Worker]], *, same_person: bool = False
    ) -> None:
        """The same for several, all of them or none."""

        def put(change: SqliteChange) -> None:
            for _, worker in changes:
                change.put_worker(worker, same_person=same_person)

        self.record_all([fact for fact, _ in changes], also=put)
        if (known := self._known) is not None:
            known.workers.update({worker.code: worker for _, worker in changes})

    def record_credentials(self, fact: Fact, also: Callable[[SqliteChange], None]) -> None:
        """Change who is known by what, together with the entry that says so."""
        self.record(fact, also=also)
        if (known := self._known) is not None:
            known.credentials = self._read_credentials()

    def _read_credentials(self) -> Credentials:
        return Credentials(self.store.credentials(), self.store.named_workers())

    def record_consent(self, fact: Fact, consent: Consent) -> int:
        """Keep a worker's consent, together with the entry that says so; the entry's ``seq``."""
        stamp = self.clock.stamp()

        def keep(change: SqliteChange) -> None:
            change.end_consent(consent.worker, self._day_of(stamp))
            change.put_consent(consent)

        entry = self.record(fact, stamp, also=keep)
        if (known := self._known) is not None:
            known.consents.add(consent.worker)
        return entry.seq

    def record_erasure(
        self,
        facts: list[Fact],
        stamp: Stamp,
        code: str,
        slots: list[int],
        noted: Callable[[Counts], Erasure],
        again: ErasedWorker | None = None,
    ) -> None:
        """Take a worker out, and announce that the templates in ``slots`` are erased next.

        ``again``: it was done before, and this database came from before that.
        """

        def take_out(change: SqliteChange) -> None:
            change.end_consent(code, self._day_of(stamp))
            change.put_erasure(noted(change.erase_worker(code)))
            if slots:
                change.announce(*slots)

        def remember(change: SqliteChange, entries: list[Entry]) -> None:
            for entry in entries:
                change.put_erased(self._erased_by(entry, code))
            if again is not None:
                change.put_erased(again)

        self.record_all(facts, stamp, also=take_out, then=remember)
        self._known = None

    def record_stop(self, why: Fact, stamp: Stamp, one: Erasure, *, leaves: bool) -> None:
        """Use a worker's fingers no more; what is kept of them goes once the term is over.

        ``leaves``: cards and PIN are nobody's from now on.
        """

        def stop(change: SqliteChange) -> None:
            dropped = change.drop_credentials(one.worker) if leaves else 0
            change.end_consent(one.worker, self._day_of(stamp))
            change.drop_consent(one.worker)
            change.put_erasure(structs.replace(one, counts=Counts(credentials=dropped)))

        def remember(change: SqliteChange, entries: list[Entry]) -> None:
            change.put_erased(self._erased_by(entries[0], one.worker))

        self.record_all([why], stamp, also=stop, then=remember)
        self._known = None

    def _erased_by(self, entry: Entry, code: str) -> ErasedWorker:
        why = {"kind": entry.kind, "seq": entry.seq}
        return convert({"ledger": self.store.ledger, "worker": code, **why}, ErasedWorker)

    def _day_of(self, stamp: Stamp) -> str | None:
        """The day of a moment, where one knows it."""
        return local_date(stamp.wall_ms, self.policy.zone) if stamp.trusted else None

    def record_roster(
        self, facts: list[Fact], roster: Applied, workers: Sequence[Worker] = ()
    ) -> None:
        """Have a roster in force, or refused, with the entries that say so.

        ``workers``: those whom it adds or changes, as they are from here on.
        """

        def apply(change: SqliteChange) -> None:
            change.put_roster(roster)
            for worker in workers:
                change.put_worker(worker)

        self.record_all(facts, also=apply)
        if (known := self._known) is not None:
            known.workers.update({worker.code: worker for worker in workers})

    def announce(self, *slots: int) -> None:
        """Say that ``slots`` are about to be written, before the flash is touched."""
        with self.store.changing() as change:
            change.announce(*slots)

    def settle(self, slots: list[int]) -> None:
        """Say that nothing is left of what was announced for these slots."""
        with self.store.changing() as change:
            for slot in slots:
                change.settle(slot)

    def record_enrolment(
        self, print_: Print, digest: bytes, actor: str, former: Print | None = None
    ) -> None:
        """Say whose a slot is now, together with the entry that says so.

        ``former``: the print in whose place this one is; it is forgotten in the same transaction,
        which announces that its template is erased next.
        """

        def enrol(change: SqliteChange) -> None:
            if former is not None:
                change.drop_print(former)
                change.announce(former.slot)
            change.vouch(print_.worker)
            change.put_print(print_, digest)
            change.settle(print_.slot)

        enrolled = PrintEnrolled(
            worker=print_.worker,
            finger=print_.finger,
            slot=print_.slot,
            generation=print_.generation,
            actor=actor,
        )
        facts: list[Fact] = [enrolled] if former is None else [_removal(former, actor), enrolled]
        self.record_all(facts, also=enrol)
        if (known := self._known) is not None:
            if former is not None:
                known.prints.pop(former.slot, None)
            known.prints[print_.slot] = print_

    def record_restoration(
        self,
        facts: list[Fact],
        prints: Sequence[tuple[Print, bytes]],
        newcomers: Sequence[Worker],
    ) -> None:
        """Say whose slots are now that were filled from a backup, with their digests.

        ``newcomers`` are the workers that this gate did not know.
        """

        def restore(change: SqliteChange) -> None:
            for worker in newcomers:
                change.put_worker(worker)
            for print_, digest in prints:
                change.put_print(print_, digest)
                change.put_backed_up(print_)
                change.settle(print_.slot)

        self.record_all(facts, also=restore)
        if (known := self._known) is not None:
            known.workers.update({worker.code: worker for worker in newcomers})
            known.prints.update({print_.slot: print_ for print_, _ in prints})

    def note_backed_up(self, prints: Sequence[Print]) -> None:
        """Remember that a backup holds these prints' templates."""
        with self.store.changing() as change:
            for print_ in prints:
                change.put_backed_up(print_)

    def record_removal(self, print_: Print, actor: str, *, erasing: bool) -> None:
        """Forget whose a slot is, together with the entry that says so.

        ``erasing`` announces that its template is erased next.
        """

        def forget(change: SqliteChange) -> None:
            change.drop_print(print_)
            if erasing:
                change.announce(print_.slot)

        self.record(_removal(print_, actor), also=forget)
        if (known := self._known) is not None:
            known.prints.pop(print_.slot, None)

    @property
    def _memory(self) -> _Known:
        if self._known is None:
            horizon_ms = max(SHIFT_MS, self.policy.repeat_window_ms)
            self._doubtful = True
            self._known = _Known(
                {print_.slot: print_ for print_ in self.store.prints()},
                {worker.code: worker for worker in self.store.workers()},
                self.store.last_punches(self.clock.stamp(), horizon_ms),
                self._read_credentials(),
                set(self.store.consents()),
                self.store.stopped(),
            )
        return self._known

    def _as_believed(self, punch: LastPunch) -> LastPunch:
        """The rules ask how long ago it was: not by a clock that has proved false since."""
        stamp = punch.stamp
        if not stamp.trusted or not self.knows(stamp) or self.when(stamp).exact:
            return punch
        doubtful = structs.replace(stamp, state=ClockState.UNSYNCED, uncertainty_ms=None)
        return structs.replace(punch, stamp=doubtful)

    @property
    def _known_times(self) -> Timeline:
        if self._timeline is None:
            self._timeline = Timeline(self.store.landmarks(), self.policy.drift_ppm)
        return self._timeline


def _removal(print_: Print, actor: str) -> PrintRemoved:
    return PrintRemoved(
        worker=print_.worker,
        finger=print_.finger,
        slot=print_.slot,
        generation=print_.generation,
        actor=actor,
    )
