"""How old the last backup is, and whether anything should be done about it."""

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from ...contract.chain import stamp_of
from ...contract.stamps import DAY_MS, Stamp, elapsed, true_time
from .store.notes import backup_note
from .store.sqlite_store import SqliteStore

_OLD_MS = 3 * DAY_MS
"""One is made each day: a stick that was taken along for a weekend is no reason to call anybody."""

_YOUNG_MS = 7 * DAY_MS
"""A gate that is still being set up has other things to do."""


class BackupStanding(Struct, frozen=True, kw_only=True):
    """``entries``: as many the last backup of this ledger was found to hold; ``at``: when, local
    time, where that is known; ``age_s``: how long ago at least; ``same_card``: it lies beside the
    database. All null where there is none.

    ``state``: ``missing`` only of a ledger that has gone on for a week without one.
    """

    state: Literal["made", "old", "missing", "none-yet"]
    entries: int | None = None
    at: str | None = None
    age_s: float | None = None
    same_card: bool | None = None


def backup_standing(
    store: SqliteStore, database: Path, now: Stamp, zone: ZoneInfo
) -> BackupStanding:
    """Of the ledger that is in use, by what the last backup has noted. Raises StoreFault."""
    last = backup_note.read(database, store.ledger)
    if last is None:
        begun = stamp_of(store.data_of(store.entries(store.checkpoint().seq + 1, 1)[0]))
        young = elapsed(begun, now).least < _YOUNG_MS
        return BackupStanding(state="none-yet" if young else "missing")
    age_ms = max(0.0, elapsed(last.at, now).least)
    return BackupStanding(
        state="old" if age_ms >= _OLD_MS else "made",
        entries=last.entries,
        at=true_time(last.at, zone),
        age_s=age_ms / 1000,
        same_card=last.same_card,
    )
