"""What the sensor remembers, and what a power cut makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.simulator.flash import Flash, Parameters
from edge_agent.simulator.paths import SimulatorError

from .hosts import OK, Bench


def _bench(path: Path) -> Bench:
    return Bench("zfm20", flash=Flash.open("zfm20", path))


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    bench = _bench(path)
    bench.enrol("an", 7)
    bench.ask(0x18, 3, *range(32))
    bench.ask(0x0E, 5, 4)
    bench.ask(0x15, 0, 0, 0, 1)
    bench.address = 1
    bench.ask(0x12, 0, 0, 0, 2)

    again = _bench(path)
    again.address = 1
    assert again.ask(0x1D) == b"\x21"
    assert again.ask(0x13, 0, 0, 0, 2) == b"\x00"
    assert again.ask(0x19, 3) == b"\x00" + bytes(range(32))
    assert again.flash.parameters == Parameters(security_level=4, address=1, password=2)
    again.capture("an")
    assert again.search()[:2] == (OK, 7)
    again.ask(0x0D)
    assert Flash.open("zfm20", path).templates == {}


def test_no_file_is_made_before_there_is_something_to_keep(tmp_path: Path) -> None:
    _bench(tmp_path / "flash").ask(0x1D)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "other"])
def test_a_damaged_file_is_never_taken_for_an_empty_one(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "flash"
    _bench(path).enrol("an", 7)
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    path.write_bytes(
        {"truncate": content[:-1], "empty": b"", "other": b"\xff\n{}"}.get(damage, content)
    )
    before = path.read_bytes()
    with pytest.raises(SimulatorError, match=f"{path} is damaged"):
        Flash.open("zfm20", path)
    assert path.read_bytes() == before


def test_another_models_file_is_refused(tmp_path: Path) -> None:
    _bench(tmp_path / "flash").enrol("an", 7)
    with pytest.raises(SimulatorError, match="model zfm20, not of r503"):
        Flash.open("r503", tmp_path / "flash")


def test_a_file_that_cannot_be_written_stops_the_simulator(tmp_path: Path) -> None:
    bench = _bench(tmp_path / "no-such-folder" / "flash")
    with pytest.raises(SimulatorError, match="cannot write the flash file"):
        bench.ask(0x18, 0, *bytes(32))


def test_a_power_cut_tears_the_template_that_was_being_written(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    bench = _bench(path)
    bench.verify()
    bench.capture("an")
    template = bench.up_char()
    bench.sensor.inject("power-cut", 1)
    assert bench.ask(0x1D) == b"\x00\x00\x00", "it waits for a write"
    assert bench.exchange(0x06, 1, 0, 0) == []
    assert bench.ask(0x0F)[2] == 0, "restarted: nothing verified, no image"
    assert bench.sensor.slots == [0]
    torn = Flash.open("zfm20", path).templates[0]
    assert torn == template[:256] + b"\xff" * 256
    bench.capture("an")
    assert bench.search()[0] == 0x09


def test_a_power_cut_deletes_some_and_keeps_the_rest() -> None:
    bench = Bench()
    bench.capture("an")
    for slot in range(10):
        bench.ask(0x06, 1, 0, slot)
    bench.sensor.inject("power-cut", 1)
    assert bench.exchange(0x0D) == []
    assert bench.sensor.slots == [5, 6, 7, 8, 9]
    assert bench.ask(0x0D) == b"\x00"
    assert bench.sensor.slots == []


def test_a_power_cut_keeps_the_old_parameters() -> None:
    bench = Bench()
    bench.sensor.inject("power-cut", 2)
    assert bench.exchange(0x15, 0, 0, 0, 1) == []
    assert bench.exchange(0x18, 0, *b"\x01" * 32) == []
    assert bench.flash.parameters == Parameters()
    assert bench.ask(0x19, 0) == b"\x00" + b"\x01" * 16 + b"\xff" * 16
