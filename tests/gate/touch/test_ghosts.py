"""Sunlight that looks like a finger: nobody is told, nothing floods, and no worker is hidden."""

from edge_agent.gate.events import Outcome
from edge_agent.gate.rules import Hint
from edge_agent.gate.touch.decide import Look, PinReading

from .test_take_punch import HERS, NOBODYS, shift

_MESSY = Hint.WIPE
FLICKER = [True, False]


def test_a_worker_who_pressed_badly_is_told() -> None:
    one = shift([True] * 3 + [False], [], extracts=[_MESSY] * 3).run()
    assert one.outcomes == [Outcome.TRY_AGAIN]
    assert one.shown[0].hint == "wipe"


def test_what_flickers_in_the_sun_all_day_is_soon_ignored() -> None:
    one = shift(FLICKER * 1000, [], extracts=[Hint.PRESS_FLAT] * 1000).run()
    assert len(one.outcomes) <= 4
    assert len(one.site.store.all) <= 4
    # Whatever lights amber without an answer goes dark again: nothing was recorded.
    assert one.site.panel.told[-1] == ("dark",)


def test_whoever_presses_badly_after_five_minutes_of_silence_is_told() -> None:
    one = shift(FLICKER * 20, [], extracts=[_MESSY] * 20).run()
    silent = len(one.outcomes)
    one.site.clock.now += 300.0
    one.sensor.captures, one.sensor.extracts = FLICKER * 2, [_MESSY] * 2
    one.run()
    assert one.outcomes[silent:] == [Outcome.TRY_AGAIN]


def test_what_stays_in_the_sun_makes_one_outcome_and_none_when_it_comes_back() -> None:
    hours = [True] * 500 + [False] + [True] * 500
    one = shift(hours, [], extracts=[_MESSY] * 2000).run()
    assert one.outcomes == [Outcome.TRY_AGAIN]
    assert len(one.site.store.all) == 1


def test_a_worker_under_a_ghost_is_seen() -> None:
    one = shift([True] * 200, [HERS], extracts=[_MESSY] * 150 + [None]).run()
    assert one.outcomes == [Outcome.TRY_AGAIN, Outcome.RECORDED]


def test_a_stranger_under_a_ghost_is_told_too() -> None:
    one = shift([True] * 200, [NOBODYS] * 9, extracts=[_MESSY] * 150).run()
    assert one.outcomes == [Outcome.TRY_AGAIN, Outcome.UNKNOWN]


def test_the_moment_is_that_of_the_look_however_often_it_was_scanned() -> None:
    one = shift([True] * 3, [], extracts=[_MESSY] * 3)
    one.poll()
    one.site.clock.now = 1010.0
    one.sensor.captures, one.sensor.searches = [True] * 3, [None] * 4
    one.poll()
    one.sensor.captures = [False]
    one.poll()
    one.site.clock.now = 1020.0
    one.sensor.captures, one.sensor.searches = [True] * 3, [None] * 4
    one.taker.poll(PinReading(felt=False))
    assert one.outcomes == [Outcome.TRY_AGAIN, Outcome.UNKNOWN, Outcome.UNKNOWN]
    moments = [entry["clock"]["boottime_ms"] for entry in one.site.store.data()]
    assert moments == [1_000_100, 1_010_100, 1_020_100]  # a capture takes 0.1 s


def test_what_loses_its_features_again_may_be_a_ghost_still() -> None:
    one = shift([True] * 3, [None], extracts=[None, _MESSY, _MESSY, _MESSY])
    one.taker.poll(PinReading(felt=False))
    assert one.outcomes == [Outcome.TRY_AGAIN]
    one.site.clock.now += 6.0
    one.sensor.captures, one.sensor.searches = [True] * 3, [None] * 4
    one.poll()
    assert one.outcomes == [Outcome.TRY_AGAIN, Outcome.UNKNOWN]


def test_a_finger_with_features_ends_the_silence() -> None:
    one = shift(FLICKER * 20, [], extracts=[_MESSY] * 20).run()
    silent = len(one.outcomes)
    one.sensor.captures, one.sensor.searches = list(FLICKER), [HERS]
    one.run()
    one.sensor.captures, one.sensor.extracts = [True] * 3 + [False], [_MESSY] * 3
    one.run()
    assert one.outcomes[silent:] == [Outcome.RECORDED, Outcome.TRY_AGAIN]


def test_advice_that_needs_a_finger_is_never_a_ghosts() -> None:
    one = shift([True, True, True, False] * 20, [], extracts=[Hint.MOISTEN] * 60).run()
    assert one.outcomes == [Outcome.TRY_AGAIN] * 20


def test_with_a_touch_pin_a_ghost_makes_nothing_at_all() -> None:
    one = shift([True] * 1000, [], extracts=[_MESSY] * 1000)
    for _ in range(1000):
        assert one.taker.poll(PinReading(felt=False)) is Look.GHOST
    assert one.site.panel.told == []
    assert one.site.store.all == []


def test_with_a_touch_pin_each_poor_touch_is_answered() -> None:
    one = shift([True] * 90, [], extracts=[_MESSY] * 90)
    for _ in range(20):
        one.taker.poll(PinReading(felt=True))
        one.sensor.captures.insert(0, False)
        one.taker.poll(PinReading(felt=True))
    assert one.outcomes == [Outcome.TRY_AGAIN] * 20


def test_two_workers_with_a_ghost_between_them_and_a_touch_pin() -> None:
    """The sensor never sees a bare glass, the pin does."""
    one = shift([True] * 9, [HERS, HERS], extracts=[None, _MESSY, None])
    for felt in (True, False, True):
        one.taker.poll(PinReading(felt=felt))
    assert one.outcomes == [Outcome.RECORDED, Outcome.REPEATED]


def test_a_finger_that_a_dead_pin_does_not_feel_is_answered_all_the_same() -> None:
    one = shift([True] * 9, [HERS])
    assert one.taker.poll(PinReading(felt=False)) is Look.FINGER
    assert one.taker.poll(PinReading(felt=False)) is Look.FINGER
    assert one.outcomes == [Outcome.RECORDED]


def test_amber_comes_before_the_image_and_goes_where_there_is_none() -> None:
    one = shift([False, True], [HERS])
    capture, at_the_capture = one.sensor.capture, list[object]()

    def noting() -> bool | None:
        at_the_capture.append(list(one.site.panel.told))
        return capture()

    one.sensor.capture = noting  # type: ignore[method-assign]
    assert one.taker.poll(PinReading(began=True, felt=True)) is Look.NOBODY
    assert at_the_capture == [[("touched",)]]
    assert one.site.panel.told == [("touched",), ("dark",)]
    one.taker.poll(PinReading(began=True, felt=True))
    assert [what[0] for what in one.site.panel.told[2:]] == ["touched", "show"]


def test_a_pin_that_flickers_under_a_finger_answers_it_once() -> None:
    one = shift([True] * 30, [HERS] * 30, repeat_window_s=0)
    for _ in range(10):
        one.taker.poll(PinReading(began=True, felt=True))
        one.taker.poll(PinReading(felt=False))
    assert one.outcomes == [Outcome.RECORDED]
    assert one.site.store.kinds() == ["punch.recorded"]
