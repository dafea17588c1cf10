"""Moments as people type them, for ``--since``, ``--until`` and whatever else lies between two."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from ..contract.errors import BadRequest
from ..contract.language import Message, say
from ..contract.stamps import DAY_MS, local_time
from ..contract.typed_times import (
    clearer,
    day_in_full,
    either_of_two,
    in_full,
    moment_in_full,
    says_no_half,
    span_in_full,
    time_of_day,
)
from .help import line_as

_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")
_SOME_DAY = date(2024, 2, 29)
"""A leap year's: what names a day at all names another one here than without any."""

_SECONDS = re.compile(r"\d\d:\d\d:\d\d")


def moment(text: str, zone: ZoneInfo, option: str = "--since") -> int:
    """Milliseconds since 1970 of a local time: a day, with or without a time of day, a time of
    today, or where a week, a month or a part of today begins, as ``typed_times`` has them.

    Raises BadParameter, for ``option``; BadRequest where either of two days may be meant.
    """
    today = datetime.now(zone).date()
    refuse_either_of_two(text, today)
    try:
        told = datetime.fromisoformat(_in_full(text, zone))
        if not 1970 <= told.year < 9999:  # Beyond, no zone and no day after can be reckoned.
            raise ValueError("no year of ours")
    except ValueError:
        why = unclear(text, today, lambda one: bool(time_of_day(one)) or _has_been(one, today))
        why = why or Message("punch.bad-since", text=text)
        raise click.BadParameter(say(why), param_hint=option) from None
    if told.tzinfo is None:
        told = told.replace(tzinfo=zone)
    return round(told.timestamp() * 1000)


def _has_been(text: str, today: date) -> bool:
    return in_full(text, today)[:10] <= today.isoformat()


def refuse_unclear_day(text: str, today: date | None, *, to_come: bool = False) -> None:
    """Raise BadRequest where what was typed is no day, and what may be meant by it is one."""

    def is_day(one: str) -> bool:
        day = day_in_full(one, today, to_come=to_come)
        return _DAY.fullmatch(day) is not None and (
            to_come or today is None or day <= today.isoformat()
        )

    if (told := unclear(text, today, is_day)) is not None:
        raise BadRequest(told)


def unclear(text: str, today: date | None, may_be: Callable[[str], bool]) -> Message | None:
    """What may be meant by what was typed, as it is to be typed: of that what ``may_be``, and is a
    day or a time. None: nothing, or it is clear."""
    text = text.strip()
    if _is_known(text, today):
        return None
    meant = [one for one in clearer(text, today) if _is_known(one, today) and may_be(one)]
    return (
        Message("punch.unclear", text=text, meant=[f"'{one}'" for one in meant]) if meant else None
    )


def _is_known(text: str, today: date | None) -> bool:
    try:
        datetime.fromisoformat(in_full(text, today))
    except ValueError:
        return time_of_day(text) is not None
    return True


def _in_full(text: str, zone: ZoneInfo) -> str:
    text, today = text.strip(), datetime.now(zone).date()
    if span := span_in_full(text, today):
        return span[0]
    at = time_of_day(text)
    return f"{today}T{at}" if at else in_full(text, today)


def refuse_unsure(text: str, now: datetime) -> None:
    """Raise BadRequest where a time of day stands alone, with the name of a weekday that today has,
    or without the half of the day, with the whole command for each moment that is likely meant:
    which one it is nobody guesses, for it is paid."""
    text = text.strip()
    refuse_either_of_two(text, now.date())

    def is_past(one: str) -> bool:
        return "T" in moment_in_full(one, now.date()) and _has_been(one, now.date())

    if (why := unclear(text, now.date(), is_past)) is not None:
        raise BadRequest(why)
    if (at := time_of_day(text)) is None:
        _refuse_either_half(text, now.date())
        return
    ctx = click.get_current_context()
    if says_no_half(text):
        at = text  # Asked about next.
    days = {"today": now.date(), "yesterday": now.date() - timedelta(days=1)}
    told = {name: line_as(ctx, text, f"{day:%d/%m/%Y} {at}") for name, day in days.items()}
    has_been = (time_of_day(text) or "") <= now.time().isoformat()
    raise BadRequest(
        "punch.day-missing-today" if has_been else "punch.day-missing-yesterday", text=text, **told
    )


def refuse_either_of_two(text: str, today: date, *, to_come: bool = False) -> None:
    """Raise BadRequest where a weekday's name may mean either of two days, with the whole command
    for each."""
    text = text.strip()
    if (two := either_of_two(text, today, to_come=to_come)) is None:
        return
    ctx = click.get_current_context()
    days = [datetime.fromisoformat(one) for one in two]
    form = "%d/%m/%Y %H:%M" if "T" in two[0] else "%d/%m/%Y"
    lines = [line_as(ctx, text, f"{one:{form}}") for one in days]
    raise BadRequest("punch.either-of-two", text=text, earlier=lines[0], later=lines[1])


def _refuse_either_half(text: str, today: date) -> None:
    whole = in_full(text, today)
    if not says_no_half(text) or whole == text:
        return
    ctx, morning = click.get_current_context(), datetime.fromisoformat(whole)
    halves = {"morning": morning, "evening": morning + timedelta(hours=12)}
    lines = {half: line_as(ctx, text, f"{one:%d/%m/%Y %H:%M}") for half, one in halves.items()}
    raise BadRequest("punch.either-half", text=text, **lines)


def leans_on_today(text: str) -> bool:
    """Whether it is another moment on another day."""
    return span_in_full(text, _SOME_DAY) is not None or in_full(text, None) != in_full(
        text, _SOME_DAY
    )


def to_come(since: str, first_ms: int, zone: ZoneInfo) -> Message | None:
    """That by this machine's clock such a time is still to come, and how another is typed."""
    now, since = datetime.now(zone), since.strip()
    if first_ms <= now.timestamp() * 1000:
        return None
    if time_of_day(since):
        earlier = local_time(first_ms - DAY_MS, zone)
        return Message("punch.to-come-today", text=since, now=now.isoformat(), earlier=earlier)
    return Message("punch.to-come", text=since, now=now.isoformat())


def which_day(since: str, first_ms: int, zone: ZoneInfo, *, ends: bool | None) -> Message | None:
    """The whole date of one that leans on today, and that a list runs on from there until now.

    ``ends``: whether another time ends it; None: none can.
    """
    since = since.strip()
    if not leans_on_today(since):
        return None
    at = local_time(first_ms, zone)
    if ends:
        return Message("punch.since-when", at=at)
    after = None if ends is None else _over(since, zone)
    if after is not None and after <= datetime.now(zone):
        return Message("punch.since-and-until", at=at, since=since)
    return Message("punch.since-until-now", at=at)


def until_when(until: str, last_ms: int, zone: ZoneInfo) -> Message | None:
    """The whole date of an end that leans on today."""
    if not leans_on_today(until.strip()):
        return None
    return Message("punch.until-when", at=local_time(last_ms, zone))


def moment_until(text: str, zone: ZoneInfo) -> int:
    """The same as ``moment`` for ``--until``: the last millisecond that goes by such a name, of a
    day, a week or what else lasts, or of what it is told to the second or the minute."""
    first_ms = moment(text, zone, "--until")
    if (after := _over(text, zone)) is not None:
        return round(after.timestamp() * 1000) - 1
    return first_ms + (1000 if _SECONDS.search(_in_full(text, zone)) else 60_000) - 1


def _over(text: str, zone: ZoneInfo) -> datetime | None:
    """When a day, a week or what else lasts is over; None: it is a moment."""
    if span := span_in_full(text.strip(), datetime.now(zone).date()):
        return datetime.fromisoformat(span[1]).replace(tzinfo=zone)
    if _DAY.fullmatch(_in_full(text, zone)):
        day = datetime.fromtimestamp(moment(text, zone) / 1000, zone).date() + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=zone)
    return None
