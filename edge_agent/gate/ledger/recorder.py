"""What every flow at the gate works on: the ledger to write, and what is known of it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal, Protocol, runtime_checkable

from msgspec import UNSET, UnsetType, convert, structs

from ...contract.chain import Entry
from ...contract.errors import StoreFault
from ...contract.facts import Fact, RecordingResumed, RecordingStopped, SensorAdopted
from ...contract.kinds import ACTS
from ...contract.messages import ErasedWorker
from ...contract.people import Print, Worker
from ...contract.people_facts import PrintEnrolled, PrintRemoved, WorkerChanged
from ...contract.roster import Applied
from ...contract.stamps import Stamp, local_date
from ..consents import Consent
from ..erasure import Counts, Erasure
from ..events import LedgerGrew
from ..evidence import AttemptOpening, Opening
from ..ports import Clock, Emit
from ..replaced_sensors import ReplacedSensor
from ..rules import Policy
from .known import Known
from .store.change import SqliteChange
from .store.sqlite_store import SqliteStore
from .store_health import StoreHealth


@runtime_checkable
class _OfWorker(Protocol):
    """A fact that is one person's."""

    @property
    def worker(self) -> str | None: ...


@runtime_checkable
class _OfFinger(Protocol):
    """A fact about a finger."""

    @property
    def finger(self) -> str: ...


def _grew(entry: Entry, fact: Fact) -> LedgerGrew:
    """What is told of an entry."""
    grew = LedgerGrew(seq=entry.seq, kind=entry.kind)
    if isinstance(fact, RecordingStopped | RecordingResumed):
        return structs.replace(grew, reason=fact.reason)
    if entry.kind not in ACTS:
        return grew
    if isinstance(fact, WorkerChanged):
        why = None if fact.why is UNSET else fact.why
        grew = structs.replace(grew, actor=fact.actor, active=fact.active, why=why)
    worker = fact.worker if isinstance(fact, _OfWorker) else None
    finger = fact.finger if isinstance(fact, _OfFinger) else None
    return structs.replace(grew, worker=worker, finger=finger)


class Recorder:
    """The store, written one entry after the other, and what is known. Lives on one thread."""

    def __init__(self, store: SqliteStore, clock: Clock, emit: Emit, policy: Policy) -> None:
        self.store = store
        self.clock = clock
        self.emit = emit
        self.known = Known(store, clock, policy)
        self._keeper = StoreHealth(store, clock, emit)

    @property
    def policy(self) -> Policy:
        """The rules in force."""
        return self.known.policy

    def renew(self, policy: Policy) -> None:
        """Go by these rules from now on."""
        self.known.policy = policy
        self.known.reread()  # How far back is looked depends on them.

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
            self.known.reread()
            raise
        for entry, (fact, _) in zip(entries, lines, strict=True):
            self.emit(_grew(entry, fact))
        written = entries[len(lines) - len(facts) :]
        for fact, entry in zip(facts, written, strict=True):
            self.known.heed(fact, entry.seq, stamp)
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
        self.known.put_workers(worker for _, worker in changes)

    def record_credentials(self, fact: Fact, also: Callable[[SqliteChange], None]) -> None:
        """Change who is known by what, together with the entry that says so."""
        self.record(fact, also=also)
        self.known.credentials_changed()

    def record_consent(self, fact: Fact, consent: Consent) -> int:
        """Keep a worker's consent, together with the entry that says so; the entry's ``seq``."""
        stamp = self.clock.stamp()

        def keep(change: SqliteChange) -> None:
            change.end_consent(consent.worker, self._day_of(stamp))
            change.put_consent(consent)

        entry = self.record(fact, stamp, also=keep)
        self.known.put_consent(consent.worker)
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
        self.known.reread()

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
        self.known.reread()

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
        self.known.put_workers(workers)

    def announce(self, *slots: int) -> None:
        """Say that ``slots`` are about to be written, before the flash is touched."""
        with self.store.changing() as change:
            change.announce(*slots)

    def settle(self, slots: list[int], emptied: ReplacedSensor | None = None) -> None:
        """Say that nothing is left of what was announced for these slots.

        ``emptied``: nor of what this sensor held when it was replaced.
        """
        with self.store.changing() as change:
            for slot in slots:
                change.settle(slot)
            if emptied is not None:
                change.drop_replaced_sensor(emptied.mark)

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
        if former is not None:
            self.known.drop_print(former)
        self.known.put_prints([print_])

    def record_restoration(
        self,
        facts: list[Fact],
        prints: Sequence[tuple[Print, bytes]],
        newcomers: Sequence[Worker],
        backup: str,
    ) -> None:
        """Say whose slots are now that were filled from a ``backup``, with their digests.

        ``newcomers`` are the workers that this gate did not know.
        """

        def restore(change: SqliteChange) -> None:
            for worker in newcomers:
                change.put_worker(worker)
            for print_, digest in prints:
                change.put_print(print_, digest)
                change.put_backed_up(print_)
                change.settle(print_.slot)
            change.note_held(backup, [print_ for print_, _ in prints])

        self.record_all(facts, also=restore)
        self.known.put_workers(newcomers)
        self.known.put_prints(print_ for print_, _ in prints)

    def note_backed_up(self, backup: str, prints: Sequence[Print]) -> None:
        """Remember that a backup holds these prints' templates."""
        with self.store.changing() as change:
            change.note_held(backup, prints)
            for print_ in prints:
                change.put_backed_up(print_)

    def record_removal(
        self, print_: Print, actor: str, why: Literal["restored"] | UnsetType = UNSET
    ) -> None:
        """Forget whose a slot is, together with the entry that says so.

        ``why`` the sensor does not hold it; else it is announced that its template is erased next.
        """

        def forget(change: SqliteChange) -> None:
            change.drop_print(print_)
            if why is UNSET:
                change.announce(print_.slot)

        self.record(structs.replace(_removal(print_, actor), why=why), also=forget)
        self.known.drop_print(print_)

    def record_adoption(
        self, adopted: SensorAdopted, lost: Sequence[Print], also: Callable[[SqliteChange], None]
    ) -> None:
        """Have another sensor be the gate's, together with the prints that it does not hold.

        In one transaction: what the one before still holds is known from them.
        """

        def adopt(change: SqliteChange) -> None:
            for print_ in lost:
                change.drop_print(print_)
            also(change)

        gone = [structs.replace(_removal(one, adopted.actor), why="adopted") for one in lost]
        self.record_all([*gone, adopted], also=adopt)
        for print_ in lost:
            self.known.drop_print(print_)


def _removal(print_: Print, actor: str) -> PrintRemoved:
    return PrintRemoved(
        worker=print_.worker,
        finger=print_.finger,
        slot=print_.slot,
        generation=print_.generation,
        actor=actor,
    )
