"""Whom payroll's roster names: their marks count, and a clerk reads their names."""

from collections.abc import Iterable

from msgspec import Struct

from ...contract.messages import RosterWorker
from ...contract.roster import Applied, Refusal, judge_roster, read_roster
from ..databases.database import Database, packed

UNKNOWN_WORKER = "unknown-worker"


class RosterResult(Struct, frozen=True):
    """What became of a roster: ``applied``, or ``refused``, or neither where it is in force."""

    applied: bool = False
    refused: Refusal | None = None


def apply_roster(database: Database, payload: bytes, at: str) -> RosterResult:
    """Apply a roster as it came from the broker, whole or not at all, by the gates' own rule.

    Whoever is not in it stays known: a roster that was cut off must not take names from a month's
    file. ``at`` is now.
    """
    heard = read_roster(payload)
    in_force = _in_force(database)
    refused = judge_roster(heard, in_force)
    if refused is not None or heard.roster is None:
        return RosterResult(refused=refused)
    if heard.roster.version == in_force.version:
        return RosterResult()
    with database.transaction():
        know_workers(database, heard.roster.workers)
        database.insert(
            "rosters",
            ("version", "digest", "workers", "applied_at"),
            [(heard.roster.version, heard.digest.hex(), len(heard.roster.workers), at)],
        )
    return RosterResult(applied=True)


def _in_force(database: Database) -> Applied:
    found = database.query("SELECT version, digest FROM rosters ORDER BY version DESC LIMIT 1")
    return Applied(version=found[0][0], digest=bytes.fromhex(found[0][1])) if found else Applied()


def know_workers(database: Database, workers: Iterable[RosterWorker]) -> None:
    """Add and rename; within a transaction. As soon as anybody is known, others are rejected."""
    named = packed((worker.code, worker.name) for worker in workers)
    known = database.query("SELECT 1 FROM known_workers LIMIT 1")
    database.execute(
        "INSERT INTO known_workers (code, name)"
        f" SELECT code, name FROM {database.rows(code='TEXT', name='TEXT')} named WHERE TRUE"
        " ON CONFLICT (code) DO UPDATE SET name = excluded.name",
        [named],
    )
    if known:
        database.execute(
            "DELETE FROM rejections WHERE reason = ? AND EXISTS (SELECT 1 FROM marks m"
            " JOIN known_workers k ON k.code = m.code"
            " WHERE m.ledger = rejections.ledger AND m.seq = rejections.seq)",
            [UNKNOWN_WORKER],
        )
    else:
        database.execute(_REJECT_UNKNOWN.format(entries=""), [UNKNOWN_WORKER])


_REJECT_UNKNOWN = """
    INSERT INTO rejections (ledger, seq, gate, reason)
    SELECT m.ledger, m.seq, m.gate, ? FROM marks m {entries}
    WHERE NOT EXISTS (SELECT 1 FROM known_workers k WHERE k.code = m.code)
        AND EXISTS (SELECT 1 FROM known_workers)
"""


def reject_unknown(database: Database, keys: list[tuple[object, object]]) -> None:
    """Reject those of these marks, by (ledger, seq), whose worker is not known."""
    if keys:
        new = database.rows(ledger="TEXT", seq="BIGINT")
        database.execute(
            _REJECT_UNKNOWN.format(
                entries=f"JOIN {new} n ON n.ledger = m.ledger AND n.seq = m.seq"
            ),
            [UNKNOWN_WORKER, packed(keys)],
        )
