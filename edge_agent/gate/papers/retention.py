"""What is kept of workers, for how long, by which setting, and when the oldest of it goes."""

from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from ...contract.chain import stamp_of
from ...contract.stamps import DAY_MS, local_date
from ..ledger.expire import YEAR_MS
from ..ledger.old_entries import MONTH_MS
from ..ledger.store.sqlite_store import SqliteStore
from ..settings.schema import Settings

Kind = Literal[
    "fingers",
    "credentials",
    "evidence",
    "attempts",
    "consents",
    "ended-consents",
    "claims",
    "erasures",
    "attendance",
    "log",
]


class Kept(Struct, frozen=True, kw_only=True):
    """One class. ``held``: how much of it is here, None where that is not counted.

    ``months`` or ``years``: how long it is kept, by ``setting``; with neither, until something
    happens. ``next``: the day on which the first of it goes, where one can tell.
    """

    what: Kind
    held: int | None = None
    months: int | None = None
    years: int | None = None
    setting: str | None = None
    next: str | None = None


def retention(store: SqliteStore, settings: Settings, zone: ZoneInfo) -> list[Kept]:
    """All classes, in the order in which they are told. Raises StoreFault."""
    privacy, prune = settings.privacy, settings.store.prune_after_months
    ended = store.ended_consents()
    claims, erasures = store.claims(), store.erasures()
    planned = [one.after for one in erasures if one.begun is None and one.after is not None]
    return [
        Kept(what="fingers", held=len(store.prints()), next=_next_day(planned)),
        Kept(what="credentials", held=len(store.credentials()), next=_next_day(planned)),
        Kept(
            what="evidence",
            held=store.count_openings(),
            months=privacy.evidence_months,
            setting="[privacy] evidence_months",
            next=_goes(store, store.first_evidence(), privacy.evidence_months, zone),
        ),
        Kept(
            what="attempts",
            held=store.count_attempts(),
            months=privacy.attempts_months,
            setting="[privacy] attempts_months",
            next=_goes(store, store.first_attempt(), privacy.attempts_months, zone),
        ),
        Kept(what="consents", held=len(store.consents())),
        Kept(
            what="ended-consents",
            held=len(ended),
            years=privacy.consent_record_years,
            setting="[privacy] consent_record_years",
            next=_ends(
                [one.ended for one in ended if one.ended is not None], privacy.consent_record_years
            ),
        ),
        Kept(
            what="claims",
            held=len(claims),
            years=privacy.consent_record_years,
            setting="[privacy] consent_record_years",
            next=_ends(
                [one.closed for one in claims if one.closed is not None],
                privacy.consent_record_years,
            ),
        ),
        Kept(what="erasures", held=sum(one.done for one in erasures)),
        Kept(
            what="attendance",
            held=store.tail().seq - store.checkpoint().seq,
            months=None if prune == "never" else prune,
            setting="[store] prune_after_months",
        ),
        Kept(what="log"),
    ]


def _next_day(days: list[str]) -> str | None:
    return _after(min(days), 1) if days else None


def _goes(store: SqliteStore, seq: int | None, months: int, zone: ZoneInfo) -> str | None:
    """The day on which what belongs to an entry goes; None where its time is not known."""
    for entry in store.entries(seq, 1) if seq is not None else ():
        stamp = stamp_of(store.data_of(entry))
        if entry.seq == seq and stamp.trusted:
            return local_date(stamp.wall_ms + months * MONTH_MS, zone)
    return None


def _ends(days: list[str], years: int) -> str | None:
    return _after(min(days), years * YEAR_MS // DAY_MS + 1) if days else None


def _after(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
