"""When a finger lies on the glass."""

from __future__ import annotations

from edge_agent.simulator.glass import Glass, Press


def _name(glass: Glass, now: float) -> str | None:
    finger = glass.expose(now)
    return finger and finger.name


def test_a_press_holds_until_it_is_lifted() -> None:
    glass = Glass()
    assert _name(glass, 0) is None
    glass.press(Press("an"), 1.0)
    assert _name(glass, 1.0) == "an"
    assert _name(glass, 9e9) == "an"
    glass.lift(9e9)
    assert _name(glass, 9e9) is None


def test_a_press_with_seconds_lifts_by_itself() -> None:
    glass = Glass()
    glass.press(Press("an", seconds=0.5), 1.0)
    assert glass.touched(1.49)
    assert not glass.touched(1.5)


def test_the_next_finger_waits_until_the_host_has_noticed() -> None:
    glass = Glass()
    glass.press(Press("an"), 1.0)
    glass.press(Press("binh", seconds=0.5), 2.0)
    assert not glass.touched(2.0)
    assert _name(glass, 2.1) is None
    assert _name(glass, 2.11) == "binh"
    assert glass.touched(2.59)
    assert not glass.touched(2.6), "counted from when it went down"


def test_the_next_finger_waits_no_longer_than_350_ms() -> None:
    glass = Glass()
    glass.press(Press("an", seconds=5), 1.0)
    glass.press(Press("binh"), 2.0)
    assert not glass.touched(2.34)
    assert glass.touched(2.36)
    assert _name(glass, 7.0) == "binh", "the first finger's seconds are its own"


def test_time_passes_unwatched() -> None:
    glass = Glass()
    glass.press(Press("an"), 1.0)
    glass.press(Press("binh", seconds=1), 2.0)
    assert not glass.touched(10.0)
    assert _name(glass, 10.0) is None


def test_a_waiting_finger_is_replaced_or_lifted() -> None:
    glass = Glass()
    glass.press(Press("an"), 1.0)
    glass.press(Press("binh"), 1.0)
    glass.press(Press("chi"), 1.1)
    assert _name(glass, 1.36) == "chi"
    glass.press(Press("dung"), 2.0)
    glass.lift(2.1)
    assert _name(glass, 3.0) is None
    assert _name(glass, 3.0) is None
