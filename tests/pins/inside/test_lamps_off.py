"""What is left lit by a daemon that was killed."""

import subprocess
import sys
from pathlib import Path

import gpiod
from gpiod.line import Direction

from edge_agent.gate.header.chip import header_chip

from .chip import Chip

GREEN, LAMP_IN = 17, 9


def lamps_off(config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge_agent", "lamps-off", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_the_panel_has_is_darkened_and_let_go(chip: Chip, tmp_path: Path) -> None:
    config = tmp_path / "gate.toml"
    config.write_text(f'[gate]\nid = "g"\n[panel]\npins = "gpio"\nlamp_in = {LAMP_IN}\n')
    with gpiod.Chip(str(header_chip())) as header:
        for pin in (GREEN, LAMP_IN):
            header.watch_line_info(pin)
        assert lamps_off(config).returncode == 0
        told = [header.read_info_event() for _ in range(4)]
    Kind = gpiod.InfoEvent.Type
    assert {(event.event_type, event.line_info.offset) for event in told} == {
        (kind, pin)
        for kind in (Kind.LINE_REQUESTED, Kind.LINE_RELEASED)
        for pin in (GREEN, LAMP_IN)
    }
    driven = [event.line_info for event in told if event.event_type is Kind.LINE_REQUESTED]
    assert all(line.direction is Direction.OUTPUT for line in driven)


def test_lamps_that_somebody_holds(chip: Chip, tmp_path: Path) -> None:
    config = tmp_path / "gate.toml"
    config.write_text('[gate]\nid = "g"\n[panel]\npins = "gpio"\n')
    with gpiod.request_lines(str(header_chip()), {GREEN: None}):
        done = lamps_off(config)
    assert done.returncode == 1
    assert "busy" in done.stderr
