"""What a clerk reads of a ledger: the true times, what was voided and added, the working day."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge_agent.contract.attendance import Attendance, attendance, moved_by, ways_now

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


class Ledger:
    """Entries as their ``data``."""

    def __init__(self) -> None:
        self.data: list[dict[str, Any]] = []

    def add(self, kind: str, **fields: Any) -> int:
        seq = len(self.data) + 1
        self.data.append({"seq": seq, "kind": kind, "at": None, "worker": "007", **fields})
        return seq

    def punch(self, at: str | None, worker: str = "007", **fields: Any) -> int:
        whole = f"2026-11-{at}:00.000+07:00" if at else None
        return self.add("punch.recorded", at=whole, worker=worker, direction=None, **fields)

    def shown(self) -> list[Attendance]:
        return attendance(self.data, ZONE)

    def days(self) -> list[str | None]:
        return [punch.working_day and punch.working_day[-2:] for punch in self.shown()]


@pytest.mark.parametrize(
    ("times", "days"),
    [
        (["23T06:00", "23T11:00", "23T13:00", "23T17:00", "24T06:00"], "23 23 23 23 24"),
        (["23T22:00", "24T06:00", "24T22:00", "25T06:00"], "23 23 24 24"),
        (["23T22:00", "24T02:00", "24T02:30", "24T06:00"], "23 23 23 23"),
        (["23T06:00", "23T14:00", "23T22:00", "24T06:00"], "23 23 23 23"),  # two shifts in a day
        (["23T18:00", "24T07:59", "24T08:00"], "23 23 24"),  # 14 hours
        (["24T06:00", "24T22:00"], "24 24"),  # who forgot to press at the evening before
    ],
)
def test_a_shift_belongs_to_the_day_it_began(times: list[str], days: str) -> None:
    ledger = Ledger()
    for at in times:
        ledger.punch(at)
    assert ledger.days() == days.split()


def test_each_worker_has_a_working_day_of_their_own() -> None:
    ledger = Ledger()
    ledger.punch("23T22:00", "007")
    ledger.punch("24T06:00", "008")
    ledger.punch("24T06:00", "007")
    assert ledger.days() == ["23", "24", "23"]


def test_a_time_that_was_told_later_counts() -> None:
    ledger = Ledger()
    seq = ledger.punch(None, not_before="2026-11-23T05:00:00.000+07:00")
    [shown] = ledger.shown()
    assert (shown.at, shown.not_before, shown.working_day) == (
        None,
        "2026-11-23T05:00:00.000+07:00",
        None,
    )
    told = {"of": seq, "not_before": None, "not_after": None}
    ledger.add("punch.time-resolved", at="2026-11-23T06:00:00.000+07:00", **told)
    [shown] = ledger.shown()
    assert (shown.at, shown.not_before) == ("2026-11-23T06:00:00.000+07:00", None)
    ledger.add("punch.time-corrected", at="2026-11-22T06:00:00.000+07:00", of=seq)
    assert ledger.days() == ["22"]


def test_a_punch_that_was_voided_or_added_says_so() -> None:
    ledger = Ledger()
    seq = ledger.punch("23T06:00")
    ledger.punch("23T17:00")
    ledger.add("punch.voided", of=seq, reason="wrong-worker")
    ledger.add(
        "punch.added", at="2026-11-23T07:00:00.000+07:00", direction="in", reason="forgot-to-press"
    )
    shown = ledger.shown()
    assert [punch.voided for punch in shown] == ["wrong-worker", None, None]
    assert [punch.seq for punch in shown] == [1, 4, 2]  # What was added stands at its time.


def test_what_was_voided_begins_no_working_day() -> None:
    ledger = Ledger()
    seq = ledger.punch("23T22:00")
    ledger.punch("24T06:00")
    ledger.add("punch.voided", of=seq, reason="wrong-worker")
    assert ledger.days() == ["23", "24"]


def test_a_repeat_names_what_it_repeats() -> None:
    ledger = Ledger()
    seq = ledger.punch("23T06:00")
    ledger.add("punch.repeated", at="2026-11-23T06:00:20.000+07:00", of=seq)
    assert [punch.of for punch in ledger.shown()] == [None, 1]


def test_a_recovered_punch_shows_what_the_original_says() -> None:
    ledger = Ledger()
    original = {"direction": "out", "not_after": "2026-11-23T09:00:00.000+07:00"}
    of = {"ledger": "older", "seq": 9, "hash": ""}
    seq = ledger.add("punch.recovered", of=of, data=original)
    [shown] = ledger.shown()
    assert (shown.direction, shown.not_after, shown.of) == (
        "out",
        "2026-11-23T09:00:00.000+07:00",
        None,
    )
    ledger.add("punch.time-resolved", of=seq, at="2026-11-23T06:00:00.000+07:00")
    assert ledger.days() == ["23"]


def test_an_addition_that_was_recovered_is_one_still_and_stands_at_its_time() -> None:
    ledger = Ledger()
    first = ledger.punch("23T06:00")
    last = ledger.punch("23T17:00")
    recovered = {"data": {"kind": "punch.added"}, "at": "2026-11-23T11:00:00.000+07:00"}
    added = ledger.add("punch.recovered", of={"ledger": "older", "seq": 9, "hash": ""}, **recovered)
    assert [(one.seq, one.added) for one in ledger.shown()] == [
        (first, False),
        (added, True),
        (last, False),
    ]


def test_the_order_is_the_ledgers_where_a_time_is_missing() -> None:
    ledger = Ledger()
    ledger.punch("23T06:00")
    ledger.punch(None)
    ledger.punch("23T07:00")
    assert [punch.seq for punch in ledger.shown()] == [1, 2, 3]


def guessed(seq: int, at: str, way: str) -> dict[str, Any]:
    told = {"kind": "punch.recorded", "worker": "NV1", "direction_source": "alternate"}
    return {"seq": seq, "at": f"2026-11-{at}:00.000+07:00", "direction": way, **told}


def moves(*entries: dict[str, Any], at: str, way: str | None = "in") -> list[tuple[Any, ...]]:
    found = moved_by(entries, "NV1", f"2026-11-{at}:00.000+07:00", way, ZONE)
    return [(one.seq, one.recorded, one.way, one.day_before, one.day) for one in found]


def test_what_a_missed_press_makes_of_the_later_ones() -> None:
    out, back = guessed(1, "28T17:02", "in"), guessed(2, "28T18:00", "out")
    day = "2026-11-28"
    assert moves(out, at="28T07:00") == [(1, "in", "out", day, day)]
    assert moves(out, back, at="28T07:00") == [
        (1, "in", "out", day, day),
        (2, "out", "in", day, day),
    ]
    assert moves(out, at="28T07:00", way=None) == []  # Then nobody knows.
    assert moves(out, at="28T19:00", way="out") == []  # Nothing is later.
    assert moves(out, at="27T23:00") == []  # Another shift.
    voided = {"seq": 3, "kind": "punch.voided", "worker": "NV1", "of": 1, "reason": "x", "at": None}
    assert moves(out, voided, at="28T07:00") == []
    keyed = {**out, "direction_source": "key"}
    assert moves(keyed, at="28T07:00") == []
    directed = {**voided, "kind": "punch.directed", "direction": "in"}
    assert moves(out, directed, at="28T07:00") == []


def ways(*entries: dict[str, Any]) -> dict[int, str]:
    return ways_now(entries, ZONE)


def test_the_way_of_a_guess_is_that_of_the_punch_before_it_by_now() -> None:
    came, went, back = (
        guessed(1, "28T07:00", "in"),
        guessed(2, "28T17:00", "out"),
        guessed(3, "28T18:00", "in"),
    )
    assert ways(came, went, back) == {1: "in", 2: "out", 3: "in"}
    noon = {"kind": "punch.added", "worker": "NV1", "at": "2026-11-28T12:00:00.000+07:00"}
    assert ways(came, went, back, {**noon, "seq": 4, "direction": "out"}) == {
        1: "in",
        2: "in",
        3: "out",
    }
    assert ways(came, went, back, {**noon, "seq": 4, "direction": None}) == {1: "in"}
    voided = {"seq": 5, "kind": "punch.voided", "worker": "NV1", "of": 1, "reason": "x", "at": None}
    assert ways(came, went, back, voided) == {2: "in", 3: "out"}
    keyed = {**went, "direction_source": "key"}
    assert ways(came, keyed, back) == {1: "in", 3: "in"}
    others = {**went, "worker": "NV2"}
    assert ways(came, others, back) == {1: "in", 2: "out", 3: "out"}
    # What was before the first one here is not known: the gate knew.
    assert ways(went, back) == {2: "out", 3: "in"}
    # Another shift begins anew.
    assert ways(came, guessed(2, "29T07:00", "in")) == {1: "in", 2: "in"}


def test_where_a_time_is_not_known_the_gate_knew_the_way() -> None:
    came, went, back = (
        {**guessed(seq, "28T07:00", way), "at": None}
        for seq, way in ((1, "in"), (2, "out"), (3, "in"))
    )
    assert ways(came, went) == {1: "in", 2: "out"}
    assert ways(came, back) == {1: "in", 3: "in"}  # Days later perhaps: its clock ran.
    assert ways(came, went, guessed(4, "28T18:00", "in")) == {1: "in", 2: "out", 4: "in"}
    evening = guessed(2, "28T17:00", "out")
    assert ways(guessed(1, "28T07:00", "in"), evening, back) == {1: "in", 2: "out", 3: "in"}


def test_where_the_first_one_is_voided_another_shift_begins_anew_all_the_same() -> None:
    morning, evening = guessed(2, "27T06:00", "out"), guessed(3, "27T22:00", "in")
    end = guessed(4, "28T06:00", "out")
    voided = {"seq": 5, "kind": "punch.voided", "worker": "NV1", "of": 2, "reason": "x", "at": None}
    assert ways(morning, evening, end, voided) == {3: "in", 4: "out"}
    later = guessed(3, "27T07:00", "in")
    assert ways(morning, later, voided) == {3: "out"}


def test_a_night_that_began_the_day_before_takes_the_morning_along() -> None:
    morning = guessed(1, "28T06:00", "in")
    assert moves(morning, at="27T22:00") == [(1, "in", "out", "2026-11-28", "2026-11-27")]
    keyed = {**morning, "direction": "out", "direction_source": "key"}
    assert moves(keyed, at="27T22:00") == [(1, None, None, "2026-11-28", "2026-11-27")]
