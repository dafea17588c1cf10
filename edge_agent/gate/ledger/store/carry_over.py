"""What a new ledger's database takes over from the old one's, table by table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_utils import Database


TABLES: dict[str, bool] = {
    "workers": True,
    "prints": True,
    "sensor_mark": True,
    "announced_slots": True,
    "remembered": True,
    "employments": True,
    "roster": True,
    "credentials": True,
    "named_workers": True,
    "consents": True,
    "erasures": True,
    "erased": True,
    "sealed_backups": True,
    "ended_consents": True,
    "claims": True,
    # The new ledger's own.
    "ledger": False,
    "identity": False,
    "watermarks": False,
    "checkpoint": False,
    # By the old ledger's numbers: what is left of it stays in the file that is set aside.
    "evidence_openings": False,
    "attempt_openings": False,
    # Moved to the places that the new ledger gives them, by successor.py.
    "landmarks": False,
    "times": False,
    "time_doubts": False,
    "voided": False,
    "former_names": False,
}
"""Every table, and whether its rows stay true under a new ledger; parents before children."""

LISTINGS = "listings"
"""A table that only older releases have: what their roster in force had not put in its place yet.
The migration m090 does that."""

_LEFT_BEHIND = ("board.", "card.", "copy", "disowned", "in-use", "recovered", "tables.")
"""Beginnings of remembered facts that are true of the old database alone."""

_WITHOUT_ROWID = ("employments", LISTINGS)
"""Tables whose rows stand in the order of their key."""

_OF_THE_BOARD = ("sensor",)
"""Remembered facts that are true on one board only: where its sensor was found."""

Rows = dict[str, list[dict[str, Any]]]


def rows_of(database: Database, table: str, *, backwards: bool = False) -> Iterator[dict[str, Any]]:
    """The rows of a table, in the order in which they stand in it.

    Never by an index, which may be damaged or have lost some where the table itself has not.
    """
    key = "1" if table in _WITHOUT_ROWID else "rowid"
    order = "DESC" if backwards else "ASC"
    cursor = database.conn.execute(f'SELECT * FROM "{table}" ORDER BY {key} {order}')
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def taken_over(database: Database) -> Rows:
    """All rows that a new database takes over: people and settings, a thousand or so."""
    return {table: list(rows_of(database, table)) for table, goes in TABLES.items() if goes}


def put_rows(database: Database, rows: Rows, *, same_board: bool) -> None:
    """Write them into the new database."""
    for table, its_rows in rows.items():
        kept: Iterable[dict[str, Any]] = its_rows
        if table == "remembered":
            kept = [row for row in its_rows if _stays_true(row["key"], same_board=same_board)]
        for row in kept:
            names = ", ".join(f'"{name}"' for name in row)
            places = ", ".join("?" * len(row))
            database.conn.execute(
                f'INSERT INTO "{table}" ({names}) VALUES ({places})', list(row.values())
            )


def _stays_true(key: str, *, same_board: bool) -> bool:
    return not key.startswith(_LEFT_BEHIND) and (same_board or key not in _OF_THE_BOARD)
