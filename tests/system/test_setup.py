"""``edge-agent setup``, with a sensor that answers."""

import os
from pathlib import Path

import pytest

from edge_agent.gate.sensor.find_port import ask_each
from edge_agent.gate.settings.load import load_settings

from .gate import Gate


@pytest.fixture
def sensor(new_gate: Gate) -> str:
    return load_settings(new_gate.config).sensor.port


def test_a_sensor_is_found_among_ports_where_none_is(sensor: str, tmp_path: Path) -> None:
    nobody, somebody = ask_each([str(tmp_path / "nothing"), sensor])
    assert nobody.why is not None
    assert (somebody.port, somebody.baud, somebody.why) == (sensor, 57600, None)
    assert somebody.capacity > 0


def test_settings_that_are_there_are_replaced_only_when_asked(
    new_gate: Gate, sensor: str, tmp_path: Path
) -> None:
    config = tmp_path / "gate.toml"
    answers = ("setup", "--config", str(config), "--port", sensor)
    told = new_gate.cli(*answers).sentence
    assert f"edge-agent setup --config {config} --id main-gate" in told
    assert not config.exists()
    assert new_gate.cli(*answers, "--id", "main-gate", "--broker", "broker.example").code == 0
    written = config.read_text()
    assert load_settings(config).mqtt.host == "broker.example"

    refused = new_gate.cli(*answers, "--id", "other-gate")
    assert refused.code == 65
    assert config.read_text() == written
    replaced = new_gate.cli(*answers, "--id", "other-gate", "--replace")
    assert replaced.code == 0
    assert f"kept: {config}.before" in replaced.out
    assert load_settings(config).gate.id == "other-gate"


def test_a_file_that_cannot_be_is_told_beside_it(new_gate: Gate, tmp_path: Path) -> None:
    card = tmp_path / "gate.toml"
    card.write_text('[gate]\nid = "Main Gate"\n')
    refused = new_gate.cli("setup", "--from", str(card))
    if os.geteuid() != 0:
        assert "sudo" in refused.sentence
        return
    assert refused.code == 78
    assert "line 2: [gate] id" in refused.err
    assert "dòng 2: [gate] id" in (tmp_path / "gate.result.txt").read_text()
