"""What a person may add to the punches: the same rules at the gate and at payroll's office.

Whatever is added here is paid. So a slip of the fingers is refused with what to do, and what is odd
but may be right is asked about: ``--force`` says that it is. Pure: who is known, what is recorded
and what time it is, the caller tells.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from .errors import BadRequest
from .language import Message
from .people import Employment, checked_code, look_alikes, so_called
from .stamps import DAY_MS, local_date, local_time
from .typed_times import in_full, time_of_day

ODD_AFTER_MS = 62 * DAY_MS
"""Wages are settled by the month, and may be paid 30 days late at most (Labour Code 2019, article
97): what is older than both has been paid, and is more likely a slip in the month."""

_LONGEST_OFF_MS = 366 * DAY_MS
"""A gate without a clock may have been off that long; beyond it, a year was mistyped."""

ONE_PRESS_MS = 60_000
"""Two punches of a worker within a minute are more likely one, written down twice."""

_FURTHEST = timedelta(hours=14)
"""No zone is further from Greenwich: https://data.iana.org/time-zones/theory.html"""

_WRITTEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)


class Today(Struct, frozen=True):
    """What time it is, in milliseconds since 1970; None: nobody knows, not even the day.

    ``sure``: by a clock that is trusted.
    """

    at_ms: int | None
    sure: bool = True


class Held(Struct, frozen=True):
    """A punch that counts already: ``name`` it so that a person finds it, and when it was, and what
    is typed to ``void`` it."""

    name: str | Message
    at_ms: int
    void: str | Message


class Addition(Struct, frozen=True, kw_only=True):
    """A punch of a worker that a person wants to add; ``zone`` is the one of its local time, and
    ``direction`` the way that is said with it where a punch has none but by another one."""

    code: str
    at_ms: int
    zone: ZoneInfo
    direction: str | None = None

    def check(
        self,
        today: Today,
        employment: Employment | None,
        held: Iterable[Held],
        *,
        force: bool,
        active: bool = True,
    ) -> None:
        """Raises BadRequest where this cannot be, or is odd and not forced.

        ``employment`` is payroll's word on the worker and ``active`` the gate's own; ``held`` are
        the worker's punches around the time.
        """
        self._check_double(held, force)
        self._check_time(today, force)
        if not force:
            self._check_employment(employment, active)

    def _check_double(self, held: Iterable[Held], force: bool) -> None:
        for punch in held:
            apart = abs(punch.at_ms - self.at_ms)
            if apart == 0 or (apart < ONE_PRESS_MS and not force):
                same = "punch.double" if self.direction is None else "punch.double-way"
                raise BadRequest(
                    same if apart == 0 else "punch.double-nearly",
                    code=self.code,
                    at=local_time(punch.at_ms, self.zone),
                    which=punch.name,
                    void=punch.void,
                )

    def _check_time(self, today: Today, force: bool) -> None:
        when = local_time(self.at_ms, self.zone)
        if today.at_ms is None:
            if not force:
                raise BadRequest("punch.no-clock", at=when)
            return
        ahead_ms = self.at_ms - today.at_ms
        if ahead_ms > 0 and (today.sure or ahead_ms > _LONGEST_OFF_MS):
            now = local_time(today.at_ms, self.zone)
            raise BadRequest("punch.not-yet", at=when, now=now)
        if ahead_ms > 0 and not force:
            now = local_time(today.at_ms, self.zone)
            raise BadRequest("punch.perhaps-not-yet", at=when, now=now)
        if -ahead_ms > ODD_AFTER_MS and not force:
            raise BadRequest("punch.long-ago", at=when)

    def _check_employment(self, employment: Employment | None, active: bool) -> None:
        day = local_date(self.at_ms, self.zone)
        if not active:
            raise BadRequest("punch.deactivated", code=self.code, day=day)
        if employment is None:
            return
        if not employment.active:
            raise BadRequest("punch.delisted", code=self.code, day=day)
        first, last = employment.valid_from, employment.valid_to
        if first is not None and day < first:
            raise BadRequest("punch.before-first-day", code=self.code, first=first, day=day)
        if last is not None and day > last:
            raise BadRequest("punch.after-last-day", code=self.code, last=last, day=day)


def said_moment(text: str, zone: ZoneInfo, *, force: bool = False) -> int:
    """Milliseconds since 1970 of a time that a person has typed, local unless it has an offset.

    Raises BadRequest where it is not the whole of a day and a time of day, or was never shown by a
    clock there; where it has the offset of another zone and is not forced.
    """
    written = in_full(text, None)
    if time_of_day(text) is not None:
        raise BadRequest("punch.day-missing", text=text)
    try:
        if not _WRITTEN.fullmatch(written):
            raise ValueError("not written so")
        moment = datetime.fromisoformat(written)
        if not 2000 <= moment.year < 2200:
            raise ValueError("no year of ours")
        if abs(moment.utcoffset() or timedelta()) > _FURTHEST:
            raise ValueError("no zone's")
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        at_ms = round(aware.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise BadRequest("punch.no-time", text=text) from None
    shown = datetime.fromtimestamp(aware.timestamp(), aware.tzinfo)
    if shown.replace(tzinfo=None) != aware.replace(tzinfo=None):
        raise BadRequest("punch.skipped-time", text=text, zone=zone.key)
    if not force and aware.utcoffset() != aware.astimezone(zone).utcoffset():
        here = local_time(at_ms, zone)
        raise BadRequest("punch.other-zone", text=text, zone=zone.key, here=here)
    return at_ms


def known_code(
    text: str,
    known: Iterable[str],
    otherwise: str | Message,
    names: Mapping[str, str] | None = None,
) -> str:
    """The code of those ``known`` that a person has typed, whatever keyboard made its letters.

    Raises BadRequest where there is none, with the one that may be meant, also by one of ``names``
    (by code), or what to do ``otherwise``.
    """
    codes = {unicodedata.normalize("NFC", code): code for code in known}
    typed = unicodedata.normalize("NFC", text)
    for way in (typed, typed.strip()):
        if way in codes:
            return codes[way]
    if meant := look_alikes(typed.strip(), codes.values()) or so_called(typed, names or {}):
        raise BadRequest("people.unknown-but", code=typed.strip(), meant=meant)
    raise BadRequest("people.unknown", code=checked_code(text), otherwise=otherwise)
