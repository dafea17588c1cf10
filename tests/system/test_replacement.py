"""What a technician types when a card, a Pi or a sensor is dead, or a gate moves: line by line.

The lines are those of docs/technician/years.md. What is not a command of ours is done here in its
place: files are copied, the daemon is started.
"""

import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.gate.people.templates.sealing import AgeSealing
from tests.brokers import Mosquitto, free_port

from .gate import Gate, Part
from .test_old_copies import opened, paid, press, start_at
from .watch import Watch

pytestmark = pytest.mark.usefixtures("patient")

PAGES = [
    Path(__file__).parents[2] / "docs" / where / "technician" / "years.md" for where in ("", "vi")
]
CASES = ("dead card", "dead Pi", "dead sensor", "moves")


def blocks(page: Path) -> list[tuple[int, list[str]]]:
    """For each case, how many commands the page says there are, and which they are."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"\((\d) (?:commands?|lệnh)\).*?```console\n(.*?)```", text, re.S)
    return [(int(number), re.findall(r"^\$ (.+)$", block, re.M)) for number, block in found]


COMMANDS = dict(zip(CASES, (lines for _, lines in blocks(PAGES[0])), strict=True))


def test_as_many_are_typed_as_both_pages_say() -> None:
    english, vietnamese = map(blocks, PAGES)
    assert english == vietnamese
    assert [number for number, _ in english] == [len(lines) for _, lines in english] == [5, 1, 3, 3]


class Visit:
    """A technician at the gate, with a stick."""

    def __init__(self, gate: Gate, stick: Path, start: Callable[[], Part]) -> None:
        self._gate = gate
        self._stick = stick
        self._start = start
        self.edited: Callable[[], None] = lambda: None
        """What is typed into an editor."""

    def types(self, case: str) -> None:
        """All that the page says."""
        for line in COMMANDS[case]:
            typed, _, key = line.removeprefix("sudo ").partition(" - < ")
            self._type(*typed.split(), *([f"/media/stick/{key}"] if key else []))

    def _type(self, *words: str) -> None:
        if words[:2] == ("edge-agent", "setup"):  # tests/system/test_setup.py
            return
        if words[0] == "edge-agent":
            adopts = ("--yes",) if "adopt" in words else ()  # Who types is asked.
            done = self._gate.cli(*map(self._there, words[1:]), *adopts)
            assert done.code == 0, done
        elif words[0] == "nano":
            self.edited()
        elif words[0] == "install":
            shutil.copy(self._there(words[-2]), self._gate.database)
        else:
            assert words[0] == "systemctl", words
            self._gate.stop()
            self._start()

    def _there(self, word: str) -> str:
        if not word.startswith("/media/stick/"):
            return word
        [file] = self._stick.glob(f"*{Path(word).suffix}")
        return str(file)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    stick = tmp_path / "stick"
    stick.mkdir()
    return stick


def at_work(gate: Gate, broker: Mosquitto, *codes: str) -> tuple[Part, Watch, list[str]]:
    """A gate whose payroll has all that was pressed."""
    gate.set(mqtt={"port": broker.port, "receipt_timeout_s": 1})
    gate.receive()
    daemon = gate.start()
    watch = gate.watch()
    green = press(gate, watch, *codes)
    gate.in_step(watch)
    return daemon, watch, green


def goes_on(gate: Gate, green: list[str], *codes: str) -> None:
    """Whoever presses now is recorded, and payroll has everybody's press once."""
    watch = gate.watch()
    gate.open(watch)
    green = [*green, *press(gate, watch, *codes)]
    gate.in_step(watch)
    assert paid(gate.payroll) == sorted(green)
    assert len(green) == len(set(green))


def test_a_dead_card(gate: Gate, mosquitto: Mosquitto, stick: Path) -> None:
    daemon, watch, green = at_work(gate, mosquitto, "NV001", "NV002")
    assert gate.cli("ledger", "backup", str(stick)).code == 0
    green += press(gate, watch, "NV003")  # After the copy; payroll has it.
    gate.in_step(watch)
    daemon.kill()
    for file in gate.folder.glob("gate.db*"):
        file.unlink()
    Visit(gate, stick, gate.start).types("dead card")
    assert opened(gate)["why"] == "restored-backup"
    goes_on(gate, green, "NV004", "NV005")


def test_a_dead_pi_whose_card_lives(gate: Gate, mosquitto: Mosquitto, stick: Path) -> None:
    gate.set(mqtt={"port": mosquitto.port, "receipt_timeout_s": 1})
    gate.receive()
    daemon = start_at(gate, "one", "card")
    watch = gate.watch()
    green = press(gate, watch, "NV001", "NV002")
    gate.in_step(watch)
    daemon.kill()
    start_at(gate, "another", "card")
    Visit(gate, stick, gate.start).types("dead Pi")
    assert opened(gate)["why"] == "other-board"
    goes_on(gate, green, "NV003")


def test_a_dead_sensor(gate: Gate, mosquitto: Mosquitto, stick: Path) -> None:
    keys = AgeSealing().new_keys()
    (stick / "key.txt").write_text(f"{keys.identity}\n")
    _, _, green = at_work(gate, mosquitto, "NV001", "NV002")
    sealed = str(stick / "x.templates")
    assert gate.cli("templates", "backup", sealed, "-r", keys.recipient).code == 0
    gate.stop_simulating()
    (gate.folder / "flash").unlink()
    gate.simulate()
    watch = gate.watch()
    gate.until(watch, "sensor", lambda sensor: sensor["state"] == "foreign")
    Visit(gate, stick, gate.start).types("dead sensor")
    goes_on(gate, green, "NV003")


def test_a_gate_that_moves(gate: Gate, mosquitto: Mosquitto, stick: Path) -> None:
    daemon, watch, green = at_work(gate, mosquitto, "NV001")
    ledger = opened(gate)["ledger"]
    daemon.signal(signal.SIGTERM)
    daemon.wait()
    watch.close()
    gate.set(mqtt={"port": free_port()})  # The line of the old place.
    gate.start()
    watch = gate.watch()
    green += press(gate, watch, "NV002")
    visit = Visit(gate, stick, gate.start)
    visit.edited = lambda: gate.set(mqtt={"port": mosquitto.port})
    visit.types("moves")
    assert opened(gate)["ledger"] == ledger
    goes_on(gate, green, "NV003")
