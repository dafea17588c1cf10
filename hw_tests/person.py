"""Whoever stands at the gate: somebody at a terminal, or a script that drives the simulator."""

import os
import select
import termios
import time
from pathlib import Path
from typing import Protocol

import pytest
from gpiozero import DigitalInputDevice

from edge_agent.gate.panel.lamps import GpioPanel
from edge_agent.gate.pins import TouchPin

PATIENCE_S = 60.0
"""How long a person may take for each step."""


class Person(Protocol):
    """Does as told. Whether a finger was pressed is the sensor's to say: nobody has to confirm."""

    at_once: bool
    """Whether what is asked is done when the call returns."""

    def press(self, finger: str) -> None:
        """Press this finger and hold it."""

    def lift(self) -> None:
        """Take the finger away."""

    def told(self, text: str) -> None:
        """Hear what is going on."""

    def sees(self, lamp: str, panel: GpioPanel) -> bool:
        """Whether this lamp, or the buzzer, is on and nothing else."""

    def unplug(self) -> None:
        """Take the sensor's supply away."""

    def plug(self) -> None:
        """Give it back."""

    def swap(self) -> None:
        """Put another sensor in its place."""

    def at_pin(self, touch: TouchPin) -> None:
        """See to it that the touch output's level is at its pin."""

    def agrees(self, question: str) -> bool:
        """Say yes or no."""

    def number(self, question: str) -> int:
        """Say a number."""

    def closes(self, contact: DigitalInputDevice, times: int) -> None:
        """Press a key, or close the case, and let it go, so many times."""

    def close(self) -> None:
        """Go home."""


class Terminal:
    """A person at the controlling terminal, which is there whatever pytest does to stdin."""

    at_once = False

    def __init__(self, tty: str = "/dev/tty") -> None:
        """Raises OSError where there is none."""
        self._tty = os.open(tty, os.O_RDWR | os.O_NOCTTY)

    def press(self, finger: str) -> None:
        self.told(f"Press your {finger.replace('-', ' ')} finger on the glass and hold it.")

    def lift(self) -> None:
        self.told("Lift your finger.")

    def told(self, text: str) -> None:
        os.write(self._tty, f"\n>>> {text}\n".encode())

    def sees(self, lamp: str, panel: GpioPanel) -> bool:
        thing = "hear the buzzer" if lamp == "buzzer" else f"see the {lamp} lamp lit"
        return self.agrees(f"Do you {thing}, and nothing else?")

    def agrees(self, question: str) -> bool:
        while True:
            answer = self._answer(f"{question} Type y or n, then Enter.")
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")

    def number(self, question: str) -> int:
        while True:
            answer = self._answer(f"{question} Type it, then Enter.")
            if answer.isdecimal():
                return int(answer)

    def _answer(self, question: str) -> str:
        termios.tcflush(self._tty, termios.TCIFLUSH)  # A key hit before the question is no answer.
        self.told(question)
        if not select.select([self._tty], [], [], PATIENCE_S)[0]:
            pytest.fail(f"Nobody answered within {PATIENCE_S:.0f} s: start again.", pytrace=False)
        typed = os.read(self._tty, 1000)
        if not typed:
            pytest.fail("The terminal was closed: start again.", pytrace=False)
        return typed.decode(errors="replace").strip().lower()

    def unplug(self) -> None:
        self.told("Take the sensor's supply away.")

    def plug(self) -> None:
        self.told("Give the sensor its supply again.")

    def swap(self) -> None:
        self.told("Put the other sensor in the place of this one.")

    def at_pin(self, touch: TouchPin) -> None:
        pass

    def closes(self, contact: DigitalInputDevice, times: int) -> None:
        self.told(
            f"Press the key, or close the case, {times} times: each half a second, then let go."
        )

    def close(self) -> None:
        os.close(self._tty)


class Scripted:
    """Presses the simulated glass, and sees what the mock pins have recorded."""

    at_once = True

    def __init__(self, control: Path) -> None:
        """Raises OSError where nobody listens at ``control``."""
        from edge_agent.simulator.background import Remote

        self._remote = Remote(control)

    def press(self, finger: str) -> None:
        self._remote.ask(f"press {finger}")

    def lift(self) -> None:
        self._remote.ask("lift")

    def told(self, text: str) -> None:
        pass

    def sees(self, lamp: str, panel: GpioPanel) -> bool:
        history = {name: device.pin.states for name, device in panel.devices.items()}
        return {name for name, states in history.items() if any(s.state for s in states)} == {lamp}

    def unplug(self) -> None:
        self._remote.ask("unplug")

    def plug(self) -> None:
        self._remote.ask("plug")

    def swap(self) -> None:
        self._remote.ask("fault swap-sensor")

    def at_pin(self, touch: TouchPin) -> None:
        pin = touch.device.pin
        if self._remote.ask("touch") == "high":
            pin.drive_high()
        else:
            pin.drive_low()

    def agrees(self, question: str) -> bool:
        pytest.skip("a simulated sensor has no lamps that anybody sees")

    def number(self, question: str) -> int:
        pytest.skip("nobody has seen a number at a simulated sensor")

    def closes(self, contact: DigitalInputDevice, times: int) -> None:
        for change in (contact.pin.drive_low, contact.pin.drive_high) * times:
            change()
            time.sleep(0.15)  # A finger does not let go sooner.

    def close(self) -> None:
        self._remote.ask("lift")
        self._remote.close()
