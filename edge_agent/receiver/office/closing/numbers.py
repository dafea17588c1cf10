"""What a period comes to, a worker at a time: the sessions and the days of leave."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from ...databases.database import Database
from ..journal import standing
from ..period import Period

COLUMNS = (
    *("code", "date", "in_at", "out_at", "status", "minutes", "in_gate", "out_gate"),
    *("in_ledger", "in_seq", "out_ledger", "out_seq", "not_before", "not_after", "seconds"),
    *("break_seconds", "shift", "rest_day", "late_seconds", "early_seconds", "shift_begin"),
    *("shift_end", "why"),
)
"""Of the view ``worked``: times as the gates wrote them."""

ClosedSession = dict[str, Any]


class ClosedLeave(Struct, frozen=True):
    """Days that are paid or excused: from ``day`` on, with what the sheet knows of them."""

    day: str
    details: str | None


class Numbers(Struct, frozen=True):
    """Of one worker: ``sessions`` by COLUMNS, in order of time, and ``leave``."""

    sessions: list[ClosedSession] = []
    leave: list[ClosedLeave] = []


def numbers(database: Database, period: Period) -> dict[str, Numbers]:
    """By code, as of now."""
    found: dict[str, Numbers] = defaultdict(lambda: Numbers([], []))
    first, last = period.first.isoformat(), period.last.isoformat()
    for row in database.query(
        f"SELECT {', '.join(COLUMNS)} FROM worked WHERE date BETWEEN ? AND ?"
        " ORDER BY code, date, COALESCE(in_at, out_at), in_seq, out_seq",
        [first, last],
    ):
        session = dict(zip(COLUMNS, row, strict=True))
        found[session["code"]].sessions.append(session)
    for leave in standing(database, "leave"):
        if leave.code and (leave.day or last) <= last and _until(leave.details, leave.day) >= first:
            found[leave.code].leave.append(ClosedLeave(leave.day or "", leave.details))
    return dict(found)


class _Until(Struct):
    to: str | None = None


def _until(details: str | None, day: str | None) -> str:
    return msgspec.json.decode(details or "{}", type=_Until).to or day or ""


def worked_seconds(sessions: Iterable[ClosedSession]) -> int:
    """What is paid as worked: complete sessions without their unpaid breaks."""
    return sum(_worked(session) for session in sessions if session["status"] == "complete")


def _worked(session: ClosedSession) -> int:
    """A file has whole minutes and no breaks."""
    seconds = session.get("seconds")
    whole: int = session["minutes"] * 60 if seconds is None else seconds
    return whole - (session.get("break_seconds") or 0)
