"""``--since TIME``: from when on, as people write it, and the entries from there."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..contract.chain import stamp_of
from ..contract.language import say
from ..gate.ledger.store.sqlite_store import SqliteStore

_DAY_MS = 86_400_000
"""How far back a shift may have begun; and a corrected clock put later entries before earlier."""

_AS_SHOWN = re.compile(r"(\d\d)/(\d\d)/(\d{4})(?:[ T](\d\d:\d\d(?::\d\d)?))?")
"""A day as it is shown in Vietnamese, with or without a time."""

_OF_TODAY = re.compile(r"\d\d:\d\d")


def moment(text: str, zone: ZoneInfo) -> int:
    """Milliseconds since 1970 of a local time: 2026-11-23[T06:00], 23/11/2026, or today's 06:00.

    Raises BadParameter.
    """
    written = text
    if shown := _AS_SHOWN.fullmatch(text):
        day, month, year, time = shown.groups()
        written = f"{year}-{month}-{day}T{time or '00:00'}"
    elif _OF_TODAY.fullmatch(text):
        written = f"{datetime.now(zone).date()}T{text}"
    try:
        told = datetime.fromisoformat(written)
    except ValueError:
        why = say("punch.bad-since", text=text)
        raise click.BadParameter(why, param_hint="--since") from None
    if told.tzinfo is None:
        told = told.replace(tzinfo=zone)
    return round(told.timestamp() * 1000)


def entries_since(store: SqliteStore, first_ms: int | None) -> list[dict[str, Any]]:
    """The data of the entries in order, from as far back as one may be of ``first_ms``."""
    found = list(_newest_first(store, first_ms))
    found.reverse()
    return found


def _newest_first(store: SqliteStore, first_ms: int | None) -> Iterator[dict[str, Any]]:
    for _, data in store.newest_first():
        yield data
        stamp = stamp_of(data)
        if first_ms is not None and stamp.trusted and stamp.wall_ms < first_ms - _DAY_MS:
            return
