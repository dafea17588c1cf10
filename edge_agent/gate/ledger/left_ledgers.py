"""The ledgers that were set aside because ``[gate] id`` was changed, and what payroll lacks.

Whoever has changed it by mistake must hear of it, and must not be led back to the wrong id.
"""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from ...contract.errors import EdgeAgentError

WHY = "other-gate-id"
"""Stands in the name of such a file."""


class LeftLedger(Struct, frozen=True):
    """One of them: the name of its ``file``, whose it was, and how many of its entries payroll has
    not confirmed."""

    file: str
    gate: str
    unsent: int


def left_ledgers(set_aside: Iterable[Path], zone: ZoneInfo) -> list[LeftLedger]:
    """Those among the databases that were set aside, in their order; what does not open is left
    out."""
    # Only here: whoever asks a daemon for its status does without a database.
    from .store.sqlite_store import SqliteStore

    found = []
    for file in set_aside:
        if WHY not in file.name:
            continue
        try:
            with closing(SqliteStore.read_only(file, zone)) as old:
                unsent = old.tail().seq - old.watermarks().confirmed
                found.append(LeftLedger(file.name, old.gate, unsent))
        except (EdgeAgentError, PermissionError):
            continue  # 'audit list' names those that cannot be read.
    return found


def own_among(left: Iterable[LeftLedger], gate: str) -> LeftLedger | None:
    """The newest of them that is of ``gate``: an id that is set now was its id before."""
    return next((one for one in reversed([*left]) if one.gate == gate), None)


def left_by_mistake(left: list[LeftLedger], gate: str) -> LeftLedger | None:
    """The one that ``gate`` may have left unintended, with entries that payroll lacks; None where
    there is none, or where the id is back."""
    if not left or own_among(left, gate) is not None or not left[-1].unsent:
        return None
    return left[-1]
