"""What a bridge to another program has not seen yet: every punch and session that appeared, changed
or went, in order, one row each time.

A row is written in the transaction that changes what is kept, and within the turn of whoever does:
so none is ever committed behind a later one, and whoever has read up to a cursor has all up to it.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Literal

from msgspec import Struct

from ..databases.database import Database, packed

Happened = Literal["new", "changed", "gone"]

_COLUMNS = (
    *("what", "change", "ledger", "seq", "code", "date", "status", "gate", "direction", "at"),
    *("until_at", "seconds", "break_seconds"),
)

_KEPT_DAYS = 62
"""So far back it is looked whether a gate turned out not to have been able to record."""


class Change(Struct, frozen=True):
    """What happened to a kept row, by column; of one that is gone, as it was."""

    happened: Happened
    row: dict[str, Any]


def note_punches(database: Database, changes: Iterable[Change]) -> None:
    """Of rows of ``kept_presses``; within a turn."""
    _insert(
        database,
        (
            [
                *("punch", one.happened, one.row["ledger"], one.row["seq"], one.row["code"]),
                *(one.row["date"], None if one.happened == "gone" else one.row["state"]),
                *(one.row["gate"], one.row["direction"], one.row["at"], None, None, None),
            ]
            for one in changes
        ),
    )


def note_sessions(database: Database, changes: Iterable[Change]) -> None:
    """Of rows of ``kept_sessions``, once they are there; within a turn."""
    noted = list(changes)
    keys = [(one.row["lead_ledger"], one.row["lead_seq"]) for one in noted]
    shown = _statuses(database, keys)
    _insert(
        database,
        (
            _session(one.row, one.happened, shown.get(key))
            for key, one in zip(keys, noted, strict=True)
        ),
    )


def note_uncovered(database: Database) -> None:
    """Sessions whose status is another now, because it is known now when a gate could record.

    In a transaction of its own.
    """
    ((last,),) = database.query("SELECT MAX(date) FROM kept_sessions")
    if last is None:
        return
    first = (date.fromisoformat(last) - timedelta(days=_KEPT_DAYS)).isoformat()
    with database.transaction():
        database.wait_for_turn()
        rows = database.query(
            "SELECT w.lead_ledger, w.lead_seq, w.code, w.date, w.status, w.in_gate, w.out_gate,"
            " w.in_at, w.out_at, w.seconds, w.break_seconds FROM worked w"
            " WHERE w.date >= ? AND w.status IN ('open', 'manual', 'not-covered')"
            " AND w.status <> (SELECT c.status FROM change_log c WHERE c.what = 'session'"
            " AND c.ledger = w.lead_ledger AND c.seq = w.lead_seq ORDER BY c.place DESC LIMIT 1)",
            [first],
        )
        names = (
            *("lead_ledger", "lead_seq", "code", "date", "status", "in_gate", "out_gate"),
            *("in_at", "out_at", "seconds", "break_seconds"),
        )
        found = [dict(zip(names, row, strict=True)) for row in rows]
        _insert(database, (_session(row, "changed", row["status"]) for row in found))


def _session(row: dict[str, Any], happened: Happened, status: str | None) -> list[Any]:
    return [
        *("session", happened, row["lead_ledger"], row["lead_seq"], row["code"], row["date"]),
        *(status, row["in_gate"] or row["out_gate"], None, row["in_at"], row["out_at"]),
        *(row["seconds"], row["break_seconds"]),
    ]


def _statuses(database: Database, keys: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """What the view says of them."""
    if not keys:
        return {}
    given = database.rows(ledger="TEXT", seq="BIGINT")
    rows = database.query(
        f"SELECT w.lead_ledger, w.lead_seq, w.status FROM {given} g"
        " JOIN worked w ON w.lead_ledger = g.ledger AND w.lead_seq = g.seq",
        [packed(keys)],
    )
    return {(ledger, seq): status for ledger, seq, status in rows}


def _insert(database: Database, rows: Iterable[list[Any]]) -> None:
    found = list(rows)
    if found:
        database.insert("change_log", _COLUMNS, found)
