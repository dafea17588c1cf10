"""A supervisor's entries: checked, once, and by codes only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.facts import PunchRepeated
from edge_agent.contract.language import said
from edge_agent.contract.people import Employment, Worker
from edge_agent.contract.stamps import local_time
from edge_agent.gate.people.requests import AddPunch, LeaveWorker, VoidPunch
from tests.gate.ledger.clocked_site import HOUR, MINUTE, NOON, ZONE, Site, punch

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


@pytest.mark.parametrize(
    ("language", "first", "then"),
    [
        ("en", ("nothing need be done", "punches void {} --reason wrong-worker"), "voided already"),
        ("vi", ("không cần làm gì", "punches void {} --reason 'nhầm người'"), "đã hủy rồi"),
    ],
)
def test_whoever_voids_a_repeat_is_told_that_it_does_not_count_anyway(
    site: Site, language: str, first: tuple[str, str], then: str
) -> None:
    seq = site.write(punch())
    repeat = site.write(PunchRepeated(worker="007", of=seq))
    with pytest.raises(BadRequest) as refused:
        void(site, repeat)
    told = said(refused.value.message, language)
    before, command = (told.index(part.format(seq)) for part in first)
    assert before < command
    assert "punch.repeated" not in told
    other = site.write(PunchRepeated(worker="007", of=site.write(punch())))
    assert (void(site, seq)["repeats"], other > repeat) == ([repeat], True)
    with pytest.raises(BadRequest) as refused:
        void(site, repeat)
    assert then in said(refused.value.message, language)


def test_what_was_added_can_be_voided(site: Site) -> None:
    void(site, add(site)["seq"])
    assert len(site.of_kind("punch.voided")) == 1


def test_a_voided_punch_is_not_repeated(site: Site) -> None:
    seq = site.write(punch())
    assert site.gate.store.last_punches(site.clocks.stamp(), HOUR)["007"].seq == seq
    void(site, seq)
    assert site.gate.store.last_punches(site.clocks.stamp(), HOUR) == {}
    assert "007" not in site.gate.known.last_punches


def test_after_a_void_the_punch_before_it_is_the_last(site: Site) -> None:
    """Or the next direction would be guessed from nothing, until a restart knew it again."""
    before = site.write(punch())
    after = site.write(punch())
    assert site.gate.known.last_punches["007"].seq == after
    void(site, after)
    assert site.gate.known.last_punches["007"].seq == before


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
        ({"code": "OO7"}, "is 007 meant"),
        ({"at": "2026-11-18"}, "is no time"),
        ({"at": "0026-11-18T06:00"}, "is no time"),
        ({"at": "2062-11-18T06:00", "force": True}, "has not come yet"),
        ({"at": "2026-08-18T06:00"}, "more than two months ago"),
        ({"at": "2026-11-18T06:00+15:00", "force": True}, "is no time"),
        ({"at": "2026-11-18T06:00Z"}, "another offset"),
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


def test_another_zone_s_time_is_taken_where_somebody_insists(site: Site) -> None:
    add(site, at="2026-11-18T01:00+02:00", force=True)
    assert site.of_kind("punch.added")[0]["at"] == "2026-11-18T06:00:00.000+07:00"


def test_without_a_clock_a_punch_can_be_added(site: Site) -> None:
    site.power_cut()
    add(site)
    assert site.of_kind("punch.added")[0]["clock"]["state"] == "unsynced"


def test_a_clock_that_is_not_synchronised_does_not_open_the_future(site: Site) -> None:
    """It is as late as the last sure moment, and what has passed since: more may have."""
    site.power_cut()
    site.runs(MINUTE)
    low = local_time(site.clocks.true_ms - 2 * MINUTE, ZONE)
    ahead = local_time(site.clocks.true_ms + MINUTE, ZONE)
    add(site, at=low)
    for at in (ahead, "2062-11-18T06:00"):
        with pytest.raises(BadRequest, match="has not come yet"):
            add(site, at=at)
    add(site, at=ahead, force=True)
    with pytest.raises(BadRequest, match="has not come yet"):
        add(site, at="2062-11-18T06:00", force=True)


def test_a_clock_whose_battery_has_failed_tells_no_date(site: Site) -> None:
    site.power_cut(wall=2 * NOON)
    with pytest.raises(BadRequest, match="it is 2026-11-18"):
        add(site, at="2062-11-18T06:00")


def test_a_gate_that_never_knew_the_date_asks(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with site.store.changing() as change:
        change.put_worker(Worker(code="007", name="Lan"))
    with pytest.raises(BadRequest, match="has never been set"):
        add(site)
    add(site, force=True)
    site.store.close()


def test_a_double_names_the_entry_that_is_there(site: Site) -> None:
    pressed = site.write(punch())
    at = local_time(site.clocks.true_ms, ZONE)
    site.runs(HOUR)
    for force in (False, True):
        with pytest.raises(BadRequest, match=f"already, entry {pressed}: nothing was added"):
            add(site, at=at, force=force)
    with pytest.raises(BadRequest, match=f"already, entry {pressed}"):
        add(site, at=at[:16])
    seq = add(site)["seq"]
    before = site.store.tail()
    told = f"already, entry {seq}.*only which way it led.* void {seq} "
    with pytest.raises(BadRequest, match=told):
        add(site, direction="out")
    assert site.store.tail() == before
    void(site, seq)
    add(site, direction="out")


def test_a_double_is_found_by_the_time_that_is_told_now(site: Site) -> None:
    """The press had no time, and the entry that gives it one stands elsewhere."""
    site.power_cut()
    pressed = site.write(punch())
    at = local_time(site.clocks.true_ms, ZONE)
    site.runs(HOUR)
    site.clocks.sync()
    site.look()
    with pytest.raises(BadRequest, match=f"already, entry {pressed}"):
        add(site, at=at[:16])


def test_doubles_are_looked_for_no_further_back_than_they_can_be(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(12):
        for _ in range(40):
            site.write(punch("008"))
        site.runs(12 * HOUR)
    read: list[int] = []
    monkeypatch.setattr(type(site.store), "_data", lambda self, seq, wire: read.append(1) or {
        "clock": site.data()[-1]["clock"]
    })  # fmt: skip
    list(site.store.of_worker("007", site.clocks.true_ms))
    assert len(read) < 5


@pytest.mark.parametrize(
    ("worker", "said"),
    [
        (Worker(code="007", name="Lan", active=False), "deactivated at this gate"),
        (
            Worker(code="007", name="Lan", listed=Employment(active=True, valid_to="2026-11-17")),
            "worked until 2026-11-17",
        ),
    ],
)
def test_who_may_not_punch_is_asked_about(site: Site, worker: Worker, said: str) -> None:
    with site.store.changing() as change:
        change.put_worker(worker)
    site.gate.known.reread()
    with pytest.raises(BadRequest, match=said):
        add(site)
    add(site, force=True)


def test_who_has_left_by_then_is_asked_about(site: Site) -> None:
    """A forgotten press of the last day is none of those."""
    ask(site.gate, LeaveWorker(code="007", on="2026-11-17"), BY)
    with pytest.raises(BadRequest, match="with Tue 2026-11-17 as the last day"):
        add(site)
    add(site, force=True)
    add(site, at="2026-11-17T17:00")


def test_an_added_punch_leads_on(site: Site) -> None:
    """At once, and after a void as before it."""
    at = local_time(site.clocks.true_ms - MINUTE, ZONE)
    assert "007" not in site.gate.known.last_punches
    seq = add(site, at=at, direction="in")["seq"]
    assert site.gate.known.last_punches["007"].seq == seq
    void(site, seq)
    assert "007" not in site.gate.known.last_punches
