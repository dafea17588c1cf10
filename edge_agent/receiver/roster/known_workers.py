"""Whom payroll's roster names: their marks count, and a clerk reads their names; and whom not."""

from collections.abc import Iterable

from msgspec import Struct

from ...contract.bounds import MOST_KNOWN_WORKERS
from ...contract.language import Message
from ...contract.messages import RosterWorker
from ...contract.people import Holders, another_person, is_code
from ...contract.roster import Applied, Refusal, judge_roster, read_roster
from ...contract.stamps import parse_time
from ..databases.database import Database, StillThere, packed
from ..worktime.due import mark_due

UNKNOWN_WORKER = "unknown-worker"

_TOLD = 20

_NAMES = {"known_workers": "name", "former_names": "name"}
"""Where names stand: column by table."""


class RosterResult(Struct, frozen=True):
    """What became of a roster: ``applied``, or ``refused``, or neither where it is in force.

    ``still_there``: names that it asked to go are out of the tables, and why not out of the files.
    """

    applied: bool = False
    refused: Refusal | None = None
    still_there: Message | None = None


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
    known = {code for (code,) in database.query("SELECT code FROM known_workers")}
    if len(known.union(worker.code for worker in heard.roster.workers)) > MOST_KNOWN_WORKERS:
        return RosterResult(refused=Refusal.TOO_LARGE)
    forgets = _has_names_of(database, heard.roster.workers)
    with database.transaction():
        _keep_former_names(database, heard.roster.workers, parse_time(at))
        know_workers(database, heard.roster.workers)
        if heard.roster.version < in_force.version:  # Beyond the largest: they began again at 1.
            database.execute(
                "DELETE FROM rosters WHERE version < 0 AND EXISTS"
                " (SELECT 1 FROM rosters later WHERE later.version = -rosters.version)"
            )
            database.execute("UPDATE rosters SET version = -version WHERE version > 0")
        database.insert(
            "rosters",
            ("version", "digest", "workers", "applied_at"),
            [(heard.roster.version, heard.digest.hex(), len(heard.roster.workers), at)],
        )
    try:
        if forgets:
            database.scrub(_NAMES)
    except StillThere as fault:
        return RosterResult(applied=True, still_there=fault.message)
    return RosterResult(applied=True)


def _in_force(database: Database) -> Applied:
    found = database.query("SELECT version, digest FROM rosters ORDER BY version DESC LIMIT 1")
    return Applied(version=found[0][0], digest=bytes.fromhex(found[0][1])) if found else Applied()


def holders(database: Database) -> Holders:
    """Whose each code was, by the milliseconds since 1970: what was pressed before a roster gave it
    to another person is the former one's.
    """
    names = dict(database.query("SELECT code, name FROM known_workers"))
    return Holders(names, database.query("SELECT code, name, until_ms FROM former_names"))


def _keep_former_names(database: Database, workers: Iterable[RosterWorker], until_ms: int) -> None:
    names = dict(database.query("SELECT code, name FROM known_workers"))
    former = [
        (worker.code, names[worker.code], until_ms)
        for worker in workers
        if worker.code in names and worker.name != worker.code
        if another_person(names[worker.code], worker.name)
    ]
    for worker in workers:
        if worker.name == worker.code:  # The name was asked to go.
            database.execute("DELETE FROM former_names WHERE code = ?", [worker.code])
    database.insert("former_names", ("code", "name", "until_ms"), former)


def forget_name(database: Database, code: str) -> bool:
    """The name of a code goes here, from the files too; what was worked stays under the code.

    False where the code is not known. A roster that has the name brings it back. Raises StillThere
    where the name is out of the tables only: what is left is done by asking again.
    """
    with database.transaction():
        database.execute("DELETE FROM former_names WHERE code = ?", [code])
        known = database.execute("UPDATE known_workers SET name = code WHERE code = ?", [code])
    if known:
        database.scrub(_NAMES)
    return known > 0


def _has_names_of(database: Database, workers: Iterable[RosterWorker]) -> bool:
    """Whether there is a name of those in whose place a roster has the code, former ones too."""
    asked = f"SELECT code FROM {database.rows(code='TEXT')} asked"
    return bool(
        database.query(
            "SELECT 1 FROM (SELECT code, name FROM known_workers"
            " UNION ALL SELECT code, name FROM former_names) known"
            f" WHERE name <> code AND code IN ({asked}) LIMIT 1",
            [packed([one.code] for one in workers if one.name == one.code)],
        )
    )


def know_workers(database: Database, workers: Iterable[RosterWorker]) -> None:
    """These are listed from now on, the others no more; within a transaction.

    Nobody who was known is forgotten, and what had come before the first roster stays as it is.
    """
    named = packed(
        (
            *(worker.code, worker.name, int(worker.active), worker.valid_from, worker.valid_to),
            worker.team or None,
        )
        for worker in workers
    )
    rows = database.rows(
        code="TEXT", name="TEXT", active="INTEGER", valid_from="TEXT", valid_to="TEXT", team="TEXT"
    )
    # Who is named for the first time counts from now on; who changes teams has other shifts.
    due = database.query(
        f"SELECT n.code FROM {rows} n LEFT JOIN known_workers k ON k.code = n.code"
        " WHERE k.code IS NULL OR COALESCE(k.team, '') <> COALESCE(n.team, '')",
        [named],
    )
    mark_due(database, ((code, None) for (code,) in due))
    database.execute("UPDATE known_workers SET listed = 0")
    database.execute(
        "INSERT INTO known_workers (code, name, active, valid_from, valid_to, team,"
        " listed) SELECT code, name, active, valid_from, valid_to, team, 1"
        f" FROM {rows} named WHERE TRUE"
        " ON CONFLICT (code) DO UPDATE SET name = excluded.name, active = excluded.active,"
        " valid_from = excluded.valid_from, valid_to = excluded.valid_to, team = excluded.team,"
        " listed = 1",
        [named],
    )
    database.execute(
        "DELETE FROM rejections WHERE reason = ? AND EXISTS (SELECT 1 FROM marks m"
        " JOIN known_workers k ON k.code = m.code"
        " WHERE m.ledger = rejections.ledger AND m.seq = rejections.seq)",
        [UNKNOWN_WORKER],
    )


def reject_unknown(database: Database, keys: list[tuple[object, object]]) -> list[tuple[str, int]]:
    """Reject those of these marks, by (ledger, seq), whose worker is not known; returns which.

    Not what was pressed, or had come, before the first roster: a list that is not complete must
    not take away what counted, and neither must a database that is filled again. Their entries
    are held already.
    """
    if not keys or not database.query("SELECT 1 FROM known_workers LIMIT 1"):
        return []
    ((since,),) = database.query("SELECT MIN(applied_at) FROM rosters")
    new = database.rows(ledger="TEXT", seq="BIGINT")
    return [
        (str(ledger), int(seq))
        for ledger, seq in database.query(
            "INSERT INTO rejections (ledger, seq, gate, reason)"
            f" SELECT m.ledger, m.seq, m.gate, ? FROM {new} n"
            " JOIN marks m ON m.ledger = n.ledger AND m.seq = n.seq"
            " JOIN entries e ON e.ledger = m.ledger AND e.seq = m.seq"
            " WHERE NOT EXISTS (SELECT 1 FROM known_workers k WHERE k.code = m.code)"
            " AND e.received_at >= ? AND (m.at_ms IS NULL OR m.at_ms >= ?)"
            " RETURNING ledger, seq",
            [UNKNOWN_WORKER, packed(keys), since or "", parse_time(since) if since else 0],
        )
    ]


class Unlisted(Struct, frozen=True):
    """Somebody who punches, and whom no roster has named: how often, and the last day known.

    ``rejected`` of the ``punches`` do not count.
    """

    code: str
    punches: int
    rejected: int
    last_day: str | None


def unlisted(database: Database) -> list[Unlisted]:
    """Everybody who punches and is not known here, by code; it looks at all marks.

    Counted as the view ``punches`` has them: one that was recovered is one, and a repeat or what
    was voided is none.
    """
    return [
        Unlisted(*row)
        for row in database.query(
            "SELECT code, COUNT(CASE WHEN state NOT IN ('repeated', 'voided') THEN 1 END),"
            " COUNT(CASE WHEN state = 'rejected' THEN 1 END), MAX(day) FROM judged"
            " WHERE state <> 'duplicate' AND code IN (SELECT m.code FROM marks m"
            " WHERE NOT EXISTS (SELECT 1 FROM known_workers k WHERE k.code = m.code))"
            " GROUP BY code ORDER BY code"
        )
    ]


class Listed(Struct, frozen=True):
    """A worker whom payroll knows; ``listed``: the roster in force names them.

    Null is what a roster that came before these columns did not leave behind.
    """

    code: str
    name: str
    listed: bool | None
    active: bool | None
    valid_from: str | None
    valid_to: str | None


class RosterShown(Struct, frozen=True):
    """The roster in force (version 0: none), whom it and those before it name, and whom not."""

    version: int
    applied_at: str | None
    workers: list[Listed]
    unlisted: list[Unlisted]


def roster_shown(database: Database) -> RosterShown:
    """All that payroll knows of who works here, and who punches beside that."""
    found = database.query("SELECT version, applied_at FROM rosters ORDER BY version DESC LIMIT 1")
    version, applied_at = found[0] if found else (0, None)
    workers = [
        Listed(code, name, _flag(listed), _flag(active), *days)
        for code, name, listed, active, *days in database.query(
            "SELECT code, name, listed, active, valid_from, valid_to FROM known_workers"
            " ORDER BY code"
        )
    ]
    return RosterShown(version, applied_at, workers, unlisted(database))


def _flag(held: int | None) -> bool | None:
    return None if held is None else bool(held)


def told_codes(codes: Iterable[str]) -> Message:
    """Some of them, for one line. What is no code may be a name, and is only counted."""
    every = list(codes)
    told = [code for code in every[:_TOLD] if is_code(code)]
    if not told:
        return Message("roster.no-codes", count=len(every))
    if more := len(every) - len(told):
        return Message("roster.codes-and-more", codes=told, more=more)
    return Message("roster.codes", codes=told)
