"""What the tests are run on, from the command line, and how they tell what they found."""

import argparse
import os
import signal
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.contract.errors import EdgeAgentError
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.ports import SensorInfo
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.settings.schema import PanelSettings, SensorSettings

from .enrolment import enrolled  # noqa: F401 - a fixture, by being here
from .facts import Facts, board
from .glass import Glass
from .person import Person, Scripted, Terminal

_PORT_VARIABLE = "EDGE_AGENT_HW_PORT"
_LAMPS = ("green", "amber", "red", "buzzer")

_FACTS = pytest.StashKey[Facts]()

_NO_PORT = (
    f"Name the port that the sensor is wired to, with --port or {_PORT_VARIABLE}: /dev/serial0 for "
    "the pins of most Pis, /dev/ttyAMA0 for a Pi 5's, /dev/ttyUSB0 for a USB adapter."
)
_WRONG_EYES = (
    "--pins mock goes with --simulator and --pins gpio with a person: without lamps, --pins none."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hardware", "The gate that is tested")
    group.addoption(
        "--port", default=os.environ.get(_PORT_VARIABLE), help="The sensor's serial port."
    )
    group.addoption(
        "--baud", type=_setting(SensorSettings, "baud"), default=57600, help="Its baud (57600)."
    )
    group.addoption(
        "--pins",
        choices=["gpio", "mock", "none"],
        help="Lamps on the header (gpio, which a Pi has) or none.",
    )
    for lamp in _LAMPS:
        default = getattr(PanelSettings(), lamp)
        group.addoption(
            f"--{lamp}",
            type=_setting(PanelSettings, lamp),
            default=default,
            help=f'The BCM number of its pin, or "none" ({default}).',
        )
    group.addoption(
        "--minutes", type=float, help="How long the line is watched (10; a simulated one 0.02)."
    )
    group.addoption(
        "--presses", type=int, default=5, help="Of each finger, for the confusion table (5)."
    )
    group.addoption(
        "--touch-pin",
        type=_setting(SensorSettings, "touch_pin"),
        default="none",
        help="The BCM number of the pin at the touch output.",
    )
    group.addoption("--touch-active", choices=["low", "high"], default="low", help="(low)")
    group.addoption(
        "--touch-sleep", action="store_true", help="The touch output works only in its sleep."
    )
    group.addoption(
        "--power-cycles", type=int, default=0, help="How often you will cut its supply (0)."
    )
    group.addoption(
        "--baud-switch", action="store_true", help="Change its baud, and change it back."
    )
    group.addoption(
        "--contact",
        type=_setting(PanelSettings, "tamper_pin"),
        default="none",
        help="The BCM number of a key's pin, or of the contact's in the case.",
    )
    group.addoption(
        "--card", type=Path, metavar="FILE", help="You cut the power of the whole machine: twice."
    )
    group.addoption("--reader", metavar="PATH", help="A card reader in /dev/input/by-id.")
    group.addoption("--swap", action="store_true", help="You have another sensor to plug in.")
    group.addoption("--report", type=Path, help="Also write what was found to this file.")
    group.addoption(
        "--simulator",
        type=Path,
        metavar="SOCKET",
        help="The port is a simulated sensor's: press its glass over this control socket.",
    )


def _setting(section: type[msgspec.Struct], key: str) -> Callable[[str], Any]:
    [kind] = [field.type for field in msgspec.structs.fields(section) if field.name == key]

    def convert(text: str) -> Any:
        try:
            return msgspec.convert(text, kind, strict=False)
        except msgspec.ValidationError:
            raise argparse.ArgumentTypeError(f"a gate cannot have {key} = {text}") from None

    return convert


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    option = session.config.option
    if not option.port:
        raise pytest.UsageError(_NO_PORT)
    if option.minutes is None:
        option.minutes = 0.02 if option.simulator else 10.0
    option.pins = option.pins or _usual_pins(option.simulator)
    if option.pins == ("gpio" if option.simulator else "mock"):
        raise pytest.UsageError(_WRONG_EYES)
    facts = session.config.stash[_FACTS] = Facts(option.report)
    facts.note("port", f"{option.port} at {option.baud} baud")
    # A lost SSH session must not leave a test finger in the sensor: end as Ctrl-C does.
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def _usual_pins(simulator: Path | None) -> str:
    if simulator:
        return "mock"
    # A PC's pins may be wired to anything: nobody switches them without having been asked to.
    return "gpio" if "Raspberry Pi" in board() else "none"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The link first: without it nothing else is worth anybody's patience. The sensor goes last."""
    order = {"test_link.py": 0, "test_power.py": 2, "test_swap.py": 3, "test_card.py": 4}
    items.sort(key=lambda item: order.get(item.path.name, 1))
    for item in items:
        item.add_marker(pytest.mark.timeout(900))  # People are slow; each wait has its own bound.


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say what to check in place of showing code, and say it once. --tb=long still shows code."""
    report = yield
    told = (EdgeAgentError, AssertionError, pytest.fail.Exception)
    if call.excinfo and isinstance(call.excinfo.value, told):
        sentence = str(call.excinfo.value).partition("\nassert ")[0]
        is_new = item.config.stash[_FACTS].is_new(sentence)
        if report.when == "setup" and not is_new:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), None, "it needs what failed above")  # type: ignore[assignment]
        elif item.config.option.tbstyle == "auto":
            report.longrepr = sentence
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    facts = config.stash.get(_FACTS, None)
    if facts is None:  # The session never began.
        return
    terminalreporter.section("what was found")
    for line in facts.lines():
        terminalreporter.write_line(line)
    facts.write(list(_outcomes(terminalreporter.stats)))


def _outcomes(stats: dict[str, list[Any]]) -> Iterator[str]:
    for name, reports in stats.items():
        for report in reports:
            if name and isinstance(report, pytest.TestReport):
                yield f"{name:<8}{report.nodeid}"
                if isinstance(report.longrepr, str):
                    yield report.longrepr


@pytest.fixture(scope="session")
def facts(pytestconfig: pytest.Config) -> Facts:
    """What is worth attaching to a bug report."""
    return pytestconfig.stash[_FACTS]


@pytest.fixture(scope="session")
def slack(pytestconfig: pytest.Config) -> float:
    """How many times longer things may take: a simulator shares its machine with other work."""
    return 30.0 if pytestconfig.option.simulator else 1.0


@pytest.fixture(scope="session")
def person(pytestconfig: pytest.Config) -> Iterator[Person]:
    """Whoever presses the glass and looks at the lamps."""
    control = pytestconfig.option.simulator
    try:
        someone: Person = Scripted(control) if control else Terminal()
    except OSError as error:
        if control:
            pytest.fail(f"No simulator listens at {control} ({error}).", pytrace=False)
        pytest.skip("this needs a person at a terminal")
    yield someone
    someone.close()


@pytest.fixture(scope="session")
def connection(
    pytestconfig: pytest.Config, facts: Facts
) -> Iterator[tuple[FingerprintSensor, SensorInfo]]:
    """The sensor, connected, and what it says of itself."""
    option = pytestconfig.option
    sensor = FingerprintSensor(SensorSettings(port=option.port, baud=option.baud))
    began = time.monotonic()
    info = sensor.connect()
    facts.note("connected after", f"{(time.monotonic() - began) * 1000:.0f} ms")
    yield sensor, info
    sensor.close()


@pytest.fixture(scope="session")
def info(connection: tuple[FingerprintSensor, SensorInfo]) -> SensorInfo:
    """What the sensor says of itself."""
    return connection[1]


@pytest.fixture
def sensor(connection: tuple[FingerprintSensor, SensorInfo]) -> FingerprintSensor:
    """The sensor on a link that has just been proven, whatever the test before met."""
    connection[0].recover()
    return connection[0]


@pytest.fixture(scope="session")
def glass(connection: tuple[FingerprintSensor, SensorInfo], person: Person) -> Glass:
    """The sensor's glass and the person's fingers."""
    return Glass(connection[0], person)


@pytest.fixture
def panel(pytestconfig: pytest.Config) -> Iterator[GpioPanel]:
    """The panel, dark."""
    option = pytestconfig.option
    if option.pins == "none":
        pytest.skip("there are no lamps here: --pins none, or no Raspberry Pi")
    pins = {lamp: getattr(option, lamp) for lamp in _LAMPS}
    panel = GpioPanel(PanelSettings(pins=option.pins, **pins))
    yield panel
    panel.close()
