"""How far the erasure of a worker is, and when it has to be done."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from ..contract.errors import BadRequest
from ..contract.language import Message
from ..contract.people import Worker
from ..contract.stamps import Stamp, local_time

LONGEST_TERM = 5
"""Working days from the moment at which nobody is recognised any more."""


class Counts(Struct, frozen=True, kw_only=True):
    """How many there were of each."""

    prints: int = 0
    openings: int = 0
    credentials: int = 0


class Erasure(Struct, frozen=True, kw_only=True):
    """One worker's. ``after``: a day, ``YYYY-MM-DD``, after which it begins, where it has not yet.

    ``stopped``: in local time, from where on nobody is recognised by it although it has not begun.
    ``begun`` is when it did, from where on nobody is in any case, by ``begun_at``;
    ``slots``: slot and generation of templates that the sensor may still hold. ``scrubbed``: the
    database and what lies beside it were searched, and hold none of it. ``document``: what was done
    and how it was checked, as canonical JSON, once all of it is.
    """

    id: int
    worker: str
    after: str | None
    begun: str | None
    slots: list[tuple[int, int]]
    counts: Counts
    scrubbed: bool
    document: str | None
    stopped: str | None = None

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.document is not None

    @property
    def is_begun_sure(self) -> bool:
        """Whether it has ``begun`` by a clock that was to be believed."""
        return self.begun is not None and datetime.fromisoformat(self.begun).tzinfo is not None


def begun_at(stamp: Stamp, zone: ZoneInfo) -> str:
    """When an erasure begins, in local time: without an offset where that is the machine's clock
    alone, which was not to be believed."""
    at = local_time(stamp.wall_ms, zone)
    return at if stamp.trusted else at[: len("2026-11-28T06:58:00.000")]


class _Beyond(Struct, frozen=True, kw_only=True):
    """What a document says that the erasure did not reach."""

    not_reached: list[str] = []


def not_reached(document: str | None) -> list[str]:
    """The databases that were set aside and lay there when somebody was erased, by their names."""
    return msgspec.json.decode(document or "{}", type=_Beyond).not_reached


def old_databases(erasures: Iterable[Erasure], there: Iterable[str]) -> dict[str, list[str]]:
    """Whom each of the databases that were set aside, and lie ``there``, may hold still although
    they were erased since: those files must go. No other one has to."""
    may_hold: dict[str, list[str]] = {file: [] for file in there}
    for one in erasures:
        for file in not_reached(one.document):
            if one.worker not in may_hold.get(file, [one.worker]):
                may_hold[file].append(one.worker)
    return {file: codes for file, codes in may_hold.items() if codes}


class WorkerLeaving(Struct, frozen=True, kw_only=True):
    """That a worker has left, or leaves once a day is over; days as ``YYYY-MM-DD``.

    ``since``: the day on which their leaving was carried out, where it is known; ``last_day``: the
    one that somebody has said was their last; ``after``: the day that is to be over first, where
    it was not yet.
    """

    left: bool
    since: str | None = None
    last_day: str | None = None
    after: str | None = None

    @property
    def worked_until(self) -> str | None:
        """Whoever left on no day that was named has worked to the one on which that was typed."""
        return self.last_day or self.since


def is_expected(worker: Worker, leaving: WorkerLeaving | None, today: str | None) -> bool:
    """Whether somebody is to punch here, today or later; ``today`` None: nobody's dates count."""
    if worker.deactivated or (leaving is not None and leaving.left):
        return False
    last = worker.listed.valid_to if worker.listed else None
    return not (today is not None and last and last < today)


def after_working_days(day: str, days: int) -> str:
    """The day that is so many working days later; Saturdays and Sundays are none, holidays are."""
    end = date.fromisoformat(day)
    while days > 0:
        end += timedelta(days=1)
        days -= end.weekday() < _SATURDAY
    return end.isoformat()


LONG_AGO = 62
"""Days: whoever left before that has had their last wages (corrections.py). A slip in the month or
the year is more likely."""


def is_over(day: str, today: str, code: str) -> bool:
    """Whether the last day of worker ``code`` is over, so that they have left already.

    Raises BadRequest where that is so long ago that it is hardly what was meant.
    """
    if day >= today:
        return False
    if date.fromisoformat(today) - date.fromisoformat(day) > timedelta(days=LONG_AGO):
        raise BadRequest("privacy.long-ago", code=code, day=day)
    return True


def day_before(day: str) -> str:
    """The day before another one."""
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


_SATURDAY = 5


class Leavers(Struct, frozen=True):
    """Of whose leaving gate and payroll say different things, by code.

    ``left_here``: payroll's roster has them at work today. ``left_at_payroll``: it has them no
    more, and nobody has said so here, where prints, cards or a PIN of theirs are kept.
    """

    left_here: list[str] = []
    left_at_payroll: list[str] = []


_MOST_NAMED = 20
"""Codes in a sentence."""


def disputes(leavers: Mapping[str, Any]) -> Iterator[Message]:
    """Of whose leaving gate and payroll say different things, and what to type: by the fields of
    Leavers, which a daemon of an older version does not tell."""
    for name in Leavers.__struct_fields__:
        if codes := leavers.get(name):
            told = f"people.{name.replace('_', '-')}"
            shown, more = codes[:_MOST_NAMED], len(codes) - _MOST_NAMED
            if len(codes) == 1:  # The command has the code.
                yield Message(f"{told}-one", code=codes[0])
                continue
            yield Message(told if more <= 0 else f"{told}-more", count=len(codes), codes=shown)
