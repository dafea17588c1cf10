"""An emulated Pi on a bench: the simulated sensor at its line, and a hand that presses."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from types import TracebackType

from .emulator import Pi

GREEN, AMBER, RED = 17, 27, 22

_LOOK_S = 0.004
_UP_WITHIN_S = 600
_GREEN_WITHIN_S = 60
_WHAT_GOES_ON = (
    "date; systemctl list-jobs; journalctl -b -n 60 -o short-monotonic; top -bn1 | head -20"
)
_EMPTY_S = 2
"""The glass, for long enough that the gate sees it."""


class Bench:
    """A context manager that leaves nothing running. ``folder`` has a short path."""

    def __init__(self, card: Path, folder: Path) -> None:
        self.greens = 0
        """Times that the green lamp went on while somebody looked."""
        self.unseen = 0
        """Punches at payroll of which no green lamp was seen, as they were last counted."""
        self.settings = (card / "gate.toml").read_text(encoding="utf-8")
        """What is filled in for a new card, to be put on it."""
        self.cuts = 0
        """Times that the power was cut."""
        self._random = Random(18)
        line, hand = folder / "tty", folder / "fingers"
        self._simulator = subprocess.Popen(
            [
                *(sys.executable, "-m", "edge_agent", "simulate"),
                *("--link", line, "--control", hand, "--flash", folder / "flash"),
            ],
            stdin=subprocess.DEVNULL,
        )
        while not hand.exists():
            assert self._simulator.poll() is None
            time.sleep(0.05)
        self._hand = socket.socket(socket.AF_UNIX)
        self._hand.connect(str(hand))
        self._replies = self._hand.makefile()
        self.pi = Pi(card, folder, line)

    def __enter__(self) -> "Bench":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pi.cut_power()
        self._replies.close()
        self._hand.close()
        self._simulator.terminate()
        self._simulator.wait()

    def tell_sensor(self, command: str) -> None:
        """A line of the simulator's control socket."""
        self._hand.sendall(command.encode() + b"\n")
        reply = self._replies.readline()
        assert reply.startswith("ok"), (command, reply)

    def cut_power(self) -> None:
        """In the midst of whatever it does."""
        self.pi.cut_power()
        self.cuts += 1

    def boot(self) -> None:
        """Switch the Pi on with nobody at the glass, and wait until the gate's sensor is in use."""
        self.tell_sensor("lift")
        began = time.monotonic()
        booted = self.pi.boot()
        self.wait_until_in_use("journalctl -b")
        print(f"console after {booted:.0f} s, sensor in use after {time.monotonic() - began:.0f} s")

    def restart(self) -> None:
        """Start the daemon anew, with nobody at the glass: whoever lies on it then is a touch."""
        self.tell_sensor("lift")
        self.pi.do("date +%s >/run/began; systemctl restart edge-agent")
        self.wait_until_in_use("journalctl --since @$(cat /run/began)")

    def wait_until_in_use(self, journal: str) -> None:
        """Wait until the gate's sensor is in use, as a command tells that shows its journal."""
        # By the journal: a command of the gate's takes an emulated processor ten seconds.
        found = f"{journal} -u edge-agent -o cat | grep -q 'sensor ready'"
        self.pi.do(f"until {found}; do sleep 1; done", _UP_WITHIN_S)

    def enrol(self, code: str, finger: str, prompts: int | None = None) -> str:
        """Enrol a worker's right index as the technician's page says; what was told.

        ``prompts``: the power is cut a moment after so many.
        """
        told = []
        for line in self.pi.lines(f"edge-agent enroll {code} --finger right-index"):
            told.append(line)
            if line.startswith("Press"):
                self.tell_sensor(f"press {finger}")
            elif line.startswith("Lift"):
                self.tell_sensor("lift")
            if len(told) == prompts:
                time.sleep(self._random.uniform(0, 3))
                self.cut_power()
                break
        self.tell_sensor("lift")
        return "\n".join(told)

    def press(self, finger: str) -> None:
        """Press until the green lamp is seen, and lift."""
        self.tell_sensor("lift")
        time.sleep(_EMPTY_S)
        self.tell_sensor(f"press {finger}")
        end = time.monotonic() + _GREEN_WITHIN_S
        while not self.pi.lit(GREEN):
            if time.monotonic() > end:
                raise AssertionError(f"no green lamp: {self.pi.do(_WHAT_GOES_ON)}")
        self.greens += 1

    def press_on(self, finger: str, seconds: float) -> None:
        """Press and lift at odd moments, and count the greens that are seen."""
        end, was_green, pressed, turn = time.monotonic() + seconds, self.pi.lit(GREEN), False, 0.0
        while (now := time.monotonic()) < end:
            if now >= turn:
                self.tell_sensor("lift" if pressed else f"press {finger}")
                pressed = not pressed
                turn = now + self._random.uniform(1.0, 2.5)
            green = self.pi.lit(GREEN)
            self.greens += green and not was_green
            was_green = green
            time.sleep(_LOOK_S)

    def cut_at_green(self, finger: str) -> None:
        """Press, and cut the power at the moment when the green lamp is seen."""
        self.press(finger)
        self.cut_power()
