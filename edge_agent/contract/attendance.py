"""What became of the punches of a ledger: true times, corrections and voids applied, for people."""

from collections.abc import Container, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from .kinds import ADDED, AMENDMENTS, CREDITS, MARKS, RECOVERED
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
    it, ``working_day`` the day on which its shift began. ``added``: by hand, also where a new
    ledger has recorded it again, ``added_by``, as the ledger names who did that, and ``added_for``
    what reason.
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
    added: bool = False
    added_by: str | None = None
    added_for: str | None = None


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


class Moved(Struct, frozen=True, kw_only=True):
    """A later punch that an addition puts in another light.

    ``recorded`` is the way that the gate has guessed and that stands in the ledger, ``way`` what
    its rule comes to with the addition; both None where that is no other one. The days are the
    working days without and with it.
    """

    seq: int
    at: str
    recorded: str | None
    way: str | None
    day_before: str | None
    day: str | None


def moved_by(
    entries: Sequence[dict[str, Any]], code: str, at: str, direction: str | None, zone: ZoneInfo
) -> list[Moved]:
    """What the punches of worker ``code`` become by one that is added ``at`` a time.

    ``entries`` are those about the worker's punches, in order.
    """
    seq = max((data["seq"] for data in entries), default=0) + 1
    added = {"seq": seq, "kind": ADDED, "worker": code, "at": at, "direction": direction}
    guessed = _guessed(entries)
    before, after = (_counting(one, zone) for one in (entries, [*entries, added]))
    days = {one.seq: one.working_day for one in before}
    was, now = _alternating(before, guessed), _alternating(after, guessed)
    found = []
    for one in after:
        if one.seq == seq or one.at is None:
            continue
        way = now[one.seq]
        turns = way not in (None, was[one.seq], one.direction)
        if turns or one.working_day != days[one.seq]:
            found.append(
                Moved(
                    seq=one.seq,
                    at=one.at,
                    recorded=one.direction if turns else None,
                    way=way if turns else None,
                    day_before=days[one.seq],
                    day=one.working_day,
                )
            )
    return found


def ways_now(entries: Sequence[dict[str, Any]], zone: ZoneInfo) -> dict[int, str]:
    """By ``seq``, the way of each punch that counts and whose way the gate has guessed by the one
    before: as its rule has it by now, with what was added, voided or given another way since.

    ``entries`` are those about the punches of any workers, in order. Of a worker whose earlier ones
    are not among them the first is taken as the gate has guessed it.
    """
    guessed, presses = _guessed(entries), dict[str, list[Attendance]]()
    for one in attendance(entries, zone):
        if one.kind in CREDITS:
            presses.setdefault(one.worker, []).append(one)
    found: dict[int, str] = {}
    for of_one in presses.values():
        before = _before(of_one[0]) if of_one[0].seq in guessed else None
        ways = _alternating([one for one in of_one if one.voided is None], guessed, before)
        found |= {seq: way for seq, way in ways.items() if way is not None and seq in guessed}
    return found


def _guessed(entries: Iterable[dict[str, Any]]) -> set[int]:
    guessed, said = set[int](), set[int]()
    for one in entries:
        if one.get("direction_source") == "alternate":
            guessed.add(one["seq"])
        elif AMENDMENTS.get(one["kind"]) == "direction":
            said.add(one["of"])
    return guessed - said


def _counting(entries: Iterable[dict[str, Any]], zone: ZoneInfo) -> list[Attendance]:
    return [one for one in attendance(entries, zone) if one.kind in CREDITS and one.voided is None]


_OTHER_WAY: dict[str | None, str] = {"in": "out", "out": "in"}

_Before = tuple[str | None, int | None]
"""The way of a punch, and when it was at the latest, in milliseconds since 1970."""


def _before(guessed: Attendance) -> _Before:
    """What the gate had before one that it guessed; of another shift, nothing follows from it."""
    return _OTHER_WAY.get(guessed.direction), parse_time(guessed.at) if guessed.at else None


def _alternating(
    punches: Iterable[Attendance], guessed: Container[int], before: _Before | None = None
) -> dict[int, str | None]:
    """The way of each: of those that are ``guessed``, by the one before within a shift; ``before``:
    that of the first one, None where there is none."""
    ways: dict[int, str | None] = {}
    for one in punches:
        at_ms = parse_time(one.at) if one.at else None
        way, last_ms = before or (None, None)
        if one.seq not in guessed:
            way = one.direction
        elif before is None:
            way = "in"
        elif at_ms is None or last_ms is None:
            way = one.direction  # How far they lie apart the gate alone could tell, at the press.
        elif at_ms - last_ms > SHIFT_MS:
            way = "in"
        else:
            way = _OTHER_WAY.get(way)
        ways[one.seq] = way
        before = way, at_ms
    return ways


def _as_recorded(data: dict[str, Any]) -> Attendance:
    original = data["data"] if data["kind"] == RECOVERED else data
    of, added = data.get("of"), original.get("kind") == ADDED
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
        added=added,
        added_by=original.get("actor") if added else None,
        added_for=original.get("reason") if added else None,
    )


def _by_time(punches: list[Attendance]) -> list[Attendance]:
    """In the order of the ledger, which is that of events; only what was added goes to its time."""
    placed: list[tuple[float, int, Attendance]] = []
    last = 0.0
    for punch in punches:
        if punch.added:
            continue
        last = max(last, parse_time(punch.at)) if punch.at else last
        placed.append((last, punch.seq, punch))
    placed += [
        (parse_time(punch.at), punch.seq, punch) for punch in punches if punch.added and punch.at
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
