"""Months of honest work, who was there from when to when, and pressed."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from msgspec import Struct

from edge_agent.receiver.worktime.presses import Press
from edge_agent.receiver.worktime.sessions import Paired
from edge_agent.receiver.worktime.shifts import Break, Instance, Shift, instances

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
MINUTE = 60_000


class Kind(Struct, frozen=True):
    """A way to work: from when to when, as minutes of the day on which it begins."""

    name: str
    spans: tuple[tuple[int, int], ...]
    shift: Shift


def clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def kind(name: str, *spans: tuple[int, int], paid: bool = False) -> Kind:
    pauses = tuple(
        Break(begin=clock(left), end=clock(came), pressed=True, paid=paid)
        for (_, left), (came, _) in itertools.pairwise(spans)
    )
    shift = Shift(code=name, begin=clock(spans[0][0]), end=clock(spans[-1][1]), breaks=pauses)
    return Kind(name, spans, shift)


KINDS = (
    kind("lunch", (360, 690), (750, 1080)),
    kind("office", (420, 660), (780, 1020)),
    kind("whole", (360, 840)),
    kind("evening", (840, 1320)),
    kind("night", (1320, 1800)),
    kind("broken-night", (1320, 1560), (1605, 1800)),
    kind("tea", (360, 540), (555, 690), (780, 1020)),
)


class Month(Struct, frozen=True):
    """What was true: the sessions in milliseconds with the day they belong to, and the shifts."""

    sessions: tuple[tuple[str, int, int], ...]
    shifts: tuple[Shift, ...]
    evidence: bool

    @property
    def plan(self) -> list[Instance]:
        return instances(self.shifts, FIRST - timedelta(2), LAST + timedelta(2), ZONE)

    @property
    def presses(self) -> list[Press]:
        found = []
        for _, came, left in self.sessions:
            for at_ms, way in ((came, "in"), (left, "out")):
                found.append(press(at_ms, len(found) + 1, way if self.evidence else None))
        return found

    @property
    def seconds(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for day, came, left in self.sessions:
            found[day] += left // 1000 - came // 1000
        return found


def press(at_ms: int, seq: int, way: Any = None, gate: str = "main-gate") -> Press:
    local = datetime.fromtimestamp(at_ms / 1000, ZONE)
    at = local.isoformat(timespec="milliseconds")
    return Press(
        ledger=gate, seq=seq, place_ms=at_ms, at_ms=at_ms, at=at, day=at[:10], gate=gate, way=way
    )


def at_ms(day: date, minutes: float) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp()
    return round((midnight + minutes * 60) * 1000)


def paid(found: Paired) -> Counter[str]:
    """Seconds of complete sessions, by day."""
    days: Counter[str] = Counter()
    for session in found.sessions:
        if session.status == "complete":
            assert session.seconds is not None
            days[session.date or ""] += session.seconds
    return +days


def told(found: Paired) -> list[tuple[Any, ...]]:
    """All that is told of sessions, to compare."""
    return [
        (
            one.date,
            one.came and one.came.at_ms,
            one.left and one.left.at_ms,
            one.status,
            one.seconds,
            one.why,
        )
        for one in found.sessions
    ]


@st.composite
def months(
    draw: st.DrawFn, *, kinds: Sequence[Kind] = KINDS, evidence: bool | None = None
) -> Month:
    """Some days on end of one kind, a pause, then perhaps of another."""
    sessions: list[tuple[str, int, int]] = []
    shifts: list[Shift] = []
    day = FIRST + timedelta(draw(st.integers(0, 2)))
    for _ in range(draw(st.integers(1, 3))):
        chosen = draw(st.sampled_from(kinds))
        begin, count = day, draw(st.integers(1, 6))
        for _ in range(count):
            if day > LAST:
                break
            for came, left in chosen.spans:
                early, late = draw(st.integers(0, 900)), draw(st.integers(0, 900))
                sessions.append(
                    (
                        day.isoformat(),
                        at_ms(day, came) - early * 1000,
                        at_ms(day, left) + late * 1000,
                    )
                )
            day += timedelta(1)
        last = (day - timedelta(1)).isoformat()
        shifts.append(
            Shift(
                code=chosen.shift.code,
                begin=chosen.shift.begin,
                end=chosen.shift.end,
                breaks=chosen.shift.breaks,
                valid_from=begin.isoformat(),
                valid_to=last,
            )
        )
        day += timedelta(draw(st.integers(1, 3)))
    known = draw(st.booleans()) if evidence is None else evidence
    return Month(tuple(_apart(sessions)), tuple(shifts), known)


def _apart(sessions: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Nobody comes before having left."""
    found: list[tuple[str, int, int]] = []
    for day, came, left in sessions:
        if found and came <= found[-1][2] + 2 * MINUTE:
            came = found[-1][2] + 2 * MINUTE
        found.append((day, came, left))
    return found
