"""Payroll's database: every entry once, and beside them whatever contradicts them.

Any tool may read it while the receiver runs; the views of ``databases/views.py`` are made for that.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from math import inf

from msgspec import Struct

from ..contract.errors import StoreFault
from ..contract.kinds import RETIRED
from ..contract.messages import ErasedWorker, Rejection
from .accept import Arrival, ChainLink, Novelty, Tip, novelty, settles
from .chains import Chains, HeldChain
from .coverage import CoverageTable
from .databases import open_database
from .databases.database import Database, DatabaseAway, packed
from .databases.schema import ENTRY_COLUMNS, prepare
from .erasures import erasures_to_tell, keep_erasures
from .office.journal import keep_journal
from .project import Rejected, project, project_anew
from .roster.known_workers import RosterResult, Unlisted, apply_roster, unlisted
from .worktime.changes import note_uncovered
from .worktime.keep import is_due, renew_some
from .writers import Foreign, Successor, decided_owners, note_foreign, successors

_log = logging.getLogger(__name__)

_PAGE = 500

_JOURNAL_EVERY_S = 60.0
"""Between two looks for corrections that somebody has entered elsewhere."""

_FEW_ENTRIES = 100
"""As many at a time come from people who press; more of them are a backlog, whose presses are
paired when it is over."""
_FEW_WORKERS = 20
_RENEWING_S = 0.25
"""At one time, in a quiet moment: entries that come meanwhile wait so long."""

MOST_LEDGERS_OF_A_GATE = 200
"""A gate begins a new one when a card is replaced. One that does so without end fills the disk."""

MOST_FORKS = 1000
"""Entries that contradict a ledger, kept for a person: a clone's day, until it hears of it and
begins a ledger of its own. A gate that was taken over can make them without end."""

MOST_BEYOND = 20_000
"""Entries held beyond a ledger's first gap, until that is filled: a week of the largest gate. What
comes after is not kept, not confirmed, and so sent again."""

MOST_REJECTIONS = 100
"""As many as a receipt lists."""


class LedgerProgress(Struct, frozen=True):
    """How far a ledger is held, its first gap, and the gate that is to hear of it.

    ``forks`` are the seqs of entries found just now to contradict those we hold; ``rejected``
    (MOST_REJECTIONS at most) and their count are the entries that a person must look at.
    """

    ledger: str
    gate: str
    tip: Tip
    missing: range
    forks: list[int] = []
    rejected: list[Rejection] = []
    rejected_count: int = 0


class BatchResult(Struct, frozen=True):
    """What became of a batch: how many entries were new and how many known, and how far
    each ledger is held now.

    ``refused`` names the gate of each entry that was not kept (see MOST_LEDGERS_OF_A_GATE), and
    ``foreign`` are those that were not because a ledger has one writer; ``rejected`` are new ones
    that were kept for a person, and ``successors`` the ledgers with which a gate says that it goes
    on with another gate's. ``dropped`` counts by ledger what was one too many beside its history
    (MOST_FORKS, MOST_BEYOND). ``new_of`` counts the new ones by ledger.
    """

    new: int
    duplicates: int
    progress: list[LedgerProgress]
    refused: list[str] = []
    foreign: list[Foreign] = []
    rejected: list[Rejected] = []
    dropped: dict[str, int] = {}
    successors: list[Successor] = []
    new_of: dict[str, int] = {}


class PayrollStore:
    """The database at ``where``, for one receiver at a time, and for use on one thread.

    Every method raises StoreFault where the database fails; a batch that failed may be there or
    not, and taking it again is harmless.
    """

    def __init__(self, where: str, *, may_be_new: bool = True) -> None:
        """``may_be_new``: one is made where there is none. Only the receiver may: receipts of
        a database that came of a mistyped name would have a gate forget what nobody holds."""
        self._database: Database = open_database(where, alone=True, may_be_new=may_be_new)
        self._chains = Chains(self._database)
        self._coverage = CoverageTable(self._database)
        self._journaled = 0
        self._journal_due = -inf
        try:
            prepare(self._database, project_anew, may_be_new=may_be_new)
            self._keep_journal()
            self._coverage.begin()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the database, then let another receiver have it."""
        self._database.close()

    def progress(self) -> Iterator[LedgerProgress]:
        """How far every known ledger is held."""
        last = ""
        while page := self._database.query(
            "SELECT ledger, gate, through, hash, beyond FROM ledgers WHERE ledger > ?"
            f" ORDER BY ledger LIMIT {_PAGE}",
            [last],
        ):
            last = page[-1][0]
            rejected = self._rejected([ledger for ledger, *_ in page])
            for ledger, gate, through, digest, beyond in page:
                held = HeldChain(gate, Tip(through, digest), beyond)
                yield LedgerProgress(
                    ledger, gate, held.tip, held.missing, [], *rejected.get(ledger, ())
                )

    def out_of_service(self) -> dict[str, list[str]]:
        """Gate → all its ledgers, of gates whose last ledger ends with their leaving service."""
        rows = self._database.query(
            "SELECT l.gate, l.ledger FROM ledgers l WHERE EXISTS (SELECT 1 FROM ledgers g"
            " JOIN entries e ON e.ledger = g.ledger AND e.seq = g.through"
            " WHERE g.gate = l.gate AND e.kind = ? AND NOT EXISTS (SELECT 1 FROM ledgers o"
            " JOIN entries f ON f.ledger = o.ledger AND f.seq = 1"
            " WHERE o.gate = g.gate AND o.ledger <> g.ledger AND f.received_at > e.received_at))"
            " ORDER BY l.gate, l.ledger",
            [RETIRED],
        )
        found: dict[str, list[str]] = {}
        for gate, ledger in rows:
            found.setdefault(gate, []).append(ledger)
        return found

    def through(self, ledger: str, gate: str) -> int | None:
        """Up to which seq nothing is missing of a ledger that ``gate`` says is its own.

        0 where nothing is known of it, None where another gate writes it.
        """
        self._chains.recall([ledger])
        held = self._chains[ledger]
        return held.tip.through if held.gate in ("", gate) else None

    def apply_roster(self, payload: bytes, at: str) -> RosterResult:
        """Judge payroll's roster, and apply it durably where it is sound and newer."""
        return apply_roster(self._database, payload, at)

    def unlisted(self) -> list[Unlisted]:
        """Who punches, and no roster has named them."""
        return unlisted(self._database)

    def erasures_to_tell(self, gate: str, ledger: str) -> list[ErasedWorker]:
        """Whose erasures a gate has told in other ledgers; none where this one knows them."""
        return erasures_to_tell(self._database, gate, ledger)

    def update_coverage(self, now: float) -> None:
        """In a quiet moment, a little of what the views rest on and no entry waits for."""
        until = time.monotonic() + _RENEWING_S
        while is_due(self._database) and time.monotonic() < until:
            with self._database.transaction():
                renew_some(self._database, _FEW_WORKERS)
        self._coverage.step(now)
        if now >= self._journal_due:
            self._journal_due = now + _JOURNAL_EVERY_S
            note_uncovered(self._database)
            ((last,),) = self._database.query("SELECT COALESCE(MAX(id), 0) FROM corrections")
            if last != self._journaled:  # A clerk at another machine has a journal there.
                self._keep_journal()

    def _keep_journal(self) -> None:
        """What gates send is kept, whatever is wrong with a file of the office's."""
        try:
            keep_journal(self._database)
        except DatabaseAway:
            raise
        except StoreFault as fault:
            _log.error("corrections-journal %s", fault)
        ((self._journaled,),) = self._database.query("SELECT COALESCE(MAX(id), 0) FROM corrections")

    def take(self, arrivals: Iterable[Arrival], received_at: str) -> BatchResult:
        """Keep a batch durably, in one transaction."""
        try:
            return self._take(list(arrivals), received_at)
        except BaseException:
            self._chains.clear()  # It may be ahead of what was committed.
            raise

    def _take(self, batch: list[Arrival], received_at: str) -> BatchResult:
        writers, batch, foreign = self._by_their_writers(batch)
        batch, refused = self._admit(batch)
        ledgers = list({arrival.ledger: None for arrival in batch})
        begun = {writers[ledger] for ledger in ledgers if self._chains[ledger] == HeldChain()}
        forks: dict[str, list[int]] = {ledger: [] for ledger in ledgers}
        links: dict[str, list[ChainLink]] = {ledger: [] for ledger in ledgers}
        with self._database.transaction():
            for ledger in ledgers:
                if self._chains[ledger].gate != writers[ledger]:
                    forks[ledger] += self._chains.belong(ledger, writers[ledger])
            new, contradicting = self._compare(batch)
            new, dropped = self._within_reach(new)
            self._database.insert(
                "entries", ENTRY_COLUMNS, (_row(arrival, received_at) for arrival in new)
            )
            for_a_person = project(self._database, new)
            keep_erasures(self._database, new)
            room = self._room_for_forks(contradicting)
            for arrival in contradicting:
                if room[arrival.ledger] <= 0:
                    dropped[arrival.ledger] += 1
                elif self._add_fork(arrival, received_at):
                    room[arrival.ledger] -= 1
                    forks[arrival.ledger].append(arrival.seq)
            added_forks = sum(map(len, forks.values()))
            for arrival in new:
                links[arrival.ledger].append(ChainLink(arrival.seq, arrival.hash, arrival.prevhash))
            for ledger, added in links.items():
                forks[ledger] += self._chains.advance(ledger, added, forked=bool(forks[ledger]))
            forked = {writers[ledger] for ledger in ledgers if forks[ledger]}
            self._coverage.arrived(new, begun | forked)
            self._chains.save(ledgers)
            note_foreign(self._database, foreign, received_at)
            opened = [one.ledger for one in new if one.seq == 1]
            going_on = successors(self._database, opened) if opened else []
            if len(new) <= _FEW_ENTRIES and is_due(self._database):
                renew_some(self._database, _FEW_ENTRIES)
            rejected = self._rejected(ledgers)
        progress = [
            LedgerProgress(
                ledger,
                writers[ledger],
                self._chains[ledger].tip,
                self._chains[ledger].missing,
                forks[ledger],
                *rejected.get(ledger, ()),
            )
            for ledger in ledgers
        ]
        duplicates = len(batch) - len(new) - added_forks - dropped.total()
        return BatchResult(
            *(len(new), duplicates, progress, refused, foreign, for_a_person, dropped, going_on),
            Counter(one.ledger for one in new),
        )

    def _by_their_writers(
        self, batch: list[Arrival]
    ) -> tuple[dict[str, str], list[Arrival], list[Foreign]]:
        """Which gate writes each ledger, what they have sent of it, and what others have.

        It is the gate of ``ledger.opened``; as long as that is not here, whoever came first. Where
        there are several, a person may have decided otherwise.
        """
        self._chains.recall(list({arrival.ledger: None for arrival in batch}))
        writers: dict[str, str] = {}
        settled: set[str] = set()
        disputed: set[str] = set()
        for arrival in batch:
            held = self._chains[arrival.ledger]
            if arrival.gate != writers.setdefault(arrival.ledger, held.gate or arrival.gate):
                disputed.add(arrival.ledger)
            if held.tip.through == 0 and arrival.ledger not in settled and settles(arrival):
                settled.add(arrival.ledger)
                writers[arrival.ledger] = arrival.gate
        if disputed:
            writers |= decided_owners(self._database, disputed)
        own = [arrival for arrival in batch if writers[arrival.ledger] == arrival.gate]
        foreign = [
            Foreign(arrival.gate, arrival.ledger, writers[arrival.ledger])
            for arrival in batch
            if writers[arrival.ledger] != arrival.gate
        ]
        return writers, own, foreign

    def _admit(self, batch: list[Arrival]) -> tuple[list[Arrival], list[str]]:
        """Leave out what would be one ledger too many of a gate; returns those gates as well."""
        begun: dict[str, set[str]] = {}
        for arrival in batch:
            if not self._chains[arrival.ledger].gate:
                begun.setdefault(arrival.gate, set()).add(arrival.ledger)
        too_many: set[str] = set()
        for gate, ledgers in begun.items():
            ((known,),) = self._database.query(
                "SELECT COUNT(*) FROM ledgers WHERE gate = ?", [gate]
            )
            room = max(0, MOST_LEDGERS_OF_A_GATE - known)
            too_many.update(sorted(ledgers)[room:])
        kept = [arrival for arrival in batch if arrival.ledger not in too_many]
        return kept, [arrival.gate for arrival in batch if arrival.ledger in too_many]

    def _compare(self, batch: list[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
        """The entries that are not held, and those that contradict what is."""
        keys = {(arrival.ledger, arrival.seq) for arrival in batch}
        asked = self._database.rows(ledger="TEXT", seq="BIGINT")
        held: dict[tuple[str, int], str] = {
            (ledger, seq): digest
            for ledger, seq, digest in self._database.query(
                f"SELECT e.ledger, e.seq, e.hash FROM {asked} a"
                " JOIN entries e ON e.ledger = a.ledger AND e.seq = a.seq",
                [packed(keys)],
            )
        }
        new, contradicting = [], []
        for arrival in batch:
            key = (arrival.ledger, arrival.seq)
            kind = novelty(arrival.hash, held.get(key))
            if kind is Novelty.NEW:
                held[key] = arrival.hash
                new.append(arrival)
            elif kind is Novelty.FORK:
                contradicting.append(arrival)
        return new, contradicting

    def _within_reach(self, new: list[Arrival]) -> tuple[list[Arrival], Counter[str]]:
        """Leave out what lies beyond a gap, where enough does already; counts it by ledger."""
        room: dict[str, int] = {}
        kept, dropped = [], Counter[str]()
        for arrival in sorted(new, key=lambda one: one.seq):
            ledger, held = arrival.ledger, self._chains[arrival.ledger]
            if held.beyond is None or arrival.seq < held.beyond:
                kept.append(arrival)
                continue
            if ledger not in room:
                room[ledger] = MOST_BEYOND - self._count("entries", ledger, held.tip.through)
            if room[ledger] > 0:
                room[ledger] -= 1
                kept.append(arrival)
            else:
                dropped[ledger] += 1
        return kept, dropped

    def _room_for_forks(self, contradicting: list[Arrival]) -> dict[str, int]:
        ledgers = {arrival.ledger for arrival in contradicting}
        return {ledger: MOST_FORKS - self._count("forks", ledger, 0) for ledger in ledgers}

    def _count(self, table: str, ledger: str, after: int) -> int:
        ((count,),) = self._database.query(
            f"SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE ledger = ? AND seq > ?"
            f" LIMIT {max(MOST_FORKS, MOST_BEYOND)}) counted",
            [ledger, after],
        )
        return int(count)

    def _add_fork(self, arrival: Arrival, received_at: str) -> bool:
        """False where it was there already, having come again."""
        row = _row(arrival, received_at)
        added = self._database.execute(
            f"INSERT INTO forks ({', '.join(ENTRY_COLUMNS)})"
            f" SELECT {', '.join('?' * len(ENTRY_COLUMNS))} WHERE NOT EXISTS"
            " (SELECT 1 FROM forks WHERE ledger = ? AND seq = ? AND hash = ?)",
            [*row, arrival.ledger, arrival.seq, arrival.hash],
        )
        return added > 0

    def _rejected(self, ledgers: list[str]) -> dict[str, tuple[list[Rejection], int]]:
        """What a person must look at in these ledgers, of those that have any."""
        asked = self._database.rows(ledger="TEXT")
        counts = self._database.query(
            f"SELECT r.ledger, COUNT(*) FROM {asked} a JOIN rejected r ON r.ledger = a.ledger"
            " GROUP BY r.ledger",
            [packed([ledger] for ledger in ledgers)],
        )
        return {ledger: (self._rejections(ledger), count) for ledger, count in counts}

    def _rejections(self, ledger: str) -> list[Rejection]:
        found = self._database.query(
            f"SELECT seq, reason FROM rejected WHERE ledger = ? ORDER BY seq"
            f" LIMIT {MOST_REJECTIONS}",
            [ledger],
        )
        return [Rejection(seq=seq, reason=reason) for seq, reason in found]


def _row(arrival: Arrival, received_at: str) -> tuple[object, ...]:
    return (
        *(arrival.ledger, arrival.seq, arrival.gate, arrival.kind, arrival.worker, arrival.at),
        *(arrival.hash, arrival.prevhash, arrival.wire, received_at),
    )
