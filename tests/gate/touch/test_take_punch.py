"""One touch gives exactly one outcome and at most one punch, whatever happens on the line."""

from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.contract.chain import stamp_of
from edge_agent.contract.errors import StoreFault
from edge_agent.contract.people import Print
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.errors import (
    SensorFault,
    SensorGarbled,
    SensorRefused,
    SensorSilent,
    SensorUnplugged,
)
from edge_agent.gate.events import LedgerGrew, Outcome, PanelShown
from edge_agent.gate.evidence import Evidence
from edge_agent.gate.ports import Buffer
from edge_agent.gate.rules import Hint, Match, Reason
from edge_agent.gate.touch.credit import REFUSED_AS
from edge_agent.gate.touch.decide import PinReading
from edge_agent.gate.touch.take_punch import TakePunch
from tests.gate.fakes import HandClock, ScriptedSensor, Site

HERS, HIS, NOBODYS = Match(0, 90), Match(1, 80), Match(7, 70)
HERS_WEAK, CONFIRM_BELOW = Match(0, 40), 50
CAPTURES = 3

faults = st.sampled_from(
    [SensorSilent("silent"), SensorGarbled("garbled"), SensorRefused("no", 1), SensorUnplugged("x")]
)


def lines(*usual: Any, at_most: int = 12) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(usual) | st.sampled_from(usual) | faults, max_size=at_most)


@dataclass
class Shift:
    """A gate with a scripted sensor, polled until the script is over."""

    offline: bool = False
    repeat_window_s: int = 60
    direction: DirectionRule = DirectionRule.NONE
    confirm_below: int = 0
    raised: list[SensorFault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.site = Site(self.repeat_window_s, self.direction, self.confirm_below)
        self.sensor = ScriptedSensor(self.site.clock)
        self.taker = TakePunch(
            self.site.gate,
            self.sensor,
            self.site.panel,
            CAPTURES,
            recover=self.sensor.recover,
            offline=lambda: self.offline,
        )

    def poll(self) -> None:
        """One look, and what the gate's thread does about a fault."""
        try:
            self.taker.poll()
        except SensorFault as fault:
            self.raised.append(fault)
            self.sensor.connect()
            self.taker.disturbed()

    def run(self) -> "Shift":
        while self.sensor.captures:
            self.poll()
        self.poll()
        return self

    @property
    def shown(self) -> list[PanelShown]:
        """Without the moments, which differ from shift to shift."""
        return [
            structs.replace(event, at=None, first_at=None, boottime_ms=0)
            for event in self.site.events
            if isinstance(event, PanelShown)
        ]

    @property
    def outcomes(self) -> list[Outcome]:
        return [shown.outcome for shown in self.shown]


def shift(captures: list[Any], searches: list[Any], **other: Any) -> Shift:
    script = {name: list(other.pop(name, [])) for name in ("extracts", "recovers", "faults")}
    made = Shift(**other)
    made.sensor.captures, made.sensor.searches = list(captures), list(searches)
    made.sensor.extracts, made.sensor.recovers = script["extracts"], script["recovers"]
    made.site.store.faults = script["faults"]
    return made


TOUCH = [True, False]


@pytest.mark.parametrize(
    ("script", "expected", "kind"),
    [
        ({"searches": [HERS]}, PanelShown(outcome=Outcome.RECORDED, worker="007", seq=1), None),
        (
            {"searches": [HIS]},
            PanelShown(outcome=Outcome.REFUSED, worker="008", seq=1, hint="deactivated"),
            "deactivated",
        ),
        ({"searches": [NOBODYS]}, PanelShown(outcome=Outcome.UNKNOWN, seq=1), "unknown"),
        (
            {"searches": [None] * 3, "captures": [True] * 3},
            PanelShown(outcome=Outcome.UNKNOWN, seq=1),
            "unknown",
        ),
        (
            {"extracts": [Hint.WIPE] * 3, "captures": [True] * 3},
            PanelShown(outcome=Outcome.TRY_AGAIN, seq=1, hint="wipe"),
            "poor-scan",
        ),
        (
            {"extracts": [Hint.PRESS_FLAT]},
            PanelShown(outcome=Outcome.TRY_AGAIN, seq=1, hint="hold-longer"),
            "poor-scan",
        ),
        (
            {"extracts": [SensorUnplugged("gone")]},
            PanelShown(outcome=Outcome.SENSOR_FAULT, seq=1),
            "sensor-fault",
        ),
        (
            {"searches": [SensorSilent("?")], "recovers": [SensorSilent("!")]},
            PanelShown(outcome=Outcome.SENSOR_FAULT, seq=1),
            "sensor-fault",
        ),
    ],
)
def test_what_a_touch_comes_to(
    script: dict[str, Any], expected: PanelShown, kind: str | None
) -> None:
    one = shift(**{"captures": [True], "searches": [], **script}).run()
    assert one.shown == [expected]
    (entry,) = one.site.store.data()
    if kind is None:
        assert entry["kind"] == "punch.recorded"
        opening = one.site.store.openings(1, 100)[entry["seq"]]
        assert entry["evidence_hash"] == opening.hash
        assert opening.evidence == Evidence(finger="right-index", slot=0, generation=1, score=90)
    else:
        assert (entry["kind"], entry["reason"]) == ("attempt.refused", kind)
        opened = one.site.store.attempts(1, 100).get(entry["seq"])
        assert (entry["worker"], opened and opened.worker) == (None, expected.worker)


def test_the_moment_is_that_of_the_first_capture() -> None:
    one = shift([True] * 3, [None, None, HERS])
    one.run()
    (entry,) = one.site.store.data()
    assert entry["clock"]["boottime_ms"] == 1_000_100  # capture took 0.1 s; scans came after


def test_the_lamp_waits_for_the_ledger() -> None:
    one = shift(TOUCH, [HERS]).run()
    assert one.site.panel.told == [("touched",), ("show", Outcome.RECORDED, None, False)]
    assert one.site.panel.ledger == [0, 1]
    assert [type(event) for event in one.site.events] == [LedgerGrew, PanelShown]


def test_a_finger_that_stays_is_one_touch() -> None:
    one = shift([True] * 50, [HERS] * 50).run()
    assert one.outcomes == [Outcome.RECORDED]
    assert one.site.store.kinds() == ["punch.recorded"]


def test_a_finger_that_stays_through_a_fault_is_one_touch() -> None:
    one = shift([True, SensorSilent("?"), True, True], [HERS] * 5).run()
    assert one.outcomes == [Outcome.RECORDED]
    one = shift([True, True, True], [HERS] * 5, extracts=[SensorUnplugged("gone")]).run()
    assert one.outcomes == [Outcome.SENSOR_FAULT]
    assert len(one.raised) == 1


def test_a_second_touch_is_a_repeat_and_says_of_what() -> None:
    one = shift(TOUCH * 3, [HERS] * 3).run()
    assert one.outcomes == [Outcome.RECORDED, Outcome.REPEATED, Outcome.REPEATED]
    assert [entry.get("of") for entry in one.site.store.data()] == [None, 1, 1]
    one.site.clock.now += 61
    one.sensor.captures, one.sensor.searches = [True, False], [HERS]
    one.run()
    assert one.outcomes[3:] == [Outcome.RECORDED]


def test_with_the_window_off_every_touch_counts() -> None:
    one = shift(TOUCH * 3, [HERS] * 3, repeat_window_s=0).run()
    assert one.outcomes == [Outcome.RECORDED] * 3


def test_directions_alternate() -> None:
    one = shift(TOUCH * 3, [HERS] * 3, repeat_window_s=0, direction=DirectionRule.ALTERNATE).run()
    data = one.site.store.data()
    assert [entry["direction"] for entry in data] == ["in", "out", "in"]
    assert {entry["direction_source"] for entry in data} == {"alternate"}


def test_a_fault_in_the_middle_makes_the_finger_be_captured_again() -> None:
    one = shift([True, True], [HERS], extracts=[SensorGarbled("?"), None]).run()
    assert one.outcomes == [Outcome.RECORDED]
    assert one.sensor.asked[:6] == ["capture", "extract", "recover", "capture", "extract", "search"]
    assert one.raised == []


def test_a_finger_captured_again_has_the_moment_of_its_own_capture() -> None:
    """It may be another worker's by then: nobody is paid from the time of somebody before them."""
    one = shift([True, True], [SensorGarbled("?"), HERS]).run()
    assert one.outcomes == [Outcome.RECORDED]
    (entry,) = one.site.store.data()
    assert entry["clock"]["boottime_ms"] == 1_000_500  # after capture, extract, search, recover


def test_the_next_worker_is_answered_though_a_fault_hid_the_empty_glass() -> None:
    one = shift([True, SensorSilent("?"), True, True], [HERS, HIS, HIS]).run()
    assert [(shown.outcome, shown.worker) for shown in one.shown] == [
        (Outcome.RECORDED, "007"),
        (Outcome.REFUSED, "008"),
    ]


ORPHAN = Match(8, 60)
"""Like NOBODYS: a template in a slot that no print holds, as one that was never erased."""


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ([None] * CAPTURES, [None]),
        ([NOBODYS], [NOBODYS]),
        ([NOBODYS], [ORPHAN, NOBODYS]),
        ([None] * CAPTURES, [NOBODYS, ORPHAN, None]),
        ([NOBODYS], [None, ORPHAN]),
    ],
    ids=["unknown", "one orphan", "orphans in turn", "unknown, then orphans", "and the reverse"],
)
def test_a_stranger_who_stays_through_disturbances_is_answered_once(
    first: list[Any], later: list[Any]
) -> None:
    one = shift([True] * len(first), first)
    one.poll()
    for _ in range(9):
        one.sensor.captures = [SensorSilent("?"), True]
        one.sensor.searches = [later[0]]
        later = later[1:] + later[:1]
        one.poll()
        one.site.clock.now += 6.0
        one.poll()
    assert one.outcomes == [Outcome.UNKNOWN]
    assert one.site.store.kinds() == ["attempt.refused"]
    assert one.sensor.asked.count("extract") == len(first) + 9, "each time it was looked at again"


@pytest.mark.parametrize("theirs", [None, NOBODYS, Hint.MOISTEN, Hint.WIPE])
def test_a_green_that_may_be_anothers_goes_dark(theirs: Match | Hint | None) -> None:
    """Or a stranger who came while the line was down would walk away on it."""
    one = shift([True, SensorSilent("?"), True], [HERS])
    one.poll()
    one.poll()
    assert one.site.panel.told[-1] == ("show", Outcome.RECORDED, None, False)
    if isinstance(theirs, Hint):
        one.sensor.extracts = [theirs]
    else:
        one.sensor.searches = [theirs]
    one.poll()
    assert one.site.panel.told[-1] == ("dark",)
    assert one.outcomes == [Outcome.RECORDED]


def test_a_finger_in_doubt_that_turns_out_to_be_the_same_keeps_its_green() -> None:
    one = shift([True, SensorSilent("?"), True, True], [HERS] * 2).run()
    assert one.site.panel.told == [("touched",), ("show", Outcome.RECORDED, None, False)]
    assert one.sensor.asked.count("search") == 2, "once it is settled nobody scans any more"


def test_a_green_stays_when_the_finger_goes_that_only_the_pin_had_told_of() -> None:
    """The pin felt a tap, the sensor could not tell yet, and then the pin felt nothing."""
    one = shift([None, True, False], [HERS])
    for pin in (PinReading(began=True, felt=True), PinReading(felt=False), PinReading(felt=False)):
        one.taker.poll(pin)
    assert one.outcomes == [Outcome.RECORDED]
    assert one.site.panel.told[-1] == ("show", Outcome.RECORDED, None, False)


def test_the_next_worker_is_answered_though_the_store_cannot_say_whose_the_finger_is() -> None:
    one = shift([True, SensorSilent("?"), True], [HERS, HIS], faults=["lost"])
    one.poll()

    def unreadable() -> list[Print]:
        raise StoreFault("The database cannot be read.")

    one.site.store.prints = unreadable  # type: ignore[method-assign]
    one.run()
    assert one.outcomes == [Outcome.NOT_RECORDED] * 2


def test_the_finger_that_was_just_enrolled_is_no_punch_and_the_next_one_is() -> None:
    one = shift([True] * 3, [HERS])
    one.taker.ignore_finger(HERS.slot)
    one.poll()
    one.poll()
    assert (one.outcomes, one.sensor.asked.count("search")) == ([], 1)
    one.taker.ignore_finger(HERS.slot)
    one.sensor.searches = [HIS]
    one.poll()
    assert [shown.worker for shown in one.shown] == ["008"]


def test_a_finger_that_took_part_in_something_else_has_five_seconds_to_go() -> None:
    """Whose it is the gate does not know: it may be that of a worker, who then wants to punch."""
    one = shift([True] * 2, [])
    one.taker.ignore_finger(None)
    one.site.clock.now += 4.7
    one.poll()
    assert "extract" not in one.sensor.asked
    one.site.clock.now += 0.3
    one.sensor.searches = [HERS]
    one.poll()
    assert one.outcomes == [Outcome.RECORDED]


@pytest.mark.parametrize("stalls", ["before the lamp", "after it"])
def test_the_next_worker_is_answered_though_the_card_has_hidden_the_empty_glass(
    stalls: str,
) -> None:
    """Else whoever presses meanwhile would take the green of the one before for theirs."""
    one = shift([True, True, True], [HERS, HERS])
    clock, store = one.site.clock, one.site.store

    def stall() -> None:
        clock.now += 1.0

    if stalls == "before the lamp":
        store.on_change = stall
    one.poll()
    store.on_change = lambda: None
    if stalls == "after it":
        stall()
    one.poll()  # The same finger: it was answered.
    assert [shown.worker for shown in one.shown] == ["007"]
    stall()
    one.sensor.searches = [HIS]
    one.poll()
    assert [shown.worker for shown in one.shown] == ["007", "008"]


def test_a_line_that_stays_bad_is_answered_in_time() -> None:
    one = shift([True] * 1000, [SensorGarbled("?")] * 1000)
    began = one.site.clock.now
    one.poll()
    assert one.outcomes == [Outcome.SENSOR_FAULT]
    assert one.site.clock.now - began < 12
    assert len(one.raised) == 1


def test_a_mending_that_is_spoiled_too_is_tried_again() -> None:
    garbled = SensorGarbled("?")
    one = shift([True, True], [HERS], extracts=[garbled], recovers=[garbled] * 3).run()
    assert one.outcomes == [Outcome.RECORDED]
    assert one.sensor.asked.count("recover") == 4
    assert "close" not in one.sensor.asked


@pytest.mark.parametrize("mendings", [0, 1])
def test_a_daemon_that_leaves_mends_no_more(mendings: int) -> None:
    garbled = SensorGarbled("?")
    one = shift([True], [], extracts=[garbled], recovers=[garbled] * 9)
    one.taker = TakePunch(
        one.site.gate,
        one.sensor,
        one.site.panel,
        CAPTURES,
        recover=one.sensor.recover,
        offline=lambda: False,
        stopping=lambda: one.sensor.asked.count("recover") >= mendings,
    )
    one.poll()
    assert one.outcomes == [Outcome.SENSOR_FAULT]
    assert one.sensor.asked.count("recover") == mendings


@pytest.mark.parametrize("gone", [SensorSilent("?"), SensorUnplugged("?")])
def test_a_sensor_that_is_gone_is_not_mended_again(gone: SensorFault) -> None:
    one = shift([True], [], extracts=[SensorGarbled("?")], recovers=[gone] * 3)
    one.poll()
    assert one.outcomes == [Outcome.SENSOR_FAULT]
    assert one.sensor.asked[-3:] == ["recover", "close", "connect"]


def test_a_mending_that_stays_spoiled_ends_in_time() -> None:
    garbled = SensorGarbled("?")
    one = shift([True], [], extracts=[garbled], recovers=[garbled] * 1000)
    one.sensor.fault_s = 2.3
    began = one.site.clock.now
    one.poll()
    assert one.outcomes == [Outcome.SENSOR_FAULT]
    assert one.site.clock.now - began < 10


@pytest.mark.parametrize(("took", "mendings"), [(6.0, 1), (6.5, 0)])
def test_a_fault_that_comes_late_is_answered_at_once(took: float, mendings: int) -> None:
    """There is no time left to mend the line first."""
    one = shift([True, True], [HERS], extracts=[SensorGarbled("?")])
    one.sensor.fault_s = took
    one.poll()
    assert one.outcomes == [Outcome.RECORDED if mendings else Outcome.SENSOR_FAULT]
    assert one.sensor.asked.count("recover") == mendings


@pytest.mark.parametrize("last", [[HERS], [NOBODYS], [SensorUnplugged("gone")]])
def test_whoever_comes_after_the_glass_was_seen_bare_is_answered(last: list[Any]) -> None:
    """By whoever connects the sensor anew; a look at the glass itself came too late."""
    one = shift([True], last)
    one.poll()
    before = list(one.outcomes)
    one.taker.disturbed()
    one.taker.seen_bare()
    one.sensor.captures, one.sensor.searches = [True], [NOBODYS]
    one.poll()
    assert one.outcomes == [*before, Outcome.UNKNOWN]


def test_amber_goes_out_where_the_glass_was_seen_bare() -> None:
    one = shift([None], [])
    one.taker.poll(PinReading(began=True, felt=True))
    one.taker.seen_bare()
    one.taker.seen_bare()
    assert one.site.panel.told == [("touched",), ("dark",)]


@pytest.mark.parametrize(
    ("since", "expected"), [(0.5, Outcome.RECORDED), (4.0, Outcome.SENSOR_FAULT)]
)
def test_whoever_came_since_the_glass_was_seen_bare_has_waited(
    since: float, expected: Outcome
) -> None:
    one = shift([True, True], [HERS], extracts=[SensorGarbled("?")])
    one.sensor.fault_s = 3.0
    one.taker.seen_bare()
    one.site.clock.now += since
    one.poll()
    assert one.outcomes == [expected]


def test_who_waited_before_the_glass_was_seen_bare_has_gone() -> None:
    one = shift([SensorGarbled("?")], [])
    one.sensor.fault_s = 3.0
    one.poll()
    one.site.clock.now += 3.0
    one.taker.seen_bare()
    one.sensor.captures, one.sensor.searches = [True, True], [HERS]
    one.sensor.extracts = [SensorGarbled("?")]
    one.poll()
    assert one.outcomes == [Outcome.RECORDED]


@pytest.mark.parametrize(("hidden", "expected"), [(0, Outcome.RECORDED), (2, Outcome.SENSOR_FAULT)])
def test_a_finger_that_faults_have_hidden_has_waited_already(
    hidden: int, expected: Outcome
) -> None:
    silent = SensorSilent("?")
    one = shift([silent] * hidden + [True] * 4, [HERS], extracts=[silent])
    one.sensor.fault_s = 2.0
    began = one.site.clock.now
    while not one.outcomes:
        one.poll()
    assert one.outcomes == [expected]
    assert one.site.clock.now - began < 10


def test_a_sensor_that_was_away_for_long_has_hidden_nobody() -> None:
    silent = SensorSilent("?")
    one = shift([silent, True, True], [HERS], extracts=[silent])
    one.poll()
    one.site.clock.now += 60.0
    assert one.run().outcomes == [Outcome.RECORDED]


def test_a_sensor_that_cannot_tell_is_answered_in_time() -> None:
    one = shift([True, *[None] * 1000], [None] * 1000)
    began = one.site.clock.now
    with suppress(SensorFault):
        one.taker.poll()
    assert len(one.outcomes) == 1
    assert one.site.clock.now - began < 12


def test_a_sensor_that_cannot_tell_starts_and_ends_no_touch() -> None:
    one = shift([None, None, True, None, True, None, True], [HERS] * 3).run()
    assert one.outcomes == [Outcome.RECORDED]


def test_a_touch_takes_no_more_scans_than_it_may() -> None:
    one = shift([True] * 9, [None] * 9).run()
    assert one.sensor.asked.count("search") == CAPTURES
    assert one.outcomes == [Outcome.UNKNOWN]


def test_payroll_out_of_reach_is_shown() -> None:
    one = shift(TOUCH, [HERS], offline=True).run()
    assert one.site.panel.told[-1] == ("show", Outcome.RECORDED, None, True)
    assert one.shown == [PanelShown(outcome=Outcome.RECORDED, worker="007", seq=1, offline=True)]


def test_what_could_not_be_written_is_not_shown_as_recorded() -> None:
    one = shift(TOUCH * 2, [HERS] * 2, faults=["lost"]).run()
    assert one.shown[0] == PanelShown(outcome=Outcome.NOT_RECORDED, worker="007")
    assert one.shown[1] == PanelShown(outcome=Outcome.RECORDED, worker="007", seq=1)
    assert one.site.store.kinds() == ["punch.recorded"]


def test_what_was_written_after_all_is_no_second_punch() -> None:
    one = shift(TOUCH * 2, [HERS] * 2, faults=["kept"]).run()
    assert one.outcomes == [Outcome.NOT_RECORDED, Outcome.REPEATED]
    assert [entry.get("of") for entry in one.site.store.data()] == [None, 1]


def test_a_refusal_that_could_not_be_written_is_shown_all_the_same() -> None:
    one = shift(TOUCH, [NOBODYS], faults=["lost"]).run()
    assert one.shown == [PanelShown(outcome=Outcome.UNKNOWN)]


def test_a_night_of_refusals_does_not_fill_the_card() -> None:
    one = shift(TOUCH * 300, [NOBODYS] * 300).run()
    written = one.site.store.data()
    assert one.outcomes == [Outcome.UNKNOWN] * 300
    assert 60 <= len(written) <= 63
    one.site.clock.now += 120
    one.site.store.faults = ["lost"]
    one.sensor.captures, one.sensor.searches = TOUCH * 2, [NOBODYS] * 2
    one.run()
    attempts = [e for e in one.site.store.data() if e["kind"] == "attempt.refused"]
    told = sum(attempt["suppressed"] for attempt in attempts)
    assert told + len(attempts) == 302  # every touch is written or counted


@given(
    captures=lines(True, True, True, False, None, at_most=25),
    extracts=lines(None, None, None, *Hint),
    searches=lines(HERS, HERS, HERS_WEAK, HERS_WEAK, HIS, NOBODYS, None),
    recovers=lines(None, None, None),
    store=st.lists(st.sampled_from(["", "", "lost", "kept"]), max_size=8),
    window=st.sampled_from([0, 60]),
    confirm_below=st.sampled_from([0, CONFIRM_BELOW]),
)
def test_every_touch_has_one_true_answer(
    captures: list[Any],
    extracts: list[Any],
    searches: list[Any],
    recovers: list[Any],
    store: list[str],
    window: int,
    confirm_below: int,
) -> None:
    one = shift(
        captures,
        searches,
        extracts=extracts,
        recovers=recovers,
        faults=store,
        repeat_window_s=window,
        confirm_below=confirm_below,
    ).run()
    book = list(zip(one.site.panel.told, one.site.panel.ledger, strict=True))
    # Darkened where what is lit may be another's; that answers nobody.
    told = [what for what, _ in book if what[0] != "dark"]
    ledgers = [ledger for what, ledger in book if what[0] != "dark"]
    entries = {entry["seq"]: entry for entry in one.site.store.data()}
    touches = len(told) // 2
    assert [what[0] for what in told] == ["touched", "show"] * touches
    assert [what[1] for what in told[1::2]] == one.outcomes
    for shown, ledger in zip(one.shown, ledgers[1::2], strict=True):
        if shown.outcome in (Outcome.RECORDED, Outcome.REPEATED):
            kind = "punch.recorded" if shown.outcome is Outcome.RECORDED else "punch.repeated"
            assert shown.seq is not None
            assert shown.seq <= ledger
            assert entries[shown.seq]["kind"] == kind
            assert entries[shown.seq]["worker"] == shown.worker == "007"
        else:
            assert shown.seq is None or entries[shown.seq]["kind"] == "attempt.refused"
    credited = [shown.seq for shown in one.shown if shown.outcome is Outcome.RECORDED]
    assert len(set(credited)) == len(credited)
    punches = [seq for seq, entry in entries.items() if entry["kind"].startswith("punch.")]
    unsure = one.outcomes.count(Outcome.NOT_RECORDED)
    assert len(punches) <= touches
    weak = one.sensor.found.count(HERS_WEAK)
    if confirm_below:
        # Two looks of which at least the first is weak make one punch.
        assert len(punches) <= one.sensor.found.count(HERS) + weak // 2
    else:
        assert len(punches) <= one.sensor.found.count(HERS) + weak
    assert len(one.outcomes) - unsure >= len(credited)


class Glass(ScriptedSensor):
    """A queue of people at the glass: at each capture, whose finger is on it. Scans are perfect.

    2 is a stranger in a slot that nobody holds, 3 one whom the sensor does not know; 4 is 0 by a
    weak match.
    """

    def __init__(self, clock: HandClock, queue: list[int | None], faults_at: set[int]) -> None:
        super().__init__(clock)
        self.captures = [person is not None for person in queue]
        self._queue = queue
        self._faults_at = faults_at
        self._seen = 0

    @property
    def _person(self) -> int | None:
        """Who was captured last; nobody once the queue is over."""
        return self._queue[self._seen - 1] if 0 < self._seen <= len(self._queue) else None

    @property
    def presence(self) -> int:
        """Which visit to the glass it was that was captured last."""
        past = [None, *self._queue][: self._seen + 1]
        return sum(now != before and now is not None for before, now in pairwise(past))

    def capture(self) -> bool:
        self._fail_in_turn(self.captures)
        self._seen += 1
        return super().capture()

    def extract(self, buffer: Buffer = Buffer.ONE) -> Hint | None:
        self._fail_in_turn(self.extracts)
        return super().extract(buffer)

    def search(self, buffer: Buffer = Buffer.ONE, only: int | None = None) -> Match | None:
        self.searches = [{0: HERS, 1: HIS, 2: NOBODYS, 4: HERS_WEAK}.get(self._person or 0)]
        self._fail_in_turn(self.searches)
        return super().search(buffer)

    def _fail_in_turn(self, script: list[Any]) -> None:
        if len(self.asked) in self._faults_at:
            script.insert(0, SensorGarbled("?"))
            if script is self.captures:
                self._queue.insert(self._seen, self._person)


@given(
    queue=st.lists(
        st.tuples(st.sampled_from([0, 0, 1, 2, 3, 4, 4, None]), st.integers(1, 4)), max_size=10
    ),
    faults_at=st.sets(st.integers(0, 60), max_size=8),
)
@example(queue=[(4, 1), (1, 2)], faults_at={6})
def test_no_visit_to_the_glass_is_answered_twice(
    queue: list[tuple[int | None, int]], faults_at: set[int]
) -> None:
    one = Shift(repeat_window_s=0, confirm_below=CONFIRM_BELOW)
    ticks = [person for person, stays in queue for _ in range(stays)]
    glass = Glass(one.site.clock, ticks, faults_at)
    one.sensor = glass
    answered: list[int] = []
    one.taker = TakePunch(
        one.site.gate, glass, one.site.panel, CAPTURES, recover=glass.recover, offline=lambda: False
    )
    begun: list[int] = []
    touched = one.site.panel.touched

    def begin() -> None:
        """A second look may find the next one there already; the answer is the first one's."""
        begun.append(glass.presence)
        touched()

    one.site.panel.touched = begin  # type: ignore[method-assign]
    one.site.gate.emit = lambda event: (
        answered.append(begun.pop() if begun else glass.presence)
        if isinstance(event, PanelShown)
        else None
    )
    one.run()
    assert len(set(answered)) == len(answered)
    assert one.site.store.kinds().count("punch.recorded") <= sum(
        now in (0, 4) and now != before for before, now in pairwise([None, *ticks])
    )


def weak_touch(second: list[Any], captures: list[Any] | None = None, **other: Any) -> Shift:
    """A touch whose first match is weak; ``captures`` and what is found at the second look."""
    captures = [True] * 9 if captures is None else captures
    one = shift([True, *captures], [HERS_WEAK, *second], confirm_below=CONFIRM_BELOW, **other)
    one.poll()
    return one


ONE_LOOK, TWO_LOOKS = ["capture", "extract", "search"], ["capture", "extract", "search"] * 2


@pytest.mark.parametrize("second", [HERS_WEAK, HERS])
def test_a_weak_match_counts_once_a_second_look_finds_the_same_print(second: Match) -> None:
    one = weak_touch([second])
    assert one.sensor.asked == TWO_LOOKS
    assert one.shown == [PanelShown(outcome=Outcome.RECORDED, worker="007", seq=1)]
    assert [what[0] for what in one.site.panel.told] == ["touched", "show"]
    assert one.site.store.kinds() == ["punch.recorded"]
    # The first one's, so that the scores of all presses are of one kind.
    assert one.site.store.openings(1, 1)[1].evidence.score == HERS_WEAK.score


@pytest.mark.parametrize("score", [CONFIRM_BELOW, CONFIRM_BELOW + 1, 300])
def test_a_good_match_is_looked_at_once(score: int) -> None:
    one = shift([True] * 9, [Match(0, score)] * 9, confirm_below=CONFIRM_BELOW)
    one.poll()
    assert (one.sensor.asked, one.outcomes) == (ONE_LOOK, [Outcome.RECORDED])


def test_without_the_setting_no_match_is_weak() -> None:
    one = shift([True] * 9, [Match(0, 1)] * 9)
    one.poll()
    assert (one.sensor.asked, one.outcomes) == (ONE_LOOK, [Outcome.RECORDED])


@pytest.mark.parametrize("second", [None, HIS, Match(HIS.slot, 40), NOBODYS])
def test_a_second_look_that_finds_anything_else_credits_nobody(second: Match | None) -> None:
    one = weak_touch([second, HERS, HERS])
    assert one.sensor.asked == TWO_LOOKS  # Once more, and no more.
    assert one.shown == [PanelShown(outcome=Outcome.UNKNOWN, seq=1)]
    [entry] = one.site.store.data()
    # Nor does anybody learn whose print it was like.
    assert (entry["kind"], entry["worker"]) == ("attempt.refused", None)
    one.run()  # It stays on the glass, and has had its answer.
    assert one.outcomes == [Outcome.UNKNOWN]


def test_a_finger_that_is_lifted_before_the_second_look_is_told_to_press_again() -> None:
    one = weak_touch([], captures=[False])
    assert one.shown == [PanelShown(outcome=Outcome.TRY_AGAIN, seq=1, hint="hold-longer")]
    assert one.site.store.kinds() == ["attempt.refused"]
    one.sensor.captures, one.sensor.searches = [True], [HERS]
    one.poll()
    assert one.outcomes == [Outcome.TRY_AGAIN, Outcome.RECORDED]  # It was a touch of its own.


def test_a_second_look_that_cannot_be_read_is_taken_again_as_any_other() -> None:
    one = weak_touch([HERS_WEAK], extracts=[None, Hint.WIPE, Hint.WIPE, None])
    assert one.outcomes == [Outcome.RECORDED]
    poor = weak_touch([], extracts=[None, *[Hint.WIPE] * CAPTURES])
    assert poor.shown == [PanelShown(outcome=Outcome.TRY_AGAIN, seq=1, hint="wipe")]


def test_a_line_that_fails_at_the_second_look_is_mended_and_the_moment_is_the_later_one() -> None:
    one = weak_touch([SensorGarbled("?"), HERS_WEAK])
    assert one.outcomes == [Outcome.RECORDED]
    plain = weak_touch([HERS_WEAK])
    moments = [stamp_of(s.site.store.data()[0]).boottime_ms for s in (one, plain)]
    assert moments[0] > moments[1]


def test_a_sensor_that_goes_at_the_second_look_is_told_once() -> None:
    one = weak_touch([SensorUnplugged("gone")])
    assert one.outcomes == [Outcome.SENSOR_FAULT]
    one.sensor.captures, one.sensor.searches = [True] * 2, [HERS] * 2
    one.poll()
    assert one.outcomes == [Outcome.SENSOR_FAULT]  # The finger that stays has had its answer.


def test_a_gate_that_is_killed_between_the_two_looks_has_written_and_shown_nothing() -> None:
    one = shift([True] * 2, [HERS_WEAK] * 2, confirm_below=CONFIRM_BELOW)
    found: list[Any] = []
    capture = one.sensor.capture

    def look() -> bool | None:
        found.append((one.site.store.kinds(), [what[0] for what in one.site.panel.told]))
        return capture()

    one.sensor.capture = look  # type: ignore[method-assign]
    one.poll()
    assert found == [([], []), ([], ["touched"])]
    assert one.site.store.kinds() == ["punch.recorded"]


def test_a_weak_match_in_between_counts_for_nobody() -> None:
    one = shift([], [], confirm_below=CONFIRM_BELOW)
    one.taker.punch_in_between(HERS_WEAK, one.site.clock.stamp())
    one.taker.punch_in_between(HERS, one.site.clock.stamp())
    assert one.outcomes == [Outcome.TRY_AGAIN, Outcome.RECORDED]


def test_every_reason_has_its_lamp() -> None:
    assert set(REFUSED_AS) == set(Reason)
