"""Whose presses have to be read anew: noted in the transaction that changes them."""

from collections.abc import Iterable, Sequence

from ..accept import Arrival
from ..databases.database import Database, Row, packed
from ..databases.views import ELSEWHEN

_KEY = {"ledger": "TEXT", "seq": "BIGINT"}

_BESIDE = f"""SELECT e.seq FROM entries e WHERE e.ledger = m.ledger
                AND e.at IS NOT NULL AND e.kind NOT IN ({ELSEWHEN}) AND e.seq {{}}"""


def mark_due(database: Database, codes: Iterable[tuple[str, int | None]]) -> None:
    """These workers' presses are to be read anew, each from a moment on; None: from the first."""
    database.insert("pairing_due", ("code", "since_ms"), codes)


def due_by_entries(
    database: Database, arrivals: Sequence[Arrival], marks: Sequence[Row], others: Sequence[Row]
) -> None:
    """Entries have come, and what they mean is held already.

    ``marks``: (ledger, seq, code, at_ms) of those that are punches of their own with a time;
    ``others``: (ledger, seq) of all that rule on punches, or recover one, or have no time.
    """
    if marks:
        _due_by_marks(database, marks)
    if others:
        due_by_punches(database, others)
    _due_by_neighbours(database, arrivals)


def _due_by_marks(database: Database, marks: Sequence[Row]) -> None:
    """Most of all that comes: nothing has been said of these, but by what came out of order."""
    first: dict[str, int] = {}
    for _, _, code, at_ms in marks:
        first[code] = min(at_ms, first.get(code, at_ms))
    mark_due(database, first.items())
    given = database.rows(**_KEY)
    told = database.query(
        f"WITH given AS (SELECT ledger, seq FROM {given} rows_given)"
        " SELECT g.ledger, g.seq FROM given g"
        " JOIN rulings r ON r.ledger = g.ledger AND r.punch = g.seq"
        " UNION SELECT g.ledger, g.seq FROM given g"
        " JOIN marks m ON m.root_ledger = g.ledger AND m.root_seq = g.seq AND m.depth > 0",
        [packed((ledger, seq) for ledger, seq, _, _ in marks)],
    )
    if told:
        due_by_punches(database, told)


def due_by_punches(database: Database, keys: Sequence[Row]) -> None:
    """Whatever a punch's time was ever said to be: those of these entries (ledger, seq), and those
    of which they say something."""
    given = database.rows(**_KEY)
    database.execute(
        f"""
        WITH given AS (SELECT ledger, seq FROM {given} rows_given), named AS (
            SELECT m.* FROM given g JOIN marks m ON m.ledger = g.ledger AND m.seq = g.seq
            UNION SELECT m.* FROM given g JOIN rulings r ON r.ledger = g.ledger AND r.seq = g.seq
                JOIN marks m ON m.ledger = r.ledger AND m.seq = r.punch
        ), same AS (
            SELECT * FROM named
            UNION SELECT m.* FROM named n JOIN marks m
                ON m.root_ledger = n.root_ledger AND m.root_seq = n.root_seq AND m.depth > 0
            UNION SELECT m.* FROM named n JOIN marks m
                ON m.ledger = n.root_ledger AND m.seq = n.root_seq
        )
        INSERT INTO pairing_due (code, since_ms)
        SELECT code, MIN(at_ms) FROM (
            SELECT s.code, COALESCE(s.at_ms, (SELECT m.at_ms FROM marks m
                WHERE m.ledger = s.ledger AND m.seq < s.seq AND m.at_ms IS NOT NULL
                AND m.source <> 'supervisor' ORDER BY m.seq DESC LIMIT 1), 0) AS at_ms FROM same s
            UNION ALL SELECT s.code, r.at_ms FROM same s
                JOIN rulings r ON r.ledger = s.ledger AND r.punch = s.seq AND r.at_ms IS NOT NULL
            UNION ALL SELECT s.code, k.place_ms FROM same s
                JOIN kept_presses k ON k.ledger = s.ledger AND k.seq = s.seq
        ) told GROUP BY code
        """,
        [packed(keys)],
    )


def _due_by_neighbours(database: Database, arrivals: Sequence[Arrival]) -> None:
    """A press without a time stands between the entries beside it: these may be new ones."""
    ledgers = {arrival.ledger for arrival in arrivals if arrival.at is not None}
    if not ledgers:
        return
    asked = database.rows(ledger="TEXT")
    waiting = database.query(
        f"""
        SELECT m.ledger, m.seq, ({_BESIDE.format("> m.seq ORDER BY e.seq LIMIT 1")}),
            ({_BESIDE.format("< m.seq ORDER BY e.seq DESC LIMIT 1")})
        FROM {asked} a JOIN marks m ON m.ledger = a.ledger AND m.at_ms IS NULL
        WHERE NOT EXISTS (SELECT 1 FROM rulings r
            WHERE r.ledger = m.ledger AND r.punch = m.seq AND r.at_ms IS NOT NULL)
        """,
        [packed([ledger] for ledger in ledgers)],
    )
    if not waiting:
        return
    new = {(arrival.ledger, arrival.seq) for arrival in arrivals}
    moved = [
        (ledger, seq)
        for ledger, seq, after, before in waiting
        if (ledger, after) in new or (ledger, before) in new
    ]
    if moved:
        due_by_punches(database, moved)
