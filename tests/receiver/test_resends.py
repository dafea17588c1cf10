"""When a gate is asked again."""

from edge_agent.receiver.gaps import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MOST_AT_ONCE,
    MOST_ENTRIES,
    UNHEARD_TURN,
    Presence,
    Resends,
)


def times_asked(resends: Resends, missing: range, start: int, end: int) -> list[int]:
    """The seconds at which it asks when it is looked at once a second."""
    return [now for now in range(start, end) if resends.due("a", missing, now)]


def test_gap_is_asked_for_once_and_then_with_growing_pauses() -> None:
    first = int(FIRST_PAUSE)
    asked = times_asked(Resends(), range(3, 5), 0, 8 * first)
    assert asked == [0, first, 3 * first, 7 * first]


def test_pauses_have_an_end() -> None:
    asked = times_asked(Resends(), range(3, 5), 0, 10_000)
    assert asked[-1] - asked[-2] == LONGEST_PAUSE


def test_range_is_bounded_and_the_next_one_follows_as_soon_as_it_is_filled() -> None:
    resends = Resends()
    end = 2 * MOST_ENTRIES + 100
    assert resends.due("a", range(1, end), 0) == range(1, MOST_ENTRIES + 1)
    assert resends.due("a", range(MOST_ENTRIES + 1, end), 1) == range(
        MOST_ENTRIES + 1, 2 * MOST_ENTRIES + 1
    )


def test_gate_that_is_answering_is_not_asked_again() -> None:
    resends = Resends()
    resends.due("a", range(1, 400), 0)
    assert resends.due("a", range(200, 400), FIRST_PAUSE) is None
    assert resends.due("a", range(200, 400), 2 * FIRST_PAUSE - 1) is None
    assert resends.due("a", range(200, 400), 2 * FIRST_PAUSE) == range(200, 400)


def test_filled_gap_is_forgotten() -> None:
    resends = Resends()
    resends.due("a", range(3, 5), 0)
    assert resends.due("a", range(0), 1) is None
    assert resends.due("a", range(3, 5), 2) == range(3, 5)


def test_what_is_asked_for_the_first_time_is_no_alarm_and_what_stays_missing_is() -> None:
    resends = Resends()
    assert not resends.stays("a")
    for now, missing, stays in (
        (0, range(1, 400), False),
        (1, range(MOST_ENTRIES + 1, 400), False),
        (1 + FIRST_PAUSE, range(MOST_ENTRIES + 1, 400), True),
        (2 + FIRST_PAUSE, range(0), False),
        (3 + FIRST_PAUSE, range(500, 501), False),
    ):
        assert (resends.due("a", missing, now) is not None) == bool(missing)
        assert resends.stays("a") == stays


def test_ledgers_are_asked_for_separately() -> None:
    resends = Resends()
    assert resends.due("a", range(3, 5), 0)
    assert resends.due("b", range(3, 5), 0)


def test_ledgers_take_turns_and_a_silent_one_loses_its_own() -> None:
    resends = Resends()
    names = [f"ledger-{number}" for number in range(MOST_AT_ONCE + 2)]
    asked = [name for name in names if resends.due(name, range(1, 10), 0)]
    assert asked == names[:MOST_AT_ONCE]
    resends.filled(names[0])
    assert resends.due(names[-2], range(1, 10), 1) == range(1, 10)
    assert resends.due(names[-1], range(1, 10), FIRST_PAUSE - 1) is None
    assert resends.due(names[-1], range(1, 10), FIRST_PAUSE) == range(1, 10)


def test_gates_of_which_nothing_is_heard_hold_up_nobody_else() -> None:
    resends = Resends()
    names = [f"ledger-{number}" for number in range(5 * MOST_AT_ONCE)]
    for name in names:
        resends.due(name, range(1, 10), 0, heard=False)
    assert resends.due("live", range(1, 10), 0) == range(1, 10)
    turns = 0
    asked = set(names[:MOST_AT_ONCE])
    while len(asked) < len(names):
        turns += 1
        now = turns * UNHEARD_TURN
        asked |= {name for name in names if resends.due(name, range(1, 10), now, heard=False)}
    assert turns == 4


def test_who_is_there() -> None:
    present = Presence()
    present.update({"kept": None, "here": True, "gone": False})
    assert (present.heard, present.away) == ({"here"}, {"gone"})
    present.update({"gone": True, "here": False})
    assert (present.heard, present.away) == ({"gone"}, {"here"})
