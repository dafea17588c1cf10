"""The board beneath the gate: its UART, its heat and supply, its lamps when nobody switches them.

No emulator has any of these.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from gpiozero import DigitalInputDevice

from edge_agent.gate.host.board import Board, board_below
from edge_agent.gate.panel.keys import BOUNCE_S
from edge_agent.gate.pins import pin_factory

from .facts import Facts, board
from .person import PATIENCE_S, Person

_PRESSES = 5

_BUSY = "while True: pass"
_LIT = """
import sys
from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.settings.schema import PanelSettings
panel = GpioPanel(PanelSettings(pins="gpio", green=int(sys.argv[1]), buzzer="none"))
panel.devices["green"].on()
print("lit", flush=True)
sys.stdin.read()
"""


def test_the_header_has_the_good_uart(facts: Facts, pytestconfig: pytest.Config) -> None:
    device = os.path.realpath(pytestconfig.option.port)
    if not device.startswith(("/dev/ttyAMA", "/dev/ttyS")):
        pytest.skip("the port is not the header's")
    facts.note("UART", f"{device} of a {board()}")
    assert not device.startswith("/dev/ttyS"), (
        f"{pytestconfig.option.port} is {device}, the mini UART, whose speed follows the "
        "processor's: dtoverlay=miniuart-bt in /boot/firmware/config.txt, then restart."
    )


def test_heat_and_supply_at_full_load(facts: Facts, pytestconfig: pytest.Config) -> None:
    if pytestconfig.option.simulator or board_below().temperature_c is None:
        pytest.skip("no board is tested, or it does not tell how hot it is")
    working = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(os.cpu_count() or 1)]
    try:
        told = list(_watched(pytestconfig.option.minutes * 60))
    finally:
        for process in working:
            process.kill()
            process.wait()
    hottest = max(one.temperature_c or 0.0 for one in told)
    weak = sum(bool(one.undervoltage) for one in told)
    facts.note("hottest at full load", f"{hottest:.0f} °C after {told[0].temperature_c:.0f} °C")
    facts.note("supply at full load", f"too weak in {weak} of {len(told)} looks")
    assert hottest < 80, (
        f"The board became {hottest:.0f} °C hot, and slows down from 80: a heat sink, or shade."
    )
    assert not weak, (
        "The supply is too weak when the board works: thicker and shorter wires to the Pi, 5.1 V "
        "at the converter, or a stronger one."
    )


def _watched(seconds: float) -> Iterator[Board]:
    """What the board says, from now on, as often as is worth it."""
    until = time.monotonic() + seconds
    while True:
        yield board_below()
        if time.monotonic() >= until:
            return
        time.sleep(min(1.0, seconds / 10))


def test_the_lamp_of_a_killed_program(
    person: Person, facts: Facts, pytestconfig: pytest.Config
) -> None:
    """What the kernel does by itself; a gate's service has lamps-off for the rest."""
    option = pytestconfig.option
    if option.pins != "gpio" or option.green == "none":
        pytest.skip("this needs a real green lamp")
    with subprocess.Popen(
        [sys.executable, "-c", _LIT, str(option.green)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdout
        assert program.stdout.readline() == b"lit\n", "The green lamp's pin could not be opened."
        program.kill()
    lit = person.agrees("Is the green lamp still lit?")
    facts.note("lamp of a killed program", "stays lit" if lit else "goes dark by itself")


def test_a_contact(person: Person, facts: Facts, pytestconfig: pytest.Config) -> None:
    """A key, or the contact in the case: how long it bounces."""
    option = pytestconfig.option
    if option.contact == "none":
        pytest.skip("no key or contact is named: --contact PIN")
    pins = "mock" if option.simulator else "gpio"
    changes: list[float] = []
    with DigitalInputDevice(option.contact, pull_up=True, pin_factory=pin_factory(pins)) as device:
        device.when_activated = device.when_deactivated = lambda: changes.append(time.monotonic())
        person.closes(device, _PRESSES)
        give_up = time.monotonic() + PATIENCE_S
        while len(_apart(changes)) < 2 * _PRESSES and time.monotonic() < give_up:
            time.sleep(0.05)
    moved = _apart(changes)
    longest = max((after[-1] - after[0] for after in moved), default=0.0)
    facts.note("contact", f"{len(changes)} changes, bounces for {longest * 1000:.1f} ms at most")
    assert len(moved) >= 2 * _PRESSES, (
        f"BCM pin {option.contact} changed {len(moved)} times in {_PRESSES} presses: check the "
        "wire to the pin, and the one to GND."
    )
    assert longest < BOUNCE_S, (
        f"The contact bounces for {longest * 1000:.0f} ms, and the gate waits for "
        f"{BOUNCE_S * 1000:.0f}: take another one."
    )


def _apart(changes: list[float]) -> list[list[float]]:
    """The changes, each with those that came too soon after it to be a finger's."""
    groups: list[list[float]] = []
    for at in list(changes):
        if groups and at - groups[-1][-1] < 0.1:
            groups[-1].append(at)
        else:
            groups.append([at])
    return groups
