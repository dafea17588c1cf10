"""Give punches their true time once it is known, in new entries: nothing is ever rewritten.

All that is pending stands in the store, so it is taken up again after any interruption; what was
said and that it was said are one transaction.
"""

import logging
from collections.abc import Sequence
from typing import Any

from ...contract.chain import Entry, stamp_of, told
from ...contract.errors import StoreFault
from ...contract.facts import Fact, PunchTimeCorrected, PunchTimeResolved
from ...contract.kinds import RECORDED, RECOVERED
from ...contract.stamps import local_time, parse_time
from ...contract.true_times import (
    Bounds,
    Timeline,
    disproves,
    overlap,
    own_bounds,
    to_state,
)
from .recorder import Recorder
from .store.change import SqliteChange
from .store.time_rows import OpenTime

log = logging.getLogger(__name__)

_BATCH = 20
"""Punches looked at between two looks at the glass: some 10 ms on a slow Pi, and one sync to the
card where something is to be said."""

_PRUNED = Bounds(None, None, exact=False, final=True)

_PAUSE_S = 60.0
"""Before another try where the database fails."""


class ResolveTimes:
    """Works through the pending times a batch at a time, on the gate's thread."""

    def __init__(self, gate: Recorder) -> None:
        self._gate = gate
        self._after = 0
        self._not_before = 0.0
        self._done = False

    def begin(self) -> None:
        """More is known of the clock: look at all that is pending."""
        self._gate.known.clock_changed()
        self._after = 0
        self._not_before = 0.0
        self._done = False

    def work(self) -> bool:
        """Do one batch. False: there is nothing to do."""
        if self._done or self._gate.clock.monotonic() < self._not_before:
            return False
        try:
            self._done = not (self._look_again() or self._state_times())
            if self._done:
                self._forget()
        except StoreFault as fault:
            log.error("the times that are known now could not be written yet: %s", fault)
            self._after = 0
            self._not_before = self._gate.clock.monotonic() + _PAUSE_S
        return not self._done

    def _look_again(self) -> bool:
        """Take up punches whose clock was trusted wrongly."""
        doubted = self._gate.store.doubted()
        if doubted is None:
            return False
        # It may have been found out since this round began, by a punch: nothing rests on it now.
        self._gate.known.clock_changed()
        self._after = 0
        entries = self._gate.store.entries(doubted.start, _BATCH)
        entries = [entry for entry in entries if entry.seq in doubted]
        with self._gate.store.changing() as change:
            for entry in entries:
                stated = self._own_time(entry)
                if stated is not None:
                    change.doubt_time(entry.seq, stated)
            change.looked_again(doubted, entries[-1].seq if entries else doubted.stop - 1)
        return True

    def _own_time(self, entry: Entry) -> Bounds | None:
        """What a press has said of its own time, in this ledger or in the one that it came from."""
        if entry.kind not in (RECORDED, RECOVERED):
            return None
        press = told(self._gate.store.data_of(entry))
        stamp = stamp_of(press)
        if press["kind"] != RECORDED or not self._gate.known.knows(stamp):
            return None
        return own_bounds(stamp)

    def _state_times(self) -> bool:
        pending = self._gate.store.open_times(self._after, _BATCH)
        if not pending:
            return False
        told = [(time, *self._tell(time)) for time in pending]
        if any(fact is not None or bounds.final for _, bounds, fact in told):
            self._write(told)
        self._after = pending[-1].seq
        return True

    def _write(self, told: Sequence[tuple[OpenTime, Bounds, Fact | None]]) -> None:
        def note(change: SqliteChange, entries: list[Entry]) -> None:
            by = iter(entries)
            for time, bounds, fact in told:
                if fact is not None:
                    change.state_time(time.seq, bounds, next(by).seq)
                elif bounds.final:
                    change.close_time(time.seq)

        facts = [fact for _, _, fact in told if fact is not None]
        self._gate.record_all(facts, then=note)

    def _tell(self, time: OpenTime) -> tuple[Bounds, Fact | None]:
        """What is known of a punch now, and the fact that says so where it is worth an entry."""
        entries = self._gate.store.entries(time.seq, 1)
        if not entries or entries[0].seq != time.seq:
            return _PRUNED, None
        data = self._gate.store.data_of(entries[0])
        bounds = self._when(data)
        stated, later = time.stated, time.stated_by != time.seq
        if not to_state(bounds, stated, later=later):
            return bounds, None
        return bounds, self._fact(data, bounds, corrects=_was_wrong(stated, bounds, later=later))

    def _when(self, data: dict[str, Any]) -> Bounds:
        """When a punch was; one of a boot that this ledger never saw was before it came here."""
        touch = told(data)
        stamp = stamp_of(touch)
        if touch is data or self._gate.known.knows(stamp):
            return self._gate.known.when(stamp)
        here = self._gate.known.when(stamp_of(data))
        since = touch.get("not_before")
        low = None if since is None else parse_time(since)
        return Bounds(low, here.high, exact=False, final=here.final)

    def _fact(self, data: dict[str, Any], bounds: Bounds, *, corrects: bool) -> Fact:
        of, worker = data["seq"], data["worker"]
        at, uncertainty_ms = self._local(bounds.middle), bounds.uncertainty_ms
        if not bounds.exact or at is None or uncertainty_ms is None:
            return PunchTimeResolved(
                of=of,
                worker=worker,
                at=None,
                uncertainty_ms=None,
                not_before=self._local(bounds.low),
                not_after=self._local(bounds.high),
                final=bounds.final,
            )
        if corrects:
            return PunchTimeCorrected(of=of, worker=worker, at=at, uncertainty_ms=uncertainty_ms)
        return PunchTimeResolved(
            of=of,
            worker=worker,
            at=at,
            uncertainty_ms=uncertainty_ms,
            not_before=None,
            not_after=None,
            final=bounds.final,
        )

    def _local(self, ms: int | None) -> str | None:
        return None if ms is None else local_time(ms, self._gate.policy.zone)

    def _forget(self) -> None:
        """Keep no more than may still have to be looked at again."""
        store = self._gate.store
        landmarks = store.landmarks()
        boot = landmarks[-1].stamp.boot if landmarks else None
        began = next((mark.seq for mark in landmarks if mark.stamp.boot == boot), 0)
        vouched = Timeline(landmarks, self._gate.policy.drift_ppm).vouched_since
        with store.changing() as change:
            change.forget_times(
                store.watermarks().confirmed, began if vouched is None else min(began, vouched)
            )


def _was_wrong(stated: Bounds | None, bounds: Bounds, *, later: bool) -> bool:
    """Whether ``bounds`` correct a time. What was not final may also become wider without having
    been wrong: a sync far away counts for more than a clock that was only held over.
    """
    if stated is None or not stated.exact or not disproves(bounds, stated, later=later):
        return False
    return stated.final or not overlap(bounds, stated)
