"""What the rules need of the store, held in memory: who is known, the last punches, and when.

Every question raises StoreFault where the store has to be asked and cannot be read.
"""

from collections.abc import Iterable

from msgspec import Struct, structs

from ...contract.attendance import SHIFT_MS
from ...contract.facts import (
    Fact,
    PunchAdded,
    PunchDirected,
    PunchRecorded,
    PunchTimeCorrected,
    PunchTimeResolved,
    PunchVoided,
)
from ...contract.people import Print, Worker
from ...contract.stamps import ClockState, Stamp
from ...contract.true_times import Bounds, Timeline
from ..credentials import Credentials
from ..last_punch import LastPunch
from ..ports import Clock
from ..rules import Policy
from .store.metadata import ERASURES_UNKNOWN
from .store.sqlite_store import SqliteStore


class _Rows(Struct):
    """What was read of the store, by slot and by code."""

    prints: dict[int, Print]
    workers: dict[str, Worker]
    last_punches: dict[str, LastPunch]
    credentials: Credentials
    consents: set[str]
    stopped: set[str]


class Known:
    """Asked of the store once, then told of whatever is written. For one thread."""

    def __init__(self, store: SqliteStore, clock: Clock, policy: Policy) -> None:
        self.policy = policy
        self.held: frozenset[tuple[int, int]] = frozenset()
        """Slot and generation of the prints by which nobody is credited for now."""
        self._store = store
        self._clock = clock
        self._rows: _Rows | None = None
        """None where it has to be asked for anew: what was just written is then part of it."""
        self._timeline: Timeline | None = None
        self._doubtful = False
        """Whether the clock of the last punches may have proved false since they were looked at."""

    def reread(self) -> None:
        """Ask the store anew when somebody asks here."""
        self._rows = None

    def owner_of(self, slot: int) -> tuple[Print | None, Worker | None]:
        """The print that holds ``slot``, and its worker."""
        owner = self._read.prints.get(slot)
        return owner, self._read.workers.get(owner.worker) if owner else None

    @property
    def prints(self) -> list[Print]:
        """All prints."""
        return list(self._read.prints.values())

    @property
    def workers(self) -> dict[str, Worker]:
        """All workers by code."""
        return self._read.workers

    @property
    def credentials(self) -> Credentials:
        """Whose cards, PINs and QR codes are whose."""
        return self._read.credentials

    def may_use_fingers_of(self, code: str) -> bool:
        """Whether a worker has agreed to that, where it is asked for, and has not left since."""
        if self.has_stopped(code):
            return False
        return not self.policy.consent_required or code in self._read.consents

    def has_stopped(self, code: str) -> bool:
        """Whether a worker has left or withdrawn: their fingers are erased, or are to be."""
        return code in self._read.stopped

    def may_take_fingers_of(self, code: str) -> bool:
        """Whether more of them may come into the sensor.

        A restored database may have a consent that was withdrawn since: until somebody has told
        whose erasures it lacks, one that was given since counts alone.
        """
        if not self.may_use_fingers_of(code):
            return False
        if not self.policy.consent_required or self._store.remembered(ERASURES_UNKNOWN) is None:
            return True
        return code in self._store.came_since()

    @property
    def last_punches(self) -> dict[str, LastPunch]:
        """Each worker's last punch, as far back as a rule looks."""
        rows = self._read
        if any(map(self._is_over, rows.last_punches.values())):
            self._rows = None
            rows = self._read
        if self._doubtful:
            found = {code: self._as_believed(last) for code, last in rows.last_punches.items()}
            rows.last_punches, self._doubtful = found, False
        return rows.last_punches

    def when(self, stamp: Stamp) -> Bounds:
        """What is known of when a stamp was made, its own wall clock aside."""
        return self._times.place(stamp)

    def knows(self, stamp: Stamp) -> bool:
        """Whether the ledger knows the boot that a stamp was made in."""
        return self._times.knows(stamp.boot)

    def is_sure(self, stamp: Stamp) -> bool:
        """Whether a time rests on a synchronisation of its boot, and not on a battery alone.

        A battery-backed clock that proved itself may have leapt since: what cannot be undone waits.
        """
        if stamp.state is ClockState.SYNCED:
            return True
        return stamp.trusted and self._times.synchronised(stamp.boot)

    def is_believed(self, stamp: Stamp) -> bool:
        """Whether a stamp had a time of its own that nothing has proved false since."""
        return stamp.trusted and (not self.knows(stamp) or self.when(stamp).exact)

    def clock_changed(self) -> None:
        """More is known of the clock than before."""
        self._timeline = None
        self._doubtful = True

    def heed(self, fact: Fact, seq: int, stamp: Stamp) -> None:
        """Have what was written here too: the rules must not wait for a restart.

        A press is its worker's last punch. What else may change that is asked of the ledger anew.
        """
        if self._rows is None:
            return
        punches = self._rows.last_punches
        match fact:
            case PunchRecorded():
                punches[fact.worker] = LastPunch(seq, stamp, fact.direction)
            case PunchDirected():
                last = punches.get(fact.worker)
                if last is not None and last.seq == fact.of:
                    punches[fact.worker] = structs.replace(last, direction=fact.direction)
            case PunchAdded() | PunchVoided():
                self._rows = None
            case PunchTimeResolved() | PunchTimeCorrected():
                if fact.worker in punches and punches[fact.worker].weighed:
                    self._rows = None

    def put_workers(self, workers: Iterable[Worker]) -> None:
        """These were entered, or changed."""
        if self._rows is not None:
            self._rows.workers.update({worker.code: worker for worker in workers})

    def put_prints(self, prints: Iterable[Print]) -> None:
        """These are in their slots."""
        if self._rows is not None:
            self._rows.prints.update({print_.slot: print_ for print_ in prints})

    def drop_print(self, print_: Print) -> None:
        """Its slot is nobody's."""
        if self._rows is not None:
            self._rows.prints.pop(print_.slot, None)

    def put_consent(self, code: str) -> None:
        """This worker has agreed."""
        if self._rows is not None:
            self._rows.consents.add(code)

    def credentials_changed(self) -> None:
        """Somebody has a card, PIN or QR code, or none any more, or may use it."""
        if self._rows is not None:
            self._rows.credentials = self._read_credentials()

    @property
    def _read(self) -> _Rows:
        if self._rows is None:
            self._doubtful = True
            self._rows = _Rows(
                {print_.slot: print_ for print_ in self._store.prints()},
                {worker.code: worker for worker in self._store.workers()},
                self._store.last_punches(self._clock.stamp(), self._horizon_ms),
                self._read_credentials(),
                set(self._store.consents()),
                self._store.stopped(),
            )
        return self._rows

    @property
    def _horizon_ms(self) -> int:
        return max(SHIFT_MS, self.policy.repeat_window_ms)

    def _read_credentials(self) -> Credentials:
        return Credentials(self._store.credentials(), self._store.named_workers())

    def _is_over(self, punch: LastPunch) -> bool:
        """Whether one weighed against another is out of sight: that other one counts now."""
        return punch.weighed and punch.ago(self._clock.stamp()).least > self._horizon_ms

    def _as_believed(self, punch: LastPunch) -> LastPunch:
        """The rules ask how long ago it was: not by a clock that has proved false since."""
        stamp = punch.stamp
        if not stamp.trusted or self.is_believed(stamp):
            return punch
        doubtful = structs.replace(stamp, state=ClockState.UNSYNCED, uncertainty_ms=None)
        return structs.replace(punch, stamp=doubtful, read=None)

    @property
    def _times(self) -> Timeline:
        if self._timeline is None:
            self._timeline = Timeline(self._store.landmarks(), self.policy.drift_ppm)
        return self._timeline
