"""A speed that is raised for a while comes back, whatever happens in between."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from edge_agent.gate.errors import SensorFault, SensorGarbled
from edge_agent.gate.sensor import link, port, speed
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.settings.schema import SensorSettings
from edge_agent.simulator.background import Remote, running_simulator
from edge_agent.simulator.flash import Flash
from edge_agent.simulator.module import MODELS
from edge_agent.simulator.serving import SimulatorOptions

from .line import template

BAUD, RAISED = 6, 12  # times 9600
MARK = bytes(range(32))


@pytest.fixture(autouse=True)
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port, "QUIET", 0.01)
    monkeypatch.setattr(port, "PATIENCE", 0.01)
    hasty = {code: structs.replace(row, deadline=0.4) for code, row in link.INSTRUCTIONS.items()}
    monkeypatch.setattr(link, "INSTRUCTIONS", hasty)
    monkeypatch.setattr(link, "_RECOVERY", 1.5)


@contextmanager
def bench(folder: Path, model: str = "r307") -> Iterator[Remote]:
    flash = Flash.open(model, folder / "flash")
    flash.store(1, template(1, model))
    options = SimulatorOptions(
        folder / "tty", folder / "sim.sock", model, paced=False, flash=folder / "flash"
    )
    with running_simulator(options) as remote:
        yield remote


def sensor(folder: Path) -> FingerprintSensor:
    return FingerprintSensor(SensorSettings(port=str(folder / "tty")))  # type: ignore[arg-type]


def kept(folder: Path, model: str = "r307") -> Flash:
    """What the sensor would know after a power cut."""
    return Flash.open(model, folder / "flash")


def speaks(folder: Path, model: str = "r307") -> int:
    return kept(folder, model).parameters.baud_multiplier


@pytest.mark.parametrize("model", MODELS)
def test_there_and_back_on_every_model(model: str, tmp_path: Path) -> None:
    with bench(tmp_path, model), closing(sensor(tmp_path)) as adapter:
        adapter.connect()
        adapter.write_notepad(15, MARK)
        assert adapter.hasten()
        assert speaks(tmp_path, model) == RAISED
        content = adapter.read_template(1)
        adapter.write_template(2, content)
        adapter.slow_down()
        assert speaks(tmp_path, model) == BAUD
        assert adapter.slots() == {1, 2}
        assert adapter.read_notepad(15) == MARK
        assert adapter.read_notepad(14) == bytes(32)


def test_a_sensor_without_that_speed_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = replace(MODELS["r307"], baud_multipliers=frozenset({1, 2, 4, 6}))
    monkeypatch.setitem(MODELS, "r307", slow)
    with bench(tmp_path), closing(sensor(tmp_path)) as adapter:
        adapter.connect()
        assert not adapter.hasten()
        assert adapter.slots() == {1}
        assert (speaks(tmp_path), adapter.read_notepad(14)) == (BAUD, bytes(32))


def test_a_sensor_that_keeps_no_notes_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could tell afterwards that it was us."""
    model = MODELS["r307"]
    monkeypatch.setitem(
        MODELS, "r307", replace(model, instructions=model.instructions - {0x18, 0x19})
    )
    with bench(tmp_path), closing(sensor(tmp_path)) as adapter:
        adapter.connect()
        assert not adapter.hasten()
        assert (adapter.slots(), speaks(tmp_path)) == ({1}, BAUD)


@pytest.mark.parametrize("exchange", range(12))
@pytest.mark.parametrize("fault", ["corrupt-checksum", "silence"])
def test_a_fault_while_it_is_raised_or_proved(tmp_path: Path, exchange: int, fault: str) -> None:
    """Whichever it hits: raised and proved, or back; and back in the end."""
    with bench(tmp_path) as remote, closing(sensor(tmp_path)) as adapter:
        adapter.connect()
        if exchange:
            remote.ask(f"fault split-reply {exchange}")
        remote.ask(f"fault {fault}")
        raised = adapter.hasten()
        assert speaks(tmp_path) == (RAISED if raised else BAUD)
        assert adapter.slots() == {1}
        adapter.slow_down()
        assert (adapter.slots(), speaks(tmp_path)) == ({1}, BAUD)


@pytest.mark.parametrize("exchange", range(9))
def test_a_fault_while_it_is_put_back(tmp_path: Path, exchange: int) -> None:
    with bench(tmp_path) as remote, closing(sensor(tmp_path)) as adapter:
        adapter.connect()
        assert adapter.hasten()
        if exchange:
            remote.ask(f"fault split-reply {exchange}")
        remote.ask("fault silence")
        adapter.slow_down()
        assert (adapter.slots(), speaks(tmp_path)) == ({1}, BAUD)


def test_the_first_doubt_ends_it(tmp_path: Path) -> None:
    with bench(tmp_path) as remote, closing(sensor(tmp_path)) as adapter:
        adapter.connect()
        assert adapter.hasten()
        remote.ask("fault corrupt-checksum")
        with pytest.raises(SensorGarbled):
            adapter.read_template(1)
        adapter.recover()
        assert (adapter.slots(), speaks(tmp_path)) == ({1}, BAUD)


def cut_off(folder: Path) -> None:
    """A process raises the speed, and is gone."""
    adapter = sensor(folder)
    adapter.connect()
    adapter.write_notepad(15, MARK)
    assert adapter.hasten()
    adapter.close()
    assert speaks(folder) == RAISED


def test_what_was_cut_off_is_found_put_back_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "_RECOVERY", 0.2)
    with bench(tmp_path), closing(sensor(tmp_path)) as adapter:
        cut_off(tmp_path)
        with caplog.at_level(logging.WARNING):
            adapter.connect()
        assert "has left the sensor at 115200 baud: it is put back to 57600" in caplog.text
        assert (speaks(tmp_path), adapter.slots()) == (BAUD, {1})
        assert adapter.read_notepad(15) == MARK


def test_a_plug_that_is_pulled_while_it_is_raised(tmp_path: Path) -> None:
    with bench(tmp_path) as remote, closing(sensor(tmp_path)) as adapter:
        adapter.connect()
        assert adapter.hasten()
        remote.ask("unplug")
        with pytest.raises(SensorFault):
            adapter.read_template(1)
        with pytest.raises(SensorFault):
            adapter.recover()
        adapter.close()
        remote.ask("plug")
        assert adapter.connect().baud == 57600
        assert (speaks(tmp_path), adapter.slots()) == (BAUD, {1})


def test_a_speed_that_somebody_has_set_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: without our note it is the settings that are wrong."""
    monkeypatch.setattr(link, "_RECOVERY", 0.2)
    monkeypatch.setattr(speed, "_RAISED_NOTE", bytes(32))
    with bench(tmp_path), closing(sensor(tmp_path)) as adapter:
        cut_off(tmp_path)
        monkeypatch.undo()
        with pytest.raises(SensorGarbled, match=r"set \[sensor\] baud = 115200"):
            adapter.connect()
        assert speaks(tmp_path) == RAISED
