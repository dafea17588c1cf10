"""What a person may add to the punches: the same rules at the gate and at payroll's office.

Whatever is added here is paid. So a slip of the fingers is refused with what to do, and what is odd
but may be right is asked about: ``--force`` says that it is. Pure: who is known, what is recorded
and what time it is, the caller tells.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from .errors import BadRequest
from .people import Employment, checked_code, look_alikes
from .stamps import local_date, local_time

_DAY_MS = 86_400_000

ODD_AFTER_MS = 62 * _DAY_MS
"""Wages are settled by the month, and may be paid 30 days late at most (Labour Code 2019, article
97): what is older than both has been paid, and is more likely a slip in the month."""

_LONGEST_OFF_MS = 366 * _DAY_MS
"""A gate without a clock may have been off that long; beyond it, a year was mistyped."""

ONE_PRESS_MS = 60_000
"""Two punches of a worker within a minute are more likely one, written down twice."""

_WRITTEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)

_EXAMPLE = "write the day and the time of day, as in 2026-11-23T06:00"


class Today(Struct, frozen=True):
    """What time it is, in milliseconds since 1970; None: nobody knows, not even the day.

    ``sure``: by a clock that is trusted.
    """

    at_ms: int | None
    sure: bool = True


class Held(Struct, frozen=True):
    """A punch that counts already: ``name`` it so that a person finds it, and when it was."""

    name: str
    at_ms: int


class Addition(Struct, frozen=True, kw_only=True):
    """A punch of a worker that a person wants to add; ``zone`` is the one of its local time."""

    code: str
    at_ms: int
    zone: ZoneInfo

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
                unless = "" if apart == 0 else ", or use --force where there were two"
                raise BadRequest(
                    f"{self.code} has a punch at {_shown(punch.at_ms, self.zone)} already, "
                    f"{punch.name}: nothing was added. Void that one first where it is "
                    f"wrong{unless}."
                )

    def _check_time(self, today: Today, force: bool) -> None:
        when = _shown(self.at_ms, self.zone)
        if today.at_ms is None:
            if not force:
                raise BadRequest(
                    f"Whether {when} has come cannot be told, for this gate's clock has never been "
                    "set: nothing was added. See to its network or clock, or use --force where "
                    "the time is right."
                )
            return
        ahead_ms = self.at_ms - today.at_ms
        if ahead_ms > 0 and (today.sure or ahead_ms > _LONGEST_OFF_MS):
            raise BadRequest(
                f"{when} has not come yet (it is {_shown(today.at_ms, self.zone)}): nothing was "
                "added, for a punch is added afterwards."
            )
        if ahead_ms > 0 and not force:
            raise BadRequest(
                f"{when} has not come yet as far as this gate knows, whose clock is not "
                f"synchronised (it is {_shown(today.at_ms, self.zone)} or later): nothing was "
                "added. See to its network, or use --force where the time is right."
            )
        if -ahead_ms > ODD_AFTER_MS and not force:
            raise BadRequest(
                f"{when} is more than two months ago: nothing was added. Correct the day, or use "
                "--force where it is right."
            )

    def _check_employment(self, employment: Employment | None, active: bool) -> None:
        day = local_date(self.at_ms, self.zone)
        why = None
        if not active:
            why = "is deactivated at this gate"
        elif employment is None:
            return
        elif not employment.active:
            why = "is deactivated by payroll's roster"
        elif employment.valid_from is not None and day < employment.valid_from:
            why = f"works from {employment.valid_from} on by payroll's roster"
        elif employment.valid_to is not None and day > employment.valid_to:
            why = f"worked until {employment.valid_to} by payroll's roster"
        if why is not None:
            raise BadRequest(
                f"{self.code} {why}: nothing was added. Correct the code or the day, or use "
                f"--force where they did work on {day}."
            )


def said_moment(text: str, zone: ZoneInfo) -> int:
    """Milliseconds since 1970 of a time that a person has typed, local unless it has an offset.

    Raises BadRequest where it is not the whole of a day and a time of day, or was never shown by a
    clock there.
    """
    try:
        if not _WRITTEN.fullmatch(text):
            raise ValueError("not written so")
        moment = datetime.fromisoformat(text)
        if not 2000 <= moment.year < 2200:
            raise ValueError("no year of ours")
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        at_ms = round(aware.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise BadRequest(f"{text!r} is no time: {_EXAMPLE}.") from None
    shown = datetime.fromtimestamp(aware.timestamp(), aware.tzinfo)
    if shown.replace(tzinfo=None) != aware.replace(tzinfo=None):
        raise BadRequest(f"{text!r} was on no clock in {zone.key}, which went forward there.")
    return at_ms


def known_code(text: str, known: Iterable[str], otherwise: str) -> str:
    """The code of those ``known`` that a person has typed, whatever keyboard made its letters.

    Raises BadRequest where there is none, with the one that may be meant, or what to do
    ``otherwise``.
    """
    codes = {unicodedata.normalize("NFC", code): code for code in known}
    typed = unicodedata.normalize("NFC", text)
    for way in (typed, typed.strip()):
        if way in codes:
            return codes[way]
    if meant := look_alikes(typed.strip(), codes.values()):
        raise BadRequest(f"There is no worker {typed.strip()}: is {' or '.join(meant)} meant?")
    raise BadRequest(f"There is no worker {checked_code(text)}: {otherwise}")


def _shown(at_ms: int, zone: ZoneInfo) -> str:
    return local_time(at_ms, zone)[:19].replace("T", " ")
