"""Whether the database takes entries: noticed, told, and said in the ledger once it does again."""

import logging
from collections.abc import Callable
from math import inf
from typing import Literal, TypeVar

from ...contract.errors import StoreFault
from ...contract.facts import Fact, RecordingResumed, RecordingStopped
from ...contract.language import Message
from ...contract.stamps import Stamp
from ..errors import DiskFull
from ..events import StoreChanged, as_detail
from ..ports import Clock, Emit
from .store.notes import Gap
from .store.sqlite_store import SqliteStore

log = logging.getLogger(__name__)

Written = TypeVar("Written")

_TRY_EVERY_S = 2.0
_REFILL_EVERY_S = 60.0

_SPENT = Message("problem.reserve")


_AGAIN = {
    "failing": "the database takes entries again",
    "reserve": "there is room on the disk again, and the reserve is made anew",
}


class StoreHealth:
    """Stands between a gate and its store. Lives on the gate's thread."""

    def __init__(self, store: SqliteStore, clock: Clock, emit: Emit) -> None:
        self._store = store
        self._clock = clock
        self._emit = emit
        self._state = "ready"
        self._stopped = _before_the_power_cut(store)
        """What the ledger lacks while nothing can be written: since when, and why."""
        self._noted = self._stopped is not None
        self._open = False
        """Whether the sensor lets presses be recorded, and the ledger says so."""
        self._try_due = self._refill_due = -inf

    @property
    def owes(self) -> bool:
        """Whether an entry about a fault is still to be written, and it is time to try again."""
        return self._stopped is not None and self._clock.monotonic() >= self._try_due

    def lines(self, facts: list[Fact], stamp: Stamp) -> list[tuple[Fact, Stamp]]:
        """``facts``, after what the ledger lacks since it could last be written.

        In one transaction: nobody can read the one without the other. The stop has the stamp of
        the first entry that failed, so it stands in its place in time as well.
        """
        new = [(fact, stamp) for fact in facts]
        if self._stopped is None:
            return new
        again = [(RecordingResumed(reason="store-back"), stamp)] if self._open else []
        return [(self._stopped.stopped, self._stopped.since), *again, *new]

    def write(self, facts: list[Fact], stamp: Stamp, transaction: Callable[[], Written]) -> Written:
        """Carry out ``transaction``, which writes ``facts``; with the reserve where that helps.

        Raises StoreFault where it is not certain that everything was written.
        """
        was_open = self._open
        for fact in facts:  # Whether or not it can be written, the sensor is as it is.
            if isinstance(fact, RecordingStopped | RecordingResumed):
                self._open = isinstance(fact, RecordingResumed)
        spent = False
        try:
            try:
                written = transaction()
            except DiskFull:
                # Certainly nothing was written, so the same again writes nothing twice.
                spent = self._store.has_spent_reserve() or self._store.spend_reserve()
                if not spent:
                    raise
                written = transaction()
        except StoreFault as fault:
            if self._stopped is None and (was_open or self._open):
                full = isinstance(fault, DiskFull)
                why = RecordingStopped(reason="disk-full" if full else "store-fault")
                self._stopped = Gap(why, stamp)
            self._try_due = self._clock.monotonic() + _TRY_EVERY_S
            self._is("failing", fault.message)
            raise
        if self._store.has_spent_reserve() or spent:
            self._is("reserve", _SPENT)
        self._stopped = None
        if self._noted:
            self._store.note_gap(None)
            self._noted = False
        if self._state == "failing":
            self._refill_due = -inf
            self._is("ready")
        return written

    def note(self) -> None:
        """Have a power cut from now on leave a note of what the ledger lacks.

        Not at once: the worker is told first.
        """
        if self._stopped is not None and not self._noted:
            self._store.note_gap(self._stopped)
            self._noted = True

    def refill(self) -> None:
        """Make the reserve (again), if it is time to."""
        now = self._clock.monotonic()
        if now < self._refill_due or self._state == "failing":
            return
        self._refill_due = now + _REFILL_EVERY_S
        if self._store.keep_reserve():
            self._is("ready")
        else:
            self._is("reserve", _SPENT)

    def _is(
        self, state: Literal["ready", "reserve", "failing"], detail: Message | None = None
    ) -> None:
        if state != self._state:
            if state == "ready":
                log.info(_AGAIN[self._state])
            elif state == "reserve":
                log.warning("%s", _SPENT)
            self._state = state  # Why it fails is logged by whoever could not write.
            self._emit(StoreChanged(state=state, **as_detail(detail)))


def _before_the_power_cut(store: SqliteStore) -> Gap | None:
    """What an earlier process could not write, unless the ledger has gone on since then."""
    gap = store.noted_gap()
    if gap is None:
        return None
    landmarks = store.landmarks()
    boot, last = gap.since.boot, landmarks[-1].stamp
    told = last.boot != boot or last.boottime_ms > gap.since.boottime_ms
    return None if told and any(mark.stamp.boot == boot for mark in landmarks) else gap
