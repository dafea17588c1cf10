"""What holds of any month, however its presses came, were forgotten or were too many."""

import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.contract.attendance import attendance
from edge_agent.receiver.worktime.pairing import pair
from edge_agent.receiver.worktime.presses import Press

from .months import MINUTE, ZONE, Month, months, paid, press, told

MANY = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))


def never_more(month: Month, presses: list[Press], *, shifts: bool) -> None:
    found = paid(pair(presses, month.plan if shifts else []))
    honest = month.seconds
    assert all(seconds <= honest[day] for day, seconds in found.items()), (found, honest)


def honest(month: Month) -> None:
    with_shifts = pair(month.presses, month.plan)
    assert paid(with_shifts) == month.seconds
    assert not with_shifts.doubts
    if month.evidence:
        assert paid(pair(month.presses)) == month.seconds
    else:
        never_more(month, month.presses, shifts=False)


def taken_away(month: Month, data: st.DataObject) -> None:
    """Any of them with shifts; one alone where there are none."""
    presses = month.presses
    away = data.draw(st.sets(st.integers(0, len(presses) - 1), min_size=1, max_size=6))
    left = [one for n, one in enumerate(presses) if n not in away]
    never_more(month, left, shifts=True)
    one = data.draw(st.integers(0, len(presses) - 1))
    never_more(month, presses[:one] + presses[one + 1 :], shifts=False)
    assert told(pair(presses, month.plan)) == told(
        pair([*left, *(presses[n] for n in away)], month.plan)
    )


def added(month: Month, data: st.DataObject) -> None:
    """A press that nobody made, at any time, with any direction that evidence could claim."""
    presses = month.presses
    first, last = presses[0].place_ms, presses[-1].place_ms
    at = data.draw(st.integers(first - 900 * MINUTE, last + 900 * MINUTE))
    way = data.draw(st.sampled_from(["in", "out"])) if month.evidence else None
    more = [*presses, press(at, 1, way, gate="other-gate")]
    never_more(month, more, shifts=True)
    never_more(month, more, shifts=False)


def several_added(month: Month, data: st.DataObject) -> None:
    """Up to three at once around the work of a day, where shifts tell what is asked for."""
    if month.evidence:
        return
    day = data.draw(st.sampled_from(sorted(month.seconds)))
    mine = [one for one in month.sessions if one[0] == day]
    around = st.integers(mine[0][1] - 110 * MINUTE, mine[-1][2] + 230 * MINUTE)
    more = [
        press(at, n, None, "other-gate")
        for n, at in enumerate(data.draw(st.lists(around, min_size=2, max_size=3)))
    ]
    never_more(month, [*month.presses, *more], shifts=True)


def in_any_order(month: Month, data: st.DataObject) -> None:
    presses = month.presses
    shuffled = list(presses)
    random.Random(data.draw(st.integers(0, 99))).shuffle(shuffled)
    for plan in (month.plan, []):
        assert told(pair(shuffled, plan)) == told(pair(presses, plan))


PROPERTIES = [taken_away, added, several_added, in_any_order]


@MANY
@given(months())
def test_an_honest_month_is_what_was_worked(month: Month) -> None:
    honest(month)


@MANY
@given(months(evidence=True))
def test_the_working_day_is_the_one_that_the_gate_tells(month: Month) -> None:
    entries = [
        {"seq": n, "kind": "punch.recorded", "worker": "NV0001", "at": one.at, "direction": one.way}
        for n, one in enumerate(month.presses, 1)
    ]
    at_the_gate = {punch.at: punch.working_day for punch in attendance(entries, ZONE)}
    for session in pair(month.presses).sessions:
        assert session.came is not None
        assert session.date == at_the_gate[session.came.at]


@pytest.mark.parametrize("holds", PROPERTIES)
def test_never_more_than_was_worked(holds: object) -> None:
    try_months(holds)


def try_months(holds: object, tried: settings = MANY) -> None:
    @tried
    @given(months(), st.data())
    def run(month: Month, data: st.DataObject) -> None:
        holds(month, data)  # type: ignore[operator]

    run()


REST, SHIFT = 8 * 60, 14 * 60
GAPS = st.sampled_from([0.5, 5, 45, 60, 180, 330, 460, 485, 600, 720, 839, 841, 960])


def readings(minutes: list[float], ways: list[str | None]) -> list[set[tuple[int, int]]]:
    """Every way to call these presses in and out by turns, with none left over or, of an odd
    number, one: in which nobody works for longer than a shift without a rest."""
    count = len(minutes)
    found = []
    for left_over in range(count) if count % 2 else [None]:
        places = [n for n in range(count) if n != left_over]
        pairs = list(zip(places[::2], places[1::2], strict=True))
        fits = all(
            ways[came] != "out"
            and ways[left] != "in"
            and 1 <= minutes[left] - minutes[came] <= SHIFT
            for came, left in pairs
        )
        began = last = None
        for came, left in pairs:
            if last is None or minutes[came] - last >= REST:
                began = minutes[came]
            last = minutes[left]
            fits = fits and began is not None and last - began <= SHIFT
        if fits:
            found.append(set(pairs))
    return found


@MANY
@given(
    st.lists(GAPS, min_size=0, max_size=8),
    st.lists(st.sampled_from([None, None, None, "in", "out"]), min_size=9, max_size=9),
)
def test_what_is_complete_is_in_every_reading(gaps: list[float], ways: list[str | None]) -> None:
    """Of presses without shifts that are in one run and, but for a minute, no repeats."""
    minutes = [0.0]
    for gap in gaps:
        minutes.append(minutes[-1] + max(gap, 1.5))
    if any(later - sooner > SHIFT for sooner, later in pairwise(minutes)):
        return
    start = 1_793_487_600_000
    pressed = [press(round(start + at * MINUTE), n, ways[n]) for n, at in enumerate(minutes)]
    complete = {
        (one.came.seq, one.left.seq)
        for one in pair(pressed).sessions
        if one.status == "complete" and one.came is not None and one.left is not None
    }
    assert all(left == came + 1 for came, left in complete)
    if not any(ways[: len(minutes)]):
        possible = readings(minutes, ways)
        assert all(complete <= reading for reading in possible)
        assert possible or not complete
    for came, left in complete:
        assert ways[came] != "out"
        assert ways[left] != "in"
        assert 1 <= minutes[left] - minutes[came] <= SHIFT


@pytest.mark.long
@LONG
@given(months(), st.data())
def test_of_ten_thousand_months(month: Month, data: st.DataObject) -> None:
    honest(month)
    for holds in PROPERTIES:
        holds(month, data)
