"""The tables of payroll's database, and how they came to be."""

import hashlib
import logging
from collections.abc import Callable, Iterator

from msgspec import Struct

from ...contract.errors import StoreFault
from ..effects import EFFECTS_VERSION
from .database import Database, Guard
from .views import VIEWS

ENTRY_COLUMNS = (
    *("ledger", "seq", "gate", "kind", "worker", "at", "hash", "prevhash", "wire"),
    "received_at",
)

_ENTRY = """
    ledger TEXT NOT NULL, seq BIGINT NOT NULL, gate TEXT NOT NULL, kind TEXT NOT NULL,
    worker TEXT, at TEXT, hash TEXT NOT NULL, prevhash TEXT NOT NULL, wire {bytes} NOT NULL,
    received_at TEXT NOT NULL
"""
_MOMENT = "at TEXT, at_ms BIGINT, day TEXT, time TEXT"
"""An instant as the gate wrote it, in UTC milliseconds, and as its local date and time of day."""

PAIRING_VERSION = "2"
"""Raised whenever presses come to other sessions than before: all are then read anew."""

_log = logging.getLogger(__name__)

_SAME = ("ledger", "seq", "hash")
"""The hash is over all of an entry's data, and what came before it."""


class _ForWhoeverCorrects(Struct, frozen=True):
    """Who was given the right to add corrections gets these on a new table, which correcting needs
    from now on."""

    table: str
    privileges: str

    def statements(self, database: Database) -> Iterator[str]:
        for grant in database.grants(["corrections"]):
            if grant.startswith("GRANT INSERT ON "):
                _, _, role = grant.partition(" TO ")
                yield f"GRANT {self.privileges} ON {self.table} TO {role}"


class _Unchecked(Struct, frozen=True):
    """A column that may hold more from now on than it was made for."""

    table: str
    column: str


def _decide_shifts(database: Database) -> None:
    """The table of shifts in force becomes a correction, as each later one is entered."""
    rows = database.query(
        "SELECT v.made_at, v.actor, s.shift FROM shifts s JOIN shift_versions v"
        " ON v.version = s.version WHERE v.version = (SELECT MAX(version) FROM shift_versions)"
        " ORDER BY s.place"
    )
    for part, (made_at, actor, shift) in enumerate(rows, start=1):
        details = f'{{"part":{part},"of":{len(rows)},"shifts":[{shift}]}}'
        database.execute(
            "INSERT INTO corrections (made_at, actor, reason, what, details)"
            " VALUES (?, ?, ?, 'shifts', ?)",
            [made_at, actor, "shifts import", details],
        )


_Step = str | Guard | _ForWhoeverCorrects | _Unchecked | Callable[[Database], None]

_STEPS: dict[str, tuple[_Step, ...]] = {
    "entries": (
        # IF NOT EXISTS: a file of the first version has them, from before there was this list.
        f"CREATE TABLE IF NOT EXISTS entries ({_ENTRY}, PRIMARY KEY (ledger, seq))",
        f"CREATE TABLE IF NOT EXISTS forks ({_ENTRY}, PRIMARY KEY (ledger, seq, hash))",
        "CREATE TABLE IF NOT EXISTS ledgers (ledger TEXT PRIMARY KEY, gate TEXT NOT NULL,"
        " through BIGINT NOT NULL, hash TEXT NOT NULL)",
        # The first entry held beyond the first gap: what is missing is known without a search.
        "ALTER TABLE ledgers ADD COLUMN beyond BIGINT",
        "UPDATE ledgers SET beyond = (SELECT MIN(seq) FROM entries"
        " WHERE entries.ledger = ledgers.ledger AND seq > through)",
        "CREATE INDEX ledgers_of_gate ON ledgers (gate)",
        "DROP VIEW IF EXISTS punches",
    ),
    "effects": (
        f"""
        CREATE TABLE marks (
            ledger TEXT NOT NULL, seq BIGINT NOT NULL, gate TEXT NOT NULL, code TEXT NOT NULL,
            {_MOMENT}, not_before TEXT, not_after TEXT, uncertainty_ms BIGINT,
            direction TEXT, source TEXT NOT NULL, repeated INTEGER NOT NULL,
            root_ledger TEXT NOT NULL, root_seq BIGINT NOT NULL, root_hash TEXT NOT NULL,
            depth INTEGER NOT NULL, PRIMARY KEY (ledger, seq))
        """,
        "CREATE INDEX marks_recovered ON marks (root_ledger, root_seq) WHERE depth > 0",
        f"""
        CREATE TABLE rulings (
            ledger TEXT NOT NULL, seq BIGINT NOT NULL, punch BIGINT NOT NULL, what TEXT NOT NULL,
            {_MOMENT}, not_before TEXT, not_after TEXT, uncertainty_ms BIGINT,
            final INTEGER NOT NULL, PRIMARY KEY (ledger, seq))
        """,
        "CREATE TABLE signs (ledger TEXT NOT NULL, seq BIGINT NOT NULL, gate TEXT NOT NULL,"
        " at_ms BIGINT NOT NULL, recording INTEGER NOT NULL, resumed INTEGER NOT NULL,"
        " PRIMARY KEY (ledger, seq))",
        "CREATE INDEX signs_in_time ON signs (gate, at_ms)",
        "CREATE TABLE rejections (ledger TEXT NOT NULL, seq BIGINT NOT NULL, gate TEXT NOT NULL,"
        " reason TEXT NOT NULL, PRIMARY KEY (ledger, seq))",
        "CREATE TABLE known_workers (code TEXT PRIMARY KEY, name TEXT NOT NULL)",
        f"""
        CREATE TABLE corrections (
            id {{id}}, made_at TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
            what TEXT NOT NULL CHECK (what IN ('void', 'add')),
            ledger TEXT, seq BIGINT, code TEXT, {_MOMENT}, direction TEXT, gate TEXT)
        """,
        "CREATE TABLE derived (what TEXT PRIMARY KEY, version TEXT NOT NULL)",
    ),
    "rosters": (
        # A row for each that came into force: the newest is in force.
        "CREATE TABLE rosters (version BIGINT PRIMARY KEY, digest TEXT NOT NULL,"
        " workers BIGINT NOT NULL, applied_at TEXT NOT NULL)",
    ),
    "covered": (
        # When every press would have been recorded. It takes the place of a coarser rule on signs.
        "CREATE TABLE covered (gate TEXT NOT NULL, begin_ms BIGINT NOT NULL,"
        " end_ms BIGINT NOT NULL, PRIMARY KEY (gate, begin_ms))",
        "DROP VIEW IF EXISTS sessions",
        "DROP VIEW IF EXISTS uncovered",
        "DROP TABLE signs",
    ),
    "append-only": (
        Guard("corrections", ("id",)),
        # What proves to be of another history moves to the forks, and back should that be wrong.
        Guard("entries", ("ledger", "seq"), "forks", _SAME),
        Guard("forks", ("ledger", "seq", "hash"), "entries", _SAME),
    ),
    "listed": (
        # What the roster in force says of a worker; null until the next one comes.
        "ALTER TABLE known_workers ADD COLUMN listed INTEGER",
        "ALTER TABLE known_workers ADD COLUMN active INTEGER",
        "ALTER TABLE known_workers ADD COLUMN valid_from TEXT",
        "ALTER TABLE known_workers ADD COLUMN valid_to TEXT",
    ),
    "successions": (
        # Which ledger the gate of another has left for it.
        "CREATE TABLE successions (ledger TEXT NOT NULL, seq BIGINT NOT NULL, gate TEXT NOT NULL,"
        " previous TEXT NOT NULL, PRIMARY KEY (ledger, seq))",
        "CREATE INDEX successors ON successions (previous)",
    ),
    "former-names": (
        # Whose a code was before a roster gave it to another person: until when, by its coming.
        "CREATE TABLE former_names (code TEXT NOT NULL, name TEXT NOT NULL,"
        " until_ms BIGINT NOT NULL, PRIMARY KEY (code, until_ms))",
    ),
    "worktime": (
        # The view becomes one on what is kept.
        "DROP VIEW IF EXISTS sessions",
        "DROP VIEW IF EXISTS worked",
        "ALTER TABLE marks ADD COLUMN direction_source TEXT",
        "ALTER TABLE rulings ADD COLUMN direction TEXT",
        "ALTER TABLE rulings ADD COLUMN direction_source TEXT",
        "ALTER TABLE known_workers ADD COLUMN team TEXT",
        "CREATE INDEX marks_of_worker ON marks (code, at_ms)",
        "CREATE INDEX marks_without_time ON marks (ledger, seq) WHERE at_ms IS NULL",
        "CREATE INDEX rulings_of_punch ON rulings (ledger, punch)",
        "CREATE INDEX rulings_in_time ON rulings (at_ms)",
        """
        CREATE TABLE kept_sessions (
            lead_ledger TEXT NOT NULL, lead_seq BIGINT NOT NULL, code TEXT NOT NULL,
            place_ms BIGINT NOT NULL, date TEXT, in_at TEXT, in_gate TEXT, in_ledger TEXT,
            in_seq BIGINT, out_at TEXT, out_gate TEXT, out_ledger TEXT, out_seq BIGINT,
            status TEXT NOT NULL, seconds BIGINT, break_seconds BIGINT, shift TEXT,
            rest_day INTEGER, late_seconds BIGINT NOT NULL, early_seconds BIGINT NOT NULL,
            shift_begin TEXT, shift_end TEXT, why TEXT, run_ledger TEXT, run_seq BIGINT,
            not_before TEXT, not_after TEXT, since_ms BIGINT, until_ms BIGINT,
            going_on INTEGER NOT NULL, PRIMARY KEY (lead_ledger, lead_seq))
        """,
        "CREATE INDEX kept_sessions_of_worker ON kept_sessions (code, place_ms)",
        "CREATE INDEX kept_sessions_of_day ON kept_sessions (date)",
        """
        CREATE TABLE kept_doubts (
            run_ledger TEXT NOT NULL, run_seq BIGINT NOT NULL, code TEXT NOT NULL,
            place_ms BIGINT NOT NULL, date TEXT, shift TEXT, why TEXT NOT NULL,
            status TEXT NOT NULL, gate TEXT, begin_at TEXT, end_at TEXT, since_ms BIGINT,
            until_ms BIGINT, going_on INTEGER NOT NULL, presses TEXT NOT NULL,
            readings TEXT NOT NULL, PRIMARY KEY (run_ledger, run_seq))
        """,
        "CREATE INDEX kept_doubts_of_worker ON kept_doubts (code, place_ms)",
        # Whose presses have to be read anew, from when on; null: from the first.
        "CREATE TABLE pairing_due (id {id}, code TEXT NOT NULL, since_ms BIGINT)",
        "CREATE INDEX pairing_due_of_worker ON pairing_due (code)",
        "CREATE TABLE shift_versions (version BIGINT PRIMARY KEY, zone TEXT NOT NULL,"
        " made_at TEXT NOT NULL, actor TEXT NOT NULL, digest TEXT NOT NULL)",
        # Each row of the table of shifts, as JSON: they are read as a whole.
        "CREATE TABLE shifts (version BIGINT NOT NULL, place BIGINT NOT NULL,"
        " shift TEXT NOT NULL, PRIMARY KEY (version, place))",
        *(
            _ForWhoeverCorrects(table, "SELECT, INSERT, DELETE")
            for table in ("kept_sessions", "kept_doubts", "pairing_due")
        ),
        *(_ForWhoeverCorrects(table, "SELECT, INSERT") for table in ("shift_versions", "shifts")),
    ),
    "changes": (
        # What every punch that counts looked like when a bridge was told of it last.
        "CREATE TABLE kept_presses (ledger TEXT NOT NULL, seq BIGINT NOT NULL, code TEXT NOT NULL,"
        " place_ms BIGINT NOT NULL, date TEXT, at TEXT, gate TEXT, direction TEXT,"
        " state TEXT NOT NULL, PRIMARY KEY (ledger, seq))",
        "CREATE INDEX kept_presses_of_worker ON kept_presses (code, place_ms)",
        "CREATE TABLE change_log (place {id}, what TEXT NOT NULL, change TEXT NOT NULL,"
        " ledger TEXT NOT NULL, seq BIGINT NOT NULL, code TEXT NOT NULL, date TEXT, status TEXT,"
        " gate TEXT, direction TEXT, at TEXT, until_at TEXT, seconds BIGINT, break_seconds BIGINT)",
        "CREATE INDEX change_log_of ON change_log (what, ledger, seq)",
        _ForWhoeverCorrects("kept_presses", "SELECT, INSERT, DELETE"),
        _ForWhoeverCorrects("change_log", "SELECT, INSERT"),
    ),
    "office": (
        # A clerk decides more than what counts: office/journal.py names the kinds.
        _Unchecked("corrections", "what"),
        "ALTER TABLE corrections ADD COLUMN details TEXT",
        "CREATE INDEX corrections_of ON corrections (ledger, seq)",
    ),
    "writers": (
        # Which gates send of a ledger that is another's.
        "CREATE TABLE other_writers (ledger TEXT NOT NULL, gate TEXT NOT NULL,"
        " since TEXT NOT NULL, PRIMARY KEY (ledger, gate))",
        _ForWhoeverCorrects("other_writers", "SELECT"),
        _ForWhoeverCorrects("successions", "SELECT"),
        # Who goes on with another gate's ledger wants a person's word from now on; what has counted
        # until now goes on counting, and can be taken back.
        """
        INSERT INTO corrections (made_at, actor, reason, what, ledger, seq, gate, details)
        SELECT MIN(o.received_at), 'edge-agent', 'counted before the update', 'successor',
            MIN(s.ledger), 1, s.gate, l.gate
        FROM successions s JOIN ledgers l ON l.ledger = s.previous AND l.gate <> s.gate
        JOIN entries o ON o.ledger = s.ledger AND o.seq = s.seq
        WHERE NOT EXISTS (SELECT 1 FROM entries e
            WHERE e.ledger = l.ledger AND e.received_at > o.received_at)
        AND EXISTS (SELECT 1 FROM marks m
            WHERE m.ledger = s.ledger AND m.depth > 0 AND m.root_ledger = l.ledger)
        GROUP BY s.gate, l.gate ORDER BY 1
        """,
    ),
    "shifts-decided": (_decide_shifts,),
    "erasures": (
        # Whose erasures the gates have told, for a gate whose database came from before them; and
        # which ledgers know of all before.
        "CREATE TABLE erasures (ledger TEXT NOT NULL, seq BIGINT NOT NULL, gate TEXT NOT NULL,"
        " worker TEXT, kind TEXT NOT NULL, PRIMARY KEY (ledger, seq))",
        "CREATE INDEX erasures_of_gate ON erasures (gate)",
        "INSERT INTO erasures SELECT ledger, seq, gate, worker, kind FROM entries"
        " WHERE kind IN ('consent.withdrawn', 'worker.left', 'erasures.known')",
    ),
}
"""Name → statements. A released step is never edited: a new one is added."""

_DONE = "receiver_steps"
_FIRST_VERSION = {"_sqlite_migrations", "entries"}
"""How files of the first version can be told from those of other programs, and of a gate."""


def prepare(
    database: Database, project: Callable[[Database], None], *, may_be_new: bool = True
) -> None:
    """Bring the database up to date; ``project`` makes anew what is derived from its entries.

    Raises StoreFault, with nothing changed, where it is another program's or a newer version's, or
    holds nothing and may not be new.
    """
    done = _done(database)
    if done - _STEPS.keys():
        raise StoreFault("payroll.database-newer", name=database.name)
    tables = database.tables()
    if not tables:
        if not may_be_new:
            raise StoreFault("payroll.database-not-of-receiver", name=database.name)
        _log.info("database-new %s", database.name)
    if not done and tables and not tables >= _FIRST_VERSION:
        raise StoreFault("payroll.database-of-another", name=database.name)
    database.adopt()
    with database.transaction():
        grants = database.grants(VIEWS)
        database.execute(f"CREATE TABLE IF NOT EXISTS {_DONE} (name TEXT PRIMARY KEY)")
        for name, statements in _STEPS.items():
            if name not in done:
                for statement in statements:
                    if isinstance(statement, Guard):
                        database.guard(statement)
                    elif isinstance(statement, _ForWhoeverCorrects):
                        for grant in statement.statements(database):
                            database.execute(grant)
                    elif isinstance(statement, _Unchecked):
                        database.uncheck(statement.table, statement.column)
                    elif isinstance(statement, str):
                        database.execute(statement.format_map(database.types))
                    else:
                        statement(database)
                database.execute(f"INSERT INTO {_DONE} VALUES (?)", [name])
        if _is_new(database, "effects", EFFECTS_VERSION):
            project(database)
        if _is_new(database, "pairing", PAIRING_VERSION):
            database.execute(
                "INSERT INTO pairing_due (code, since_ms) SELECT DISTINCT code,"
                " CAST(NULL AS BIGINT) FROM marks"
            )
            database.execute(
                "INSERT INTO pairing_due (code, since_ms) SELECT DISTINCT code,"
                " CAST(NULL AS BIGINT) FROM corrections WHERE what = 'add'"
            )
        # Only where they changed: whoever reads one would have to wait.
        if _is_new(database, "views", hashlib.sha256(repr(VIEWS).encode()).hexdigest()):
            for name in reversed(VIEWS):
                database.execute(f"DROP VIEW IF EXISTS {name}")
            for name, text in VIEWS.items():
                database.execute(f"CREATE VIEW {name} AS {text.format_map(database.types)}")
            for grant in grants:  # What others may read of a view had gone with it.
                database.execute(grant)


def _is_new(database: Database, what: str, version: str) -> bool:
    if database.query("SELECT version FROM derived WHERE what = ?", [what]) == [(version,)]:
        return False
    database.execute(
        "INSERT INTO derived VALUES (?, ?) ON CONFLICT (what) DO UPDATE SET version ="
        " excluded.version",
        [what, version],
    )
    return True


def check(database: Database) -> None:
    """Raises StoreFault where a receiver of this version has not prepared the database yet."""
    done = _done(database)
    if done - _STEPS.keys():
        raise StoreFault("payroll.database-newer", name=database.name)
    if not done and (tables := database.tables()) and not tables >= _FIRST_VERSION:
        raise StoreFault("payroll.database-of-another", name=database.name)
    if done != _STEPS.keys():
        raise StoreFault("payroll.database-not-of-receiver", name=database.name)


def _done(database: Database) -> set[str]:
    if _DONE not in database.tables():
        return set()
    return {name for (name,) in database.query(f"SELECT name FROM {_DONE}")}
