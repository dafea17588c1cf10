"""How often something may be done; how many refused attempts are written."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.gate.touch.token_bucket import RefusalLimit, TokenBucket


def test_some_at_once_and_then_one_every_five_minutes() -> None:
    ghosts = TokenBucket(3, 300.0)
    hour = [ghosts.take(second) for second in range(0, 3600, 2)]
    assert hour[:4] == [True, True, True, False]
    assert 10 <= sum(hour) <= 16
    ghosts.fill()
    assert ghosts.take(3600.0)
    ghosts.empty()
    assert not ghosts.take(3601.0)


def test_a_token_comes_exactly_when_it_is_due_and_no_more_than_there_is_room_for() -> None:
    bucket = TokenBucket(2, 8.0)
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(7.75), bucket.take(8.0), bucket.take(8.0)] == [False, True, False]
    assert [bucket.take(1000.0) for _ in range(3)] == [True, True, False]
    bucket.fill()
    assert [bucket.take(1000.0) for _ in range(3)] == [True, True, False]
    bucket.empty()
    assert [bucket.take(1007.0), bucket.take(1008.0)] == [False, True]
    bucket.give_back()
    assert [bucket.take(1008.0), bucket.take(1008.0)] == [True, False]
    for _ in range(9):
        bucket.give_back()
    assert [bucket.take(1008.0) for _ in range(3)] == [True, True, False]


def test_a_shifts_start_is_written_in_full() -> None:
    limit = RefusalLimit()
    assert [limit.admit(second * 5.0) for second in range(60)] == [0] * 60


def test_then_one_a_minute_with_the_number_left_out() -> None:
    limit = RefusalLimit()
    assert [limit.admit(0.0) for _ in range(61)] == [0] * 60 + [None]
    assert limit.admit(59.0) is None
    assert limit.admit(61.0) == 2
    assert limit.admit(62.0) is None
    assert limit.admit(100_000.0) == 1


@given(st.lists(st.tuples(st.floats(0, 300), st.booleans()), max_size=300))
def test_every_attempt_is_written_or_counted(attempts: list[tuple[float, bool]]) -> None:
    limit, now, written, counted = RefusalLimit(), 0.0, 0, 0
    for pause, written_after_all in attempts:
        now += pause
        suppressed = limit.admit(now)
        if suppressed is None:
            continue
        if written_after_all:
            written, counted = written + 1, counted + suppressed
        else:
            limit.not_written(suppressed)
    last = limit.admit(now + 1e9)
    assert last is not None
    assert written + counted + last == len(attempts)
    assert written <= 60 + now / 60 + 1
