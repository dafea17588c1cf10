"""What a touch means."""

from collections.abc import Iterator
from datetime import datetime
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.attendance import SHIFT_MS
from edge_agent.contract.chain import GENESIS, Scribe, read_wire
from edge_agent.contract.facts import (
    Direction,
    DirectionSource,
    Fact,
    GateAlive,
    OldEntry,
    PunchAdded,
    PunchRecorded,
    PunchRecovered,
    PunchRepeated,
    PunchTimeResolved,
    PunchVoided,
)
from edge_agent.contract.people import Employment, Print, Worker
from edge_agent.contract.stamps import ClockState, Stamp, local_time, parse_time
from edge_agent.gate.directions import DirectionRule, Hours, KeyDefault
from edge_agent.gate.last_punch import LastPunch, last_punches
from edge_agent.gate.rules import (
    Accepted,
    Match,
    Policy,
    Proof,
    Reason,
    Refused,
    Repeat,
    judge,
    recognised,
)
from tests.contract.made_up import Moment, moments

IN, OUT = Direction.IN, Direction.OUT
MATCH = Match(17, 112)
OWNER = Print(worker="007", finger="right-index", slot=17, generation=2)
FINGER = Proof.by_finger(OWNER, MATCH)
WORKER = Worker(code="007", name="Lan")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MINUTE = Policy(repeat_window_ms=60_000, direction=DirectionRule.NONE, zone=ZONE)
GUESSED = DirectionSource.ALTERNATE
ALTERNATE = Policy(repeat_window_ms=0, direction=DirectionRule.ALTERNATE, zone=ZONE)
FIRST = Stamp(boot="a", boottime_ms=0, wall_ms=10**12, state=ClockState.SYNCED, uncertainty_ms=1000)


def later(ms: int, **other: object) -> Stamp:
    return structs.replace(FIRST, **{"boottime_ms": ms, "wall_ms": 10**12 + ms, **other})


def after_power_cut(ms: int, **other: object) -> Stamp:
    return structs.replace(later(ms), boot="b", boottime_ms=1, **other)


@pytest.mark.parametrize(
    ("owner", "worker", "expected"),
    [
        (None, None, Refused(Reason.UNKNOWN)),
        (FINGER, None, Refused(Reason.UNKNOWN)),
        (FINGER, structs.replace(WORKER, active=False), Refused(Reason.DEACTIVATED, worker="007")),
        (FINGER, WORKER, Accepted(FINGER, None, None)),
    ],
)
def test_whose_finger_it_is(owner: Proof | None, worker: Worker | None, expected: object) -> None:
    assert judge(owner, worker, None, FIRST, MINUTE) == expected


@pytest.mark.parametrize(
    ("now", "window_ms", "repeat"),
    [
        (later(0), 60_000, True),
        (later(60_000), 60_000, True),
        (later(60_001), 60_000, False),
        (later(0), 0, False),
        # A stepped wall clock changes nothing within a boot.
        (later(59_000, wall_ms=0), 60_000, True),
        (later(61_000, wall_ms=10**12), 60_000, False),
        # Across a power cut both clocks' uncertainty counts.
        (after_power_cut(58_000), 60_000, True),
        (after_power_cut(58_001), 60_000, False),
        (after_power_cut(10, state=ClockState.UNSYNCED, uncertainty_ms=None), 60_000, False),
        (after_power_cut(10, uncertainty_ms=None), 60_000, False),
    ],
)
def test_a_repeat_must_be_certain(now: Stamp, window_ms: int, repeat: bool) -> None:
    policy = structs.replace(MINUTE, repeat_window_ms=window_ms)
    verdict = judge(FINGER, WORKER, LastPunch(5, FIRST, None), now, policy)
    assert verdict == (Repeat(FINGER, 5) if repeat else Accepted(FINGER, None, None))


@given(moments(), st.integers(0, 86_400_000))
def test_no_punch_outside_the_window_is_ever_taken_for_a_repeat(
    history: list[Moment], window_ms: int
) -> None:
    policy = structs.replace(MINUTE, repeat_window_ms=window_ms)
    for before, now in combinations(history, 2):
        last = LastPunch(5, before.stamp, None)
        verdict = judge(FINGER, WORKER, last, now.stamp, policy)
        since = now.true_ms - before.true_ms
        if isinstance(verdict, Repeat):
            assert since <= window_ms
        elif before.stamp.boot == now.stamp.boot:
            assert since > window_ms or window_ms == 0


@pytest.mark.parametrize("rule", [DirectionRule.NONE, DirectionRule.IN, DirectionRule.OUT])
@pytest.mark.parametrize("last", [None, LastPunch(5, FIRST, IN)])
def test_a_fixed_direction_heeds_no_history(rule: DirectionRule, last: LastPunch | None) -> None:
    policy = Policy(repeat_window_ms=0, direction=rule, zone=ZONE)
    verdict = judge(FINGER, WORKER, last, later(10), policy)
    expected, source = None, None
    if rule is not DirectionRule.NONE:
        expected, source = Direction(rule.value), DirectionSource(rule.value)
    assert verdict == Accepted(FINGER, expected, source)


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (None, later(0), IN),
        (IN, later(1), OUT),
        (OUT, later(1), IN),
        (IN, later(SHIFT_MS), OUT),
        (IN, later(SHIFT_MS + 1), IN),
        (OUT, later(SHIFT_MS + 1), IN),
        (IN, after_power_cut(SHIFT_MS - 2000), OUT),
        (IN, after_power_cut(SHIFT_MS + 2001), IN),
        # It may or may not be the same shift: the gate does not know, and says so.
        (IN, after_power_cut(SHIFT_MS), None),
        (IN, after_power_cut(1, state=ClockState.UNSYNCED, uncertainty_ms=None), None),
    ],
)
def test_alternate(last: Direction | None, now: Stamp, expected: Direction | None) -> None:
    before = LastPunch(5, FIRST, last) if last else None
    verdict = judge(FINGER, WORKER, before, now, ALTERNATE)
    assert verdict == Accepted(FINGER, expected, GUESSED)


def test_alternate_after_a_direction_that_was_not_known() -> None:
    before = LastPunch(5, FIRST, None)
    assert judge(FINGER, WORKER, before, later(5), ALTERNATE) == Accepted(FINGER, None, GUESSED)


def by_keys(without: KeyDefault = KeyDefault.NONE, **hours: Any) -> Policy:
    return Policy(
        repeat_window_ms=60_000,
        direction=DirectionRule.KEYS,
        zone=ZONE,
        without_key=without,
        **{name: (Hours.read(text),) for name, text in hours.items()},
    )


HOURS = by_keys(KeyDefault.HOURS, in_hours="05:00-10:00", out_hours="22:00-02:00")


@pytest.mark.parametrize(
    ("policy", "key", "last", "expected"),
    [
        (by_keys(), IN, None, (IN, "key")),
        (by_keys(), OUT, OUT, (OUT, "key")),
        (by_keys(), None, IN, (None, None)),  # Rather than guessed.
        (by_keys(KeyDefault.ALTERNATE), None, IN, (OUT, "alternate")),
        (by_keys(KeyDefault.ALTERNATE), IN, IN, (IN, "key")),
        (HOURS, OUT, None, (OUT, "key")),
    ],
)
def test_a_key_is_evidence_and_what_stands_without_one_is_a_guess(
    policy: Policy,
    key: Direction | None,
    last: Direction | None,
    expected: tuple[Direction | None, str | None],
) -> None:
    before = LastPunch(5, FIRST, last) if last else None
    verdict = judge(FINGER, WORKER, before, later(3_600_000), policy, key)
    assert isinstance(verdict, Accepted)
    assert (verdict.direction, verdict.direction_source) == expected


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("04:59", None),
        ("05:00", IN),
        ("09:59", IN),
        ("10:00", None),
        ("22:00", OUT),
        ("00:30", OUT),
        ("02:00", None),
    ],
)
def test_a_direction_by_the_time_of_day(local: str, expected: Direction | None) -> None:
    moment = datetime.fromisoformat(f"2026-11-23T{local}:00").replace(tzinfo=ZONE)
    now = structs.replace(FIRST, wall_ms=int(moment.timestamp() * 1000))
    verdict = judge(FINGER, WORKER, None, now, HOURS)
    source = None if expected is None else DirectionSource.HOURS
    assert verdict == Accepted(FINGER, expected, source)
    unsynced = structs.replace(now, state=ClockState.UNSYNCED, uncertainty_ms=None)
    assert judge(FINGER, WORKER, None, unsynced, HOURS) == Accepted(FINGER, None, None)


@pytest.mark.parametrize(
    ("key", "said"), [(None, None), (IN, None), (OUT, OUT)], ids=["no key", "same", "other"]
)
def test_the_other_key_within_the_repeat_window_corrects(
    key: Direction | None, said: Direction | None
) -> None:
    last = LastPunch(5, FIRST, IN)
    verdict = judge(FINGER, WORKER, last, later(30_000), by_keys(), key)
    assert verdict == Repeat(FINGER, 5, said)


@given(moments(), st.sampled_from(Direction))
def test_alternate_is_never_wrong_about_the_shift(
    history: list[Moment], direction: Direction
) -> None:
    for before, now in combinations(history, 2):
        last = LastPunch(5, before.stamp, direction)
        verdict = judge(FINGER, WORKER, last, now.stamp, ALTERNATE)
        assert isinstance(verdict, Accepted)
        other = OUT if direction is IN else IN
        true = other if now.true_ms - before.true_ms <= SHIFT_MS else IN
        assert verdict.direction in (None, true)


def listed(**dates: str | None) -> Worker:
    return structs.replace(WORKER, listed=Employment(active=True, **dates))


def at(text: str, **other: object) -> Stamp:
    return structs.replace(FIRST, wall_ms=parse_time(f"{text}+07:00"), **other)


def refused(worker: Worker, now: Stamp, last: LastPunch | None = None) -> bool:
    verdict = judge(FINGER, worker, last, now, ALTERNATE)
    assert verdict == Refused(Reason.NOT_VALID, worker="007") or isinstance(verdict, Accepted)
    return isinstance(verdict, Refused)


UNSURE = {"state": ClockState.UNSYNCED, "uncertainty_ms": None}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-02-28T23:59:57", True),
        ("2026-02-28T23:59:59.500", False),  # within the uncertainty of one second
        ("2026-03-01T00:00:00", False),
        ("2026-11-30T23:59:59", False),
        ("2026-12-01T00:00:00.500", False),
        ("2026-12-01T00:00:02", True),
    ],
)
def test_validity_dates_are_inclusive_days_at_the_gate(now: str, expected: bool) -> None:
    seasonal = listed(valid_from="2026-03-01", valid_to="2026-11-30")
    assert refused(seasonal, at(now)) is expected
    assert not refused(seasonal, at(now, **UNSURE))
    assert not refused(listed(), at(now))


@pytest.mark.parametrize(
    ("came", "direction", "leaves", "expected"),
    [
        ("2026-11-30T21:55:00", IN, "2026-12-01T06:03:00", False),
        ("2026-11-30T21:55:00", None, "2026-12-01T06:03:00", False),
        ("2026-11-30T16:00:00", OUT, "2026-12-01T06:00:00", True),  # has gone home before
        ("2026-11-30T06:00:00", IN, "2026-12-01T06:00:00", True),  # longer ago than any shift
        ("2026-12-01T06:00:00", None, "2026-12-01T06:05:00", True),  # came in after the last day
    ],
)
def test_who_came_in_on_the_last_day_may_still_go_out(
    came: str, direction: Direction | None, leaves: str, expected: bool
) -> None:
    start, end = at(came), at(leaves)
    end = structs.replace(end, boottime_ms=end.wall_ms - start.wall_ms)
    last = LastPunch(1, start, direction)
    assert refused(listed(valid_to="2026-11-30"), end, last) is expected


def test_payroll_s_word_is_as_good_as_the_gate_s() -> None:
    dismissed = structs.replace(WORKER, listed=Employment(active=False))
    verdict = judge(FINGER, dismissed, None, FIRST, MINUTE)
    assert verdict == Refused(Reason.DEACTIVATED, worker="007")


@pytest.mark.parametrize(
    ("score", "least", "known"),
    [(0, 0, False), (59, 60, False), (60, 60, True), (61, 60, True), (1, 0, True)],
)
def test_a_score_of_its_own(score: int, least: int, known: bool) -> None:
    policy = Policy(repeat_window_ms=0, direction=DirectionRule.NONE, min_score=least, zone=ZONE)
    match = Match(3, score)
    assert recognised(match, policy) == (match if known else Refused(Reason.UNKNOWN))
    assert recognised(None, policy) == Refused(Reason.UNKNOWN)


def pressed(worker: str, way: Direction | None = None) -> PunchRecorded:
    return PunchRecorded(
        worker=worker,
        direction=way,
        direction_source=None,
        evidence_hash="e5" * 32,
    )


def newest_first(*written: tuple[Fact, Stamp]) -> list[dict[str, Any]]:
    """The data of a ledger with these entries, the last one first."""
    scribe = Scribe(gate="g", ledger="l", zone=ZONE)
    entries = [scribe.write(*one, seq, GENESIS) for seq, one in enumerate(written, 1)]
    return [read_wire(entry.wire)[1] for entry in reversed(entries)]


def moment(ms: int, boot: str = "b", known: bool = True) -> Stamp:
    return Stamp(
        boot=boot,
        boottime_ms=ms,
        wall_ms=1_795_000_000_000 + ms,
        state=ClockState.SYNCED if known else ClockState.UNSYNCED,
        uncertainty_ms=0 if known else None,
    )


def recalled(
    *written: tuple[Fact, Stamp], now: Stamp, horizon_ms: int = 100, voided: set[int] | None = None
) -> dict[str, LastPunch]:
    withdrawn = [
        (PunchVoided(of=seq, worker="007", reason="x", actor="y"), now) for seq in voided or ()
    ]
    return last_punches(newest_first(*written, *withdrawn), now, horizon_ms)


ALIVE = GateAlive(recording=True, version="0")
REPEATED = PunchRepeated(worker="007", of=1, evidence_hash="e5" * 32)
ADDED = PunchAdded(
    worker="007", at="2026-11-18T06:00:00.000+07:00", direction=Direction.IN, reason="x", actor="y"
)


def again(fact: Fact, when: Stamp) -> PunchRecovered:
    """A punch of an older ledger, as a later one has it."""
    [data] = newest_first((fact, when))
    origin = OldEntry(ledger="old", seq=1, hash="0" * 64)
    return PunchRecovered(worker="007", at=data["at"], of=origin, data=data)


def test_the_last_punch_is_each_workers_newest_press() -> None:
    found = recalled(
        (pressed("007", Direction.IN), moment(0)),
        (pressed("008"), moment(10)),
        (ALIVE, moment(12)),
        (pressed("007", Direction.OUT), moment(20)),
        (REPEATED, moment(30)),
        now=moment(40),
    )
    assert found == {
        "007": LastPunch(4, moment(20), Direction.OUT),
        "008": LastPunch(2, moment(10), None),
    }


def test_what_is_withdrawn_or_was_added_for_an_earlier_time_is_no_last_punch() -> None:
    written = ((pressed("007"), moment(0)), (pressed("007"), moment(10)), (ADDED, moment(20)))
    assert recalled(*written, now=moment(30))["007"].seq == 2
    assert recalled(*written, now=moment(30), voided={2})["007"].seq == 1
    assert recalled(*written, now=moment(30), voided={1, 2}) == {}


def added(ms: int, way: Direction | None = IN) -> PunchAdded:
    """A supervisor's punch of a moment."""
    at = local_time(moment(ms).wall_ms, ZONE)
    return PunchAdded(worker="007", at=at, direction=way, reason="x", actor="y")


def test_what_was_added_is_the_last_punch_where_it_is_the_latest() -> None:
    press = (pressed("007", OUT), moment(10))
    asked = {"now": moment(30), "horizon_ms": 100}

    def last(*written: tuple[Fact, Stamp], **other: Any) -> LastPunch:
        return recalled(press, *written, **{**asked, **other})["007"]

    assert last((added(20), moment(25))).said_ms == moment(20).wall_ms
    assert last((added(5), moment(25))).seq == 1
    assert last((added(20), moment(25)), (added(15), moment(26))).seq == 2
    assert last((added(20), moment(25)), (added(22), moment(26))).seq == 3
    assert last((added(20), moment(25)), voided={2}).seq == 1
    # Nobody adds what has not come: a press behind it is later, whatever a clock says.
    assert last((added(28), moment(25)), (pressed("007"), moment(26))).seq == 3
    # In a later ledger as in the one before.
    assert last((again(added(20), moment(25)), moment(28))).said_ms == moment(20).wall_ms


def test_a_press_without_its_time_is_weighed_by_what_is_known_of_it() -> None:
    press = (
        structs.replace(pressed("007", OUT), not_before=local_time(moment(10).wall_ms, ZONE)),
        moment(3, "b", known=False),
    )
    now = moment(30, "b", known=False)

    def last(*written: tuple[Fact, Stamp]) -> tuple[int, Direction | None]:
        found = recalled(press, *written, now=now, horizon_ms=10**9)["007"]
        return found.seq, found.direction

    resolved = PunchTimeResolved(
        of=1, worker="007", at=local_time(moment(20).wall_ms, ZONE), uncertainty_ms=1,
        not_before=None, not_after=None, final=True,
    )  # fmt: skip
    after = moment(29, "b", known=False)
    assert last((added(9), after)) == (1, OUT)
    assert last((added(15), after)) == (1, None)
    assert last((added(15, OUT), after)) == (1, OUT)
    assert last((added(15), after), (resolved, after)) == (1, OUT)
    assert last((added(25), after), (resolved, after)) == (2, IN)


@pytest.mark.parametrize(
    ("way", "said", "trusted", "expected"),
    [
        (IN, 0, True, Direction.OUT),
        (OUT, 0, True, Direction.IN),
        (None, 0, True, None),
        (OUT, -SHIFT_MS, True, None),  # within a second of a shift's length
        (OUT, -SHIFT_MS - 2000, True, Direction.IN),
        (IN, 0, False, None),  # nothing tells how long ago a supervisor's time is
    ],
)
def test_the_direction_follows_on_what_was_added(
    way: Direction | None, said: int, trusted: bool, expected: Direction | None
) -> None:
    written, now = later(3_600_000), later(3_600_001)
    if not trusted:
        now = structs.replace(now, state=ClockState.UNSYNCED, uncertainty_ms=None)
    last = LastPunch(5, written, way, said_ms=written.wall_ms + said)
    verdict = judge(FINGER, WORKER, last, now, ALTERNATE)
    assert verdict == Accepted(FINGER, expected, GUESSED)


def test_what_was_added_a_moment_ago_is_repeated() -> None:
    last = LastPunch(5, later(50_000), IN, said_ms=later(40_000).wall_ms)
    assert judge(FINGER, WORKER, last, later(90_000), MINUTE) == Repeat(FINGER, 5)
    verdict = judge(FINGER, WORKER, last, later(110_000), MINUTE)
    assert verdict == Accepted(FINGER, None, None)


@pytest.mark.parametrize(("way", "expected"), [(IN, False), (None, False), (OUT, True)])
def test_who_was_added_on_the_last_day_may_still_go_out(
    way: Direction | None, expected: bool
) -> None:
    said, leaves = at("2026-11-30T21:55:00"), at("2026-12-01T06:03:00")
    written = at("2026-12-01T06:00:00")
    leaves = structs.replace(leaves, boottime_ms=180_000)
    last = LastPunch(1, written, way, said_ms=said.wall_ms)
    assert refused(listed(valid_to="2026-11-30"), leaves, last) is expected
    last = LastPunch(1, written, way, said_ms=written.wall_ms)
    assert refused(listed(valid_to="2026-11-30"), leaves, last)


def test_a_punch_that_was_recovered_is_that_of_its_press() -> None:
    press = again(pressed("007", Direction.OUT), moment(10))
    found = recalled((press, moment(50)), (again(ADDED, moment(12)), moment(51)), now=moment(60))
    assert found == {"007": LastPunch(1, moment(10), Direction.OUT, weighed=True)}
    # Its entry is young, and it is not.
    assert recalled((press, moment(150)), now=moment(160)) == {}
    assert recalled((press, moment(105)), now=moment(110)) == {
        "007": LastPunch(1, moment(10), Direction.OUT)
    }


@pytest.mark.parametrize(("now", "there"), [(100, True), (101, False)])
def test_a_punch_is_remembered_as_long_as_a_rule_may_ask_for_it(now: int, there: bool) -> None:
    assert bool(recalled((pressed("007"), moment(0)), now=moment(now))) == there
    after = (ALIVE, moment(now))
    assert bool(recalled((pressed("007"), moment(0)), after, now=moment(now))) == there


def test_a_boot_without_a_clock_adds_up_what_the_one_before_tells() -> None:
    """Two entries of it lie 90 ms apart, and this boot has run for 20 ms."""
    written = ((pressed("007"), moment(0, "a")), (ALIVE, moment(90, "a")))
    assert recalled(*written, now=moment(10, "b", known=False)) != {}
    assert recalled(*written, now=moment(11, "b", known=False)) == {}
    # What was written late, with the stamp of when it happened, takes nothing away.
    late = ((pressed("008"), moment(0, "a")), (ALIVE, moment(50, "a")), (ALIVE, moment(0, "a")))
    assert recalled(*late, now=moment(50, "b", known=False)) != {}
    assert recalled(*late, now=moment(51, "b", known=False)) == {}


def test_behind_the_first_entry_that_is_too_old_nobody_looks() -> None:
    def read(*written: tuple[Fact, Stamp], now: Stamp) -> list[int]:
        seen = []

        def entries() -> Iterator[dict[str, Any]]:
            for data in newest_first(*written):
                seen.append(data["seq"])
                yield data

        last_punches(entries(), now, 100)
        return seen

    half_hours = [(pressed("007"), moment(ms)) for ms in range(0, 1000, 50)]
    assert read(*half_hours, now=moment(1000)) == [20, 19, 18]
    # A clock tells more than the boots without one in between.
    clocked = [(ALIVE, moment(0, "a")), (ALIVE, moment(1, "a")), (ALIVE, moment(5, "b", False))]
    assert read(*clocked, now=structs.replace(moment(500, "c"), boottime_ms=5)) == [3, 2]
