"""What every flow at the gate works on: the ledger, who is known, and the last punches."""

from ..domain.chain import Entry
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
        horizon_ms = max(SHIFT_MS, policy.repeat_window_ms)
        self.last_punches: dict[str, LastPunch] = store.last_punches(clock.stamp(), horizon_ms)
        self._learn_people()

    def owner_of(self, slot: int) -> tuple[Print | None, Worker | None]:
        """The print that holds ``slot``, and its worker."""
        owner = self._prints.get(slot)
        return owner, self._workers.get(owner.worker) if owner else None

    @property
    def prints(self) -> list[Print]:
        """All prints."""
        return list(self._prints.values())

    def record(self, fact: Fact, stamp: Stamp | None = None) -> Entry:
        """Write one entry durably and tell so. Raises StoreFault where it is not certain."""
        with self.store.changing() as change:
            entry = change.append(fact, stamp or self.clock.stamp())
        self.tell(LedgerGrew(seq=entry.seq, kind=entry.kind))
        return entry

    def record_people(
        self, fact: Fact, *, put: Worker | Print | None, drop: Print | None = None
    ) -> Entry:
        """Change who is known, together with the entry that says so: both or neither."""
        with self.store.changing() as change:
            _apply(change, put, drop)
            entry = change.append(fact, self.clock.stamp())
        self._learn_people()
        self.tell(LedgerGrew(seq=entry.seq, kind=entry.kind))
        return entry

    def _learn_people(self) -> None:
        self._prints = {print_.slot: print_ for print_ in self.store.prints()}
        self._workers = {worker.code: worker for worker in self.store.workers()}


def _apply(change: Change, put: Worker | Print | None, drop: Print | None) -> None:
    if isinstance(put, Worker):
        change.put_worker(put)
    elif isinstance(put, Print):
        change.put_print(put)
    if drop is not None:
        change.drop_print(drop)
