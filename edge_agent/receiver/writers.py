"""Which gate writes a ledger, and which others say that they do, or that they go on with it.

Payroll believes the gate that opened a ledger, and of another gate's presses nobody but that gate
under its own id. Whatever else may be right, a person decides: rows of ``corrections``, ``owner``
(this ledger is that gate's) and ``successor`` (this gate is that one, under a new id).
"""

from collections.abc import Iterable

from msgspec import Struct

from .databases.database import Database, packed


class Foreign(Struct, frozen=True):
    """An entry that ``gate`` has sent of a ledger which another gate, ``owner``, writes."""

    gate: str
    ledger: str
    owner: str


class Successor(Struct, frozen=True):
    """``gate`` says with its ``ledger`` that it goes on with what another gate, ``former``, wrote,
    and nobody has confirmed it. ``second``: that gate, or another one, goes on as well.
    """

    gate: str
    ledger: str
    former: str
    since: str
    second: bool


class OtherWriter(Struct, frozen=True):
    """``gate`` sends of a ledger that is held as ``owner``'s; nobody has decided for it."""

    gate: str
    ledger: str
    owner: str
    since: str


def decided_owners(database: Database, ledgers: Iterable[str]) -> dict[str, str]:
    """Ledger → the gate that a person has named as its own, where one has."""
    asked = database.rows(ledger="TEXT")
    found = database.query(
        f"SELECT c.ledger, c.gate FROM {asked} a JOIN standing c ON c.ledger = a.ledger"
        " WHERE c.what = 'owner' ORDER BY c.id",
        [packed([ledger] for ledger in ledgers)],
    )
    return dict(found)


def note_foreign(database: Database, foreign: Iterable[Foreign], received_at: str) -> None:
    """Keep who writes into whose ledger, once each: a person has to hear of it."""
    for gate, ledger in sorted({(one.gate, one.ledger) for one in foreign}):
        database.execute(
            "INSERT INTO other_writers (ledger, gate, since) VALUES (?, ?, ?)"
            " ON CONFLICT (ledger, gate) DO NOTHING",
            [ledger, gate, received_at],
        )


_SUCCESSORS = """
SELECT s.gate, s.ledger, l.gate, o.received_at, CASE
    WHEN EXISTS (SELECT 1 FROM heirs h WHERE h.former = l.gate) THEN 1
    WHEN (SELECT e.received_at FROM entries e WHERE e.ledger = l.ledger
        ORDER BY e.seq DESC LIMIT 1) > o.received_at THEN 1
    WHEN EXISTS (SELECT 1 FROM successions f JOIN entries p ON p.ledger = f.ledger AND p.seq = f.seq
        WHERE f.previous = s.previous AND f.gate <> s.gate
        AND (p.received_at < o.received_at OR f.gate = l.gate)) THEN 1
    ELSE 0 END
FROM successions s JOIN ledgers l ON l.ledger = s.previous
JOIN entries o ON o.ledger = s.ledger AND o.seq = s.seq
WHERE s.gate <> l.gate
    AND NOT EXISTS (SELECT 1 FROM heirs h WHERE h.gate = s.gate AND h.former = l.gate)
"""


def successors(database: Database, ledgers: Iterable[str] | None = None) -> list[Successor]:
    """Those that nobody has confirmed; of all ``ledgers`` where none are named."""
    if ledgers is None:
        found = database.query(f"{_SUCCESSORS} ORDER BY s.ledger")
    else:
        asked = database.rows(ledger="TEXT")
        found = database.query(
            f"{_SUCCESSORS} AND s.ledger IN (SELECT a.ledger FROM {asked} a) ORDER BY s.ledger",
            [packed([ledger] for ledger in ledgers)],
        )
    return [
        Successor(gate, ledger, former, since, bool(second))
        for gate, ledger, former, since, second in found
    ]


def other_writers(database: Database) -> list[OtherWriter]:
    """Who sends of a ledger that is another gate's, and is not the one whom a person has named."""
    found = database.query(
        "SELECT w.gate, w.ledger, l.gate, w.since FROM other_writers w"
        " JOIN ledgers l ON l.ledger = w.ledger WHERE w.gate <> l.gate ORDER BY w.ledger, w.gate"
    )
    named = decided_owners(database, {ledger for _, ledger, _, _ in found})
    return [OtherWriter(*row) for row in found if named.get(row[1]) != row[0]]
