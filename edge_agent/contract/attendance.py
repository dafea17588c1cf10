"""What became of the punches of a ledger: true times, corrections and voids applied, for people."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from .kinds import AMENDMENTS, CREDITS, MARKS, RECOVERED
from .stamps import local_date, parse_time

SHIFT_MS = 14 * 3600 * 1000
"""The longest working day that the law allows, twelve hours with overtime, and its breaks: what a
worker presses within it may belong to one shift, and later it is another one."""


EVIDENCE_OF_DIRECTION = frozenset(("in", "out", "gate", "key", "card"))
"""``direction_source`` of a direction that somebody or something has shown: a gate of one
direction, a key, a card. All else is a guess for the worker's eye: ``alternate``, a default by the
time of day, what is not named and what is not known here. A supervisor's word needs no source."""


class Attendance(Struct, frozen=True, kw_only=True):
    """A punch as it stands now. Times are RFC 3339; ``at`` None: not known, or not yet.

    ``of`` is the punch that a repeat repeats, ``voided`` the reason of the supervisor who withdrew
    it, ``working_day`` the day on which its shift began.
    """

    seq: int
    kind: str
    worker: str
    at: str | None
    not_before: str | None
    not_after: str | None
    direction: str | None
    of: int | None
    voided: str | None
    working_day: str | None = None


class WorkingDay:
    """Tells the working days of one worker, whose presses are told in order of time.

    A night shift belongs to the day on which it began: that of the first press. What is less than
    14 hours after that is the same shift's.
    """

    def __init__(self) -> None:
        self._first_ms: int | None = None

    def began(self, at_ms: int, *, counts: bool = True) -> int:
        """When the working day of this press began. One that does not count begins none."""
        first_ms = self._first_ms
        if first_ms is None or not 0 <= at_ms - first_ms < SHIFT_MS:
            first_ms = at_ms
            if counts:
                self._first_ms = at_ms
        return first_ms


def attendance(entries: Iterable[dict[str, Any]], zone: ZoneInfo) -> list[Attendance]:
    """The punches among ``entries`` (their ``data``, in order), by time as far as it is known."""
    found: dict[int, Attendance] = {}
    for data in entries:
        kind, of = data["kind"], data.get("of")
        if kind in MARKS:
            found[data["seq"]] = _as_recorded(data)
        elif AMENDMENTS.get(kind) == "time" and of in found:
            found[of] = structs.replace(
                found[of],
                at=data["at"],
                not_before=data.get("not_before"),
                not_after=data.get("not_after"),
            )
        elif AMENDMENTS.get(kind) == "direction" and of in found:
            found[of] = structs.replace(found[of], direction=data["direction"])
        elif AMENDMENTS.get(kind) == "void" and of in found:
            found[of] = structs.replace(found[of], voided=data["reason"])
    return _with_working_days(_by_time(list(found.values())), zone)


def _as_recorded(data: dict[str, Any]) -> Attendance:
    original = data["data"] if data["kind"] == RECOVERED else data
    of = data.get("of")
    return Attendance(
        seq=data["seq"],
        kind=data["kind"],
        worker=data["worker"],
        at=data["at"],
        not_before=original.get("not_before"),
        not_after=original.get("not_after"),
        direction=original.get("direction"),
        of=of if isinstance(of, int) else None,
        voided=None,
    )


def _by_time(punches: list[Attendance]) -> list[Attendance]:
    """In the order of the ledger, which is that of events; only what was added goes to its time."""
    placed: list[tuple[float, int, Attendance]] = []
    last = 0.0
    for punch in punches:
        if punch.kind == "punch.added":
            continue
        last = max(last, parse_time(punch.at)) if punch.at else last
        placed.append((last, punch.seq, punch))
    placed += [
        (parse_time(punch.at), punch.seq, punch)
        for punch in punches
        if punch.kind == "punch.added" and punch.at
    ]
    return [punch for _, _, punch in sorted(placed, key=lambda one: one[:2])]


def _with_working_days(punches: list[Attendance], zone: ZoneInfo) -> list[Attendance]:
    days: dict[str, WorkingDay] = {}
    found = []
    for punch in punches:
        if punch.at is not None:
            day = days.setdefault(punch.worker, WorkingDay())
            counts = punch.voided is None and punch.kind in CREDITS
            first_ms = day.began(parse_time(punch.at), counts=counts)
            punch = structs.replace(punch, working_day=local_date(first_ms, zone))
        found.append(punch)
    return found
