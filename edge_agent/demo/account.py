"""Hold what the panel showed against what payroll has."""

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct


class Account(Struct, kw_only=True):
    """The demo's closing line."""

    pressed: int = 0
    recorded: int = 0
    confirmed: int = 0
    lost: int = 0
    duplicates: int = 0
    out_of_order: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing that the panel showed is lost, paid twice or out of order."""
        return not (self.lost or self.duplicates or self.out_of_order)

    def __str__(self) -> str:
        disorder = f" out_of_order={self.out_of_order}" if self.out_of_order else ""
        return (
            f"pressed={self.pressed} recorded={self.recorded} confirmed={self.confirmed} "
            f"lost={self.lost} duplicates={self.duplicates}{disorder}"
        )


def settle(pressed: int, green: dict[int, str], ledger: Path, payroll: Path) -> Account:
    """Compare the green lamps (entry → worker's code) with the gate's and payroll's databases.

    A punch in payroll that no lamp showed counts as a duplicate: somebody would be paid twice.
    """
    account = Account(pressed=pressed, recorded=len(green))
    recorded = set(_read(ledger, "SELECT seq FROM ledger WHERE kind = 'punch.recorded'"))
    held = dict(_read(payroll, "SELECT seq, code FROM punches WHERE state <> 'repeated'"))
    order = [seq for (seq,) in _read(payroll, "SELECT seq FROM entries ORDER BY rowid")]
    kept = {seq for seq, code in green.items() if held.get(seq) == code}
    account.confirmed = len(kept)
    account.lost = sum(seq not in kept and (seq,) not in recorded for seq in green)
    account.duplicates = len(held.keys() - kept)
    account.out_of_order = sum(b < a for a, b in pairwise(order))
    return account


def _read(path: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows; none where the demo was stopped before there was a database."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()
