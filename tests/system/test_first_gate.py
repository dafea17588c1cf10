"""docs/first-gate.md in both languages, followed by a reader who is in no hurry."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.contract.kinds import words_of
from edge_agent.contract.language import said
from edge_agent.simulator.background import Remote
from tests.brokers import MOSQUITTO, Mosquitto
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
PAGES = {"en": ROOT / "docs/first-gate.md", "vi": ROOT / "docs/vi/first-gate.md"}

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SENSOR = "sensor "
_PORT = "18830"


class Terminal:
    """One of the six: a program, and what it has said so far."""

    def __init__(self, desk: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge_agent", *words],
            cwd=desk,
            env={**os.environ, "EDGE_AGENT_CONFIG": "gate.toml", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.said.extend(iter(self.process.stdout.readline, ""))

    def waits(self, text: str) -> None:
        """Until it has said so."""
        self.waits_for((text,), 1)

    def waits_for(self, any_of: tuple[str, ...], lines: int) -> None:
        """Until so many lines have one of these."""
        give_up = time.monotonic() + PATIENCE_S
        while sum(any(text in line for text in any_of) for line in self.said) < lines:
            assert time.monotonic() < give_up, (any_of, self.said)
            time.sleep(0.02)

    def ends(self) -> list[str]:
        assert self.process.wait(PATIENCE_S) == 0, self.said
        self.close()
        return self.said

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._reader.join(PATIENCE_S)
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def desk() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ea-desk-"))
    yield folder
    shutil.rmtree(folder)


def blocks(page: str, kind: str) -> list[str]:
    return [text for of, text in _BLOCK.findall(page) if of == kind]


def shown(page: str) -> list[str]:
    """What the page says that programs print."""
    texts = (text for kind in ("console", "") for text in blocks(page, kind))
    return [line for text in texts for line in text.splitlines() if not line.startswith("$ ")]


def typed(page: str) -> list[str]:
    """The commands, without what stands behind them."""
    lines = [line for text in blocks(page, "console") for line in text.splitlines()]
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    return [re.sub(r" *(#.*|&)$", "", command).removeprefix("edge-agent ") for command in commands]


def alike(line: str) -> str:
    """But for what is another each time: moments, scores, ids, hashes and folders."""
    line = re.sub(
        r"\S*/(?=sensor has vanished|sensor đã mất|gate\.db|payroll\.db)", "…/", line.rstrip()
    )
    line = re.sub(r"\d\d\d\d-\d\d-\d\d|\d\d/\d\d/\d\d\d\d", "DAY", line)
    line = re.sub(r"\d\d:\d\d(:\d\d)?", "TIME", line)
    line = re.sub(r"entries=\d+ through=\d+", "COUNTS", line)
    line = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|[0-9a-f]{64}", "ID", line)
    line = re.sub(r"score \d+, \w+|\d+ điểm, [\w ]+", "SCORE", line)
    return re.sub(r"DAY +", "DAY ", line)


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
@pytest.mark.parametrize("language", ["vi", pytest.param("en", marks=pytest.mark.long)])
def test_it_is_as_the_page_shows(desk: Path, language: str) -> None:
    broker = Mosquitto(desk)
    page = PAGES[language].read_text(encoding="utf-8").replace(_PORT, str(broker.port))
    [settings] = blocks(page, "toml")
    (desk / "gate.toml").write_text(settings)
    commands = iter(typed(page))
    said = ["ok"]

    sensor = Terminal(desk, *next(commands).split())
    gate = watching = receiver = None
    try:
        sensor_is_there(desk)
        gate = Terminal(desk, *next(commands).split())
        gate.waits("sensor ready")
        watching = Terminal(desk, *next(commands).split())
        watching.waits("")
        glass = Remote(desk / "fingers")
        enrolling: Terminal | None = None
        ended: list[Terminal] = []
        presses = 0
        answers = iter((2, 3, 4, 6))  # Lines, after a press, a lift, a press, a lift.
        for command in commands:
            if command.startswith("mosquitto"):
                broker.start()
                continue
            if not command.startswith(_SENSOR):
                terminal = Terminal(desk, *shlex.split(command))
                if command == "receive":
                    receiver = terminal
                    receiver.waits("INFO received")
                elif command.startswith("enroll"):
                    enrolling = terminal
                    enrolling.waits_for(("",), 1)
                else:
                    said += terminal.ends()
                continue
            assert glass.ask(command.removeprefix(_SENSOR)) == ""
            if enrolling is None:
                presses += "press" in command
                came = len(receiver.said) if receiver else 0
                wait_for(watching, command, presses, language)
                if receiver:
                    receiver.waits_for(("",), came + 1)
            elif (lines := next(answers, None)) is not None:
                enrolling.waits_for(("",), lines)
            elif enrolling not in ended:
                said += enrolling.ends()
                ended.append(enrolling)
            else:
                enrolling = None
                watching.waits(words("print.enrolled", language).replace("\n", ": "))
                time.sleep(_A_MOMENT_S)
        glass.close()
    finally:
        for one in (receiver, watching, gate, sensor):
            if one is not None:
                one.close()
        broker.stop()
    assert receiver
    said += [*gate.said, *watching.said, *receiver.said]
    told = {alike(line) for line in said}
    assert [line for line in map(alike, shown(page)) if line and line not in told] == []


def words(kind: str, language: str) -> str:
    """How ``watch`` tells an entry of a kind."""
    return f" {said(words_of(kind), language)}\n"


def sensor_is_there(desk: Path) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not ((desk / "sensor").exists() and (desk / "fingers").exists()):
        assert time.monotonic() < give_up
        time.sleep(0.02)


_TOLD = ("punch.recorded", "punch.repeated", "attempt.refused")
_A_MOMENT_S = 1.0
"""After the finger has gone, so that the gate sees that it has."""


def wait_for(watching: Terminal, command: str, press: int, language: str) -> None:
    """Give it a moment, as the page says."""
    if command == "sensor unplug":
        watching.waits(words("recording.stopped", language))
    elif command == "sensor plug":
        watching.waits(words("sensor.reconnected", language))
    else:
        watching.waits_for(tuple(words(kind, language) for kind in _TOLD), press)
        held = float(command.split()[3])
        time.sleep(held + _A_MOMENT_S)
