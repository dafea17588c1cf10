"""What a bridge to another program has not seen yet: every punch and session that appeared, changed
or went, in order, one row each time.

A row is written in the transaction that changes what is kept, and within the turn of whoever does:
so none is ever committed behind a later one, and whoever has read up to a cursor has all up to it.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from ..databases.database import Database, Row, packed

Happened = Literal["new", "changed", "gone"]

PRESS_COLUMNS = (
    *("ledger", "seq", "code", "place_ms", "date", "at", "gate", "direction", "state"),
)
"""Of ``kept_presses``."""

SESSION_COLUMNS = (
    *("lead_ledger", "lead_seq", "code", "place_ms", "date", "in_at", "in_gate", "in_ledger"),
    *("in_seq", "out_at", "out_gate", "out_ledger", "out_seq", "status", "seconds"),
    *("break_seconds", "shift", "rest_day", "late_seconds", "early_seconds", "shift_begin"),
    *("shift_end", "why", "run_ledger", "run_seq", "not_before", "not_after", "since_ms"),
    *("until_ms", "going_on"),
)
"""Of ``kept_sessions``."""

_COLUMNS = (
    *("what", "change", "ledger", "seq", "code", "date", "status", "gate", "direction", "at"),
    *("until_at", "seconds", "break_seconds"),
)

_LOG_OF_SESSION = (
    *("lead_ledger", "lead_seq", "code", "date", "status", "in_gate", "out_gate", "in_at"),
    *("out_at", "seconds", "break_seconds"),
)
_PLACES = tuple(map(SESSION_COLUMNS.index, _LOG_OF_SESSION))

_BY_COVERAGE = ("manual", "open")
"""What a session is kept as, and may be shown as ``not-covered``."""

_KEPT_DAYS = 62
"""So far back it is looked whether a gate turned out not to have been able to record."""


class Change(NamedTuple):
    """What happened to a kept row; of one that is gone, the row as it was."""

    happened: Happened
    row: Row


def note_punches(database: Database, changes: Iterable[Change]) -> None:
    """Of rows by PRESS_COLUMNS; within a turn."""
    _insert(
        database,
        [
            (
                *("punch", happened, ledger, seq, code, day),
                *(None if happened == "gone" else state, gate, direction, at, None, None, None),
            )
            for happened, (ledger, seq, code, _, day, at, gate, direction, state) in changes
        ],
    )


def note_sessions(database: Database, changes: Sequence[Change]) -> None:
    """Of rows by SESSION_COLUMNS, once they are there; within a turn."""
    told = [(happened, [row[place] for place in _PLACES]) for happened, row in changes]
    unsure = [
        (row[0], row[1]) for happened, row in told if happened != "gone" and row[4] in _BY_COVERAGE
    ]
    shown = _statuses(database, unsure)
    _insert(
        database,
        [
            _session(happened, row, None if happened == "gone" else shown.get((row[0], row[1])))
            for happened, row in told
        ],
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
            f"SELECT {', '.join(f'w.{name}' for name in _LOG_OF_SESSION)} FROM worked w"
            " WHERE w.date >= ? AND w.status IN ('open', 'manual', 'not-covered')"
            " AND w.status <> (SELECT c.status FROM change_log c WHERE c.what = 'session'"
            " AND c.ledger = w.lead_ledger AND c.seq = w.lead_seq ORDER BY c.place DESC LIMIT 1)",
            [first],
        )
        _insert(database, [_session("changed", row, row[4]) for row in rows])


def _session(happened: Happened, row: Sequence[Any], shown: str | None) -> Row:
    """By _COLUMNS, of a row by _LOG_OF_SESSION."""
    ledger, seq, code, day, kept, in_gate, out_gate, in_at, out_at, seconds, pauses = row
    status = None if happened == "gone" else shown or kept
    gate = in_gate or out_gate
    return (
        *("session", happened, ledger, seq, code, day, status, gate, None, in_at, out_at),
        *(seconds, pauses),
    )


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


def _insert(database: Database, rows: list[Row]) -> None:
    if rows:
        database.insert("change_log", _COLUMNS, rows)
