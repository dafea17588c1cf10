"""Days and times as people type them, ``--since TIME`` above all, and the entries from there."""

import re
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..contract.chain import stamp_of
from ..contract.errors import BadRequest
from ..contract.language import Message, say
from ..contract.stamps import local_time
from ..contract.typed_times import day_in_full, in_full, moment_in_full, time_of_day
from ..gate.ledger.store.sqlite_store import SqliteStore
from ..gate.settings.schema import Settings
from .help import retype
from .tell import tell

_DAY_MS = 86_400_000
"""How far back a shift may have begun; and a corrected clock put later entries before earlier."""

_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")
_SECONDS = re.compile(r"\d\d:\d\d:\d\d")


def moment(text: str, zone: ZoneInfo, option: str = "--since") -> int:
    """Milliseconds since 1970 of a local time: a day, with or without a time of day, or a time of
    today, as ``typed_times`` has them.

    Raises BadParameter, for ``option``.
    """
    try:
        told = datetime.fromisoformat(_in_full(text, zone))
        if not 1970 <= told.year < 9999:  # Beyond, no zone and no day after can be reckoned.
            raise ValueError("no year of ours")
    except ValueError:
        why = say("punch.bad-since", text=text)
        raise click.BadParameter(why, param_hint=option) from None
    if told.tzinfo is None:
        told = told.replace(tzinfo=zone)
    return round(told.timestamp() * 1000)


def _in_full(text: str, zone: ZoneInfo) -> str:
    text, today = text.strip(), datetime.now(zone).date()
    at = time_of_day(text)
    return f"{today}T{at}" if at else in_full(text, today)


def typed_day(settings: Settings, option: str, text: str, *, to_come: bool = False) -> str:
    """The same of a day, by the gate's clock, which stands behind an option; see ``day_in_full``.

    Raises BadRequest where it leans on today, which the gate does not know.
    """
    return _typed(settings, option, text, partial(day_in_full, to_come=to_come))


def typed_moment(settings: Settings, option: str, text: str) -> str:
    """The same of a day and a time of day; see ``moment_in_full``."""
    return _typed(settings, option, text, moment_in_full)


def _typed(settings: Settings, option: str, text: str, whole: Callable[..., str]) -> str:
    # Only here: most commands ask for no day.
    from ..gate.daemon.assembly import Assembly

    text = text.strip()
    today = Assembly(settings).today()
    if today is None and _leans_on_today(text):
        raise BadRequest("claim.no-clock")
    told = whole(text, date.fromisoformat(today) if today else None)
    retype(click.get_current_context(), option, told)
    return told


def _leans_on_today(text: str) -> bool:
    return in_full(text, None) != in_full(text, date(2024, 2, 29))


def first_of(since: str | None, zone: ZoneInfo) -> int | None:
    """The same of a list's ``--since``, where it was given; which day that is, where it leans on
    today, and that it is still to come, is told."""
    if since is None:
        return None
    first_ms = moment(since, zone)
    told = to_come(since, first_ms, zone) or which_day(since, first_ms, zone)
    if told is not None:
        tell(say(told), err=True)
    return first_ms


def to_come(since: str, first_ms: int, zone: ZoneInfo) -> Message | None:
    """That by this machine's clock such a time is still to come, and how another is typed."""
    now, since = datetime.now(zone), since.strip()
    if first_ms <= now.timestamp() * 1000:
        return None
    if time_of_day(since):
        earlier = local_time(first_ms - _DAY_MS, zone)
        return Message("punch.to-come-today", text=since, now=now.isoformat(), earlier=earlier)
    return Message("punch.to-come", text=since, now=now.isoformat())


def which_day(since: str, first_ms: int, zone: ZoneInfo) -> Message | None:
    """The whole date of one that leans on today."""
    if not _leans_on_today(since.strip()):
        return None
    return Message("punch.since-when", at=local_time(first_ms, zone))


def moment_until(text: str, zone: ZoneInfo) -> int:
    """The same for ``--until``: the last millisecond that goes by such a name, of a day or of what
    it is told to the second or the minute."""
    first_ms = moment(text, zone, "--until")
    written = _in_full(text, zone)
    if _DAY.fullmatch(written):
        day = datetime.fromtimestamp(first_ms / 1000, zone).date() + timedelta(days=1)
        last_ms = round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000) - 1
    else:
        last_ms = first_ms + (1000 if _SECONDS.search(written) else 60_000) - 1
    if _leans_on_today(text.strip()):
        tell(say("punch.until-when", at=local_time(last_ms, zone)), err=True)
    return last_ms


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
