"""Databases as released versions made them: their schema is frozen in schemas/, a file a step.

    python -m tests.gate.ledger.released m010_checkpoint >…/schemas/m010_checkpoint.sql

freezes one more step, when it is released.
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from edge_agent.contract.chain import GENESIS, Scribe
from edge_agent.contract.facts import Direction, LedgerOpened
from edge_agent.contract.people_facts import WorkerAdded
from edge_agent.gate.ledger.store.schema import migrations

from .ledgers import GATE, ZONE, later, punch, unsynced

SCHEMAS = Path(__file__).parent / "schemas"

STEPS = sorted(path.stem for path in SCHEMAS.glob("*.sql"))

LEDGER = "5f0c0d7e-8a51-4d0b-9d7c-3f6f1f1f5b01"


def schema_after(step: str) -> str:
    """What the migrations up to ``step`` make of an empty file, as SQL."""
    with closing(Database(memory=True)) as database:
        names = [migration.name for migration in migrations().pending(database)]
        after = names[names.index(step) + 1 :]
        migrations().apply(database, stop_before=after[:1])
        rows = database.conn.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        lines = [f"{sql};" for (sql,) in rows]
        lines += [
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            f" VALUES ('edge-agent', '{name}', '2026-11-23 00:00:00');"
            for name in names[: names.index(step) + 1]
        ]
    return "\n".join(lines) + "\n"


def make(path: Path, step: str) -> list[bytes]:
    """A used database of the version whose last step was ``step``; its entries' bytes."""
    with closing(sqlite3.connect(path)) as old:
        old.executescript((SCHEMAS / f"{step}.sql").read_text())
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("INSERT INTO identity VALUES (1, ?, ?)", (LEDGER, GATE))
        old.execute("INSERT INTO watermarks VALUES (1, 4, 3, 0)")
        wires = _entries(old)
        tables = {name for (name,) in old.execute("SELECT name FROM sqlite_master")}
        if "workers" in tables:
            old.execute("INSERT INTO workers VALUES ('007', 'Nguyễn Thị Lan', 1)")
            old.execute(
                "INSERT INTO prints (slot, generation, worker, finger)"
                " VALUES (3, 2, '007', 'left-thumb')"
            )
        if "remembered" in tables:
            old.execute("INSERT INTO remembered VALUES ('sensor', '/dev/serial0 at 57600 baud')")
        if "sensor_mark" in tables:
            old.execute("INSERT INTO sensor_mark VALUES (1, ?, 7)", (bytes(16),))
        old.commit()
    return wires


def _entries(old: sqlite3.Connection) -> list[bytes]:
    scribe, digest, wires = Scribe(gate=GATE, ledger=LEDGER, zone=ZONE), GENESIS, []
    opened = LedgerOpened(gate=GATE, zone=ZONE.key, version="0.1.0", why="first-start")
    moments = (
        (opened, later(0)),
        (WorkerAdded(worker="007", actor="uid:0"), later(1000)),
        (punch("007", Direction.IN), later(2000)),
        (punch("007"), unsynced(3000)),
    )
    for seq, (fact, stamp) in enumerate(moments, 1):
        entry = scribe.write(fact, stamp, seq, digest)
        row = (seq, entry.kind, entry.hash, entry.wire)
        old.execute("INSERT INTO ledger (seq, kind, hash, wire) VALUES (?, ?, ?, ?)", row)
        digest = entry.hash
        wires.append(entry.wire)
    old.execute("INSERT INTO pending_times (seq) VALUES (4)")
    return wires


if __name__ == "__main__":
    sys.stdout.write(schema_after(sys.argv[1]))
