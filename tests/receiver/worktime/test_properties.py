"""What holds of any month, however its presses came, were forgotten or were too many."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.receiver.worktime.pairing import pair
from edge_agent.receiver.worktime.presses import Press

from .months import MINUTE, Month, months, paid, press, told

MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
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


def in_any_order(month: Month, data: st.DataObject) -> None:
    presses = month.presses
    shuffled = list(presses)
    random.Random(data.draw(st.integers(0, 99))).shuffle(shuffled)
    for plan in (month.plan, []):
        assert told(pair(shuffled, plan)) == told(pair(presses, plan))


PROPERTIES = [taken_away, added, in_any_order]


@MANY
@given(months())
def test_an_honest_month_is_what_was_worked(month: Month) -> None:
    honest(month)


@pytest.mark.parametrize("holds", PROPERTIES)
def test_never_more_than_was_worked(holds: object) -> None:
    @MANY
    @given(months(), st.data())
    def run(month: Month, data: st.DataObject) -> None:
        holds(month, data)  # type: ignore[operator]

    run()


@pytest.mark.long
@LONG
@given(months(), st.data())
def test_of_ten_thousand_months(month: Month, data: st.DataObject) -> None:
    honest(month)
    for holds in PROPERTIES:
        holds(month, data)
