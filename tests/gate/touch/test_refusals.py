"""How many refused attempts are written."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.gate.touch.limits import RefusalLimit


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
