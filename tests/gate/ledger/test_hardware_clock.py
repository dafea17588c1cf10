"""A battery-backed clock that has proved itself and then fails: nothing that it vouched for stands.

The gate's ledger and the receiver's database are real; the clock fails in every way there is.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.people import Employment
from edge_agent.contract.stamps import ClockState, parse_time
from edge_agent.gate.host.clock_trust import HardwareClock, KnownTime
from edge_agent.gate.host.host_identity import HostIdentity
from edge_agent.gate.ledger.open_or_succeed import open_or_succeed
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.rules import Accepted, Match, Policy, Proof, Repeat, judge
from edge_agent.receiver.accept import read
from edge_agent.receiver.signs_of_life import SignsOfLife, sign_of
from edge_agent.receiver.store import PayrollStore
from tests.gate.fakes import LAN, LANS

from .clocked_site import HOUR, MINUTE, ZONE, Clocks, Site, near, punch

DAY = 24 * HOUR
YEARS = 43 * 365 * DAY


class BatteryClocks(Clocks):
    """With a clock that a boot begins with, and that a synchronisation sets."""

    def __init__(self) -> None:
        self.rtc_off: int | None = 0
        super().__init__()

    def boot(self, off_ms: int, gains_ms: int = 0) -> None:
        """The power was off for so long, and the battery's clock has gained so much meanwhile."""
        self.true_ms += off_ms
        if self.rtc_off is not None:
            self.rtc_off += gains_ms
        self.start(0 if self.rtc_off is None else (self.true_ms + self.rtc_off) // 1000 * 1000)

    def sync(self, off: int = 0) -> None:
        super().sync(off)
        if self.rtc_off is not None:
            self.rtc_off = off

    def set_by_hand(self, to: int = 0) -> None:
        """Somebody sets both clocks, ``to`` ms beside the truth."""
        self.step(to - self.wall_off)
        self.rtc_off = to

    def recall(self, known: KnownTime) -> None:
        hardware = None
        if self.error_ms is None and self.rtc_off is not None:
            boottime = self.true_ms - self.began
            hardware = HardwareClock(boottime, (self.true_ms + self.rtc_off) // 1000 * 1000)
        self.trust.recall(known, hardware)


class BatterySite(Site):
    clocks: BatteryClocks

    def __init__(self, folder: Path) -> None:
        self.made = BatteryClocks()
        super().__init__(folder)

    def open(self) -> None:
        self.clocks = self.made
        super().open()

    def boots(self, off_ms: int, gains_ms: int = 0, *, synced_first: bool = False) -> None:
        self.store.close()
        self.clocks.boot(off_ms, gains_ms)
        if synced_first:
            self.runs(5000)
            self.clocks.sync()
        self.open()
        self.look()

    def proves_its_clock(self) -> None:
        """The network, a power cut that the clock survives, and the network again."""
        self.syncs()
        self.boots(HOUR)
        self.syncs()
        assert self.known().hardware_clock_held

    def syncs(self, after_ms: int = MINUTE) -> None:
        self.runs(after_ms)
        self.clocks.sync()
        self.look()

    def known(self) -> KnownTime:
        known = self.store.known_time()
        assert known is not None
        return known

    def last_said(self, seq: int) -> dict[str, Any]:
        [own] = [data for data in self.data() if data["seq"] == seq]
        return ([own] + [one for one in self.said() if one["of"] == seq])[-1]


def is_interval(said: dict[str, Any], true_ms: int) -> bool:
    low, high = (parse_time(said[name]) for name in ("not_before", "not_after"))
    return said["at"] is None and bool(said["final"]) and low <= true_ms <= high


@pytest.fixture
def site(tmp_path: Path) -> Iterator[BatterySite]:
    made = BatterySite(tmp_path)
    yield made
    made.store.close()


FAILS = {
    "stood still": -3 * HOUR,
    "ran fast": 10 * MINUTE,
    "ran slow": -10 * MINUTE,
    "jumped ahead": 5 * DAY,
}


@pytest.mark.parametrize("gains", FAILS.values(), ids=FAILS)
@pytest.mark.parametrize("between", [0, 1, 3])
def test_what_rested_on_a_clock_that_failed_is_an_interval(
    site: BatterySite, gains: int, between: int
) -> None:
    """However many boots lie between: that it went on well ever since has proved nothing."""
    site.proves_its_clock()
    held = site.write(punch())
    site.boots(3 * HOUR, gains)
    seqs = [site.write(punch())]
    assert site.last_said(seqs[0])["clock"]["state"] == "holdover"
    assert not near(site.last_said(seqs[0])["at"], site.clocks.true_ms, 9 * MINUTE)
    for _ in range(between):
        site.runs(MINUTE)
        site.boots(10 * MINUTE)
        seqs.append(site.write(punch()))
    site.runs(MINUTE)
    site.boots(10 * MINUTE)
    seqs.append(site.write(punch()))
    site.syncs()
    assert site.of_kind("clock.synced")[-1]["hardware_clock"] == "lost"
    *earlier, here = seqs
    for seq in earlier:
        assert is_interval(site.last_said(seq), site.truth[seq])
    # Its own boot has been synchronised.
    said = site.last_said(here)
    assert said["kind"] == "punch.time-corrected"
    assert near(said["at"], site.truth[here], said["uncertainty_ms"])
    assert site.last_said(held)["kind"] == "punch.recorded"
    assert not site.known().hardware_clock_held
    told = len(site.said())
    site.boots(MINUTE)
    site.syncs()
    assert len(site.said()) == told  # Once is enough.


def test_a_clock_that_held_goes_on_vouching(site: BatterySite) -> None:
    site.proves_its_clock()
    site.boots(3 * HOUR)
    seq = site.write(punch())
    site.boots(3 * HOUR)
    site.syncs()
    assert site.of_kind("clock.synced")[-1]["hardware_clock"] == "held"
    site.boots(3 * HOUR, -2 * HOUR)
    site.write(punch())
    site.boots(MINUTE)
    site.syncs()
    said = site.last_said(seq)  # It was found to hold in between.
    assert (said["kind"], near(said["at"], site.truth[seq], 5000)) == ("punch.recorded", True)


def test_a_boot_that_nobody_could_compare_leaves_it_open(site: BatterySite) -> None:
    """Synchronised before the daemon began, which sets the clock: the next boot that can tells."""
    site.proves_its_clock()
    site.boots(3 * HOUR, -3 * HOUR)
    seq = site.write(punch())
    site.boots(MINUTE, synced_first=True)
    assert site.of_kind("clock.synced")[-1]["hardware_clock"] is None
    assert site.last_said(seq)["kind"] == "punch.recorded"
    site.boots(3 * HOUR, -3 * HOUR)
    site.syncs()
    assert is_interval(site.last_said(seq), site.truth[seq])


def test_one_that_led_a_boot_past_the_next_one_is_found_out_without_comparing(
    site: BatterySite,
) -> None:
    site.proves_its_clock()
    site.boots(3 * HOUR, 5 * DAY)
    seq = site.write(punch())
    site.boots(MINUTE, synced_first=True)
    assert site.of_kind("clock.synced")[-1]["hardware_clock"] == "lost"
    assert is_interval(site.last_said(seq), site.truth[seq])
    assert not site.known().hardware_clock_held


@pytest.mark.parametrize("when", ["in its own boot", "in the next boot", "after a leap to 1970"])
def test_one_that_somebody_has_set_since_cannot_be_compared(site: BatterySite, when: str) -> None:
    """What it shows by then is what that person believed, however right it proves."""
    site.proves_its_clock()
    site.boots(3 * HOUR, -3 * HOUR)
    seq = site.write(punch())
    if when != "in its own boot":
        site.boots(MINUTE, -YEARS if "1970" in when else 0)
        site.write(punch())
    site.runs(MINUTE)
    site.clocks.set_by_hand(2000)
    site.look()
    site.boots(HOUR)
    assert site.last_said(seq)["kind"] == "punch.recorded"
    site.syncs()
    assert is_interval(site.last_said(seq), site.truth[seq])


@pytest.mark.parametrize("by", [200, 2 * HOUR], ids=["a little", "and synchronised after it"])
def test_one_that_is_compared_after_all_goes_on_vouching(site: BatterySite, by: int) -> None:
    site.proves_its_clock()
    site.boots(3 * HOUR)
    seq = site.write(punch())
    site.boots(MINUTE)
    site.runs(MINUTE)
    site.clocks.set_by_hand(by)
    site.look()
    if by == 200:
        site.boots(MINUTE)
    site.syncs()
    assert site.of_kind("clock.synced")[-1]["hardware_clock"] == "held"
    site.boots(MINUTE)
    site.syncs()
    assert site.last_said(seq)["kind"] == "punch.recorded"


@pytest.mark.parametrize("ledgers", [1, 2])
def test_what_cannot_be_undone_waits_for_a_synchronisation(site: BatterySite, ledgers: int) -> None:
    """A clock that has leapt by two months refuses whom it must; it erases nobody."""
    site.proves_its_clock()
    assert site.gate.known.is_sure(site.clocks.stamp())
    site.clocks.lose()
    assert site.clocks.stamp().state is ClockState.HOLDOVER
    assert site.gate.known.is_sure(site.clocks.stamp())
    site.boots(3 * HOUR, 60 * DAY)
    site.write(punch())
    if ledgers > 1:
        site.restart()
    assert site.clocks.stamp().trusted
    assert not site.gate.known.is_sure(site.clocks.stamp())
    site.syncs()
    assert site.gate.known.is_sure(site.clocks.stamp())


def test_a_daemon_that_starts_again_has_not_forgotten_that_it_failed(site: BatterySite) -> None:
    """The clock is read at the first start of a boot; a press may be the first to show it."""
    site.proves_its_clock()
    site.boots(3 * HOUR, -3 * HOUR)
    seq = site.write(punch())
    site.boots(MINUTE)
    site.write(punch())
    site.restart()
    site.look()
    site.runs(MINUTE)
    site.clocks.sync()
    site.write(punch())
    site.look()
    assert site.of_kind("clock.synced")[-1]["hardware_clock"] == "lost"
    assert is_interval(site.last_said(seq), site.truth[seq])
    assert not site.known().hardware_clock_held


def test_a_second_sync_of_the_boot_proves_nothing(site: BatterySite) -> None:
    """The bounds are wide by then, and the first one has set the clock."""
    site.proves_its_clock()
    site.boots(HOUR, 20_000)
    site.syncs()
    assert site.of_kind("clock.synced")[-1]["hardware_clock"] == "lost"
    site.clocks.lose()
    site.runs(15 * HOUR)
    site.look()
    site.syncs()
    assert site.of_kind("clock.synced")[-1]["hardware_clock"] == "lost"
    assert not site.known().hardware_clock_held


@pytest.mark.parametrize("leap", [YEARS, 100 * DAY, -YEARS])
def test_a_leap_of_years_is_not_believed_at_all(site: BatterySite, leap: int) -> None:
    site.proves_its_clock()
    site.boots(3 * HOUR, leap)
    seq = site.write(punch())
    assert site.clocks.stamp().state is ClockState.UNSYNCED
    assert site.last_said(seq)["at"] is None
    season = structs.replace(LAN, listed=Employment(active=True, valid_to="2027-01-31"))
    policy = Policy(repeat_window_ms=0, direction=site.gate.policy.direction, zone=ZONE)
    verdict = judge(
        Proof.by_finger(LANS, Match(LANS.slot, 99)), season, None, site.clocks.stamp(), policy
    )
    assert isinstance(verdict, Accepted)
    site.syncs()
    assert near(site.last_said(seq)["at"], site.truth[seq])
    assert not site.known().hardware_clock_held


def test_an_interval_that_such_a_boot_has_bounded_is_told_again(site: BatterySite) -> None:
    """Said to be final, and confirmed: the punches before it rest on its clock as well."""
    site.proves_its_clock()
    site.store.close()
    site.clocks.boot(MINUTE)
    site.clocks.step(-YEARS)  # The kernel begins beside the clock, which nobody believes then.
    site.open()
    between = site.write(punch())
    site.clocks.boot(HOUR, -50 * MINUTE)
    site.store.close()
    site.open()
    site.write(punch())
    site.boots(MINUTE)
    short = site.last_said(between)
    assert parse_time(short["not_after"]) < site.truth[between] + 15 * MINUTE
    for _ in range(3):
        site.boots(MINUTE)
        tail = site.write()
        site.store.move_watermarks(Watermarks(tail, tail))
    site.syncs()
    told = site.last_said(between)
    assert is_interval(told, site.truth[between])
    assert parse_time(told["not_after"]) > parse_time(short["not_after"]) + 30 * MINUTE


def test_the_rules_do_not_reckon_with_a_clock_that_proved_false(site: BatterySite) -> None:
    """Three hours ahead: the press of two minutes later is no repeat."""
    site.proves_its_clock()
    site.boots(MINUTE, 3 * HOUR)
    with site.store.changing() as change:
        change.put_worker(LAN)
        change.put_print(LANS, b"d" * 32)
    site.write(punch(LAN.code))
    assert site.gate.known.last_punches[LAN.code].stamp.trusted
    site.boots(3 * HOUR)
    site.syncs()
    last = site.gate.known.last_punches[LAN.code]
    assert not last.stamp.trusted
    policy = Policy(repeat_window_ms=10 * MINUTE, direction=site.gate.policy.direction, zone=ZONE)
    verdict = judge(
        Proof.by_finger(LANS, Match(LANS.slot, 99)), LAN, last, site.clocks.stamp(), policy
    )
    assert not isinstance(verdict, Repeat)


def test_it_fails_after_the_gate_has_left_its_ledger(site: BatterySite) -> None:
    """What payroll has already comes along, so that it can still be corrected."""
    site.proves_its_clock()
    site.boots(3 * HOUR, -3 * HOUR)
    seq, truth = site.write(punch()), site.clocks.true_ms
    site.store.move_watermarks(Watermarks(site.store.tail().seq, site.store.tail().seq))
    site.store.close()
    for card in ("1", "2"):
        here = HostIdentity(board={}, card={"cid": card})
        path = site.folder / "gate.db"
        with open_or_succeed(path, "main-gate", ZONE, site.clocks.stamp(), here):
            pass
    site.open()
    assert not site.known().hardware_clock_held  # It may be another board.
    site.look()
    site.boots(MINUTE)
    site.syncs()
    assert site.of_kind("clock.synced")[-1]["hardware_clock"] == "lost"
    [came] = [one for one in site.of_kind("punch.recovered") if one["of"]["seq"] == seq]
    assert is_interval(site.last_said(came["seq"]), truth)


def paid(site: BatterySite) -> dict[int, tuple[Any, ...]]:
    """What payroll has of each punch in the end: time, uncertainty and bounds."""
    with closing(PayrollStore(str(site.folder / "payroll.db"))) as payroll:
        entries = [read("main-gate", entry.wire) for entry in site.store.entries(1, 100_000)]
        payroll.take(entries, "2026-12-01T00:00:00.000Z")
        rows = payroll._database.query(
            "SELECT seq, at, uncertainty_ms, not_before, not_after FROM judged"
        )
        return {row[0]: tuple(row[1:]) for row in rows}


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_whatever_the_clock_does_the_truth_is_within_what_gate_and_payroll_end_up_with(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """A failure is larger than what drift allows until the clock is compared: no less can be told.

    One that has failed goes on to be wrong until a synchronisation sets it.
    """
    random = Random(seed)
    site = BatterySite(tmp_path_factory.mktemp("gate"))
    site.proves_its_clock()
    for _ in range(random.randint(2, 9)):
        off = random.choice([MINUTE, 3 * HOUR, 2 * DAY])
        gains = random.choice(
            [0, 0, 0, -off, -off // 2, 20 * MINUTE, 5 * HOUR, 30 * DAY, YEARS, -YEARS]
        )
        site.boots(off, gains if abs(gains) > 10 * MINUTE else 0)
        for _ in range(random.randint(0, 3)):
            site.runs(random.choice([1000, MINUTE, HOUR]))
            match random.randint(0, 5):
                case 0:
                    site.syncs()
                case 1:
                    site.clocks.lose()
                case 2:
                    site.restart()
            if random.random() < 0.7:
                site.look()
            site.write(punch())
    # In the end a boot that can compare, and whose clock has failed once more.
    site.syncs()
    site.boots(3 * HOUR, -3 * HOUR)
    site.write(punch())
    site.syncs()
    site.look()
    received = paid(site)
    for seq, true_ms in site.truth.items():
        said = site.last_said(seq)
        at, uncertainty_ms, not_before, not_after = received[seq]
        assert (at is None) == (said["at"] is None), f"seed {seed}, {said}"
        if said["at"] is not None:
            clock = said["clock"] if said["kind"] == "punch.recorded" else said
            for told, within in (said["at"], clock["uncertainty_ms"]), (at, uncertainty_ms):
                assert near(told, true_ms, within + 1), f"seed {seed}, {said}"
            continue
        for low in (said.get("not_before"), not_before):
            assert low is None or parse_time(low) <= true_ms + 1, f"seed {seed}, {said}"
        for high in (said.get("not_after"), not_after):
            assert high is None or true_ms <= parse_time(high) + 1, f"seed {seed}, {said}"
    site.store.close()


def test_payroll_does_not_reckon_with_it_either(site: BatterySite) -> None:
    """When a press would have been recorded rests on the same clocks."""
    site.proves_its_clock()
    site.boots(3 * HOUR, -3 * HOUR)
    seq = site.write(punch())
    site.boots(MINUTE)
    site.syncs()
    signs = SignsOfLife(map(sign_of, site.data()))
    [stamp] = [one.stamp for one in map(sign_of, site.data()) if one and one.seq == seq]
    bounds = signs._timeline().place(stamp)
    assert not bounds.exact
    assert bounds.low is not None
    assert bounds.high is not None
    assert bounds.low <= site.truth[seq] <= bounds.high
