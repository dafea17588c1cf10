"""The tables of what is kept about workers for a time: evidence, consents, erasures, claims.

As migrations, and as in schema.py: one that was released is never edited.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


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


def m182_stopped(db: Database) -> None:
    """Since when a worker is not recognised whose erasure waits for its term."""
    db.conn.execute("ALTER TABLE erasures ADD COLUMN stopped TEXT")


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


def m210_erasure_sums(db: Database) -> None:
    """A checksum beside who is to be erased, or was: a flipped byte must not erase another one."""
    for table, columns in (
        ("erasures", "id, worker, after, begun, slots, counts, scrubbed, document, stopped"),
        ("erased", "ledger, seq, worker, kind, owed"),
    ):
        db.conn.execute(f"ALTER TABLE {table} ADD COLUMN sum INTEGER")
        for rowid, *row in db.conn.execute(f"SELECT rowid, {columns} FROM {table}").fetchall():
            digest = zlib.crc32(repr(tuple(row)).encode())
            db.conn.execute(f"UPDATE {table} SET sum = ? WHERE rowid = ?", (digest, rowid))


STEPS = (
    m170_evidence,
    m171_consents,
    m172_erasures,
    m180_erased,
    m181_sealed_backups,
    m182_stopped,
    m190_retention,
    m191_claims,
    m210_erasure_sums,
)
