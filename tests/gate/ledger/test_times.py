"""Punches get their true time in new entries, on a real store and a clock that is set by hand."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_agent.contract.errors import StoreFault
from edge_agent.contract.facts import (
    OldEntry,
    PunchRecovered,
)
from edge_agent.contract.stamps import parse_time
from edge_agent.gate.events import ClockChanged
from edge_agent.gate.host.clock_trust import HardwareClock, KnownTime
from edge_agent.gate.host.host_identity import HostIdentity
from edge_agent.gate.ledger.open_or_succeed import open_or_succeed
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.watch_recording import WatchRecording
from edge_agent.gate.rules import Match
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import LAN, LANS, PanelBook

from .clocked_site import ALIVE, HOUR, MINUTE, NOON, ZONE, Site, near, punch


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.store.close()


def test_a_sync_gives_the_punches_of_its_boot_their_time(site: Site) -> None:
    seqs = []
    for _ in range(3):
        site.runs(HOUR)
        seqs.append(site.write(punch()))
    assert site.store.pending_times().count == 3
    site.clocks.sync()
    site.look()
    told = site.said()
    assert [one["of"] for one in told] == seqs
    for one in told:
        assert near(one["at"], site.truth[one["of"]], one["uncertainty_ms"])
        assert one["uncertainty_ms"] <= 1000 + 3 * 1800
        assert (one["not_before"], one["not_after"], one["final"]) == (None, None, True)
    [synced] = site.of_kind("clock.synced")
    assert synced["offset_ms"] == site.clocks.began
    assert site.store.pending_times().count == 0
    site.look()
    assert len(site.said()) == 3  # Once is enough.


def test_a_boot_without_a_sync_gives_an_interval(site: Site) -> None:
    site.clocks.sync()
    site.look()
    last_sure = site.clocks.true_ms
    site.power_cut(10 * MINUTE)
    site.runs(5 * MINUTE)
    seq = site.write(punch())
    site.runs(5 * MINUTE)
    site.write()
    site.power_cut(20 * MINUTE)
    site.runs(2 * MINUTE)
    assert site.said() == []
    site.clocks.sync()
    site.look()
    [told] = site.said()
    assert (told["of"], told["at"], told["final"]) == (seq, None, True)
    low, high = parse_time(told["not_before"]), parse_time(told["not_after"])
    assert low <= site.truth[seq] <= high
    assert near(told["not_before"], last_sure + 5 * MINUTE, 3000)
    assert near(told["not_after"], site.truth[seq] + 20 * MINUTE, 3000)


def test_a_punch_without_a_clock_says_at_once_what_is_known(site: Site) -> None:
    site.clocks.sync()
    site.look()
    sure = site.clocks.true_ms
    site.power_cut()
    site.write()
    site.runs(5 * MINUTE)
    store = site.gate.store
    with store.changing() as change:
        change.put_worker(LAN)
        change.put_print(LANS, b"d" * 32)
    credit = Credit(site.gate, PanelBook(store), lambda: False)
    credit.match(Match(LANS.slot, 99), site.clocks.stamp())
    [recorded] = site.of_kind("punch.recorded")
    assert recorded["at"] is None
    assert near(recorded["not_before"], sure + 5 * MINUTE, 3000)
    assert parse_time(recorded["not_before"]) <= site.clocks.true_ms
    assert "not_after" not in recorded


def test_a_clock_set_by_hand_is_told_and_its_punches_get_their_time(site: Site) -> None:
    site.clocks.sync()
    site.look()
    site.runs(HOUR)
    site.clocks.step(-3 * HOUR)
    site.look()
    _, stepped = site.of_kind("clock.stepped")
    assert stepped["step_ms"] == -3 * HOUR
    assert stepped["state"] == "unsynced"
    assert parse_time(stepped["after"]) - parse_time(stepped["before"]) == -3 * HOUR
    seq = site.write(punch())
    site.times.begin()
    site.look()
    [first] = site.said()  # The boot's clock runs on: within drift the time is known.
    assert (first["of"], first["final"]) == (seq, False)
    assert near(first["at"], site.truth[seq], first["uncertainty_ms"])
    site.runs(HOUR)
    site.clocks.sync()
    site.look()
    assert [one["final"] for one in site.said()] == [False, True]


def test_a_clock_that_is_set_all_the_time_is_told_of_once_a_minute(site: Site) -> None:
    for _ in range(180):
        site.clocks.step(5000)
        site.look()
    told = site.of_kind("clock.stepped")
    assert 3 <= len(told) <= 4
    for one, other in pairwise(told):
        assert one["step_ms"] >= 5000
        assert other["step_ms"] == 60 * 5000


def test_whether_the_time_is_known_is_told_when_it_changes(site: Site) -> None:
    def told() -> list[bool]:
        return [event.trusted for event in site.events if isinstance(event, ClockChanged)]

    site.look()
    assert told() == []  # Whoever begins to follow asks for the status.
    site.clocks.sync()
    site.look()
    site.look()
    assert told() == [True]


def test_1970_at_boot_is_told_for_what_it_is(site: Site) -> None:
    site.clocks.sync()
    site.look()
    site.power_cut(wall=0)
    site.look()
    _, stepped = site.of_kind("clock.stepped")
    assert stepped["after"].startswith("1970-01-01T00:00:0")
    assert stepped["before"].startswith("2026-")
    assert stepped["at"] is None


def test_a_boot_that_begins_right_is_no_step(site: Site) -> None:
    site.clocks.sync()
    site.look()
    site.power_cut(wall=site.clocks.true_ms + MINUTE)
    site.look()
    assert len(site.of_kind("clock.stepped")) == 1  # The first boot's.


def test_a_sync_that_proves_wrong_is_corrected(site: Site) -> None:
    early = site.write(punch("008"))
    site.runs(MINUTE)
    site.clocks.sync(off=-2 * HOUR)
    site.look()
    [resolved] = site.said()
    assert near(resolved["at"], site.truth[early] - 2 * HOUR)
    late = site.write(punch())
    site.runs(HOUR)
    site.clocks.sync()
    site.look()
    corrected = site.of_kind("punch.time-corrected")
    assert {one["of"] for one in corrected} == {early, late}
    for one in corrected:
        assert near(one["at"], site.truth[one["of"]], one["uncertainty_ms"])
        assert one["reason"] == "later-sync"
    site.look()
    assert len(site.of_kind("punch.time-corrected")) == 2


def test_a_second_lie_is_corrected_too(site: Site) -> None:
    seq = site.write(punch())
    for off in (HOUR, -HOUR, 0):
        site.runs(MINUTE)
        site.clocks.sync(off=off)
        site.look()
    assert near(site.said()[-1]["at"], site.truth[seq])


def test_a_restart_within_a_boot_tells_no_sync_twice(site: Site) -> None:
    site.clocks.sync()
    site.look()
    site.write()
    site.restart()
    site.look()
    assert len(site.of_kind("clock.synced")) == 1


def test_many_punches_are_resolved_in_small_batches(site: Site) -> None:
    with site.store.changing() as change:
        for _ in range(1000):
            change.append(punch(), site.clocks.stamp())
    site.runs(MINUTE)
    site.clocks.sync()
    assert site.look() >= 50
    assert len(site.said()) == 1000


def test_what_was_interrupted_goes_on(site: Site) -> None:
    with site.store.changing() as change:
        for _ in range(100):
            change.append(punch(), site.clocks.stamp())
    site.clocks.sync()
    site.runs(1000)
    assert site.watch.look()
    site.times.begin()
    assert site.times.work()
    assert 0 < len(site.said()) < 100
    site.restart()
    site.look()
    assert sorted(one["of"] for one in site.said()) == list(range(2, 102))


def test_a_store_that_fails_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write(punch())
    site.clocks.sync()
    site.runs(1000)
    site.watch.look()
    site.times.begin()

    def full() -> None:
        raise StoreFault("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(site.store, "changing", full)
        site.times.work()
    assert site.said() == []
    site.runs(2 * MINUTE)
    site.look()
    assert len(site.said()) == 1


def test_nothing_is_complete_before_payroll_knows_the_times(site: Site) -> None:
    site.clocks.sync()
    site.look()
    site.power_cut()
    site.write(punch())
    before = site.store.complete_until(100)
    site.clocks.sync()
    site.look()
    tail = site.store.tail().seq
    resolved = site.said()[0]["seq"]
    assert site.store.complete_until(resolved - 1) == before
    assert parse_time(site.store.complete_until(tail) or "") > site.truth[resolved - 3]


def test_nothing_is_complete_where_no_clock_was_ever_right(site: Site) -> None:
    """What payroll has of a gate without a clock says nothing of when it was."""
    tail = site.write()
    assert site.store.pending_times().count == 0
    assert site.store.complete_until(tail) is None


def test_an_entry_without_a_time_is_complete_as_far_as_the_last_one_with_one(site: Site) -> None:
    site.clocks.sync()
    site.look()
    synced = site.store.tail().seq
    site.power_cut()
    tail = site.write()
    at = site.store.complete_until(tail)
    assert at == site.store.complete_until(synced)
    assert parse_time(at or "") <= site.clocks.true_ms - MINUTE


def test_a_hardware_clock_that_proved_itself_is_remembered(site: Site) -> None:
    """After a power cut: its time was right at the first sync of the boot."""
    site.clocks.sync()
    site.look()
    known = site.store.known_time()
    assert known is not None
    assert not known.hardware_clock_held
    site.power_cut(wall=site.clocks.true_ms + MINUTE)
    site.clocks.trust.recall(known, HardwareClock(0, site.clocks.true_ms))
    site.runs(MINUTE)
    site.clocks.sync()
    site.look()
    [fact] = [one for one in site.data() if one.get("hardware_clock")]
    assert fact["hardware_clock"] == "held"
    known = site.store.known_time()
    assert known is not None
    assert known.hardware_clock_held


def test_what_was_held_over_may_become_wider_without_having_been_wrong(site: Site) -> None:
    """The hardware clock's two seconds, and a sync so far away that it bounds less."""
    site.clocks.sync()
    site.look()
    known = site.store.known_time()
    assert known is not None
    site.power_cut(wall=site.clocks.true_ms + MINUTE)
    site.clocks.trust.recall(KnownTime(known.stamp, True), HardwareClock(0, site.clocks.true_ms))
    site.write()
    site.runs(MINUTE)
    site.clocks.step(3 * HOUR)
    site.look()
    seq = site.write(punch())
    site.times.begin()
    site.look()
    site.runs(12 * HOUR)
    site.clocks.sync()
    site.look()
    first, last = site.said()
    assert (first["of"], last["of"], first["final"], last["final"]) == (seq, seq, False, True)
    assert last["uncertainty_ms"] > first["uncertainty_ms"]
    assert last["kind"] == "punch.time-resolved"
    assert near(last["at"], site.truth[seq], last["uncertainty_ms"])


def recovered(site: Site, boot: str, **other: Any) -> int:
    """A punch without a time that came along from an older ledger."""
    clock = {"state": "unsynced", "uncertainty_ms": None, "boot": boot, "boottime_ms": 60_000}
    original = {
        "kind": "punch.recorded",
        "worker": "007",
        "at": None,
        "clock": {**clock, "wall": "1970-01-01T00:01:00.000Z"},
        **other,
    }
    of = OldEntry(ledger="older", seq=9, hash="ab" * 32)
    with site.store.changing() as change:
        fact = PunchRecovered(worker="007", at=None, of=of, data=original)
        seq = change.append(fact, site.clocks.stamp()).seq
        change._database.table("times").insert({"seq": seq})
    return seq


def test_a_recovered_punch_of_a_boot_that_is_known_gets_its_time(site: Site) -> None:
    site.runs(HOUR)
    seq = recovered(site, "boot-1")
    site.clocks.sync()
    site.look()
    [told] = site.said()
    assert told["of"] == seq
    assert near(told["at"], NOON + MINUTE, told["uncertainty_ms"])


def test_a_recovered_punch_of_another_board_was_before_it_came_here(site: Site) -> None:
    site.runs(HOUR)
    seq = recovered(site, "elsewhere", not_before="2026-11-17T06:00:00.000+07:00")
    came = site.clocks.true_ms
    site.look()
    assert site.said() == []
    site.clocks.sync()
    site.look()
    [told] = site.said()
    assert (told["of"], told["at"], told["final"]) == (seq, None, True)
    assert told["not_before"] == "2026-11-17T06:00:00.000+07:00"
    assert near(told["not_after"], came)
    assert site.store.pending_times().count == 0


def test_time_away_from_the_glass_is_told(site: Site) -> None:
    recording = WatchRecording(site.gate)
    recording.look(vouched=True)
    site.runs(15_000)
    recording.look(vouched=True)
    assert site.of_kind("recording.stopped") == []
    site.runs(10 * MINUTE)
    recording.look(vouched=True)
    stopped, resumed = site.of_kind("recording.stopped", "recording.resumed")
    assert (stopped["reason"], resumed["reason"]) == ("away", "back")
    gone = resumed["clock"]["boottime_ms"] - stopped["clock"]["boottime_ms"]
    assert gone == 10 * MINUTE


def identified(site: Site, recording: WatchRecording, for_ms: int) -> None:
    began = site.gate.clock.stamp()
    site.runs(for_ms)
    recording.taken(began, site.gate.clock.stamp())
    recording.look(vouched=True)


def test_a_series_of_requests_that_take_the_glass_is_time_away_from_it(site: Site) -> None:
    """Each of them is short, and between two of them the glass was looked at."""
    recording = WatchRecording(site.gate)
    began = site.gate.clock.stamp().boottime_ms
    for _ in range(23):
        identified(site, recording, 2_000)
        site.runs(2_000)
        recording.look(vouched=True)
    [stopped] = site.of_kind("recording.stopped")
    assert (stopped["reason"], stopped["clock"]["boottime_ms"]) == ("away", began)
    assert site.of_kind("recording.resumed") == []
    assert recording.told_away
    site.runs(5_000)
    recording.look(vouched=True)
    [resumed] = site.of_kind("recording.resumed")
    assert resumed["reason"] == "back"
    assert not recording.told_away


def test_single_requests_that_take_the_glass_are_none(site: Site) -> None:
    recording = WatchRecording(site.gate)
    for _ in range(23):
        identified(site, recording, 2_000)
        site.runs(6_000)
        recording.look(vouched=True)
    assert site.of_kind("recording.stopped") == []


_LIE_MS = 100_000
"""Nothing tells a smaller lie: a clock may drift as far within the two days that a boot lasts here,
and what is said agrees with the truth that comes at their end.
"""


@given(st.integers(0, 2**32))
@example(70755403)
@settings(max_examples=15, deadline=None)
def test_whatever_happens_the_last_that_is_said_is_true(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random = Random(seed)
    site = Site(tmp_path_factory.mktemp("gate"))
    for _ in range(random.randint(1, 4)):
        lied = False
        for _ in range(random.randint(1, 10)):
            site.runs(random.choice([0, 500, MINUTE, HOUR, 5 * HOUR]))
            match random.randint(0, 7):
                case 0:
                    site.clocks.sync()
                    lied = False
                case 4:  # A time server lies, until another one tells the truth.
                    site.clocks.sync(off=random.choice([-1, 1]) * random.randint(_LIE_MS, 5 * HOUR))
                    lied = True
                case 1:
                    site.clocks.lose()
                case 2:
                    site.clocks.step(random.randint(-5, 5) * HOUR)
                case 3:
                    site.restart()
            if random.random() < 0.7:
                site.look()
            site.write(random.choice([punch(), ALIVE]))
        if lied:
            site.clocks.sync()
            site.write()
        site.power_cut(random.choice([0, MINUTE, 9 * HOUR]), random.choice([0, 2 * NOON]))
        site.write()
    site.clocks.sync()
    site.look()
    assert site.store.pending_times().count == 0
    last: dict[int, dict[str, Any]] = {}
    for data in site.data():
        if data["kind"] == "punch.recorded":
            last[data["seq"]] = data
        elif data["kind"].startswith("punch.time-"):
            last[data["of"]] = data
    for seq, data in last.items():
        true_ms = site.truth[seq]
        if data["at"] is not None:
            clock = data["clock"] if data["kind"] == "punch.recorded" else data
            assert near(data["at"], true_ms, clock["uncertainty_ms"] + 1)
        else:
            assert data["kind"] == "punch.time-resolved"
            assert data["final"]
            if data["not_before"] is not None:
                assert parse_time(data["not_before"]) <= true_ms
            if data["not_after"] is not None:
                assert true_ms <= parse_time(data["not_after"])
    site.store.close()


def test_a_punch_of_an_older_ledger_gets_its_time_in_the_new_one(site: Site) -> None:
    """What its time rests on goes along, whether its boot goes on or was over before."""
    site.clocks.sync()
    site.look()
    site.write(punch())
    site.power_cut(10 * MINUTE)
    site.runs(MINUTE)
    bounded = site.write(punch())  # in a boot that is never synchronised
    site.power_cut(10 * MINUTE)
    site.runs(MINUTE)
    exact = site.write(punch())
    truth, ledger = dict(site.truth), site.store.ledger
    site.store.close()
    for card in ("1", "2"):
        here = HostIdentity(board={}, card={"cid": card})
        path = site.folder / "gate.db"
        with open_or_succeed(path, "main-gate", ZONE, site.clocks.stamp(), here):
            pass
    site.open()
    assert site.store.ledger != ledger
    # What came along happened before this ledger began.
    assert site.store.complete_until(site.store.tail().seq) is None
    site.runs(MINUTE)
    site.clocks.sync()
    site.look()
    origins = {one["seq"]: one["of"]["seq"] for one in site.of_kind("punch.recovered")}
    told = {origins[one["of"]]: one for one in site.said()}
    assert near(told[exact]["at"], truth[exact], told[exact]["uncertainty_ms"])
    assert told[bounded]["at"] is None
    low, high = (parse_time(told[bounded][name]) for name in ("not_before", "not_after"))
    assert low <= truth[bounded] <= high
    assert high - low < 25 * MINUTE
    assert site.store.complete_until(site.store.tail().seq) is not None


def test_a_time_in_doubt_is_still_in_doubt_in_the_new_ledger(tmp_path: Path) -> None:
    """The lie was found out, and the gate left its ledger before it could correct the punch."""
    site = Site(tmp_path)
    site.clocks.sync(off=3 * HOUR)
    site.look()
    site.runs(MINUTE)
    seq, truth = site.write(punch()), site.clocks.true_ms
    site.clocks.sync()
    site.runs(1000)
    assert site.watch.look()
    assert site.store.doubted() is not None
    site.store.move_watermarks(Watermarks(site.store.tail().seq, site.store.tail().seq))
    site.store.close()
    now = site.clocks.stamp()
    here = HostIdentity(board={"serial": "b"}, card={})
    for board in (here, HostIdentity(board={"serial": "another"}, card={})):
        with open_or_succeed(tmp_path / "gate.db", "main-gate", ZONE, now, board):
            pass
    site.open()
    site.times.begin()
    while site.times.work():
        pass
    [recovered] = [one for one in site.data() if one["kind"] == "punch.recovered"]
    assert recovered["of"]["seq"] == seq
    [said] = [one for one in site.data() if one["kind"] == "punch.time-corrected"]
    assert said["of"] == recovered["seq"]
    assert abs(parse_time(said["at"]) - truth) <= said["uncertainty_ms"]
    site.store.close()


def test_a_lie_found_out_between_two_batches_is_corrected(site: Site) -> None:
    """The truth comes with a punch, before the clock is looked at again."""
    seqs = [site.write(punch()) for _ in range(30)]
    site.clocks.sync(off=-3 * HOUR)
    site.runs(1000)
    assert site.watch.look()
    site.times.begin()
    assert site.times.work()
    assert 0 < len(site.said()) < 30  # … and the others are still to be told.
    seqs.append(site.write(punch()))
    site.runs(100)
    site.clocks.sync()
    site.write(punch())
    while site.times.work():
        pass
    site.runs(2 * MINUTE)
    site.look()
    said = {one["of"]: one for one in site.said()}
    for seq in seqs:
        assert near(said[seq]["at"], site.truth[seq], said[seq]["uncertainty_ms"])


def test_a_lie_found_out_by_the_very_entry_that_tells_it_is_corrected(site: Site) -> None:
    seq = site.write(punch())
    site.clocks.sync(off=-3 * HOUR)
    site.runs(1000)
    assert site.watch.look()
    site.times.begin()
    site.clocks.sync()
    while site.times.work():
        pass
    said = site.said()[-1]
    assert near(said["at"], site.truth[seq], said["uncertainty_ms"])


def test_a_small_lie_about_a_long_gap_is_corrected(site: Site) -> None:
    """What it said lies within what is known afterwards, and yet beside the truth."""
    site.clocks.sync()
    site.look()
    seqs = []
    for _ in range(6):
        site.runs(6 * MINUTE)
        seqs.append(site.write(punch()))
    site.runs(MINUTE)
    site.clocks.sync(off=-1_600)
    site.look()
    lies = {one["of"]: one for one in site.said()}
    assert any(
        not near(lies[seq]["at"], site.truth[seq], lies[seq]["uncertainty_ms"] + 1) for seq in lies
    )
    site.runs(2 * MINUTE)
    site.clocks.sync()
    site.look()
    said = {one["of"]: one for one in site.said()}
    for seq in lies:
        assert near(said[seq]["at"], site.truth[seq], said[seq]["uncertainty_ms"] + 1)


def test_an_interval_that_a_lie_has_cut_short_is_told_again(site: Site) -> None:
    """The boot after it began earlier by that lie than it did."""
    site.clocks.sync()
    site.look()
    site.power_cut()
    site.runs(MINUTE)
    seq = site.write(punch())  # in a boot that is never synchronised
    site.power_cut(2 * HOUR)
    for off in (-2 * HOUR, 0):
        site.runs(MINUTE)
        site.clocks.sync(off=off)
        site.look()
    short, told = site.said()
    assert (short["of"], told["of"], told["at"], told["final"]) == (seq, seq, None, True)
    assert parse_time(told["not_before"]) <= site.truth[seq] <= parse_time(told["not_after"])
    assert parse_time(told["not_after"]) - parse_time(short["not_after"]) >= HOUR


def test_a_lie_that_is_found_out_is_told_at_once(site: Site) -> None:
    """Else it is never known if the power fails within the minute in which no step is told."""
    seq = site.write(punch())
    site.clocks.sync(off=-3 * HOUR)
    site.look()
    site.clocks.sync()
    site.look()
    site.power_cut()
    site.look()
    said = site.said()[-1]
    assert said["of"] == seq
    assert near(said["at"], site.truth[seq], said["uncertainty_ms"])


def test_time_servers_that_contradict_each_other_all_day_spare_the_card(site: Site) -> None:
    for turn in range(180):
        site.clocks.sync(off=turn % 2 * HOUR)
        site.look()
    assert 15 <= len(site.of_kind("clock.stepped")) <= 20
