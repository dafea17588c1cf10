"""Days and times that a gate's command is given, ``--since TIME`` above all, and its entries from
there."""

from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..contract.chain import stamp_of
from ..contract.errors import BadRequest
from ..contract.language import Message, say
from ..contract.stamps import DAY_MS
from ..contract.typed_times import day_in_full, moment_in_full, time_of_day
from ..gate.ledger.store.sqlite_store import SqliteStore
from ..gate.settings.schema import Settings
from .help import retype
from .moments import (
    leans_on_today,
    moment,
    moment_until,
    refuse_either_of_two,
    refuse_unclear_day,
    refuse_unsure,
    to_come,
    until_when,
    which_day,
)
from .tell import tell

_FURTHER_BACK_MS = DAY_MS
"""How far back a shift may have begun; and a corrected clock put later entries before earlier."""


def typed_day(settings: Settings, option: str, text: str, *, to_come: bool = False) -> str:
    """A day in full, by the gate's clock, which stands behind an option; see ``day_in_full``.

    Raises BadRequest where it leans on today, which the gate does not know, or where either of two
    days may be meant.
    """

    def whole(text: str, today: date | None) -> str:
        if today is not None:
            refuse_either_of_two(text, today, to_come=to_come)
        refuse_unclear_day(text, today, to_come=to_come)
        told = day_in_full(text, today, to_come=to_come)
        if to_come:
            _refuse_no_day(told)
        return told

    return _typed(settings, option, text, whole, "28/11/2026")


def _refuse_no_day(text: str) -> None:
    """Here, for the gate's own answer has examples of days that are over."""
    try:
        date.fromisoformat(text)
    except ValueError:
        raise BadRequest("punch.no-day-to-come", text=text) from None


def typed_moment(settings: Settings, option: str, text: str) -> str:
    """The same of a day and a time of day; see ``moment_in_full``. Raises BadRequest where the day
    is missing."""

    def whole(text: str, today: date | None) -> str:
        if today is not None:
            refuse_unsure(text, datetime.now(ZoneInfo(settings.gate.timezone)))
        return moment_in_full(text, today)

    return _typed(settings, option, text, whole, "'28/11/2026 17:00'")


def _typed(
    settings: Settings, option: str, text: str, whole: Callable[..., str], example: str
) -> str:
    # Only here: most commands ask for no day.
    from ..gate.daemon.assembly import Assembly

    text = text.strip()
    today = Assembly(settings).today()
    if today is None and (leans_on_today(text) or time_of_day(text)):
        raise BadRequest("punch.day-in-full", text=text, example=example)
    told = whole(text, date.fromisoformat(today) if today else None)
    retype(click.get_current_context(), option, told)
    return told


def first_of(since: str | None, zone: ZoneInfo) -> int | None:
    """Milliseconds since 1970 of a list's ``--since``, where it was given."""
    return None if since is None else moment(since, zone)


def last_of(until: str | None, first_ms: int | None, zone: ZoneInfo) -> float:
    """The last millisecond of a list's ``--until``; without one there is none. Raises BadParameter
    where that is before its ``--since``."""
    if until is None:
        return inf
    last_ms = moment_until(until, zone)
    if first_ms is not None and last_ms < first_ms:
        raise click.BadParameter(say("audit.ends-before"), param_hint="--until")
    return last_ms


def tell_span(
    since: str | None, until: str | None, zone: ZoneInfo, *, has_until: bool = True
) -> None:
    """Tell which days a list's ``--since`` and ``--until`` are, where they lean on today, how far a
    list without an end goes, and that its beginning is still to come. Once nothing is refused any
    more: what is refused stands alone. ``has_until``: whether the command takes an end."""
    told = list[Message | None]()
    if since is not None:
        first_ms, ends = moment(since, zone), until is not None if has_until else None
        told.append(to_come(since, first_ms, zone) or which_day(since, first_ms, zone, ends=ends))
    if until is not None:
        told.append(until_when(until, moment_until(until, zone), zone))
    for one in told:
        if one is not None:
            tell(say(one), err=True)


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
        if first_ms is not None and stamp.trusted and stamp.wall_ms < first_ms - _FURTHER_BACK_MS:
            return
