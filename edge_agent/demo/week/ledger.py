"""Write the week down as a gate does, in a real ledger; only the time is made up."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import UNSET, Struct, structs

from ... import __version__
from ...contract.attendance import SHIFT_MS
from ...contract.chain import GENESIS, Entry, Scribe, read_wire
from ...contract.facts import (
    AttemptRefused,
    ClockStepped,
    ClockSynced,
    Direction,
    DirectionSource,
    Fact,
    GateAlive,
    GateRetired,
    LedgerOpened,
    PunchAdded,
    PunchDirected,
    PunchRecorded,
    PunchRepeated,
    PunchTimeCorrected,
    PunchTimeResolved,
    PunchVoided,
    RecordingResumed,
)
from ...contract.people import Print
from ...contract.people_facts import (
    ErasuresKnown,
    RetentionApplied,
)
from ...contract.stamps import ClockState, Stamp, local_time, utc_time
from ...gate.directions import DirectionRule
from ...gate.last_punch import LastPunch, last_punches
from ...gate.ledger.store.change import begin_ledger
from ...gate.ledger.store.database import open_database
from ...gate.ledger.store.ledger_rows import Tail
from ...gate.ledger.store.sqlite_store import SqliteStore
from ...gate.rules import Accepted, Match, Policy, Proof, Refused, Repeat, judge
from .older_ledger import committed, committed_to, previous, recovered
from .plan import (
    BOOTS,
    FORGETS_FRIDAY,
    LIE,
    LIED_FOR,
    MAIN,
    MISTAKE,
    NORTH,
    POWER_CUT,
    PRESSES_BY_MISTAKE,
    PRESSES_THE_KEY,
    SEASONAL,
    SUPERVISOR_ADDS,
    TECHNICIAN_COMES,
    WORKERS,
    ZONE,
    Boot,
    Key,
    Press,
    at,
)
from .visit import SUPERVISOR, TECHNICIANS_VISIT

_HOUR_MS = 3_600_000
_UNCERTAINTY_MS = 40
_POLICY = Policy(repeat_window_ms=60_000, direction=DirectionRule.ALTERNATE, zone=ZONE)


class WrittenWeek(Struct, frozen=True, kw_only=True):
    """A gate's week: its entries, of which facts at which stamps, and when (UTC ms)."""

    gate: str
    ledger: str
    entries: list[Entry]
    facts: list[tuple[Fact, Stamp]]
    written_at: list[int]


class WeekStore(SqliteStore):
    """The ledger of a week of which the uplink sees as much as has gone by: ``shown`` entries."""

    shown: Callable[[], int]

    def tail(self) -> Tail:
        """The last entry by now: its place and hash."""
        whole = super().tail()
        seq = min(self.shown(), whole.seq)
        return Tail(seq, self.hash_of(seq) or whole.hash)


def write_in(folder: Path, gate: str, pressed: list[Press]) -> WrittenWeek:
    """Write the week into a new ledger, and return it as it stands there."""
    store = open_in(folder, gate)
    week = write_week(gate, pressed, store.ledger)
    with store.changing() as change:
        for fact, stamp in week.facts[1:]:  # The first one was written when it was opened.
            change.append(fact, stamp)
    entries = store.entries(1, len(week.facts))
    store.close()
    return structs.replace(week, entries=entries)


def open_in(folder: Path, gate: str) -> WeekStore:
    """The ledger of a gate in ``folder``; all of it is shown at first."""
    first, path = stamp_at(gate, BOOTS[gate][0].began), folder / f"{gate}.db"
    if gate == NORTH and not path.exists():
        scribe = Scribe(gate=gate, ledger=str(uuid.uuid4()), zone=ZONE)
        with closing(open_database(path)) as database, database.conn:
            begin_ledger(database, scribe, "restored-backup", first, previous())
    store = WeekStore.open(path, gate, ZONE, first)
    assert isinstance(store, WeekStore)
    store.shown = lambda: 2**53
    return store


def write_week(gate: str, pressed: list[Press], ledger: str) -> WrittenWeek:
    """The week of one gate, in ``ledger``."""
    book = _Book(gate, ledger)
    opened = LedgerOpened(
        gate=gate,
        zone=ZONE.key,
        version=__version__,
        why="restored-backup" if gate == NORTH else "first-start",
        previous=previous() if gate == NORTH else None,
    )
    events: list[tuple[int, int, Any]] = [(BOOTS[gate][0].began, -1, opened)]
    for order, (ms, act) in enumerate(_events(gate, pressed)):
        events.append((ms, order, act))
    for ms, _, act in sorted(events, key=lambda event: event[:2]):
        match act:
            case Press():
                book.press(act)
            case Boot():
                book.synced(ms, act)
            case int():
                book.contradicted(ms)
            case str():
                book.void_last(act, ms)
            case Key():
                book.direct_last(act, ms)
            case _:
                book.write(act, ms)
    return WrittenWeek(
        gate=gate,
        ledger=ledger,
        entries=book.entries,
        facts=book.facts,
        written_at=book.written_at,
    )


def fork_of(week: WrittenWeek, seq: int, count: int) -> list[Entry]:
    """What a clone of the gate's card writes after entry ``seq``: another history, same places."""
    scribe = Scribe(gate=week.gate, ledger=week.ledger, zone=ZONE)
    made: list[Entry] = []
    for number in range(count):
        before = made[-1] if made else week.entries[seq - 1]
        fact = PunchRecorded(
            worker=SEASONAL[number],
            direction=Direction.IN,
            direction_source=DirectionSource.ALTERNATE,
            evidence_hash=committed(SEASONAL[number], f"fork of {week.ledger}:{before.seq + 1}"),
        )
        stamp = stamp_at(week.gate, week.written_at[seq - 1] + 60_000 * (number + 1))
        made.append(scribe.write(fact, stamp, before.seq + 1, before.hash))
    return made


def stamp_at(gate: str, ms: int) -> Stamp:
    """What the gate's clocks show at a true time of the week."""
    boot = [boot for boot in BOOTS[gate] if boot.began <= ms][-1]
    synced = ms >= boot.synced
    wall_ms = ms + LIE if boot.lied and 0 <= ms - boot.synced < LIED_FOR else ms
    return Stamp(
        boot=uuid.uuid5(uuid.NAMESPACE_DNS, boot.name).hex,
        boottime_ms=ms - boot.began,
        # Until it is set the clock goes on from where the power cut stopped it.
        wall_ms=wall_ms if synced else ms - (boot.began - POWER_CUT),
        state=ClockState.SYNCED if synced else ClockState.UNSYNCED,
        uncertainty_ms=_UNCERTAINTY_MS if synced else None,
    )


class _Book:
    """A ledger under way."""

    def __init__(self, gate: str, ledger: str) -> None:
        self._scribe = Scribe(gate=gate, ledger=ledger, zone=ZONE)
        self._last: dict[str, LastPunch] = {}
        self._pending: list[tuple[int, str, int]] = []
        self._lied: list[tuple[int, str, int]] = []
        self.entries: list[Entry] = []
        self.facts: list[tuple[Fact, Stamp]] = []
        self.written_at: list[int] = []

    def write(self, fact: Fact, ms: int) -> int:
        """Write an entry; returns its seq."""
        seq = len(self.entries) + 1
        prevhash = self.entries[-1].hash if self.entries else GENESIS
        self.facts.append((fact, stamp_at(self._scribe.gate, ms)))
        self.entries.append(self._scribe.write(*self.facts[-1], seq, prevhash))
        self.written_at.append(ms)
        if isinstance(fact, PunchAdded | PunchVoided):
            newest_first = (read_wire(entry.wire)[1] for entry in reversed(self.entries))
            self._last = last_punches(newest_first, self.facts[-1][1], SHIFT_MS)
        return seq

    def press(self, press: Press) -> None:
        """Answer a finger as the gate's rules do."""
        code, stamp = press.worker, stamp_at(self._scribe.gate, press.ms)
        worker = WORKERS[code] if code else None
        proof = Proof.by_finger(owner := _print_of(code), Match(owner.slot, 120)) if code else None
        last = self._last.get(code) if code else None
        verdict = judge(proof, worker, last, stamp, _POLICY)
        match verdict:
            case Accepted():
                self._record(verdict, press.ms)
            case Repeat():
                of, code = verdict.of, verdict.proof.worker
                fact = PunchRepeated(worker=code, of=of, evidence_hash=self._committed(code))
                self.write(fact, press.ms)
            case Refused():
                refused, place = verdict.worker, f"{self._scribe.ledger}:{len(self.entries) + 1}"
                attempt = AttemptRefused(
                    reason=verdict.reason.value,
                    hint=None,
                    worker=None,
                    suppressed=0,
                    worker_hash=committed_to(refused, place) if refused else UNSET,
                )
                self.write(attempt, press.ms)

    def _record(self, accepted: Accepted, ms: int) -> None:
        code, stamp = accepted.proof.worker, stamp_at(self._scribe.gate, ms)
        fact = PunchRecorded(
            worker=code,
            direction=accepted.direction,
            direction_source=DirectionSource.ALTERNATE,
            evidence_hash=self._committed(code),
        )
        seq = self.write(fact, ms)
        self._last[code] = LastPunch(seq, stamp, accepted.direction)
        if not stamp.trusted:
            self._pending.append((seq, code, ms))

    def _committed(self, code: str) -> str:
        return committed(code, f"{self._scribe.ledger}:{len(self.entries) + 1}")

    def direct_last(self, key: Key, ms: int) -> None:
        """Whoever pressed last has said by a key that it was an out."""
        of = self._last[key.worker].seq
        self.write(PunchDirected(worker=key.worker, of=of, direction=Direction.OUT), ms)

    def synced(self, ms: int, boot: Boot) -> None:
        """The clock is set: every punch of this boot gets its time."""
        lie = LIE if boot.lied else 0
        self.write(ClockSynced(offset_ms=boot.began + lie, hardware_clock=None), ms)
        for seq, code, pressed in self._pending:
            fact = PunchTimeResolved(
                of=seq,
                worker=code,
                at=local_time(pressed + lie, ZONE),
                uncertainty_ms=_UNCERTAINTY_MS,
                not_before=None,
                not_after=None,
                final=True,
            )
            self.write(fact, ms)
        self._lied = self._pending if boot.lied else []
        self._pending = []

    def contradicted(self, ms: int) -> None:
        """The clock is set again: what the lie has made of times is corrected."""
        stepped = ClockStepped(
            before=utc_time(ms + LIE), after=utc_time(ms), step_ms=-LIE, state=ClockState.SYNCED
        )
        self.write(stepped, ms)
        for seq, code, pressed in self._lied:
            fact = PunchTimeCorrected(
                of=seq, worker=code, at=local_time(pressed, ZONE), uncertainty_ms=_UNCERTAINTY_MS
            )
            self.write(fact, ms)

    def void_last(self, code: str, ms: int) -> None:
        """A supervisor withdraws a worker's last punch."""
        of = self._last[code].seq
        self.write(PunchVoided(of=of, worker=code, reason="mistake", actor=SUPERVISOR), ms)


def _events(gate: str, pressed: list[Press]) -> Iterator[tuple[int, Any]]:
    """What happens at a gate beside its opening, and when."""
    end = at(6, 23)
    for number, boot in enumerate(BOOTS[gate]):
        until = POWER_CUT if number + 1 < len(BOOTS[gate]) else end
        yield boot.began, RecordingResumed(reason="started")
        for ms in range(boot.began, until, _HOUR_MS):
            yield ms, GateAlive(recording=True, version=__version__)
        yield boot.synced, boot
        if boot.lied:
            yield boot.synced + LIED_FOR, LIED_FOR
    if gate == NORTH:
        for fact in recovered():
            yield BOOTS[gate][0].began, fact
        yield TECHNICIAN_COMES, ErasuresKnown(workers=0, actor=SUPERVISOR)
        yield TECHNICIAN_COMES, RetentionApplied(evidence=12, attempts=1, consents=0, claims=0)
        yield end, GateRetired(erased=12, slots=1000, actor=SUPERVISOR)
    for press in pressed:
        if press.gate == gate:
            yield press.ms, press
    if gate == MAIN:
        yield at(5, 9), _forgotten()
        yield MISTAKE + 1_800_000, PRESSES_BY_MISTAKE
        left = max(press.ms for press in pressed if press.worker == PRESSES_THE_KEY)
        yield left + 3_000, Key(PRESSES_THE_KEY)
        for number, fact in enumerate(TECHNICIANS_VISIT):
            yield TECHNICIAN_COMES + number * 60_000, fact


def _forgotten() -> Fact:
    return PunchAdded(
        worker=FORGETS_FRIDAY[0],
        at=local_time(SUPERVISOR_ADDS, ZONE),
        direction=Direction.OUT,
        reason="forgot",
        actor=SUPERVISOR,
    )


def _print_of(code: str) -> Print:
    return Print(worker=code, finger="right-index", slot=sorted(WORKERS).index(code), generation=1)
