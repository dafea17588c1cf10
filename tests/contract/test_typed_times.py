"""Days and times as people type them: what each means today, and what means nothing."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.typed_times import (
    either_of_two,
    in_full,
    month_in_full,
    period_in_full,
    says_no_half,
    span_in_full,
    time_of_day,
)

TODAY = date(2026, 11, 29)
_FORENOON = ("2026-11-29T00:00", "2026-11-29T12:00")


@pytest.mark.parametrize(
    ("text", "full"),
    [
        *(("hôm nay", "2026-11-29"), ("hom nay", "2026-11-29"), ("Hôm  Nay", "2026-11-29")),
        *(("today", "2026-11-29"), ("yesterday", "2026-11-28"), ("hôm qua", "2026-11-28")),
        *(("ngày mai", "2026-11-30"), ("tomorrow", "2026-11-30")),
        ("hôm kia", "2026-11-27"),
        *(("ngày kia", "2026-12-01"), ("5 giờ chiều hôm kia", "2026-11-27T17:00")),
        *(("hom kia 17h", "2026-11-27T17:00"), ("chiều hôm kia 5h", "2026-11-27T17:00")),
        *(("thứ sáu", "2026-11-27"), ("thu 6", "2026-11-27"), ("Friday", "2026-11-27")),
        *(("chủ nhật", "2026-11-29"), ("thứ hai", "2026-11-23")),
        ("thứ năm 17h", "2026-11-26T17:00"),
        *(("thứ sáu tuần trước", "2026-11-20"), ("thứ hai tuần này", "2026-11-23")),
        *(("thứ 2 tuần sau", "2026-11-30"), ("monday next week", "2026-11-30")),
        *(("chủ nhật vừa rồi", "2026-11-22"), ("chủ nhật sắp tới", "2026-12-06")),
        *(("thứ bảy vừa qua", "2026-11-28"), ("thứ hai sắp tới", "2026-11-30")),
        *(("chiều thứ sáu 5h", "2026-11-27T17:00"), ("5 giờ chiều thứ 6", "2026-11-27T17:00")),
        ("ho\u0302m nay", "2026-11-29"),  # As a Mac takes it apart.
        *(("29/11", "2026-11-29"), ("1/2", "2026-02-01"), ("29/11/2026", "2026-11-29")),
        ("30/11", "2025-11-30"),  # This year's is still to come.
        ("2026-11-23", "2026-11-23"),
        *(("hôm qua 17:00", "2026-11-28T17:00"), ("17h10 hôm qua", "2026-11-28T17:10")),
        *(("yesterday 7:05", "2026-11-28T07:05"), ("17g hôm nay", "2026-11-29T17:00")),
        *(("sáng nay", "2026-11-29"), ("sáng nay 6h", "2026-11-29T06:00")),
        *(("29/11 17:00", "2026-11-29T17:00"), ("17h 29/11", "2026-11-29T17:00")),
        *(("29/11/2026 17:00", "2026-11-29T17:00"), ("6/1/2026 7h", "2026-01-06T07:00")),
        *(("chiều qua 17h45", "2026-11-28T17:45"), ("chiều qua 5h45", "2026-11-28T17:45")),
        *(("hôm qua 6 giờ tối", "2026-11-28T18:00"), ("6 giờ tối hôm qua", "2026-11-28T18:00")),
        *(("29/11 18 giờ 30", "2026-11-29T18:30"), ("18 giờ 29/11", "2026-11-29T18:00")),
        *(("18 giờ 30 phút 29/11", "2026-11-29T18:30"), ("trưa nay 1h", "2026-11-29T13:00")),
        *(("29-11-2026 18:20", "2026-11-29T18:20"), ("1-2-2026", "2026-02-01")),
        *(("5h sáng nay", "2026-11-29T05:00"), ("chiều nay 5 giờ chiều", "2026-11-29T17:00")),
        *(("t6", "2026-11-27"), ("T2 tuần sau", "2026-11-30"), ("17h t6", "2026-11-27T17:00")),
        *(
            ("hqua", "2026-11-28"),
            ("h.qua 5h chiều", "2026-11-28T17:00"),
            ("bữa nay", "2026-11-29"),
        ),
        *(("27-11", "2026-11-27"), ("27.11.2026", "2026-11-27"), ("mai", "2026-11-30")),
        *(("27 tháng 11", "2026-11-27"), ("ngày 5 tháng 1 năm 2026", "2026-01-05")),
        *(("27/11 lúc 17h05", "2026-11-27T17:05"), ("17h05 ngày 27/11", "2026-11-27T17:05")),
        *(("27/11, 17 h 05", "2026-11-27T17:05"), ("CN tuần trước", "2026-11-22")),
        *(("5h rưỡi chiều hôm qua", "2026-11-28T17:30"), ("3 ngày trước", "2026-11-26")),
        *(("hôm qua 5 rưỡi chiều", "2026-11-28T17:30"), ("5 rưỡi chiều qua", "2026-11-28T17:30")),
        *(
            ("hôm qua 5 giờ kém 10 chiều", "2026-11-28T16:50"),
            ("27/11 18h kém 5", "2026-11-27T17:55"),
        ),
        *(
            ("hôm kia lúc 5h kém 15 chiều", "2026-11-27T16:45"),
            ("29/11 1h kém 5", "2026-11-29T00:55"),
        ),
        ("2026-11-23T06:00:07.5+07:00", "2026-11-23T06:00:07.5+07:00"),
        ("2026-11-23 06:00Z", "2026-11-23T06:00Z"),
    ],
)
def test_each_form_in_full(text: str, full: str) -> None:
    assert in_full(text, TODAY) == full


@pytest.mark.parametrize(
    ("text", "full"),
    [
        *(("30/11", "2026-11-30"), ("28/11", "2026-11-28"), ("5/1", "2027-01-05")),
        *(("31/12", "2026-12-31"), ("1/6", "2026-06-01"), ("tomorrow", "2026-11-30")),
    ],
)
def test_a_day_that_may_be_to_come_is_the_nearest_one(text: str, full: str) -> None:
    assert in_full(text, TODAY, to_come=True) == full


@pytest.mark.parametrize(
    ("text", "unsure"),
    [
        *(
            (text, True)
            for text in ("hôm qua 5h30", "5 giờ rưỡi hôm qua", "thứ sáu 11h", "6h", "5 rưỡi")
        ),
        *(
            (text, False)
            for text in ("hôm qua 5h30 sáng", "chiều qua 5h", "sáng nay 6h", "17h30 hôm qua")
        ),
        *(
            (text, False)
            for text in ("hôm qua 05h30", "hôm qua 5:30", "12h hôm qua", "29/11 0h", "29/11", "x")
        ),
    ],
)
def test_an_hour_that_is_said_without_morning_or_afternoon(text: str, unsure: bool) -> None:
    assert says_no_half(text) is unsure


@pytest.mark.parametrize(
    ("text", "to_come", "two"),
    [
        ("chủ nhật", False, ("2026-11-22", "2026-11-29")),  # It is one today.
        ("17h chủ nhật", False, ("2026-11-22T17:00", "2026-11-29T17:00")),
        ("chiều chủ nhật 5h", False, ("2026-11-22T17:00", "2026-11-29T17:00")),
        *(("thứ sáu", False, None), ("thứ sáu", True, ("2026-11-27", "2026-12-04"))),
        *(("chủ nhật tuần này", True, None), ("chủ nhật vừa rồi", True, None)),
        *(("29/11", True, None), ("hôm nay", False, None), ("x", True, None)),
    ],
)
def test_a_weekday_that_may_be_either_of_two(
    text: str, to_come: bool, two: tuple[str, str] | None
) -> None:
    assert either_of_two(text, TODAY, to_come=to_come) == two


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            *("last friday", "thứ sáu tới", "thứ tám", "thứ 1", "thứ sáu này", "chiều thứ sáu"),
            "x",
            "hôm kìa",
            "17h hôm ki\u0300a",
            "ngày kìa",
            "chiều kia 5h",
            "hôm",
            "last week",
            "qua",
            "29",
            "29/13",
            "31/02",
            "29/11/26",
        ),
        *("11-29", "29/11/2026/1", "hôm qua 17", "17 hôm qua", "29/2", "0/1", "29.11"),
        *("hôm qua 1 giờ tối", "sáng qua 14h", "chiều qua", "tối qua", "29/11 18 giờ 5"),
        *("sáng nay 6h tối 29/11", "chiều qua 9h sáng", "29-11-26", "đêm qua 1h"),
        *("hôm qua 0h kém 5", "hôm qua 5 kém 5", "hôm qua 5 giờ kém 7"),
        *("hôm qua 17h5", "hôm qua hôm nay", "29/11 \n17:00", "２９/11"),
    ],
)
def test_what_is_no_form_stays_for_whoever_asks_to_refuse(text: str) -> None:
    assert in_full(text, TODAY) == text


@pytest.mark.parametrize(
    "text", ["hôm nay", "yesterday 06:00", "29/11", "17h 29/11", "chiều qua 17h45", "thứ sáu"]
)
def test_where_nobody_knows_today_nothing_is_guessed(text: str) -> None:
    assert in_full(text, None) == text


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        *(("tuần này", "2026-11-23", "2026-11-30"), ("This  Week", "2026-11-23", "2026-11-30")),
        *(("tuần trước", "2026-11-16", "2026-11-23"), ("last week", "2026-11-16", "2026-11-23")),
        *(("tháng này", "2026-11-01", "2026-12-01"), ("thang nay", "2026-11-01", "2026-12-01")),
        *(("tháng trước", "2026-10-01", "2026-11-01"), ("sáng nay", *_FORENOON)),
        *(("chiều nay", "2026-11-29T12:00", "2026-11-29T18:00"), ("this morning", *_FORENOON)),
        ("tối nay", "2026-11-29T18:00", "2026-11-30T00:00"),
        *(("tuần rồi", "2026-11-16", "2026-11-23"), ("tháng vừa rồi", "2026-10-01", "2026-11-01")),
        *(("tối qua", "2026-11-28T18:00", "2026-11-29T00:00"),),
        *(("sáng hôm kia", "2026-11-27T00:00", "2026-11-27T12:00"),),
        *(("tháng 12", "2025-12-01", "2026-01-01"), ("2026-10", "2026-10-01", "2026-11-01")),
    ],
)
def test_where_what_lasts_begins_and_ends(text: str, begin: str, end: str) -> None:
    assert span_in_full(text, TODAY) == (begin, end)


def test_a_month_at_the_turn_of_the_year() -> None:
    assert span_in_full("tháng trước", date(2027, 1, 31)) == ("2026-12-01", "2027-01-01")
    assert span_in_full("this month", date(2026, 12, 31)) == ("2026-12-01", "2027-01-01")


@pytest.mark.parametrize(
    ("text", "month", "without_today"),
    [
        *(("2026-11", "2026-11", "2026-11"), ("11/2026", "2026-11", "2026-11")),
        *(("1-2027", "2027-01", "2027-01"), ("Tháng 9/2026", "2026-09", "2026-09")),
        *(("thang 11 nam 2026", "2026-11", "2026-11"), ("tháng 02 năm 2026", "2026-02", "2026-02")),
        *(("tháng này", "2026-11", None), ("last month", "2026-10", None)),
        *(
            ("tháng 11", "2026-11", None),
            ("tháng 12", "2025-12", None),
            ("tháng 1", "2026-01", None),
        ),
        *(("11", None, None), ("tháng 13", None, None), ("13/2026", None, None)),
        *(("2026-00", None, None), ("29/11", None, None), ("tháng", None, None)),
    ],
)
def test_a_month(text: str, month: str | None, without_today: str | None) -> None:
    assert month_in_full(text, TODAY) == month
    assert month_in_full(text, None) == without_today


@pytest.mark.parametrize("text", ["hôm qua", "week", "tuần", "chiều nay 5h", "29/11", ""])
def test_what_is_a_day_or_nothing_lasts_for_none(text: str) -> None:
    assert span_in_full(text, TODAY) is None


def test_a_day_that_only_a_leap_year_has() -> None:
    assert in_full("29/2", date(2028, 3, 1)) == "2028-02-29"
    assert in_full("29/2", date(2028, 2, 28)) == "29/2"  # Neither this year's, yet, nor the last's.


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("06:00", "06:00"),
        ("6:00", "06:00"),
        ("17h", "17:00"),
        ("17g10", "17:10"),
        ("6", None),
        ("25h", None),
    ],
)
def test_a_time_of_day_alone(text: str, at: str | None) -> None:
    assert time_of_day(text) == at


@given(st.text(max_size=30), st.dates(date(1, 2, 1), date(9998, 12, 31)), st.booleans())
def test_no_text_does_anything_else(text: str, today: date, to_come: bool) -> None:
    in_full(text, today, to_come=to_come)
    time_of_day(text)


@pytest.mark.parametrize(
    ("today", "typed", "meant"),
    [
        # By the nearest day, the first of May is that of next year from the end of October on.
        ("2026-11-30", ("1/5", "31/5"), ("2026-05-01", "2026-05-31")),
        ("2026-11-20", ("26/10", "25/11"), ("2026-10-26", "2026-11-25")),
        ("2026-11-30", ("1/1", "31/12"), ("2026-01-01", "2026-12-31")),
        ("2027-01-05", ("1/12", "31/12"), ("2026-12-01", "2026-12-31")),
        ("2027-01-05", ("26/12", "25/1"), ("2026-12-26", "2027-01-25")),
        ("2026-12-31", ("1/1", "1/1"), ("2026-01-01", "2026-01-01")),
        ("2026-11-30", ("hôm qua", "today"), ("2026-11-29", "2026-11-30")),
        ("2026-11-30", ("1/12/2026", "31/12/2026"), ("2026-12-01", "2026-12-31")),
    ],
)
def test_a_period_has_begun(today: str, typed: tuple[str, str], meant: tuple[str, str]) -> None:
    assert period_in_full(*typed, date.fromisoformat(today)) == meant
