"""Settings that setup writes: whole, right, and never in the place of others unseen."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_agent.gate.errors import BadSettings
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.settings.write import Answers, answered, write_settings

ANSWERS = Answers(
    gate_id="main-gate",
    port="/dev/ttyUSB0",
    baud=115200,
    pins="gpio",
    broker="broker.htx.example",
    username='gate "1"',
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "edge-agent.toml"


def test_what_was_answered_is_what_the_gate_reads(path: Path) -> None:
    assert write_settings(path, answered(ANSWERS), "Một dòng\nhai dòng") is None
    settings = load_settings(path)
    assert settings.gate.id == "main-gate"
    assert (settings.sensor.port, settings.sensor.baud) == ("/dev/ttyUSB0", 115200)
    assert settings.panel.pins == "gpio"
    assert (settings.mqtt.host, settings.mqtt.username) == ("broker.htx.example", 'gate "1"')
    assert path.read_text().startswith("# Một dòng\n# hai dòng\n")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_second_gate_on_a_machine_shares_nothing_with_the_first(path: Path) -> None:
    second = path.with_name("back.toml")
    write_settings(path, answered(ANSWERS), "")
    write_settings(second, answered(replace(ANSWERS, gate_id="back-gate"), "back"), "")
    one, other = load_settings(path), load_settings(second)
    assert one.store.path == "/var/lib/edge-agent/gate.db"
    assert other.store.path == "/var/lib/edge-agent-back/gate.db"
    assert other.control.socket == "/run/edge-agent-back/control.sock"


def test_an_empty_answer_leaves_the_default(path: Path) -> None:
    write_settings(path, answered(replace(ANSWERS, baud=0, username="")), "")
    assert "baud" not in path.read_text()
    assert load_settings(path).sensor.baud == 57600


def test_what_stood_there_is_kept(path: Path) -> None:
    write_settings(path, answered(ANSWERS), "")
    before = path.read_text()
    kept = write_settings(path, answered(replace(ANSWERS, gate_id="other")), "")
    assert kept is not None
    assert kept.read_text() == before
    assert load_settings(path).gate.id == "other"


def test_a_gate_that_could_not_start_is_not_written(path: Path) -> None:
    write_settings(path, answered(ANSWERS), "")
    before = path.read_text()
    with pytest.raises(BadSettings, match=r"\[gate\] id: 'Main Gate' cannot be used") as refused:
        write_settings(path, answered(replace(ANSWERS, gate_id="Main Gate")), "")
    assert refused.value.path == str(path)
    assert path.read_text() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]
