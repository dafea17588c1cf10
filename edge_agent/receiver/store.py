"""Payroll's database: every entry once, and beside them whatever contradicts them.

Any tool may read it while the receiver runs; the views of ``views.py`` are made for that.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from msgspec import Struct

from edge_agent.domain.messages import Rejection

from .accept import Arrival, Link, Tip, Verdict, follow, judge
from .coverage.covered import Covered
from .databases import open_database
from .databases.database import Database, packed
from .databases.schema import ENTRY_COLUMNS, prepare
from .derive import derive, derive_anew, forget
from .roster.known_workers import Answer, hear_roster

_CACHED_LEDGERS = 20_000
_PAGE = 500
MOST_LEDGERS_OF_A_GATE = 200
"""A gate begins a new one when a card is replaced. One that does so without end fills the disk."""

MOST_REJECTIONS = 100
"""As many as a receipt lists."""


class Standing(Struct, frozen=True):
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


class Taken(Struct, frozen=True):
    """What became of a batch: how many entries were new and how many known, and the standings.

    ``refused`` names the gate of each entry that was not kept (see MOST_LEDGERS_OF_A_GATE).
    """

    new: int
    duplicates: int
    standings: list[Standing]
    refused: list[str] = []


class _Held(Struct, frozen=True):
    """What is remembered of a ledger: without a gap and a fork its next entry needs no search."""

    tip: Tip = Tip()
    beyond: int | None = None
    forked: bool = False

    @property
    def missing(self) -> range:
        return range(0) if self.beyond is None else range(self.tip.through + 1, self.beyond)


class Store:
    """The database at ``where``, for one receiver at a time, and for use on one thread.

    Every method raises StoreFault where the database fails; a batch that failed may be there or
    not, and taking it again is harmless.
    """

    def __init__(self, where: str) -> None:
        self._database: Database = open_database(where, alone=True)
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._covered = Covered(self._database)
        try:
            prepare(self._database, derive_anew)
            self._covered.begin()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the database, then let another receiver have it."""
        self._database.close()

    def standings(self) -> Iterator[Standing]:
        """Where every known ledger stands."""
        last = ""
        while page := self._database.query(
            "SELECT ledger, gate, through, hash, beyond FROM ledgers WHERE ledger > ?"
            f" ORDER BY ledger LIMIT {_PAGE}",
            [last],
        ):
            last = page[-1][0]
            rejected = self._rejected([ledger for ledger, *_ in page])
            for ledger, gate, through, digest, beyond in page:
                held = _Held(Tip(through, digest), beyond)
                yield Standing(ledger, gate, held.tip, held.missing, [], *rejected.get(ledger, ()))

    def through(self, ledger: str) -> int:
        """Up to which seq nothing is missing of a ledger; 0 where nothing is known of it."""
        self._recall([ledger])
        return self._held[ledger].tip.through

    def hear_roster(self, payload: bytes, at: str) -> Answer:
        """Judge payroll's roster, and apply it durably where it is sound and newer."""
        return hear_roster(self._database, payload, at)

    def look_back(self, now: float) -> None:
        """In a quiet moment, a little of what the views rest on and no entry waits for."""
        self._covered.step(now)

    def take(self, arrivals: Iterable[Arrival], received_at: str) -> Taken:
        """Keep a batch durably, in one transaction."""
        try:
            return self._take(list(arrivals), received_at)
        except BaseException:
            self._held.clear()  # It may be ahead of what was committed.
            raise

    def _take(self, batch: list[Arrival], received_at: str) -> Taken:
        batch, refused = self._admit(batch)
        gates = list({(arrival.ledger, arrival.gate): None for arrival in batch})
        begun = {gate for ledger, gate in gates if self._held[ledger] == _Held()}
        forks: dict[str, list[int]] = {ledger: [] for ledger, _ in gates}
        links: dict[str, list[Link]] = {ledger: [] for ledger in forks}
        with self._database.transaction():
            new, contradicting = self._sort(batch)
            self._database.insert(
                "entries", ENTRY_COLUMNS, (_row(arrival, received_at) for arrival in new)
            )
            derive(self._database, new)
            for arrival in contradicting:
                if self._add_fork(arrival, received_at):
                    forks[arrival.ledger].append(arrival.seq)
            added_forks = sum(map(len, forks.values()))
            for arrival in new:
                links[arrival.ledger].append(Link(arrival.seq, arrival.hash, arrival.prevhash))
            for ledger, added in links.items():
                forks[ledger] += self._advance(ledger, added, forked=bool(forks[ledger]))
            forked = {gate for ledger, gate in gates if forks[ledger]}
            self._covered.arrived(new, begun | forked)
            self._note(gates)
            rejected = self._rejected(list(forks))
        standings = [
            Standing(
                ledger,
                gate,
                self._held[ledger].tip,
                self._held[ledger].missing,
                forks.pop(ledger, []),  # Told once, where two gates send one ledger.
                *rejected.get(ledger, ()),
            )
            for ledger, gate in gates
        ]
        return Taken(len(new), len(batch) - len(new) - added_forks, standings, refused)

    def _admit(self, batch: list[Arrival]) -> tuple[list[Arrival], list[str]]:
        """Leave out what would be one ledger too many of a gate; returns those gates as well."""
        self._recall(list({arrival.ledger: None for arrival in batch}))
        nothing = _Held()
        begun: dict[str, set[str]] = {}
        for arrival in batch:
            if self._held[arrival.ledger] == nothing:
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

    def _sort(self, batch: list[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
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
            verdict = judge(arrival.hash, held.get(key))
            if verdict is Verdict.NEW:
                held[key] = arrival.hash
                new.append(arrival)
            elif verdict is Verdict.FORK:
                contradicting.append(arrival)
        return new, contradicting

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

    def _recall(self, ledgers: list[str]) -> None:
        """Have these ledgers in memory, and not too many others."""
        for ledger in ledgers:
            if ledger in self._held:
                self._held.move_to_end(ledger)
        absent = [ledger for ledger in ledgers if ledger not in self._held]
        if not absent:
            return
        self._held.update((ledger, _Held()) for ledger in absent)
        asked = self._database.rows(ledger="TEXT")
        for ledger, through, digest, beyond, forked in self._database.query(
            "SELECT l.ledger, through, hash, beyond,"
            " CASE WHEN EXISTS (SELECT 1 FROM forks f WHERE f.ledger = l.ledger) THEN 1 ELSE 0 END"
            f" FROM {asked} a JOIN ledgers l ON l.ledger = a.ledger",
            [packed([ledger] for ledger in absent)],
        ):
            self._held[ledger] = _Held(Tip(through, digest), beyond, bool(forked))
        while len(self._held) > max(_CACHED_LEDGERS, len(ledgers)):
            self._held.popitem(last=False)

    def _advance(self, ledger: str, added: list[Link], *, forked: bool) -> list[int]:
        """Move the ledger's tip as far as its chain goes; returns what was set aside meanwhile."""
        held = self._held[ledger]
        forked = forked or held.forked
        added = sorted(
            (link for link in added if link.seq > held.tip.through), key=lambda link: link.seq
        )
        if not added and not forked:
            return []
        if not forked and held.beyond is None:
            course = follow(held.tip, added, ())
            if not course.strays:
                self._held[ledger] = _Held(course.tip, course.missing.stop or None)
                return []
        elif not forked and held.beyond is not None and added[0].seq > held.tip.through + 1:
            # The gap stays, and what lies beyond it cannot be judged yet.
            self._held[ledger] = _Held(held.tip, min(held.beyond, added[0].seq))
            return []
        return self._search(ledger, held.tip)

    def _search(self, ledger: str, tip: Tip) -> list[int]:
        """Follow the ledger through all that is held of it, and set aside what strays from it."""
        aside = self._database.query(
            "SELECT hash FROM forks WHERE ledger = ? AND seq >= ?", [ledger, tip.through]
        )
        course = follow(tip, self._later(ledger, tip.through), {fork for (fork,) in aside})
        strays = [seq for seq in course.strays if self._set_aside(ledger, seq)]
        # What was set aside before the chain reached it may since have proved to be of the chain.
        self._database.execute(
            "DELETE FROM forks WHERE ledger = ? AND seq > ? AND seq <= ? AND hash ="
            " (SELECT hash FROM entries WHERE ledger = forks.ledger AND seq = forks.seq)",
            [ledger, tip.through, course.tip.through],
        )
        forked = bool(aside or strays) or bool(
            self._database.query("SELECT 1 FROM forks WHERE ledger = ? LIMIT 1", [ledger])
        )
        self._held[ledger] = _Held(course.tip, course.missing.stop or None, forked)
        return strays

    def _later(self, ledger: str, through: int) -> Iterator[Link]:
        """What is held of a ledger after ``through``, in order; read no further than it is used."""
        while page := self._database.query(
            "SELECT seq, hash, prevhash FROM entries WHERE ledger = ? AND seq > ?"
            f" ORDER BY seq LIMIT {_PAGE}",
            [ledger, through],
        ):
            for seq, digest, prevhash in page:
                yield Link(seq, digest, prevhash)
            through = page[-1][0]

    def _set_aside(self, ledger: str, seq: int) -> bool:
        """Move an entry to the forks; False where it was there already, having come again."""
        columns = ", ".join(ENTRY_COLUMNS)
        moved = self._database.execute(
            f"INSERT INTO forks ({columns}) SELECT {columns} FROM entries e"
            " WHERE ledger = ? AND seq = ? AND NOT EXISTS (SELECT 1 FROM forks f"
            " WHERE f.ledger = e.ledger AND f.seq = e.seq AND f.hash = e.hash)",
            [ledger, seq],
        )
        self._database.execute("DELETE FROM entries WHERE ledger = ? AND seq = ?", [ledger, seq])
        forget(self._database, ledger, seq)
        return moved > 0

    def _note(self, gates: list[tuple[str, str]]) -> None:
        """Write down how far these ledgers are held, and whose a new one is.

        A ledger stays its first gate's: what another sends of it cannot take it away.
        """
        told = []
        for ledger, gate in dict(reversed(gates)).items():
            held = self._held[ledger]
            told.append((ledger, gate, held.tip.through, held.tip.hash, held.beyond))
        rows = self._database.rows(
            ledger="TEXT", gate="TEXT", through="BIGINT", hash="TEXT", beyond="BIGINT"
        )
        self._database.execute(
            "INSERT INTO ledgers (ledger, gate, through, hash, beyond)"
            f" SELECT ledger, gate, through, hash, beyond FROM {rows} told WHERE TRUE"
            " ON CONFLICT (ledger) DO UPDATE SET through = excluded.through,"
            " hash = excluded.hash, beyond = excluded.beyond",
            [packed(told)],
        )

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
