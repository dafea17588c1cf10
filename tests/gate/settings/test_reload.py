"""Which settings a running daemon takes anew, and which it leaves for a restart."""

from pathlib import Path

import pytest

from edge_agent.gate.errors import BadSettings
from edge_agent.gate.settings.in_use import RELOADED, SettingsInUse
from edge_agent.gate.settings.load import load_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "edge-agent.toml"
    file.write_text('[gate]\nid = "main-gate"\n')
    return file


def write(file: Path, more: str) -> None:
    file.write_text(f'[gate]\nid = "main-gate"\n{more}')


def test_rules_are_taken_and_lines_are_left(file: Path) -> None:
    in_use = SettingsInUse(load_settings(file), file)
    write(file, '[punch]\nrepeat_window_s = 5\n[mqtt]\nhost = "broker"\n[display]\ncall = "x"\n')
    settings, taken, left = in_use.reload()
    assert (taken, left) == (["[punch] repeat_window_s"], ["[mqtt] host"])
    assert (settings.punch.repeat_window_s, settings.mqtt.host) == (5, "localhost")
    # What was taken is not told as waiting for a restart any more.
    assert in_use.told()["changed"] == ["[mqtt] host"]
    assert in_use.reload().taken == []


def test_a_file_that_cannot_be_used_changes_nothing(file: Path) -> None:
    in_use = SettingsInUse(load_settings(file), file)
    write(file, "[punch]\nrepeat_window_s = 5\n[nowhere]\n")
    with pytest.raises(BadSettings):
        in_use.reload()
    write(file, "")
    assert in_use.reload().settings.punch.repeat_window_s == 60


def test_only_keys_that_there_are_can_be_reloaded(file: Path) -> None:
    settings = load_settings(file)
    for key in RELOADED:
        section, name = key[1:].split("] ")
        assert hasattr(getattr(settings, section), name), key
