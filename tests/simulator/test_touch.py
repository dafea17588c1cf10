"""The touch output, sunlight, and a template that wears out."""

from __future__ import annotations

import pytest

from edge_agent.simulator.fingers import Quality

from .conftest import Simulate
from .hosts import OK, Bench

GEN_IMG, IMG_2_TZ, SLEEP = 0x01, 0x02, 0x33


@pytest.mark.parametrize("model", ["r307", "r503"])
def test_low_at_a_touch(model: str) -> None:
    bench = Bench(model)
    assert bench.sensor.touch_level(bench.now) is True
    bench.press("an", seconds=1.0)
    assert bench.sensor.touch_level(bench.now) is False
    assert bench.sensor.touch_level(bench.now + 2.0) is True


def test_an_as608_feels_only_after_it_was_put_to_sleep_and_holds() -> None:
    bench = Bench("as608")
    bench.press("an", seconds=1.0)
    assert bench.sensor.touch_level(bench.now) is False
    bench.now += 2.0
    assert bench.ask(SLEEP) == b"\x00"
    assert bench.sensor.touch_level(bench.now) is False
    bench.now += 1.0
    bench.press("an", seconds=0.2)
    assert bench.sensor.touch_level(bench.now) is True
    assert bench.sensor.touch_level(bench.now + 60.0) is True
    bench.now += 60.0
    assert bench.ask(SLEEP) == b"\x00"
    assert bench.sensor.touch_level(bench.now) is False


def test_a_finger_that_is_there_at_the_sleep_is_felt() -> None:
    bench = Bench("as608")
    bench.press("an")
    bench.ask(SLEEP)
    assert bench.sensor.touch_level(bench.now) is True


@pytest.mark.parametrize("model", ["zfm20", "zfm60"])
def test_models_without_a_touch_output(model: str) -> None:
    assert Bench(model).sensor.touch_level(0.0) is None


def test_sunlight_is_seen_and_not_felt() -> None:
    bench = Bench("r307", always_verify=False)
    bench.glass.sunlit = True
    assert bench.ask(GEN_IMG) == b"\x00"
    assert bench.ask(IMG_2_TZ, 1) == b"\x07"
    assert bench.sensor.touch_level(bench.now) is True  # at rest
    bench.press("an")
    assert bench.ask(GEN_IMG) == b"\x00"
    assert bench.ask(IMG_2_TZ, 1) == b"\x00"
    assert bench.sensor.touch_level(bench.now) is False
    bench.glass.lift(bench.now)
    bench.glass.sunlit = False
    assert bench.ask(GEN_IMG) == b"\x02"
    bench.press("sun", quality=Quality.GHOST)
    assert bench.ask(GEN_IMG) == b"\x00"
    assert bench.sensor.touch_level(bench.now) is True


def test_a_template_that_wears_out_is_there_and_matches_nobody() -> None:
    bench = Bench()
    bench.enrol("an", 3)
    bench.enrol("binh", 4)
    assert bench.sensor.wear(3)
    assert not bench.sensor.wear(5)
    assert bench.sensor.slots == [3, 4]
    bench.capture("an")
    assert bench.search()[0] != OK
    bench.capture("binh")
    assert bench.search()[:2] == (OK, 4)


def test_two_templates_that_change_places() -> None:
    bench = Bench()
    bench.enrol("an", 3)
    bench.enrol("binh", 4)
    assert bench.sensor.exchange(3, 4)
    assert not bench.sensor.exchange(3, 5)
    bench.capture("an")
    assert bench.search()[:2] == (OK, 4)


def test_an_impostor_has_the_notepad_and_other_fingers() -> None:
    bench = Bench()
    bench.enrol("an", 3)
    assert bench.ask(0x18, 15, *b"\x07" * 32) == b"\x00"
    bench.sensor.impostor()
    assert bench.sensor.slots == [3]
    assert bench.ask(0x19, 15) == b"\x00" + b"\x07" * 32
    bench.capture("an")
    assert bench.search()[0] != OK
    bench.capture("impostor-3")
    assert bench.search()[:2] == (OK, 3)
    assert list(bench.flash.templates) == [3]  # The old one lies in a drawer.


def test_all_of_it_over_the_control_socket(simulate: Simulate) -> None:
    simulator = simulate(model="r307")
    assert simulator.ask("touch") == "high"
    simulator.ask("press an")
    assert simulator.ask("touch") == "low"
    simulator.ask("lift")
    assert simulator.ask("touch") == "high"
    simulator.ask("sunlight on")
    assert simulator.ask("touch") == "high"
