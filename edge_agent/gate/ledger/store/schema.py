"""The tables, as migrations. A migration that was released is never edited."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations


TABLE = "_sqlite_migrations"
"""Where sqlite_utils notes which migrations were applied."""

NAME = "edge-agent"
"""What it calls ours there."""

STEPS: list[Callable[[Database], None]] = []
"""The migrations, the oldest first."""


@cache
def migrations() -> Migrations:
    """What applies them. Reading does without: sqlite_utils takes long to import."""
    from .lean_sqlite_utils import Migrations

    made = Migrations(NAME)
    for step in STEPS:
        made()(step)
    return made


def _migration(step: Callable[[Database], None]) -> Callable[[Database], None]:
    STEPS.append(step)
    return step


@_migration
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


@_migration
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


@_migration
def m003_remembered(db: Database) -> None:
    """Small facts about this installation, such as the sensor port that has worked."""
    db.conn.execute("CREATE TABLE remembered (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")


@_migration
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


@_migration
def m010_checkpoint(db: Database) -> None:
    """The last entry that was pruned, if any was: the chain goes on from its hash."""
    db.conn.execute(
        "CREATE TABLE checkpoint ("
        " one INTEGER PRIMARY KEY CHECK (one = 1),"
        " seq INTEGER NOT NULL CHECK (seq > 0),"
        " hash BLOB NOT NULL CHECK (length(hash) = 32)"
        ") STRICT"
    )


@_migration
def m020_watermark_sum(db: Database) -> None:
    """A checksum beside the watermarks: they tell what need not be rescued of a damaged ledger."""
    db.conn.execute("ALTER TABLE watermarks ADD COLUMN sum INTEGER")
    for row in db.conn.execute("SELECT published, confirmed, rejected FROM watermarks").fetchall():
        digest = zlib.crc32(" ".join(map(str, row)).encode())
        db.conn.execute("UPDATE watermarks SET sum = ?", (digest,))


@_migration
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


@_migration
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


@_migration
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


@_migration
def m050_backed_up(db: Database) -> None:
    """Which prints a backup of the templates holds."""
    db.conn.execute(
        "ALTER TABLE prints ADD COLUMN"
        " backed_up INTEGER NOT NULL DEFAULT 0 CHECK (backed_up IN (0, 1))"
    )


@_migration
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


@_migration
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


@_migration
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


@_migration
def m110_former_names(db: Database) -> None:
    """Whose a code was before it was another person's: theirs are its punches up to ``through``."""
    db.conn.execute(
        "CREATE TABLE former_names ("
        " worker TEXT NOT NULL,"
        " name TEXT NOT NULL,"
        " through INTEGER NOT NULL"
        ") STRICT"
    )


@_migration
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


@_migration
def m170_evidence(db: Database) -> None:
    """What the entries' ``evidence_hash`` opens to. It is erased with the worker.

    No index on the worker: it would be a page more to write for every punch.
    """
    db.conn.execute(
        "CREATE TABLE evidence_openings ("
        " seq INTEGER PRIMARY KEY CHECK (seq > 0),"
        " worker TEXT NOT NULL,"
        " finger TEXT NOT NULL,"
        " slot INTEGER NOT NULL,"
        " generation INTEGER NOT NULL,"
        " score INTEGER NOT NULL,"
        " salt BLOB NOT NULL"
        ") STRICT"
    )


@_migration
def m171_consents(db: Database) -> None:
    """The consents that live, one of a worker; a checksum beside each, as beside the prints."""
    db.conn.execute(
        "CREATE TABLE consents ("
        " worker TEXT PRIMARY KEY REFERENCES workers (code),"
        " text TEXT NOT NULL,"
        " text_hash BLOB NOT NULL CHECK (length(text_hash) = 32),"
        " signed TEXT NOT NULL,"
        " sum INTEGER NOT NULL"
        ") STRICT"
    )


@_migration
def m172_erasures(db: Database) -> None:
    """Whose fingers are to be erased, from when on, and how far that is.

    ``slots``: those whose templates the sensor may still hold, a JSON list of slot and generation.
    ``document``: what was done and how it was checked, once it is.
    """
    db.conn.execute(
        "CREATE TABLE erasures ("
        " id INTEGER PRIMARY KEY,"
        " worker TEXT NOT NULL,"
        " after TEXT,"
        " begun TEXT,"
        " slots TEXT NOT NULL,"
        " counts TEXT NOT NULL,"
        " scrubbed INTEGER NOT NULL CHECK (scrubbed IN (0, 1)),"
        " document TEXT"
        ") STRICT"
    )


@_migration
def m180_erased(db: Database) -> None:
    """Whose erasures are known here, by the entry that says why; those of former ledgers too.

    ``owed``: this database has not seen it, and what it holds of the worker has to go again.
    """
    db.conn.execute(
        "CREATE TABLE erased ("
        " ledger TEXT NOT NULL,"
        " seq INTEGER NOT NULL,"
        " worker TEXT NOT NULL,"
        " kind TEXT NOT NULL,"
        " owed INTEGER NOT NULL CHECK (owed IN (0, 1)),"
        " PRIMARY KEY (ledger, seq)"
        ") STRICT"
    )
    db.conn.execute(
        "INSERT INTO erased SELECT json_extract(CAST(wire AS TEXT), '$.data.ledger'), seq,"
        " json_extract(CAST(wire AS TEXT), '$.data.worker'), kind, 0 FROM ledger"
        " WHERE kind IN ('consent.withdrawn', 'worker.left')"
    )


@_migration
def m181_sealed_backups(db: Database) -> None:
    """The backups of the templates, each as JSON: until somebody says that it was destroyed."""
    db.conn.execute(
        "CREATE TABLE sealed_backups (backup TEXT PRIMARY KEY, details TEXT NOT NULL) STRICT"
    )
    db.conn.execute(
        "INSERT OR REPLACE INTO sealed_backups SELECT data ->> '$.backup', json_object("
        " 'backup', data ->> '$.backup', 'made', data ->> '$.at', 'prints', data ->> '$.prints',"
        " 'recipients', json(data -> '$.recipients')) FROM"
        " (SELECT json_extract(CAST(wire AS TEXT), '$.data') AS data FROM ledger"
        " WHERE kind = 'templates.sealed' ORDER BY seq)"
    )


@_migration
def m182_stopped(db: Database) -> None:
    """Since when a worker is not recognised whose erasure waits for its term."""
    db.conn.execute("ALTER TABLE erasures ADD COLUMN stopped TEXT")


@_migration
def m190_retention(db: Database) -> None:
    """Whose refused touches were, and the records of consents that live no more.

    Both stay for a time. ``ended``: a day; null: nobody knew which.
    """
    db.conn.execute(
        "CREATE TABLE attempt_openings ("
        " seq INTEGER PRIMARY KEY CHECK (seq > 0),"
        " worker TEXT NOT NULL,"
        " salt BLOB NOT NULL"
        ") STRICT"
    )
    db.conn.execute(
        "CREATE TABLE ended_consents ("
        " worker TEXT NOT NULL,"
        " text TEXT NOT NULL,"
        " text_hash BLOB NOT NULL CHECK (length(text_hash) = 32),"
        " signed TEXT NOT NULL,"
        " ended TEXT"
        ") STRICT"
    )


@_migration
def m191_claims(db: Database) -> None:
    """What workers have asked for about their data. ``asked``, ``due`` and ``closed`` are days."""
    db.conn.execute(
        "CREATE TABLE claims ("
        " id INTEGER PRIMARY KEY,"
        " worker TEXT NOT NULL,"
        " what TEXT NOT NULL,"
        " asked TEXT NOT NULL,"
        " due TEXT NOT NULL,"
        " opened_by TEXT NOT NULL,"
        " closed TEXT,"
        " answer TEXT,"
        " closed_by TEXT"
        ") STRICT"
    )


@_migration
def m200_vouched_name(db: Database) -> None:
    """The name that somebody has vouched for, where small steps have made another one of it.

    Null: it is the worker's name of today.
    """
    db.conn.execute("ALTER TABLE workers ADD COLUMN vouched_name TEXT")
