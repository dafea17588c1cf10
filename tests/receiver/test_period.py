"""Periods that are paid at once: months, and those that are none."""

from datetime import date

import pytest

from edge_agent.contract.errors import BadRequest
from edge_agent.receiver.office.period import period_of


@pytest.mark.parametrize(
    ("month", "last"),
    [("2026-11", 30), ("2026-12", 31), ("2027-02", 28), ("2028-02", 29)],
)
def test_a_month_has_all_its_days(month: str, last: int) -> None:
    period = period_of(month, None, None)
    assert (period.name, period.is_month) == (month, True)
    assert [day.day for day in period.days()] == list(range(1, last + 1))
    assert period == period_of(None, f"{month}-01", f"{month}-{last}")


def test_as_people_write_them() -> None:
    assert period_of("9/2026", None, None) == period_of("2026-09", None, None)
    assert period_of(None, "26/10/2026", "25/11/2026").name == "2026-10-26_2026-11-25"


def test_days_that_are_no_month() -> None:
    period = period_of(None, "2026-10-26", "2026-11-25")
    assert (period.name, period.is_month) == ("2026-10-26_2026-11-25", False)
    assert len(period.days()) == 31
    assert (period.days()[-1], period.end) == (date(2026, 11, 25), date(2026, 11, 26))
    assert period_of(None, "2026-11-25", "2026-11-25").days() == [date(2026, 11, 25)]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((None, None, None), "--month"),
        (("2026-11", "2026-11-01", None), "either"),
        ((None, "2026-11-01", None), "--to"),
        ((None, None, "2026-11-01"), "--from"),
        (("2026-13", None, None), "no month"),
        (("0000-11", None, None), "no month"),
        (("13/2026", None, None), "no month"),
        (("2026-11 ", None, None), "no month"),
        (("11", None, None), "no month"),
        (("2026-11-01", None, None), "no month"),
        ((None, "45000", "2026-11-01"), "no day"),
        ((None, "2026-11-02", "2026-11-01"), "before"),
        ((None, "2026-11-31", "2026-12-01"), "no day"),
        ((None, "20261101", "2026-12-01"), "no day"),
        ((None, "0001-01-01", "2026-12-01"), "no day"),
        ((None, "2025-01-01", "2026-12-01"), "a year"),
    ],
)
def test_what_is_no_period_is_told(asked: tuple[str | None, ...], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        period_of(*asked)
