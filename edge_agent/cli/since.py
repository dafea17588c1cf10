"""``--since TIME``: from when on, as people write it, and the entries from there."""

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..contract.chain import stamp_of
from ..contract.language import Message, say
from ..contract.stamps import local_time
from ..gate.ledger.store.sqlite_store import SqliteStore
from .tell import tell

_DAY_MS = 86_400_000
"""How far back a shift may have begun; and a corrected clock put later entries before earlier."""

_AS_SHOWN = re.compile(r"(\d\d)/(\d\d)/(\d{4})(?:[ T](\d\d:\d\d(?::\d\d)?))?")
"""A day as it is shown in Vietnamese, with or without a time."""

_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")
_SECONDS = re.compile(r"\d\d:\d\d:\d\d")
_OF_TODAY = re.compile(r"(\d\d?):(\d\d)")


def moment(text: str, zone: ZoneInfo, option: str = "--since") -> int:
    """Milliseconds since 1970 of a local time: 2026-11-23[T06:00], 23/11/2026 [06:00], or 06:00.

    Raises BadParameter, for ``option``.
    """
    text = text.strip()
    written = as_iso(text)
    if today := _OF_TODAY.fullmatch(text):
        written = f"{datetime.now(zone).date()}T{today[1]:>02}:{today[2]}"
    try:
        told = datetime.fromisoformat(written)
        if not 1970 <= told.year < 9999:  # Beyond, no zone and no day after can be reckoned.
            raise ValueError("no year of ours")
    except ValueError:
        why = say("punch.bad-since", text=text)
        raise click.BadParameter(why, param_hint=option) from None
    if told.tzinfo is None:
        told = told.replace(tzinfo=zone)
    return round(told.timestamp() * 1000)


def first_of(since: str | None, zone: ZoneInfo) -> int | None:
    """The same of a list's ``--since``, where it was given; that it is still to come is told."""
    if since is None:
        return None
    first_ms = moment(since, zone)
    if (told := to_come(since, first_ms, zone)) is not None:
        tell(say(told), err=True)
    return first_ms


def to_come(since: str, first_ms: int, zone: ZoneInfo) -> Message | None:
    """That by this machine's clock such a time is still to come, and how another is typed."""
    now = datetime.now(zone)
    if first_ms <= now.timestamp() * 1000:
        return None
    if _OF_TODAY.fullmatch(since.strip()):
        earlier = local_time(first_ms - _DAY_MS, zone)
        return Message("punch.to-come-today", text=since, now=now.isoformat(), earlier=earlier)
    return Message("punch.to-come", text=since, now=now.isoformat())


def moment_until(text: str, zone: ZoneInfo) -> int:
    """The same for ``--until``: the last millisecond that goes by such a name, of a day or of what
    it is told to the second or the minute."""
    first_ms = moment(text, zone, "--until")
    written = as_iso(text.strip())
    if _DAY.fullmatch(written):
        day = datetime.fromtimestamp(first_ms / 1000, zone).date() + timedelta(days=1)
        return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000) - 1
    return first_ms + (1000 if _SECONDS.search(written) else 60_000) - 1


def as_iso(text: str) -> str:
    """A time that was typed as Vietnamese shows it, as 2026-11-23T06:00; any other as it is."""
    if (shown := _AS_SHOWN.fullmatch(text)) is None:
        return text
    day, month, year, time = shown.groups()
    return f"{year}-{month}-{day}T{time}" if time else f"{year}-{month}-{day}"


def entries_since(
    store: SqliteStore, first_ms: int | None, kinds: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """The data of the entries, or of those of some kinds, in order, from as far back as one may be
    of ``first_ms``."""
    found = list(_newest_first(store, first_ms, kinds))
    found.reverse()
    return found


def _newest_first(
    store: SqliteStore, first_ms: int | None, kinds: Collection[str] | None
) -> Iterator[dict[str, Any]]:
    for _, data in store.newest_first(kinds):
        yield data
        stamp = stamp_of(data)
        if first_ms is not None and stamp.trusted and stamp.wall_ms < first_ms - _DAY_MS:
            return
