"""The tables, as migrations. A migration that was released is never edited.

Here are those of the ledger, its times, and who is known; what is kept about workers for a time has
its tables in privacy_schema.py.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from ....contract.people import another_person
from . import privacy_schema

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations


TABLE = "_sqlite_migrations"
"""Where sqlite_utils notes which migrations were applied."""

NAME = "edge-agent"
"""What it calls ours there."""


@cache
def migrations() -> Migrations:
    """What applies them. Reading does without: sqlite_utils takes long to import."""
    from .lean_sqlite_utils import Migrations

    made = Migrations(NAME)
    for step in STEPS:
        made()(step)
    return made


def m001_ledger(db: Database) -> None:
    """The ledger and whose it is; the two watermarks are all the outbox there is."""
    db.conn.execute(
        "CREATE TABLE ledger ("
        " seq INTEGER PRIMARY KEY CHECK (seq > 0),"
        " kind TEXT NOT NULL,"
        " hash BLOB NOT NULL CHECK (length(hash) = 32),"
        " wire BLOB NOT NULL"
        ") STRICT"
    )
    db.conn.execute(
        "CREATE TABLE identity ("
        " one INTEGER PRIMARY KEY CHECK (one = 1),"
        " ledger TEXT NOT NULL,"
        " gate TEXT NOT NULL"
        ") STRICT"
    )
    db.conn.execute(
        "CREATE TABLE watermarks ("
        " one INTEGER PRIMARY KEY CHECK (one = 1),"
        " published INTEGER NOT NULL,"
        " confirmed INTEGER NOT NULL,"
        " rejected INTEGER NOT NULL"
        ") STRICT"
    )
    # Punches whose true time is not known yet: what payroll must not judge before.
    db.conn.execute("CREATE TABLE pending_times (seq INTEGER PRIMARY KEY) STRICT")


def m002_people(db: Database) -> None:
    """Workers and prints. A slot's generations stay known after the print is gone."""
    db.conn.execute(
        "CREATE TABLE workers ("
        " code TEXT PRIMARY KEY,"
        " name TEXT NOT NULL,"
        " active INTEGER NOT NULL CHECK (active IN (0, 1))"
        ") STRICT"
    )
    db.conn.execute(
        "CREATE TABLE prints ("
        " slot INTEGER NOT NULL CHECK (slot >= 0),"
        " generation INTEGER NOT NULL CHECK (generation > 0),"
        " worker TEXT NOT NULL REFERENCES workers (code),"
        " finger TEXT NOT NULL,"
        " removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),"
        " PRIMARY KEY (slot, generation)"
        ") STRICT"
    )
    db.conn.execute("CREATE UNIQUE INDEX one_print_a_slot ON prints (slot) WHERE removed = 0")
    db.conn.execute(
        "CREATE UNIQUE INDEX one_slot_a_finger ON prints (worker, finger) WHERE removed = 0"
    )


def m003_remembered(db: Database) -> None:
    """Small facts about this installation, such as the sensor port that has worked."""
    db.conn.execute("CREATE TABLE remembered (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")


def m004_pairing(db: Database) -> None:
    """Which module the prints are in, and which slots are being changed."""
    db.conn.execute(
        "CREATE TABLE sensor_mark ("
        " one INTEGER PRIMARY KEY CHECK (one = 1),"
        " token BLOB NOT NULL,"
        " counter INTEGER NOT NULL"
        ") STRICT"
    )
    # Announced before the flash is touched: what stands here after a power cut is undone.
    db.conn.execute("CREATE TABLE announced_slots (slot INTEGER PRIMARY KEY) STRICT")
    db.conn.execute("ALTER TABLE prints ADD COLUMN digest BLOB")


def m010_checkpoint(db: Database) -> None:
    """The last entry that was pruned, if any was: the chain goes on from its hash."""
    db.conn.execute(
        "CREATE TABLE checkpoint ("
        " one INTEGER PRIMARY KEY CHECK (one = 1),"
        " seq INTEGER NOT NULL CHECK (seq > 0),"
        " hash BLOB NOT NULL CHECK (length(hash) = 32)"
        ") STRICT"
    )


def m020_watermark_sum(db: Database) -> None:
    """A checksum beside the watermarks: they tell what need not be rescued of a damaged ledger."""
    db.conn.execute("ALTER TABLE watermarks ADD COLUMN sum INTEGER")
    for row in db.conn.execute("SELECT published, confirmed, rejected FROM watermarks").fetchall():
        digest = zlib.crc32(" ".join(map(str, row)).encode())
        db.conn.execute("UPDATE watermarks SET sum = ?", (digest,))


def m021_print_sum(db: Database) -> None:
    """A checksum beside each print: a byte that flips must not credit one worker with another's."""
    db.conn.execute("ALTER TABLE prints ADD COLUMN sum INTEGER")
    rows = db.conn.execute(
        "SELECT slot, generation, worker, finger, removed, digest FROM prints"
    ).fetchall()
    for row in rows:
        db.conn.execute(
            "UPDATE prints SET sum = ? WHERE slot = ? AND generation = ?",
            (zlib.crc32(repr(row).encode()), row[0], row[1]),
        )


def m030_times(db: Database) -> None:
    """What times rest on, what was said of which punch, and which punches were voided."""
    db.conn.execute(
        "CREATE TABLE landmarks ("
        " seq INTEGER PRIMARY KEY,"
        " boot TEXT NOT NULL,"
        " boottime_ms INTEGER NOT NULL,"
        " wall_ms INTEGER NOT NULL,"
        " state TEXT NOT NULL,"
        " uncertainty_ms INTEGER,"
        " hardware_clock INTEGER CHECK (hardware_clock IN (0, 1))"
        ") STRICT"
    )
    db.conn.execute(
        "CREATE INDEX trusted_landmarks ON landmarks (seq) WHERE uncertainty_ms IS NOT NULL"
    )
    db.conn.execute(
        "CREATE INDEX hardware_clocks ON landmarks (seq) WHERE hardware_clock IS NOT NULL"
    )
    db.conn.execute("CREATE INDEX boots ON landmarks (boot, seq)")
    # Both sides of every change of boot and of trust.
    db.conn.execute(
        "INSERT INTO landmarks (seq, boot, boottime_ms, wall_ms, state, uncertainty_ms)"
        " WITH readings AS ("
        "  SELECT seq, json_extract(CAST(wire AS TEXT), '$.data.clock') AS clock FROM ledger),"
        " stamps AS ("
        "  SELECT seq, clock ->> '$.boot' AS boot, clock ->> '$.boottime_ms' AS boottime_ms,"
        "   clock ->> '$.wall' AS wall, clock ->> '$.state' AS state,"
        "   CASE clock ->> '$.state' WHEN 'unsynced' THEN NULL"
        "    ELSE clock ->> '$.uncertainty_ms' END AS uncertainty_ms"
        "  FROM readings),"
        " places AS ("
        "  SELECT *, boot || state AS place, lag(boot || state) OVER turn AS before,"
        "   lead(boot || state) OVER turn AS after"
        "  FROM stamps WINDOW turn AS (ORDER BY seq))"
        " SELECT seq, boot, boottime_ms,"
        "  strftime('%s', wall) * 1000 + substr(wall, -4, 3), state, uncertainty_ms"
        " FROM places WHERE before IS NOT place OR after IS NOT place"
    )
    # Without an index: each would be a page more to write for every punch without a clock.
    db.conn.execute(
        "CREATE TABLE times ("
        " seq INTEGER PRIMARY KEY,"
        " low_ms INTEGER,"
        " high_ms INTEGER,"
        " exact INTEGER NOT NULL DEFAULT 0,"
        " final INTEGER NOT NULL DEFAULT 0,"
        " stated_by INTEGER,"
        " open INTEGER NOT NULL DEFAULT 1 CHECK (open IN (0, 1))"
        ") STRICT"
    )
    db.conn.execute("INSERT INTO times (seq) SELECT seq FROM pending_times")
    db.conn.execute("DROP TABLE pending_times")
    db.conn.execute(
        "CREATE TABLE time_doubts (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL) STRICT"
    )
    db.conn.execute("CREATE TABLE voided (seq INTEGER PRIMARY KEY) STRICT")


def m040_roster(db: Database) -> None:
    """Payroll's own word on the workers whom its roster names, and which roster is in force."""
    db.conn.execute(
        "CREATE TABLE employments ("
        " worker TEXT PRIMARY KEY REFERENCES workers (code),"
        " active INTEGER NOT NULL CHECK (active IN (0, 1)),"
        " valid_from TEXT,"
        " valid_to TEXT"
        ") STRICT, WITHOUT ROWID"
    )
    db.conn.execute(
        "CREATE TABLE roster ("
        " one INTEGER PRIMARY KEY CHECK (one = 1),"
        " version INTEGER NOT NULL,"
        " digest BLOB NOT NULL,"
        " refused TEXT,"
        " refused_digest BLOB NOT NULL"
        ") STRICT"
    )


def m050_backed_up(db: Database) -> None:
    """Which prints a backup of the templates holds."""
    db.conn.execute(
        "ALTER TABLE prints ADD COLUMN"
        " backed_up INTEGER NOT NULL DEFAULT 0 CHECK (backed_up IN (0, 1))"
    )


def m070_listings(db: Database) -> None:
    """What a roster says of workers, before it stands where it belongs.

    Those of a version above the one in force are none yet; those of the one in force count, and
    wait for the entries that say so.
    """
    db.conn.execute(
        "CREATE TABLE listings ("
        " worker TEXT PRIMARY KEY,"
        " version INTEGER NOT NULL,"
        " added INTEGER NOT NULL CHECK (added IN (0, 1)),"
        " name TEXT NOT NULL,"
        " active INTEGER NOT NULL CHECK (active IN (0, 1)),"
        " valid_from TEXT,"
        " valid_to TEXT"
        ") STRICT, WITHOUT ROWID"
    )


def m080_worker_sum(db: Database) -> None:
    """A checksum beside each worker and what payroll says of them, as beside the prints."""
    for table, columns in (
        ("workers", "code, name, active"),
        ("employments", "worker, active, valid_from, valid_to"),
    ):
        db.conn.execute(f"ALTER TABLE {table} ADD COLUMN sum INTEGER")
        key = columns.partition(",")[0]
        for row in db.conn.execute(f"SELECT {columns} FROM {table}").fetchall():
            db.conn.execute(
                f"UPDATE {table} SET sum = ? WHERE {key} = ?",
                (zlib.crc32(repr(row).encode()), row[0]),
            )


def m090_no_listings(db: Database) -> None:
    """A roster comes into force in one transaction.

    What one in force had not put in its place yet goes there; what another had only prepared is
    forgotten.
    """
    rows = db.conn.execute(
        "SELECT worker, listings.name, coalesce(workers.active, 1), listings.active, valid_from,"
        " valid_to FROM listings JOIN roster ON listings.version = roster.version"
        " LEFT JOIN workers ON code = worker"
    ).fetchall()
    for code, name, active, *listed in rows:
        worker, employment = (code, name, active), (code, *listed)
        db.conn.execute(
            "INSERT INTO workers (code, name, active, sum) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET name = excluded.name, sum = excluded.sum",
            (*worker, zlib.crc32(repr(worker).encode())),
        )
        db.conn.execute(
            "REPLACE INTO employments (worker, active, valid_from, valid_to, sum)"
            " VALUES (?, ?, ?, ?, ?)",
            (*employment, zlib.crc32(repr(employment).encode())),
        )
    db.conn.execute("DROP TABLE listings")


def m110_former_names(db: Database) -> None:
    """Whose a code was before it was another person's: theirs are its punches up to ``through``."""
    db.conn.execute(
        "CREATE TABLE former_names ("
        " worker TEXT NOT NULL,"
        " name TEXT NOT NULL,"
        " through INTEGER NOT NULL"
        ") STRICT"
    )


def m120_credentials(db: Database) -> None:
    """Cards, PINs and QR codes, one of each to a worker, and whom a supervisor has named.

    A checksum beside each, as beside the prints: a byte that flips must credit nobody else.
    """
    db.conn.execute(
        "CREATE TABLE credentials ("
        " worker TEXT NOT NULL REFERENCES workers (code),"
        " method TEXT NOT NULL CHECK (method IN ('card', 'pin', 'qr')),"
        " salt BLOB NOT NULL,"
        " hash BLOB NOT NULL CHECK (length(hash) = 32),"
        " sum INTEGER NOT NULL,"
        " PRIMARY KEY (worker, method)"
        ") STRICT"
    )
    # Of two workers' cards one would win by chance.
    db.conn.execute("CREATE UNIQUE INDEX one_worker_a_card ON credentials (hash)")
    db.conn.execute(
        "CREATE TABLE named_workers (worker TEXT PRIMARY KEY REFERENCES workers (code)) STRICT"
    )


def m200_vouched_name(db: Database) -> None:
    """The name that somebody has vouched for, where small steps have made another one of it.

    Null: it is the worker's name of today.
    """
    db.conn.execute("ALTER TABLE workers ADD COLUMN vouched_name TEXT")


def m210_held_back(db: Database) -> None:
    """The vouched name stays where a code with prints or cards is given to another person.

    Whose they are is found out once, of what earlier versions have written: nobody at the gate has
    said, since the name changed, that the code is the same person's. Payroll says that its worker
    is active, and not whose the prints are.
    """
    former: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for code, today, through, name in db.conn.execute(
        "SELECT worker, workers.name, through, former_names.name FROM former_names"
        " JOIN workers ON code = worker WHERE NOT active AND"
        " (EXISTS (SELECT 1 FROM prints WHERE prints.worker = code AND removed = 0)"
        " OR EXISTS (SELECT 1 FROM credentials WHERE credentials.worker = code))"
    ).fetchall():
        former.setdefault((code, today), []).append((through, name))
    for (code, today), names in former.items():
        [(said,)] = db.conn.execute(
            "SELECT coalesce(max(seq), 0) FROM ledger WHERE seq > ? AND kind = 'worker.changed'"
            " AND instr(wire, ?) AND instr(wire, ?) AND NOT instr(wire, ?)",
            (
                *(min(names)[0], b'"worker":' + msgspec.json.encode(code)),
                *(b'"active":true', b'"actor":"payroll"'),
            ),
        )
        since = [name for through, name in sorted(names) if through >= said]
        if since and another_person(since[0], today):
            db.conn.execute("UPDATE workers SET vouched_name = ? WHERE code = ?", (since[0], code))


STEPS: list[Callable[[Database], None]] = sorted(
    (
        m001_ledger,
        m002_people,
        m003_remembered,
        m004_pairing,
        m010_checkpoint,
        m020_watermark_sum,
        m021_print_sum,
        m030_times,
        m040_roster,
        m050_backed_up,
        m070_listings,
        m080_worker_sum,
        m090_no_listings,
        m110_former_names,
        m120_credentials,
        m200_vouched_name,
        m210_held_back,
        *privacy_schema.STEPS,
    ),
    key=lambda step: step.__name__,
)
"""The migrations, the oldest first, as their numbers say."""
