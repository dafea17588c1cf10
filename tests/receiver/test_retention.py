"""``receive retention``: which years payroll holds, and until when it has to."""

import pytest

from .office_desk import Desk
from .test_effects import Ledger

PRESS = {"direction": None, "direction_source": None, "method": "finger"}


@pytest.fixture
def desk(database: str) -> Desk:
    desk, ledger = Desk(database), Ledger("a")
    for worker, at in (
        ("0001", "2015-12-31T23:59:00.000+07:00"),
        ("0001", "2016-01-01T00:00:00.000+07:00"),
        ("0002", "2016-06-01T06:00:00.000+07:00"),
        ("0002", "2016-06-01T14:00:00.000+07:00"),
        ("0003", None),
    ):
        ledger.write("punch.recorded", at, worker=worker, **PRESS)
    desk.take(ledger)
    return desk


def test_each_year_is_over_once_so_many_have_passed_since_its_end(desk: Desk) -> None:
    """Today is in November of 2026."""
    told = desk.json("retention")
    assert [(one["year"], one["punches"], one["workers"], one["over"]) for one in told] == [
        (2015, 1, 1, "2026-01-01"),
        (2016, 3, 2, "2027-01-01"),
        (None, 1, 1, None),
    ]
    assert [one["is_over"] for one in told] == [True, False, False]
    told = desk.json("retention", "--years", "11")
    assert [one["is_over"] for one in told] == [False, False, False]


def test_a_year_is_over_with_the_first_morning_at_the_office(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for now, over in (("2026-12-31T16:59:59.999Z", 1), ("2026-12-31T17:00:00.000Z", 2)):
        monkeypatch.setattr("edge_agent.cli.receive_retention.now", lambda at=now: at)
        assert sum(one["is_over"] for one in desk.json("retention")) == over


@pytest.mark.parametrize(
    ("language", "over", "none"),
    [
        ("en", "not removed by itself", "Nothing has to go yet"),
        ("vi", "đã hết hạn", "Chưa có"),
    ],
)
def test_it_is_told_and_nothing_is_removed(desk: Desk, language: str, over: str, none: str) -> None:
    desk.language = language
    assert over in " ".join(desk.done("retention").split())
    assert none in desk.done("retention", "--years", "30")
    assert len(desk.json("retention")) == 3


def test_before_anything_has_come(database: str) -> None:
    desk = Desk(database)
    desk.take()
    assert desk.json("retention") == []
