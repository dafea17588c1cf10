"""An enrolment day at a desk and beside a daemon, over a terminal of 40 columns that is lost, and
two power cuts.
"""

import fcntl
import json
import os
import pty
import random
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Callable

import pytest

from tests.patience import PATIENCE_S

from .gate import OWN, Gate, rows

_CODE = re.compile("NV[0-9]+")

_QUESTION = "[Enter 1 2 3 4 0]: "

Process = subprocess.Popen[bytes]


class Terminal:
    """A phone's: what is said there is answered, and the finger at the sensor obeys it."""

    def __init__(self, gate: Gate, poor: set[str]) -> None:
        """``poor``: whose fingers are never read."""
        self._gate = gate
        self._poor = poor
        self._code = ""
        self._finger = ""
        self.said = ""

    def run(
        self, *, cut_at: str | None = None, how: Callable[[Process], None] | None = None
    ) -> int:
        """Go on with the day; ``how`` it is ended at the proof of a finger of ``cut_at``."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 40, 0, 0))
        command = [*OWN, "enroll", "--missing", "--config", str(self._gate.config)]
        process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=self._gate.folder,
            env={**os.environ, "LANGUAGE": "en", "COLUMNS": "40"},
            start_new_session=True,
        )
        os.close(slave)
        heard = ""
        while True:
            try:
                part = os.read(master, 4096).decode(errors="replace")
            except OSError:  # The other end is closed.
                break
            self.said += part
            heard += part.replace("\r", "")
            while "\n" in heard:
                line, heard = heard.split("\n", 1)
                if how and cut_at == self._code and line.startswith("Press once more"):
                    how(process)
                    cut_at = None
                else:
                    self._obey(line)
            if heard.endswith(_QUESTION):
                os.write(master, self._answer().encode() + b"\n")
                heard = ""
        os.close(master)
        self._gate.finger("lift")
        return process.wait()

    def _answer(self) -> str:
        self._finger = re.findall(r"(?:right|left)-\w+", self.said)[-1]
        if self._code in self._poor and "too poor" in self.said.rpartition("Next (")[2]:
            return "4"
        return ""

    def _obey(self, line: str) -> None:
        if named := _CODE.search(line):
            self._code = named[0]
        if line.startswith(("Press the", "Press once", "That scan")):
            quality = " dry" if self._code in self._poor else ""
            self._gate.finger(f"press {self._code}-{self._finger}{quality}")
        elif line.startswith("Lift"):
            self._gate.finger("lift")


def power_cut(process: Process) -> None:
    """What the gate was doing ends with it."""
    process.kill()


def lost_terminal(process: Process) -> None:
    """As the end of an SSH is heard."""
    process.send_signal(signal.SIGHUP)


class Beside:
    """A daemon that the day is held beside, and whose end is a power cut as well."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.daemon = gate.start()

    def power_cut(self, process: Process) -> None:
        """Of the gate; whoever leads the day sits elsewhere, and is told. Then it is back."""
        self.daemon.kill()
        process.wait(PATIENCE_S)
        self.daemon = self._gate.start()


def _day(
    gate: Gate, count: int, poor: set[str], cuts: dict[str, Callable[[Process], None]]
) -> None:
    codes = [f"NV{number:03}" for number in range(1, count + 1)]
    people = "".join(f"{code},Nguyễn Thị {code[::-1]}\n" for code in codes)
    (gate.folder / "staff.csv").write_text(f"code,name\n{people}")
    assert gate.cli("workers", "import", "staff.csv").code == 0
    terminal = Terminal(gate, poor)
    runs = gate.socket.exists()
    for code, how in cuts.items():
        assert terminal.run(cut_at=code, how=how) != 0, terminal.said[-2000:]
    assert terminal.run() == 0, terminal.said[-2000:]
    told = gate.cli("enroll", "--missing", "--report", "--json").json
    assert told["open"] == []
    assert set(told["second_way"]) == poor
    enrolled = {row["code"]: [one["finger"] for one in row["fingers"]] for row in told["people"]}
    assert enrolled == {
        code: [] if code in poor else ["right-index", "left-index"] for code in codes
    }
    # Each print is the finger that it says: pressed, and credited to nobody else.
    prints = rows(gate.database, "SELECT worker, finger FROM prints WHERE removed = 0")
    assert len(prints) == 2 * (count - len(poor))
    assert gate.finger("slots").startswith(f"count={len(prints)} ")
    if not runs:
        gate.start()
    watch = gate.watch()
    for worker, finger in prints:
        gate.press(f"{worker}-{finger}")
        assert watch.panel()["worker"] == worker
    notes = json.loads((gate.folder / "enrolment-day.json").read_text())
    assert notes["marks"] == dict.fromkeys(sorted(poor), "poor")


def test_a_day_goes_on_where_it_was_cut_off(new_gate: Gate) -> None:
    _day(new_gate, 3, {"NV002"}, {"NV001": power_cut, "NV003": lost_terminal})


def test_a_day_beside_a_daemon_goes_on_where_it_was_cut_off(new_gate: Gate) -> None:
    beside = Beside(new_gate)
    _day(new_gate, 3, {"NV002"}, {"NV001": beside.power_cut, "NV003": lost_terminal})


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("beside_a_daemon", [False, True])
def test_a_day_of_eighty(new_gate: Gate, beside_a_daemon: bool) -> None:
    """One in ten has poor fingers; two power cuts, and an SSH that is lost."""
    cut = Beside(new_gate).power_cut if beside_a_daemon else power_cut
    poor = {f"NV{number:03}" for number in random.Random(53).sample(range(1, 81), 8)}
    first, second, third = (code for code in ("NV011", "NV037", "NV064") if code not in poor)
    _day(
        new_gate,
        80,
        poor,
        {first: cut, second: lost_terminal, third: cut},
    )
