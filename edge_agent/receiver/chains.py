"""How far each ledger's chain is held, and what strays from it."""

from collections import OrderedDict
from collections.abc import Iterator

from msgspec import Struct

from .accept import ChainLink, Tip, follow
from .databases.database import Database, packed
from .databases.schema import ENTRY_COLUMNS
from .project import forget

_CACHED_LEDGERS = 20_000
_PAGE = 500


class HeldChain(Struct, frozen=True):
    """What is remembered of a ledger: without a gap and a fork its next entry needs no search.

    ``gate`` is the one that writes it, empty where nothing is held of it.
    """

    gate: str = ""
    tip: Tip = Tip()
    beyond: int | None = None
    forked: bool = False

    @property
    def missing(self) -> range:
        return range(0) if self.beyond is None else range(self.tip.through + 1, self.beyond)


class Chains:
    """The ledgers' tips, in memory as far as they are asked for; to be used in transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: OrderedDict[str, HeldChain] = OrderedDict()

    def __getitem__(self, ledger: str) -> HeldChain:
        """One that was recalled."""
        return self._held[ledger]

    def clear(self) -> None:
        """What is in memory may be ahead of what was committed."""
        self._held.clear()

    def recall(self, ledgers: list[str]) -> None:
        """Have these ledgers in memory, and not too many others."""
        for ledger in ledgers:
            if ledger in self._held:
                self._held.move_to_end(ledger)
        absent = [ledger for ledger in ledgers if ledger not in self._held]
        if not absent:
            return
        self._held.update((ledger, HeldChain()) for ledger in absent)
        asked = self._database.rows(ledger="TEXT")
        for ledger, gate, through, digest, beyond, forked in self._database.query(
            "SELECT l.ledger, l.gate, through, hash, beyond,"
            " CASE WHEN EXISTS (SELECT 1 FROM forks f WHERE f.ledger = l.ledger) THEN 1 ELSE 0 END"
            f" FROM {asked} a JOIN ledgers l ON l.ledger = a.ledger",
            [packed([ledger] for ledger in absent)],
        ):
            self._held[ledger] = HeldChain(gate, Tip(through, digest), beyond, bool(forked))
        while len(self._held) > max(_CACHED_LEDGERS, len(ledgers)):
            self._held.popitem(last=False)

    def advance(self, ledger: str, added: list[ChainLink], *, forked: bool) -> list[int]:
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
                self._held[ledger] = HeldChain(held.gate, course.tip, course.missing.stop or None)
                return []
        elif not forked and held.beyond is not None and added[0].seq > held.tip.through + 1:
            # The gap stays, and what lies beyond it cannot be judged yet.
            self._held[ledger] = HeldChain(held.gate, held.tip, min(held.beyond, added[0].seq))
            return []
        return self._search(ledger, held)

    def belong(self, ledger: str, gate: str) -> list[int]:
        """From now on ``gate`` writes this ledger; returns what another had sent of it before,
        which is set aside.
        """
        before = self._held[ledger].gate
        self._held[ledger] = HeldChain(gate)
        if not before or before == gate:
            return []
        foreign = self._database.query(
            "SELECT seq FROM entries WHERE ledger = ? AND gate <> ? ORDER BY seq", [ledger, gate]
        )
        return [seq for (seq,) in foreign if self._set_aside(ledger, seq)]

    def _search(self, ledger: str, held: HeldChain) -> list[int]:
        """Follow the ledger through all that is held of it, and set aside what strays from it."""
        tip = held.tip
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
        self._held[ledger] = HeldChain(held.gate, course.tip, course.missing.stop or None, forked)
        return strays

    def _later(self, ledger: str, through: int) -> Iterator[ChainLink]:
        """What is held of a ledger after ``through``, in order; read no further than it is used."""
        while page := self._database.query(
            "SELECT seq, hash, prevhash FROM entries WHERE ledger = ? AND seq > ?"
            f" ORDER BY seq LIMIT {_PAGE}",
            [ledger, through],
        ):
            for seq, digest, prevhash in page:
                yield ChainLink(seq, digest, prevhash)
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

    def save(self, ledgers: list[str]) -> None:
        """Write down how far these ledgers are held, and which gate writes each."""
        rows = []
        for ledger in ledgers:
            held = self._held[ledger]
            rows.append((ledger, held.gate, held.tip.through, held.tip.hash, held.beyond))
        saved = self._database.rows(
            ledger="TEXT", gate="TEXT", through="BIGINT", hash="TEXT", beyond="BIGINT"
        )
        self._database.execute(
            "INSERT INTO ledgers (ledger, gate, through, hash, beyond)"
            f" SELECT ledger, gate, through, hash, beyond FROM {saved} saved WHERE TRUE"
            " ON CONFLICT (ledger) DO UPDATE SET gate = excluded.gate,"
            " through = excluded.through, hash = excluded.hash, beyond = excluded.beyond",
            [packed(rows)],
        )
