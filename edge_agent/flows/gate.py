"""What every flow at the gate works on: the ledger, who is known, and the last punches."""

from collections.abc import Callable

from ..domain.chain import Entry
from ..domain.errors import StoreFault
from ..domain.events import LedgerGrew
from ..domain.facts import Fact
from ..domain.people import Print, Worker
from ..domain.rules import SHIFT_MS, LastPunch, Policy
from ..domain.stamps import Stamp
from ..ports import Change, Clock, Store, Tell


class Gate:
    """The store with what the rules need of it held in memory. Lives on one thread."""

    def __init__(self, store: Store, clock: Clock, tell: Tell, policy: Policy) -> None:
        self.store = store
        self.clock = clock
        self.tell = tell
        self.policy = policy
        self._prints = {print_.slot: print_ for print_ in store.prints()}
        self._workers = {worker.code: worker for worker in store.workers()}
        self._last_punches: dict[str, LastPunch] | None = None

    def owner_of(self, slot: int) -> tuple[Print | None, Worker | None]:
        """The print that holds ``slot``, and its worker."""
        owner = self._prints.get(slot)
        return owner, self._workers.get(owner.worker) if owner else None

    @property
    def prints(self) -> list[Print]:
        """All prints."""
        return list(self._prints.values())

    @property
    def last_punches(self) -> dict[str, LastPunch]:
        """Each worker's last recorded punch, as far back as a rule looks. Raises StoreFault."""
        if self._last_punches is None:
            horizon_ms = max(SHIFT_MS, self.policy.repeat_window_ms)
            self._last_punches = self.store.last_punches(self.clock.stamp(), horizon_ms)
        return self._last_punches

    def record(
        self,
        fact: Fact,
        stamp: Stamp | None = None,
        also: Callable[[Change], None] = lambda change: None,
    ) -> Entry:
        """Write one entry durably, together with what ``also`` changes, and tell so.

        Raises StoreFault where that is not certain.
        """
        try:
            with self.store.changing() as change:
                also(change)
                entry = change.append(fact, stamp or self.clock.stamp())
        except StoreFault:
            # The punch may be in the ledger after all: ask it before the next verdict.
            self._last_punches = None
            raise
        self.tell(LedgerGrew(seq=entry.seq, kind=entry.kind))
        return entry

    def record_worker(self, fact: Fact, worker: Worker) -> None:
        """Enter or change a worker, together with the entry that says so."""
        self.record(fact, also=lambda change: change.put_worker(worker))
        self._workers[worker.code] = worker

    def record_enrolment(self, fact: Fact, print_: Print) -> None:
        """Say whose a slot is, together with the entry that says so."""
        self.record(fact, also=lambda change: change.put_print(print_))
        self._prints[print_.slot] = print_

    def record_removal(self, fact: Fact, print_: Print) -> None:
        """Forget whose a slot is, together with the entry that says so."""
        self.record(fact, also=lambda change: change.drop_print(print_))
        del self._prints[print_.slot]
