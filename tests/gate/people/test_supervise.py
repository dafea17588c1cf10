"""A supervisor's entries: checked, once, and by codes only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.people import Worker
from edge_agent.gate.people.requests import AddPunch, VoidPunch
from tests.gate.ledger.clocked_site import HOUR, Site, punch

from .asking import ask

BY = "uid:1000"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    with made.store.changing() as change:
        change.put_worker(Worker(code="007", name="Lan"))
    made.clocks.sync()
    made.look()
    yield made
    made.store.close()


def void(site: Site, seq: int, reason: str = "wrong-worker") -> dict[str, Any]:
    return ask(site.gate, VoidPunch(seq=seq, reason=reason), BY)


def add(site: Site, **other: Any) -> dict[str, Any]:
    asked = {"code": "007", "at": "2026-11-18T06:00", "reason": "forgot-to-press"}
    return ask(site.gate, AddPunch(**{**asked, **other}), BY)


def test_a_punch_is_voided_once(site: Site) -> None:
    seq = site.write(punch())
    void(site, seq)
    [voided] = site.of_kind("punch.voided")
    assert (voided["of"], voided["worker"], voided["reason"], voided["actor"]) == (
        seq,
        "007",
        "wrong-worker",
        BY,
    )
    with pytest.raises(BadRequest, match="voided already"):
        void(site, seq)
    assert len(site.of_kind("punch.voided")) == 1


@pytest.mark.parametrize("seq", [0, -1, 1, 2, 999, 2**63, 2**80])
def test_only_a_punch_can_be_voided(site: Site, seq: int) -> None:
    with pytest.raises(BadRequest, match=f"Entry {seq} is"):
        void(site, seq)


def test_what_was_added_can_be_voided(site: Site) -> None:
    void(site, add(site)["seq"])
    assert len(site.of_kind("punch.voided")) == 1


def test_a_voided_punch_is_not_repeated(site: Site) -> None:
    seq = site.write(punch())
    assert site.gate.store.last_punches(site.clocks.stamp(), HOUR)["007"].seq == seq
    void(site, seq)
    assert site.gate.store.last_punches(site.clocks.stamp(), HOUR) == {}
    assert "007" not in site.gate.last_punches


def test_after_a_void_the_punch_before_it_is_the_last(site: Site) -> None:
    """Or the next direction would be guessed from nothing, until a restart knew it again."""
    before = site.write(punch())
    after = site.write(punch())
    assert site.gate.last_punches["007"].seq == after
    void(site, after)
    assert site.gate.last_punches["007"].seq == before


def test_a_punch_is_added_at_its_time(site: Site) -> None:
    add(site, at="2026-11-18T06:00", direction="in")
    [added] = site.of_kind("punch.added")
    assert added["at"] == "2026-11-18T06:00:00.000+07:00"
    assert (added["direction"], added["direction_source"], added["method"]) == (
        "in",
        None,
        "supervisor",
    )
    assert added["clock"]["wall"] > "2026-11-18T01"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"code": "008"}, "no worker 008"),
        ({"code": "--help"}, "not an employee code"),
        ({"at": "2026-11-18"}, "is no time"),
        ({"at": "six"}, "is no time"),
        ({"at": "0001-01-01T00:00"}, "is no time|sense"),
        ({"at": "2126-11-18T06:00"}, "has not come yet"),
        ({"direction": "up"}, "no direction"),
        ({"reason": "Nguyễn Văn An"}, "not a reason"),
        ({"reason": ""}, "not a reason"),
        ({"reason": "Forgot"}, "not a reason"),
        ({"reason": "x" * 33}, "not a reason"),
        ({"reason": "ok\n"}, "not a reason"),
    ],
)
def test_nonsense_adds_nothing(site: Site, wrong: dict[str, str], said: str) -> None:
    before = site.store.tail()
    with pytest.raises(BadRequest, match=said):
        add(site, **wrong)
    assert site.store.tail() == before


def test_without_a_clock_a_punch_can_be_added(site: Site) -> None:
    site.power_cut()
    add(site)
    assert site.of_kind("punch.added")[0]["clock"]["state"] == "unsynced"
