"""What a day counts for: by hand, each."""

from datetime import date

import pytest
from msgspec.structs import replace

from edge_agent.receiver.office.sheet.reckon import DayKind, Reckoned, reckon
from edge_agent.receiver.office.sheet.roll import Day, SheetLeave
from edge_agent.receiver.office.site import Site

from .rolls import at, session, usual

HOUR = 3600
SITE = Site(holidays=frozenset([date(2026, 11, 24)]))


def reckoned(day: Day, on: int = 16, site: Site = SITE) -> Reckoned:
    return reckon(day, date(2026, 11, on), site)


def test_eleven_hours_are_a_whole_day_and_three_of_overtime() -> None:
    done = reckoned(usual(16))
    assert (done.symbol, done.worked, done.night) == ("+", 11 * HOUR, 0)
    assert (done.kind, done.day_over, done.night_over) == (DayKind.WORKING, 3 * HOUR, 0)
    assert done.doubts == ()


@pytest.mark.parametrize(
    ("begin", "end", "night", "over_day", "over_night"),
    [
        ("22:00", "30:00", 8, 0, 0),  # a night to its minute
        ("21:00", "31:00", 8, 1, 1),  # the last two hours are overtime: 05 to 06, 06 to 07
        ("18:00", "30:00", 8, 0, 4),  # 18 to 02 normal, 02 to 06 overtime by night
        ("4:00", "13:00", 2, 1, 0),
        ("2:00", "11:00", 4, 1, 0),
        ("6:00", "22:00", 0, 8, 0),
        ("6:00", "23:30", 1.5, 8, 1.5),
    ],
)
def test_the_night_is_from_22_to_6(
    begin: str, end: str, night: float, over_day: float, over_night: float
) -> None:
    done = reckoned(Day([session(16, begin, end)]))
    hours = [seconds / HOUR for seconds in (done.night, done.day_over, done.night_over)]
    assert hours == [night, over_day, over_night]


def test_an_unpaid_break_is_no_work_where_it_lies() -> None:
    night = replace(
        session(16, "21:00", "31:00"),
        break_seconds=HOUR,
        breaks=((at(16, "25:00"), at(16, "26:00")),),
    )
    done = reckoned(Day([night]))
    assert (done.worked, done.night) == (9 * HOUR, 7 * HOUR)
    assert (done.day_over, done.night_over) == (HOUR, 0)


def test_all_hours_of_a_day_of_rest_or_a_holiday_are_overtime() -> None:
    for on, kind in ((22, DayKind.REST), (24, DayKind.HOLIDAY)):
        done = reckoned(Day([session(on, "18:00", "24:00")]), on)
        assert (done.kind, done.symbol) == (kind, "LT")
        assert (done.day_over, done.night_over) == (4 * HOUR, 2 * HOUR)


def test_a_shift_says_whether_its_worker_rests() -> None:
    sunday = Day([replace(session(22, "6:00", "14:00"), rest_day=False)])
    assert reckoned(sunday, 22).kind is DayKind.WORKING
    monday = Day([replace(session(16, "6:00", "14:00"), rest_day=True)])
    assert reckoned(monday, 16).kind is DayKind.REST
    assert reckoned(sunday, 24).kind is DayKind.HOLIDAY


@pytest.mark.parametrize(
    ("day", "symbol", "doubts"),
    [
        (Day(), "", ()),
        (Day([session(16, "6:00", "12:00")]), "+", ()),
        (Day([session(16, "6:00", "11:59")]), "½", ()),
        (Day([session(16, "6:00", "8:00")]), "½", ()),
        (Day([session(16, "6:00", "7:59")]), "?", ("short",)),
        (Day([session(16, "6:00", None)]), "?", ("missing",)),
        (Day([session(16, "6:00", "11:30"), session(16, None, "18:00")]), "½", ("missing",)),
        (Day([], SheetLeave("P", False, 1)), "P", ()),
        (Day([], SheetLeave("P", True, 1)), "½P", ()),
        (Day([session(16, "6:00", "11:30")], SheetLeave("P", True, 1)), "+/P", ()),
        (Day([session(16, "6:00", "11:30")], SheetLeave("P", False, 1)), "½", ("leave-and-work",)),
        (Day([session(16, "6:00", "14:30")], SheetLeave("P", True, 1)), "+", ("leave-and-work",)),
        (
            Day([session(16, "6:00", None)], SheetLeave("P", False, 1)),
            "?",
            ("missing", "leave-and-work"),
        ),
    ],
)
def test_the_symbol_of_a_day(day: Day, symbol: str, doubts: tuple[str, ...]) -> None:
    done = reckoned(day)
    assert (done.symbol, done.doubts) == (symbol, doubts)


def test_what_is_doubtful_never_counts() -> None:
    """Though it has both ends: a person has to look at it."""
    done = reckoned(Day([session(16, "6:00", "18:00", why="two-readings")]))
    assert (done.symbol, done.worked, done.day_over) == ("?", 0, 0)


def test_a_site_has_its_own_hours_and_days_of_rest() -> None:
    site = Site(day_hours=10, full_hours=9, half_hours=5, rest_days=())
    done = reckoned(usual(22), 22, site)
    assert (done.kind, done.symbol, done.day_over) == (DayKind.WORKING, "+", HOUR)
    assert reckoned(Day([session(16, "6:00", "14:59")]), 16, site).symbol == "½"
