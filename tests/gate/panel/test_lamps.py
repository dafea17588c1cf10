"""What a worker sees, from the pins' own timed history."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from edge_agent.contract.facts import Direction
from edge_agent.gate.events import Outcome
from edge_agent.gate.panel import lamps as lamps_module
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.panel.signs import BUSY_BEGINS, RECORDED, TOUCHED, sign_of
from edge_agent.gate.rules import Hint
from edge_agent.gate.settings.schema import PanelSettings

LAMPS = ("green", "amber", "red")


def mock_panel(*, call_technician: bool = False, **pins: Any) -> GpioPanel:
    return GpioPanel(PanelSettings(pins="mock", **pins), call_technician=call_technician)


@pytest.fixture
def panel() -> Iterator[GpioPanel]:
    opened = mock_panel()
    yield opened
    opened.close()


def until(seen: Callable[[], bool]) -> None:
    """Wait for what gpiozero's threads do; a slow machine only makes it take longer."""
    for _ in range(3000):
        if seen():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def lit(panel: GpioPanel) -> set[str]:
    return {name for name, device in panel.devices.items() if device.pin.state}


def pulses(panel: GpioPanel, name: str) -> list[float]:
    """How long a lamp was on, each time: a pin's history says how long the state before lasted."""
    return [past.timestamp for past in panel.devices[name].pin.states[1:] if not past.state]


def have_been_lit(panel: GpioPanel) -> set[str]:
    return {name for name in panel.devices if any(s.state for s in panel.devices[name].pin.states)}


def test_everything_is_dark_at_first(panel: GpioPanel) -> None:
    assert set(panel.devices) == {*LAMPS, "buzzer"}
    assert have_been_lit(panel) == set()


def test_a_touch_is_amber(panel: GpioPanel) -> None:
    panel.touched()
    until(lambda: lit(panel) == {"amber"})


def test_the_next_touch_darkens_what_is_lit(panel: GpioPanel) -> None:
    panel.touched()
    panel.show(Outcome.RECORDED)
    until(lambda: "green" in have_been_lit(panel))
    panel.touched()
    assert not lit(panel) - {"amber"}  # at once, not when a thread gets round to it
    until(lambda: lit(panel) == {"amber"})
    panel.show(Outcome.UNKNOWN)
    until(lambda: "red" in have_been_lit(panel))
    assert not lit(panel) & {"green", "amber"}


@pytest.mark.parametrize(
    ("outcome", "hint", "offline", "expected"),
    [
        (Outcome.RECORDED, None, False, {"green"}),
        (Outcome.RECORDED, None, True, {"green", "amber"}),
        (Outcome.REPEATED, None, False, {"green"}),
        (Outcome.UNKNOWN, None, False, {"red"}),
        (Outcome.TRY_AGAIN, Hint.PRESS_FLAT, False, {"amber"}),
        (Outcome.TRY_AGAIN, Hint.WIPE, True, {"amber", "red"}),
        (Outcome.TRY_AGAIN, Hint.MOISTEN, False, {"amber", "red"}),
        (Outcome.REFUSED, None, True, {"red"}),
        (Outcome.NOT_RECORDED, None, False, {"red"}),
        (Outcome.SENSOR_FAULT, None, True, {"red"}),
    ],
)
def test_each_answer_has_its_lamps_and_a_tone(
    outcome: Outcome, hint: Hint | None, offline: bool, expected: set[str], panel: GpioPanel
) -> None:
    panel.touched()
    panel.show(outcome, hint, offline=offline)
    until(lambda: {*expected, "buzzer"} <= lit(panel) | have_been_lit(panel))
    assert have_been_lit(panel) <= {*expected, "buzzer", "amber"}
    assert lit(panel) <= {*expected, "buzzer"}
    panel.touched()
    assert not lit(panel) - {"amber"}


def test_answers_end_by_themselves() -> None:
    with ExitStack() as stack:
        panels = [mock_panel() for _ in Outcome]
        for panel, outcome in zip(panels, Outcome, strict=True):
            stack.callback(panel.close)
            panel.show(outcome)
        wanted = [sign_of(outcome) for outcome in Outcome]
        for panel, shown in zip(panels, wanted, strict=True):
            for name, rhythm in shown.items():
                until(lambda p=panel, n=name, r=rhythm: len(pulses(p, n)) == len(r))
                for lasted, pulse in zip(pulses(panel, name), rhythm, strict=True):
                    assert lasted >= pulse.on_s - 0.001
            assert lit(panel) == set()
            assert have_been_lit(panel) == set(shown)


def test_a_standing_fault_blinks_until_it_ends(panel: GpioPanel) -> None:
    panel.fault(True)
    until(lambda: len(pulses(panel, "red")) >= 2)
    assert have_been_lit(panel) == {"red"}
    panel.fault(False)
    assert lit(panel) == set()


def test_a_standing_fault_waits_for_the_answer_before_it(panel: GpioPanel) -> None:
    panel.show(Outcome.RECORDED)
    panel.fault(True)
    until(lambda: len(pulses(panel, "red")) >= 1)
    for name, rhythm in sign_of(Outcome.RECORDED).items():
        lasted = pulses(panel, name)
        assert [seconds >= p.on_s - 0.001 for seconds, p in zip(lasted, rhythm, strict=True)] == [
            True
        ]


def test_an_answer_during_a_standing_fault_does_not_end_it(panel: GpioPanel) -> None:
    panel.fault(True)
    panel.show(Outcome.UNKNOWN)
    until(lambda: len(pulses(panel, "red")) >= 2)


def test_a_fault_that_has_ended_does_not_come_back(panel: GpioPanel) -> None:
    panel.show(Outcome.REPEATED)
    panel.fault(True)
    panel.fault(False)
    until(lambda: len(pulses(panel, "green")) == 2)
    panel.touched()
    panel.dark()
    assert "red" not in have_been_lit(panel)


def test_a_fault_is_shown_at_once_where_nothing_else_is(panel: GpioPanel) -> None:
    panel.touched()
    panel.dark()
    panel.fault(True)
    until(lambda: bool(panel.devices["red"].pin.state))
    lasted_dark = panel.devices["red"].pin.states[-1].timestamp
    assert lasted_dark < TOUCHED.lasts_s / 2


def test_a_technician_is_called_while_nobody_touches() -> None:
    """Around what workers are shown, and a fault is more urgent."""
    with closing(mock_panel(call_technician=True)) as panel:
        assert lit(panel) == {"amber"}
        panel.show(Outcome.REPEATED)
        assert lit(panel) == {"green", "buzzer"}
        until(lambda: bool(panel.devices["amber"].pin.state))
        assert len(pulses(panel, "green")) == 2
        panel.fault(True)
        until(lambda: bool(panel.devices["red"].pin.state))
        panel.fault(False)
        assert lit(panel) == {"amber"}
        panel.touched()
        panel.dark()
        until(lambda: not panel.devices["amber"].pin.state)  # It flashes, it does not stay.
        assert "red" not in lit(panel)


def test_a_sign_leaves_the_answer_alone_that_took_the_place_of_another() -> None:
    """Its turn was to come behind the first one; it comes behind the second."""
    with closing(mock_panel()) as panel:
        panel.show(Outcome.UNKNOWN)
        panel.fault(True)
        for _ in range(3):
            panel.show(Outcome.RECORDED)
        until(lambda: "red" in lit(panel))
        assert len(pulses(panel, "green")) == 3
        assert pulses(panel, "green")[-1] >= RECORDED.rhythms["green"][0].on_s - 0.001


def test_who_waits_sees_that_somebody_is_being_enrolled(panel: GpioPanel) -> None:
    panel.busy(True)
    until(lambda: len(pulses(panel, "buzzer")) == len(BUSY_BEGINS))
    until(lambda: len(pulses(panel, "amber")) >= 2)
    panel.touched()
    panel.dark()
    panel.show(Outcome.RECORDED)
    panel.busy(False)
    until(lambda: len(pulses(panel, "green")) == 1)
    assert lit(panel) <= {"green"}


def test_an_answer_is_not_cut_off_by_an_enrolment_that_begins(panel: GpioPanel) -> None:
    panel.show(Outcome.RECORDED)
    panel.busy(True)
    until(lambda: len(pulses(panel, "amber")) >= 1)
    assert pulses(panel, "green")[0] >= RECORDED.rhythms["green"][0].on_s - 0.001


def test_a_sign_whose_lamp_is_not_connected_leaves_the_panel_at_rest() -> None:
    with closing(mock_panel(call_technician=True, amber="none", red="none")) as panel:
        panel.fault(True)
        panel.show(Outcome.RECORDED)
        until(lambda: len(pulses(panel, "green")) == 1)
        assert panel._thread is not None
        with panel._changed:  # It waits for something to be shown, and does not turn round.
            assert panel._sign is None


def test_the_pitch_of_a_passive_buzzer() -> None:
    with closing(mock_panel(buzzer_kind="passive")) as panel:
        played: list[str] = []
        play = panel.devices["buzzer"].play
        panel.devices["buzzer"].play = lambda tone: (
            played.extend([tone.note] if tone else []),
            play(tone),
        )
        panel.show(Outcome.RECORDED, direction=Direction.IN)
        until(lambda: len(played) == 2)
        until(lambda: panel.devices["buzzer"].value is None)
        panel.show(Outcome.RECORDED, direction=Direction.OUT)
        until(lambda: len(played) == 4)
    assert played == ["E5", "A5", "A5", "E5"]


def test_a_direction_has_its_own_rhythm(panel: GpioPanel) -> None:
    panel.show(Outcome.RECORDED, direction=Direction.IN)
    until(lambda: len(pulses(panel, "green")) == 2)
    short, long = pulses(panel, "green")
    assert short < long


def test_closing_leaves_everything_dark_for_good() -> None:
    panel = mock_panel()
    pins = [device.pin for device in panel.devices.values()]
    panel.fault(True)
    panel.show(Outcome.NOT_RECORDED)
    until(lambda: bool(have_been_lit(panel)))
    panel.close()
    panel.close()
    assert [pin.state for pin in pins] == [False] * 4
    assert [pin.function for pin in pins] == ["input"] * 4
    history = [list(pin.states) for pin in pins]
    panel.touched()
    panel.show(Outcome.RECORDED)
    panel.dark()
    assert [list(pin.states) for pin in pins] == history


def test_no_panel_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lamps_module, "pin_factory", lambda pins: pytest.fail("pins were opened"))
    panel = GpioPanel(PanelSettings(pins="none"))
    assert panel.devices == {}
    panel.touched()
    panel.show(Outcome.RECORDED)
    panel.fault(True)
    panel.close()


def test_a_lamp_that_is_not_connected_is_left_out() -> None:
    panel = mock_panel(amber="none", buzzer="none")
    assert set(panel.devices) == {"green", "red"}
    panel.touched()
    panel.show(Outcome.RECORDED, offline=True)
    until(lambda: lit(panel) == {"green"})
    panel.close()


def test_two_lamps_on_one_pin_are_told_to_the_installer() -> None:
    with closing(mock_panel(red=17)) as panel:
        assert re.search(r"check the pins in \[panel\].*pins = \"none\"", str(panel.problem))
        panel.touched()  # Nothing that is asked of it fails.
        panel.show(Outcome.RECORDED)
        panel.fault(True)
        panel.dark()
        assert panel.devices == {}


class PinsForbidden(Exception):
    """As some of gpiozero's, it derives from nothing else."""


def test_pins_that_may_not_be_opened_are_told_to_the_installer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise PinsForbidden("can not open gpiochip")

    monkeypatch.setattr("edge_agent.gate.pins._header", refuse)
    with closing(GpioPanel(PanelSettings(pins="gpio"))) as panel:
        assert re.search(r"can not open gpiochip.*in the group gpio", str(panel.problem))


def test_pins_that_come_late_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    chips = iter([PinsForbidden("no chip"), MockFactory()])
    tried: list[object] = []

    def header() -> MockFactory:
        tried.append(chip := next(chips))
        if isinstance(chip, PinsForbidden):
            raise chip
        return chip

    monkeypatch.setattr("edge_agent.gate.pins._header", header)
    monkeypatch.setattr("edge_agent.gate.panel.lamps._AGAIN_S", 0.0)
    with closing(GpioPanel(PanelSettings(pins="gpio"))) as panel:
        assert panel.problem is not None
        panel.show(Outcome.RECORDED)
        until(lambda: lit(panel) == {"green"})
        assert panel.problem is None
    assert len(tried) == 2
    with closing(GpioPanel(PanelSettings(pins="none"))) as none:
        assert none.problem is None


def test_pins_that_cannot_be_opened_are_not_tried_at_each_press(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []

    def header() -> None:
        tried.append(1)
        raise PinsForbidden("no chip")

    monkeypatch.setattr("edge_agent.gate.pins._header", header)
    with closing(GpioPanel(PanelSettings(pins="gpio"))) as panel:
        for _ in range(20):
            panel.show(Outcome.RECORDED)
    assert len(tried) == 1


def test_no_other_device_is_given_our_pins(panel: GpioPanel) -> None:
    assert panel.devices
    assert gpiozero.Device.pin_factory is None
