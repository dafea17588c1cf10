"""The same USB adapter under another name is found again, and another one never is."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import convert
from msgspec.structs import replace

from edge_agent.contract.language import Message
from edge_agent.gate.daemon.wired import first_connection
from edge_agent.gate.errors import SensorUnplugged
from edge_agent.gate.events import SensorChanged
from edge_agent.gate.sensor.adapter import SensorAdapter, stable_name
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.settings.schema import SensorSettings
from edge_agent.simulator.background import running_simulator
from edge_agent.simulator.serving import SimulatorOptions
from tests.gate.fakes import INFO

from .test_lifecycle import Keeping

CH340 = {"vid": 0x1A86, "pid": 0x7523, "serial_number": None, "location": "1-1.2"}
FTDI = {"vid": 0x0403, "pid": 0x6001, "serial_number": "A50285BI", "location": "1-1.2"}
CP2102 = {"vid": 0x10C4, "pid": 0xEA60, "serial_number": "0001", "location": "1-1.2"}
UART = {"vid": None, "pid": None, "serial_number": None, "location": None}

Plug = Callable[..., None]


@pytest.fixture
def plug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plug:
    """What is plugged in from now on: the name of each, and what it is; as pyserial lists it."""

    def plug(**named: dict[str, Any]) -> None:
        for old in tmp_path.glob("tty*"):
            old.unlink()
        for name in named:
            (tmp_path / name).touch()
        ports = [
            SimpleNamespace(device=str(tmp_path / name), **what) for name, what in named.items()
        ]
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)

    return plug


ELSEWHERE = {"location": "1-1.3"}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        # As the settings say, and gone without a trace.
        ({"ttyUSB0": CH340}, {"ttyUSB0": CH340}, "ttyUSB0"),
        ({"ttyUSB0": CH340}, {}, "ttyUSB0"),
        # Back under another name: by its number, or in its socket.
        ({"ttyUSB0": FTDI}, {"ttyUSB1": FTDI}, "ttyUSB1"),
        ({"ttyUSB0": FTDI}, {"ttyUSB1": FTDI | ELSEWHERE}, "ttyUSB1"),
        ({"ttyUSB0": CH340}, {"ttyUSB1": CH340}, "ttyUSB1"),
        # Two have each other's names.
        ({"ttyUSB0": FTDI, "ttyUSB1": CH340}, {"ttyUSB1": FTDI, "ttyUSB0": CH340}, "ttyUSB1"),
        # Never another one: of another make, of another number, in another socket.
        ({"ttyUSB0": FTDI}, {"ttyUSB1": CH340}, "ttyUSB0"),
        ({"ttyUSB0": FTDI}, {"ttyUSB1": FTDI | {"serial_number": "A50285BJ"}}, "ttyUSB0"),
        ({"ttyUSB0": CH340}, {"ttyUSB1": CH340 | ELSEWHERE}, "ttyUSB0"),
        ({"ttyUSB0": CH340}, {"ttyUSB1": CH340 | {"location": "1-1.2:1.1"}}, "ttyUSB0"),
        ({"ttyUSB0": CH340}, {"ttyUSB1": FTDI}, "ttyUSB0"),
        # A number that the maker writes into all of them is none.
        ({"ttyUSB0": CP2102}, {"ttyUSB1": CP2102 | ELSEWHERE}, "ttyUSB0"),
        ({"ttyUSB0": CP2102}, {"ttyUSB1": CP2102}, "ttyUSB1"),
        # Two that claim to be the same: neither, unless the socket tells.
        ({"ttyUSB0": FTDI}, {"ttyUSB1": FTDI, "ttyUSB2": FTDI | ELSEWHERE}, "ttyUSB0"),
        (
            {"ttyUSB0": FTDI, "ttyUSB9": FTDI | ELSEWHERE},
            {"ttyUSB1": FTDI, "ttyUSB9": FTDI | ELSEWHERE},
            "ttyUSB1",
        ),
        ({"ttyUSB0": FTDI, "ttyUSB9": FTDI | ELSEWHERE}, {"ttyUSB9": FTDI | ELSEWHERE}, "ttyUSB0"),
        # Of one that was no USB adapter nothing is looked for.
        ({"ttyUSB0": UART, "ttyUSB1": CH340}, {"ttyUSB1": CH340}, "ttyUSB0"),
        # Another adapter for good, which took the name over, is what the settings say.
        ({"ttyUSB0": FTDI}, {"ttyUSB0": CH340}, "ttyUSB0"),
    ],
)
def test_which_adapter_is_the_sensor_s(
    tmp_path: Path, plug: Plug, before: dict[str, Any], after: dict[str, Any], found: str
) -> None:
    port = str(tmp_path / "ttyUSB0")
    adapter = SensorAdapter(port)
    plug(**before)
    assert adapter.locate() == port
    adapter.answered(port)
    later = SensorAdapter(port)
    later.recall(adapter.remembered)

    plug(**after)

    assert adapter.locate() == str(tmp_path / found)
    assert later.locate() == str(tmp_path / found), "another process knows it too"


@pytest.mark.parametrize("told", [None, "", "{}", "null", '{"port":1}', "\x00"])
def test_what_was_not_remembered_is_not_recalled(tmp_path: Path, plug: Plug, told: Any) -> None:
    adapter = SensorAdapter("/dev/ttyUSB0")
    adapter.recall(told)
    plug(ttyUSB1=CH340)

    assert adapter.locate() == "/dev/ttyUSB0"


def test_another_setting_is_another_adapter(tmp_path: Path, plug: Plug) -> None:
    plug(ttyUSB0=CH340)
    adapter = SensorAdapter(str(tmp_path / "ttyUSB0"))
    adapter.answered(str(tmp_path / "ttyUSB0"))
    later = SensorAdapter("/dev/serial0")
    later.recall(adapter.remembered)

    assert later.locate() == "/dev/serial0"


def test_a_list_that_cannot_be_had_is_no_fault(
    tmp_path: Path, plug: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyserial stumbles over an adapter that is pulled out while it looks."""
    adapter = SensorAdapter(str(tmp_path / "ttyUSB0"))
    plug(ttyUSB0=CH340)
    adapter.answered(str(tmp_path / "ttyUSB0"))

    def stumbling() -> Any:
        return int(None)  # type: ignore[call-overload]

    monkeypatch.setattr("serial.tools.list_ports.comports", stumbling)

    assert adapter.locate() == str(tmp_path / "ttyUSB0")


@pytest.fixture
def sensor(tmp_path: Path, plug: Plug) -> Iterator[FingerprintSensor]:
    """A real driver on a pseudo-terminal that is called ttyUSB0."""
    plug(ttyUSB0=CH340)
    (tmp_path / "ttyUSB0").unlink()
    options = SimulatorOptions(link=tmp_path / "pty", control=tmp_path / "sim", paced=False)
    with running_simulator(options):
        (tmp_path / "ttyUSB0").symlink_to((tmp_path / "pty").resolve())
        with closing(
            FingerprintSensor(convert({"port": str(tmp_path / "ttyUSB0")}, SensorSettings))
        ) as sensor:
            yield sensor


def renamed(tmp_path: Path, plug: Plug, what: dict[str, Any] = CH340) -> None:
    """The adapter comes back as ttyUSB1."""
    terminal = (tmp_path / "pty").resolve()
    plug(ttyUSB1=what)
    (tmp_path / "ttyUSB1").unlink()
    (tmp_path / "ttyUSB1").symlink_to(terminal)


def test_the_sensor_is_used_under_its_other_name(
    tmp_path: Path, plug: Plug, sensor: FingerprintSensor
) -> None:
    first = sensor.connect()
    assert first.adapter
    assert first.moved is None
    sensor.close()
    renamed(tmp_path, plug)

    again = sensor.connect()

    assert again.moved
    assert f"The sensor's adapter is {tmp_path / 'ttyUSB1'} now, and not " in str(again.moved)
    assert "set it to " in str(again.moved)
    # It goes on, and once more.
    assert sensor.capture() is False
    assert sensor.connect().adapter == first.adapter


def test_another_adapter_is_never_opened(
    tmp_path: Path, plug: Plug, sensor: FingerprintSensor
) -> None:
    sensor.connect()
    sensor.close()
    renamed(tmp_path, plug, CH340 | ELSEWHERE)

    with pytest.raises(SensorUnplugged, match=r"There is no sensor port .*/ttyUSB0"):
        sensor.connect()


def test_a_daemon_that_starts_knows_the_adapter_of_the_last_one(
    tmp_path: Path, plug: Plug, sensor: FingerprintSensor
) -> None:
    """As after a restart of the machine, when names are given anew."""
    remembered: dict[str, str] = {}
    store: Any = SimpleNamespace(remembered=remembered.get, remember=remembered.__setitem__)
    settings = SimpleNamespace(port=str(tmp_path / "ttyUSB0"), baud=57600)
    assembly: Any = SimpleNamespace(settings=SimpleNamespace(sensor=settings))
    assert not isinstance(first_connection(assembly, store, sensor), Exception)
    sensor.close()
    renamed(tmp_path, plug)

    with closing(
        FingerprintSensor(convert({"port": str(tmp_path / "ttyUSB0")}, SensorSettings))
    ) as other:
        info: Any = first_connection(assembly, store, other)

    assert "ttyUSB1 now" in str(info.moved)


def test_that_it_moved_is_told_in_the_status() -> None:
    day = Keeping()
    day.keeper.began(replace(INFO, moved=Message("It is elsewhere.")))

    [told] = [event for event in day.site.events if isinstance(event, SensorChanged)]
    assert (told.state, told.detail) == ("ready", "It is elsewhere.")


def test_the_name_that_stays(tmp_path: Path) -> None:
    def link(path: str, device: str) -> None:
        there = tmp_path / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.symlink_to(f"../../{device}")

    assert stable_name("/dev/ttyUSB0", tmp_path) is None
    link("/dev/serial/by-path/platform-usb-0:1.2", "ttyUSB0")
    assert stable_name("/dev/ttyUSB0", tmp_path) == "/dev/serial/by-path/platform-usb-0:1.2"
    link("/dev/serial/by-id/usb-1a86_USB_Serial", "ttyUSB0")
    assert stable_name("/dev/ttyUSB0", tmp_path) == "/dev/serial/by-id/usb-1a86_USB_Serial"
    assert stable_name("/dev/ttyUSB1", tmp_path) is None
    # Two of a kind share the one name.
    link("/dev/serial/by-path/platform-usb-0:1.3", "ttyUSB1")
    assert stable_name("/dev/ttyUSB0", tmp_path) == "/dev/serial/by-path/platform-usb-0:1.2"
    assert stable_name("/dev/ttyUSB1", tmp_path) == "/dev/serial/by-path/platform-usb-0:1.3"
