"""The helper that darkens the lamps of a daemon that was killed; on a real chip: tests/pins."""

from pathlib import Path

import msgspec
import pytest

from edge_agent.gate.header import lamps_off
from edge_agent.gate.settings.schema import PanelSettings


def test_its_defaults_are_those_of_the_settings() -> None:
    panel = msgspec.structs.asdict(PanelSettings())
    assert {key: panel[key] for key in lamps_off.LAMPS} == lamps_off.LAMPS


@pytest.fixture
def darkened(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    calls: list[list[int]] = []
    monkeypatch.setattr(lamps_off, "_darken", calls.append)
    return calls


@pytest.mark.parametrize(
    ("panel", "pins"),
    [
        ('pins = "gpio"', [[17, 27, 22, 23]]),
        ('pins = "gpio"\ngreen = 5\nred = "none"\nlamp_out = 9', [[5, 27, 23, 9]]),
        ('pins = "mock"', []),
        ("", []),
    ],
)
def test_what_the_settings_name(
    tmp_path: Path, darkened: list[list[int]], panel: str, pins: list[list[int]]
) -> None:
    config = tmp_path / "gate.toml"
    config.write_text(f"[panel]\n{panel}\n")
    lamps_off.main(["--config", str(config)])
    assert darkened == pins


@pytest.mark.parametrize("text", ["[panel", "panel = 1", None])
def test_settings_that_say_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    config = tmp_path / "gate.toml"
    if text is not None:
        config.write_text(text)
    with pytest.raises(SystemExit):
        lamps_off.main(["--config", str(config)])
    assert capsys.readouterr().err.startswith("edge-agent lamps-off: ")
