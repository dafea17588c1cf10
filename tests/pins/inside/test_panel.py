"""Lamps and buzzer."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from edge_agent.gate.events import Outcome
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.settings.schema import PanelSettings

from .chip import Chip, until

GREEN, AMBER, RED, BUZZER = 17, 27, 22, 23
LAMPS = (GREEN, AMBER, RED)
SETTINGS = PanelSettings(pins="gpio")
OPENS_AND_HOLDS = """
import sys
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.settings.schema import PanelSettings
panel = GpioPanel(PanelSettings(pins="gpio"))
assert panel.problem is None, panel.problem
panel.fault(True)
panel.touched()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def panel(chip: Chip) -> Iterator[GpioPanel]:
    with closing(GpioPanel(SETTINGS)) as panel:
        assert panel.problem is None
        yield panel


def test_a_press_is_amber_then_green_then_dark(chip: Chip, panel: GpioPanel) -> None:
    assert chip.seen(*LAMPS) == "000"
    panel.touched()
    assert chip.seen(*LAMPS) == "010"
    panel.show(Outcome.RECORDED)
    assert chip.seen(*LAMPS, BUZZER) == "1001"
    until(lambda: chip.level(BUZZER) == 0, "the tone's end")
    until(lambda: chip.seen(*LAMPS) == "000", "the answer's end")


def test_whoever_is_refused_sees_red(chip: Chip, panel: GpioPanel) -> None:
    panel.show(Outcome.UNKNOWN)
    assert chip.seen(*LAMPS) == "001"


def test_a_panel_that_is_closed_is_dark_and_can_be_opened_again(chip: Chip) -> None:
    for _ in range(3):
        with closing(GpioPanel(SETTINGS)) as panel:
            panel.show(Outcome.RECORDED)
            assert chip.level(GREEN) == 1
        assert chip.seen(*LAMPS, BUZZER) == "0000"


def test_a_passive_buzzer_swings(chip: Chip) -> None:
    settings = PanelSettings(pins="gpio", buzzer_kind="passive")
    with closing(GpioPanel(settings)) as panel:
        assert panel.problem is None
        panel.show(Outcome.RECORDED)
        for level in (1, 0, 1, 0):
            until(lambda level=level: chip.level(BUZZER) == level, f"level {level}")
        until(lambda: panel.devices["buzzer"].value is None, "the tone's end")
        assert chip.level(BUZZER) == 0


def test_pins_that_another_process_holds_are_told_and_taken_when_it_goes(
    chip: Chip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.gate.panel.lamps._AGAIN_S", 0.0)
    with subprocess.Popen(
        [sys.executable, "-c", OPENS_AND_HOLDS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with closing(GpioPanel(SETTINGS)) as panel:
            assert panel.problem is not None
            assert "busy" in panel.problem
            panel.show(Outcome.RECORDED)  # Nothing that is asked of it fails.
            assert chip.level(GREEN) == 0
            other.kill()
            other.wait()
            panel.show(Outcome.RECORDED)
            assert panel.problem is None
            assert chip.level(GREEN) == 1


def test_one_pin_for_two_lamps(chip: Chip) -> None:
    with closing(GpioPanel(PanelSettings(pins="gpio", red=GREEN))) as panel:
        assert panel.problem is not None
        assert "GPIO17" in panel.problem
    with closing(GpioPanel(SETTINGS)) as panel:
        assert panel.problem is None  # None of them was kept.
