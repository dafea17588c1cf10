"""When the glass is looked at, whatever the touch pin does."""

from collections.abc import Callable

import pytest

from edge_agent.gate.errors import SensorRefused
from edge_agent.gate.touch.decide import NO_PIN, Look, PinReading
from edge_agent.gate.touch.poll_schedule import BETWEEN_LOOKS_S, CHECK_S, IDLE_LOOK_S, PollSchedule
from tests.gate.fakes import HandClock, Library


class HandTouch:
    """A touch pin that is moved by hand."""

    def __init__(self) -> None:
        self.felt = False
        self._heard: Callable[[], None] = lambda: None

    def listen(self, heard: Callable[[], None]) -> None:
        self._heard = heard

    def touch(self) -> None:
        if not self.felt:
            self.felt = True
            self._heard()

    def lift(self) -> None:
        self.felt = False

    def close(self) -> None: ...


class Looking:
    def __init__(self, *, pin: bool = True, sleeps: bool = False) -> None:
        self.clock = HandClock()
        self.sensor = Library()
        self.touch = HandTouch()
        self.woken = 0
        self.when = PollSchedule(
            self.sensor, self.touch if pin else None, self.clock, self._wake, sleeps=sleeps
        )

    def _wake(self) -> None:
        self.woken += 1

    def looks(self, seconds: float, look: Look) -> int:
        """How often the glass is looked at in so many seconds; a look takes 60 ms."""
        count, end = 0, self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now += max(self.when.pause(), 0.001)
            pin = self.when.next_look()
            if pin is not None:
                count += 1
                self.clock.now += 0.06
                self.when.saw(pin, look)
        return count

    def look(self, look: Look) -> PinReading:
        """One look, and what the pin has said before it."""
        pin = self.when.next_look()
        assert pin is not None
        self.when.saw(pin, look)
        return pin


def test_without_a_pin_the_gate_looks_all_the_time() -> None:
    day = Looking(pin=False)
    assert day.looks(10, Look.NOBODY) > 100
    assert day.when.next_look() == NO_PIN
    assert day.when.pause() == BETWEEN_LOOKS_S


def test_an_idle_gate_leaves_its_sensor_alone_but_for_a_look_now_and_then() -> None:
    day = Looking()
    assert day.looks(3600, Look.NOBODY) <= 3600 / IDLE_LOOK_S + 1
    assert day.looks(3600, Look.GHOST) <= 3600 / IDLE_LOOK_S + 1
    assert day.when.problem is None


def test_an_idle_gate_asks_for_a_sign_of_life_every_second_and_before_each_look() -> None:
    day = Looking()
    asked: list[tuple[float, str]] = []
    day.sensor.on_ask = lambda name: asked.append((day.clock.now, name))
    began = day.clock.now
    looks = day.looks(60, Look.NOBODY)
    checks = [at for at, name in asked if name == "check"]
    assert 60 <= len(checks) <= 60 / CHECK_S + looks
    gaps = [later - earlier for earlier, later in zip([began, *checks], checks, strict=False)]
    assert max(gaps) <= CHECK_S + 0.07  # A look takes 60 ms.


def test_nobody_is_asked_for_a_sign_of_life_while_looks_follow_each_other() -> None:
    for day in (Looking(pin=False), Looking()):
        day.touch.touch()
        day.looks(10, Look.FINGER)
        assert "check" not in day.sensor.asked


def test_a_module_that_sleeps_is_looked_at_whenever_it_was_woken() -> None:
    """Whoever comes while it is awake is felt by nobody."""
    day = Looking(sleeps=True)
    looks = day.looks(60, Look.NOBODY)
    assert day.sensor.asked.count("check") == looks - 1
    assert day.sensor.asked.count("sleep") == looks


def test_a_touch_ends_the_pause_at_once_and_once() -> None:
    day = Looking()
    day.look(Look.NOBODY)
    assert day.when.next_look() is None
    day.touch.touch()
    assert day.woken == 1
    for _ in range(1000):  # A pin that rattles does not fill the queue.
        day.touch.lift()
        day.touch.touch()
    assert day.woken == 1
    assert day.when.next_look() == PinReading(began=True, felt=True)
    assert day.when.next_look() == PinReading(began=False, felt=True)


def test_a_tap_that_is_over_before_the_look_was_felt() -> None:
    day = Looking()
    day.look(Look.NOBODY)
    day.touch.touch()
    day.touch.lift()
    assert day.look(Look.FINGER) == PinReading(began=True, felt=True)
    assert day.when.problem is None


def test_a_finger_is_looked_at_until_it_has_gone() -> None:
    day = Looking()
    day.touch.touch()
    assert day.looks(5, Look.FINGER) > 50
    day.touch.lift()
    day.look(Look.NOBODY)
    assert day.when.next_look() is None


def test_a_pin_that_never_feels_anything_does_not_make_the_gate_blind() -> None:
    day = Looking()
    day.look(Look.NOBODY)
    assert day.when.pause() <= IDLE_LOOK_S
    day.clock.now += IDLE_LOOK_S
    day.look(Look.FINGER)
    assert "felt nothing while a finger was on the glass" in str(day.when.problem)
    assert day.when.next_look() == NO_PIN
    assert day.looks(10, Look.NOBODY) > 100
    day.touch.touch()  # The wire was mended.
    assert day.look(Look.FINGER) == NO_PIN
    assert day.when.problem is None
    assert day.when.next_look() == PinReading(felt=True)


def test_a_pin_that_always_feels_something_does_not_make_the_gate_blind() -> None:
    day = Looking()
    day.touch.touch()
    assert day.looks(59, Look.NOBODY) > 500
    assert day.when.problem is None
    assert day.looks(10, Look.NOBODY) > 100
    assert "while the glass is bare" in str(day.when.problem)
    assert day.when.next_look() == NO_PIN


def test_a_module_that_feels_in_its_sleep_is_put_to_sleep_whenever_nobody_is_there() -> None:
    day = Looking(sleeps=True)
    day.look(Look.NOBODY)
    assert day.sensor.asked == ["sleep"]
    assert day.when.next_look() is None
    day.touch.touch()
    day.look(Look.FINGER)
    assert day.sensor.asked == ["sleep"]
    day.touch.lift()
    day.look(Look.NOBODY)
    assert day.sensor.asked == ["sleep", "sleep"]


def test_a_module_that_cannot_sleep_is_looked_at_without_the_pin() -> None:
    day = Looking(sleeps=True)
    day.sensor.failing["sleep"] = [SensorRefused("no", 1)]
    with pytest.raises(SensorRefused):
        day.look(Look.NOBODY)
    assert "touch_sleep = false" in str(day.when.problem)
    assert day.looks(10, Look.NOBODY) > 100
    assert day.sensor.asked.count("sleep") == 1


def test_a_lift_in_the_middle_of_a_look_is_no_fault_of_the_pin() -> None:
    day = Looking()
    day.look(Look.NOBODY)
    day.touch.touch()
    day.look(Look.FINGER)
    day.touch.lift()
    for _ in range(3):
        assert day.look(Look.FINGER) == PinReading(felt=False)
    assert day.when.problem is None
