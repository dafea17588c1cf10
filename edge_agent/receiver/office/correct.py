"""Payroll's own corrections: rows beside the entries, with who and why. No entry is changed by one,
and no correction either: a void that was wrong is answered by adding the punch again.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from ...contract.errors import BadRequest
from ..databases.database import Database
from ..effects import Code
from ..moments import moment_of
from .journal import COLUMNS, PAYROLL, keep_journal

_VALUES = f"({', '.join(COLUMNS[1:])}) VALUES ({', '.join('?' * len(COLUMNS[1:]))})"
"""But for the number, which counts by itself."""


def void(
    database: Database, ledger: str, seq: int, *, actor: str, reason: str, made_at: str
) -> None:
    """The punch that this entry made counts no more; a rejected entry is settled.

    Raises BadRequest where there is nothing to void.
    """
    key = [ledger, seq]
    with database.transaction():
        found = database.query(
            "SELECT ledger FROM marks WHERE ledger = ? AND seq = ?"
            " UNION SELECT ledger FROM rejections WHERE ledger = ? AND seq = ?"
            f" UNION SELECT '{PAYROLL}' FROM corrections"
            f" WHERE what = 'add' AND '{PAYROLL}' = ? AND id = ?",
            key * 3,
        )
        if not found:
            raise BadRequest(
                f"Entry {seq} of ledger {ledger} is neither a punch nor a rejected entry that is"
                " held: take both from the view 'punches' or 'rejected'."
            )
        if database.query(
            "SELECT 1 FROM corrections WHERE what = 'void' AND ledger = ? AND seq = ?", key
        ):
            raise BadRequest(f"Entry {seq} of ledger {ledger} has been voided here before.")
        _append(database, (made_at, _stated(actor), _stated(reason), "void", *key, *[None] * 7))
    keep_journal(database)


def add(
    database: Database,
    code: str,
    at: str,
    *,
    zone: str,
    direction: str | None,
    gate: str | None,
    actor: str,
    reason: str,
    made_at: str,
) -> int:
    """Enter a punch that no gate has; returns its number, its ``seq`` in the views.

    ``at`` is local time in ``zone`` unless it has an offset of its own. Raises BadRequest.
    """
    try:
        msgspec.convert(code, Code)
        local = datetime.fromisoformat(at)
        if local.tzinfo is None:
            local = local.replace(tzinfo=ZoneInfo(zone))
        moment = moment_of(local.isoformat(timespec="milliseconds"))
    except (ValueError, OSError) as error:  # ValidationError and ZoneInfoNotFoundError too.
        raise BadRequest(
            f"{code!r} at {at!r} in {zone!r} cannot be entered: the time is written"
            f" 2026-11-23T07:00, the zone Asia/Ho_Chi_Minh ({error})."
        ) from error
    except KeyError as error:
        raise BadRequest(f"There is no zone {zone!r}: Asia/Ho_Chi_Minh, say.") from error
    row = (
        *(made_at, _stated(actor), _stated(reason), "add", None, None, code),
        *(moment.at, moment.at_ms, moment.day, moment.time, direction, gate),
    )
    with database.transaction():
        number = _append(database, row)
    keep_journal(database)
    return number


def _append(database: Database, row: tuple[object, ...]) -> int:
    found = database.query(f"INSERT INTO corrections {_VALUES} RETURNING id", row)
    return int(found[0][0])


def _stated(text: str) -> str:
    """Who and why: never left out."""
    if not text.strip() or "\0" in text:
        raise BadRequest("A correction needs an actor and a reason.")
    return text.strip()
