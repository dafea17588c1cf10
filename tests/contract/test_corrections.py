"""What a person may add: the same at the gate and at the office."""

import unicodedata
from contextlib import suppress
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.corrections import (
    ODD_AFTER_MS,
    Addition,
    Held,
    Today,
    known_code,
    said_moment,
)
from edge_agent.contract.errors import BadRequest
from edge_agent.contract.people import Employment

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HOUR = 3_600_000
DAY = 24 * HOUR
NOW = said_moment("2026-11-23T12:00", ZONE)


def check(at_ms: int = NOW - HOUR, *, force: bool = False, **known: Any) -> None:
    asked: dict[str, Any] = {"today": Today(NOW), "employment": None, "held": [], **known}
    Addition(code="007", at_ms=at_ms, zone=ZONE).check(**asked, force=force)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T06:00", "2026-11-23T06:00:00+07:00"),
        ("2026-11-23 06:00", "2026-11-23T06:00:00+07:00"),
        ("23/11/2026 06:00", "2026-11-23T06:00:00+07:00"),
        ("3/1/2026 6:05", "2026-01-03T06:05:00+07:00"),
        ("23/11/2026 17h10", "2026-11-23T17:10:00+07:00"),
        ("23/11/2026 6g05", "2026-11-23T06:05:00+07:00"),
        ("17h 3/1/2026", "2026-01-03T17:00:00+07:00"),
        ("17:10 23/11/2026", "2026-11-23T17:10:00+07:00"),
        ("2026-11-23 17h10", "2026-11-23T17:10:00+07:00"),
        ("2026-11-23T06:00:30.5", "2026-11-23T06:00:30.500+07:00"),
        ("2026-11-23T06:00+07:00", "2026-11-23T06:00:00+07:00"),
    ],
)
def test_a_time_is_a_day_and_a_time_of_day(text: str, expected: str) -> None:
    assert said_moment(text, ZONE) == datetime.fromisoformat(expected).timestamp() * 1000


@pytest.mark.parametrize(
    "text",
    [
        *("", "six", "2026-11-23", "2026-11-23T", "2026-11-23T06", "26-11-23T06:00"),
        *(
            "23/11/2026",
            "2026/11/23 06:00",
            "23/11/26 06:00",
            "31/02/2026 06:00",
            "23/13/2026 06:00",
        ),
        *("0026-11-23T06:00", "1999-11-23T06:00", "2226-11-23T06:00", "23-11-26T06:00"),
        *("2026-02-29T06:00", "2026-11-23T25:00", "2026-11-23T06:60", "20261123T0600"),
        *("2026-11-23T06:00+15:00", "2026-11-23T06:00-14:01", "2026-11-23T06:00+23:59"),
        *(
            "17h5 23/11/2026",
            "17h60 23/11/2026",
            "25h 23/11/2026",
            "17h 23/11",
            "17hh 3/1/2026",
        ),
        *("2026-W47-1T06:00", "2026-11-23T06:00+7", "2026-11-23T06:00\n", "２０２６-11-23T06:00"),
    ],
)
def test_nothing_else_is_a_time(text: str) -> None:
    with pytest.raises(BadRequest, match="is no time: write the day and the time of day"):
        said_moment(text, ZONE)


@pytest.mark.parametrize("text", ["17h10", "17:10", "5 giờ chiều"])
def test_a_time_of_day_alone_is_told_that_its_day_is_missing(text: str) -> None:
    with pytest.raises(BadRequest, match="of which day"):
        said_moment(text, ZONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T06:00Z", "2026-11-23T13:00:00+07:00"),
        ("2026-11-23T06:00+09:00", "2026-11-23T04:00:00+07:00"),
        ("2026-11-23 06:00:00-00:00", "2026-11-23T13:00:00+07:00"),
        ("2026-11-23T06:00+14:00", "2026-11-22T23:00:00+07:00"),
        ("23/11/2026 06:00+06:59", "2026-11-23T06:01:00+07:00"),
    ],
)
def test_another_zone_s_offset_is_asked_about(text: str, expected: str) -> None:
    with pytest.raises(BadRequest, match="another offset than the clocks in Asia/Ho_Chi_Minh"):
        said_moment(text, ZONE)
    meant = datetime.fromisoformat(expected).timestamp() * 1000
    assert said_moment(text, ZONE, force=True) == meant


def test_a_zone_with_summer_time_has_the_offset_of_that_day() -> None:
    said_moment("2026-07-01T06:00+02:00", ZoneInfo("Europe/Berlin"))
    with pytest.raises(BadRequest, match="another offset"):
        said_moment("2026-07-01T06:00+01:00", ZoneInfo("Europe/Berlin"))


@given(st.text(max_size=30))
def test_no_text_does_anything_else(text: str) -> None:
    with suppress(BadRequest):
        said_moment(text, ZONE)


def test_a_time_that_no_clock_has_shown() -> None:
    with pytest.raises(BadRequest, match="on no clock in Europe/Berlin"):
        said_moment("2026-03-29T02:30", ZoneInfo("Europe/Berlin"))
    said_moment("2026-10-25T02:30", ZoneInfo("Europe/Berlin"))


KNOWN = ["NV0042", "007", "Đ12", unicodedata.normalize("NFD", "Á7")]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        *(("NV0042", "NV0042"), (" NV0042 ", "NV0042"), ("007", "007"), ("Đ12", "Đ12")),
        (unicodedata.normalize("NFD", "Á7"), KNOWN[-1]),
        (unicodedata.normalize("NFC", "Á7"), KNOWN[-1]),
    ],
)
def test_a_code_is_the_same_from_every_keyboard(typed: str, code: str) -> None:
    assert known_code(typed, KNOWN, "?") == code


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        *(("nv0042", "NV0042"), ("NV 0042", "NV0042"), ("NV42", "NV0042"), ("NVOO42", "NV0042")),
        *(("7", "007"), ("D12", "Đ12"), ("ＮＶ００４２", "NV0042")),
    ],
)
def test_a_code_that_is_nearly_one_is_asked_about(typed: str, said: str) -> None:
    with pytest.raises(BadRequest, match=f"is {said} meant"):
        known_code(typed, KNOWN, "?")


@pytest.mark.parametrize(
    ("typed", "said"), [("008", "no worker 008: add them"), ("--help", "not an employee code")]
)
def test_an_unknown_code_is_refused(typed: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        known_code(typed, KNOWN, "add them")


@pytest.mark.parametrize("ahead", [1, DAY, 13_000 * DAY])
@pytest.mark.parametrize("force", [False, True])
def test_what_has_not_come_is_refused(ahead: int, force: bool) -> None:
    check(NOW)
    with pytest.raises(BadRequest, match="has not come yet"):
        check(NOW + ahead, force=force)


@pytest.mark.parametrize(
    ("today", "ahead", "forced"),
    [
        (Today(NOW, sure=False), HOUR, True),
        (Today(NOW, sure=False), 366 * DAY, True),
        (Today(NOW, sure=False), 367 * DAY, False),
        (Today(None, sure=False), 0, True),
    ],
)
def test_a_clock_that_is_not_sure_is_believed_all_the_same(
    today: Today, ahead: int, forced: bool
) -> None:
    check(NOW, today=Today(NOW, sure=False))
    with pytest.raises(BadRequest, match=r"has not come yet|has come cannot be told"):
        check(NOW + ahead, today=today)
    if forced:
        check(NOW + ahead, today=today, force=True)
    else:
        with pytest.raises(BadRequest, match="has not come yet"):
            check(NOW + ahead, today=today, force=True)


def test_what_is_long_ago_is_asked_about() -> None:
    check(NOW - ODD_AFTER_MS)
    with pytest.raises(BadRequest, match=r"more than two months ago.*--force"):
        check(NOW - ODD_AFTER_MS - 1)
    check(NOW - ODD_AFTER_MS - 1, force=True)


@pytest.mark.parametrize(
    ("employment", "active", "said"),
    [
        (None, False, "deactivated at this gate"),
        (Employment(active=False), True, "deactivated by payroll's roster"),
        (Employment(active=True, valid_from="2026-11-24"), True, "works from 2026-11-24"),
        (Employment(active=True, valid_to="2026-11-22"), True, "worked until 2026-11-22"),
    ],
)
def test_a_worker_who_may_not_punch_is_asked_about(
    employment: Employment | None, active: bool, said: str
) -> None:
    with pytest.raises(BadRequest, match=f"{said}.*--force"):
        check(employment=employment, active=active)
    check(employment=employment, active=active, force=True)


def test_the_dates_of_a_worker_are_inclusive() -> None:
    check(employment=Employment(active=True, valid_from="2026-11-23", valid_to="2026-11-23"))


@pytest.mark.parametrize(
    ("apart", "refused", "forced"),
    [(0, True, False), (1, True, True), (-59_999, True, True), (60_000, False, True)],
)
def test_a_double_names_the_entry_that_is_there(apart: int, refused: bool, forced: bool) -> None:
    held = [Held("entry 12", NOW - HOUR + apart, "void 12")]
    for force, wrong in ((False, refused), (True, not forced)):
        if wrong:
            with pytest.raises(BadRequest, match=r"already, entry 12: .*it first: void 12"):
                check(held=held, force=force)
        else:
            check(held=held, force=force)
