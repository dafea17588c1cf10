"""What is said aloud, and that it holds nobody up: with players that keep what they were told."""

import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.display import voice as speaking
from edge_agent.display.cards import Card, card
from edge_agent.display.voice import Voice, recordings, spoken
from edge_agent.gate.settings.schema import DisplaySettings
from tests.patience import PATIENCE_S

SETTINGS = DisplaySettings(call="0912 345 678")
PLAYER = """#!/bin/sh
echo "$$ $*" >> {folder}/began
cat > {folder}/words.$$
{then}
echo "$$" >> {folder}/ended
"""


def event(outcome: str = "recorded", **other: Any) -> dict[str, Any]:
    told = {"outcome": outcome, "worker": "NV7", "hint": None, "direction": "in"}
    return {**told, "at": "2026-11-29T06:58:00.000+07:00", "boottime_ms": 5, **other}


def shown(told: dict[str, Any], settings: DisplaySettings = SETTINGS) -> Card:
    return card(told, 1, "Lò Thị Mây", settings)


def until(true: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.01)


class Players:
    """Programs called espeak-ng and aplay, and what they were told."""

    def __init__(self, folder: Path, then: str) -> None:
        self.folder = folder
        for name in ("espeak-ng", "aplay"):
            program = folder / name
            program.write_text(PLAYER.format(folder=folder, then=then))
            program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def lines(self, name: str) -> list[str]:
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []

    @property
    def words(self) -> list[str]:
        return [
            (self.folder / f"words.{line.split()[0]}").read_text() for line in self.lines("began")
        ]


@pytest.fixture
def players(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Players]:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return lambda then: Players(tmp_path, then)


def test_the_words() -> None:
    assert spoken(shown(event()), "vi") == "Lò Thị Mây, vào, 6 giờ 58"
    assert spoken(shown(event(direction=None)), "vi") == "Lò Thị Mây, Đã chấm công, 6 giờ 58"
    on_the_hour = event(at="2026-11-29T17:00:00.000+07:00", direction="out")
    assert spoken(shown(on_the_hour), "vi") == "Lò Thị Mây, ra, 17 giờ"
    english = DisplaySettings(language="en", show="nothing")
    assert spoken(shown(event(), english), "en") == "in, 6:58"
    wet = event("try-again", worker=None, hint="wipe", direction=None)
    assert spoken(shown(wet), "vi") == "Chưa đọc được: đặt lại. Lau ngón tay và mặt kính."


def test_the_recordings() -> None:
    assert recordings(event(), shown(event())) == ["NV7", "in", "hour-06", "minute-58"]
    untimed = event(direction=None, at=None, worker="../../etc/passwd")
    assert recordings(untimed, shown(untimed)) == ["recorded"]
    nothing = DisplaySettings(show="nothing")
    assert recordings(event(), shown(event(), nothing))[0] == "in"
    wet = event("try-again", worker=None, hint="wipe")
    assert recordings(wet, shown(wet)) == ["try-again", "wipe"]


def test_it_is_said_soon_and_no_name_is_an_argument(players: Callable[[str], Players]) -> None:
    told = players("true")
    began = time.monotonic()
    Voice("espeak-ng", "vi").say(event(), shown(event()))
    until(lambda: told.lines("began"))
    assert time.monotonic() - began < 5  # 0.7 s are asked for, of a machine that does only this.
    until(lambda: told.lines("ended"))
    assert told.words == ["Lò Thị Mây, vào, 6 giờ 58"]
    assert told.lines("began")[0].split(maxsplit=1)[1] == "-v vi --stdin"


def test_the_last_press_is_what_is_said(players: Callable[[str], Players]) -> None:
    told = players("exec sleep 600")
    voice = Voice("espeak-ng", "vi")
    began = time.monotonic()
    voice.say(event(), shown(event()))
    until(lambda: len(told.lines("began")) == 1)
    for number in range(200):
        late = event(direction="out", at=f"2026-11-29T17:{number % 60:02}:00.000+07:00")
        voice.say(late, shown(late))
    until(lambda: told.lines("began") and told.words[-1].endswith("ra, 17 giờ 19"))
    assert len(told.lines("began")) < 200  # Those in between were not begun.
    assert time.monotonic() - began < PATIENCE_S
    os.kill(int(told.lines("began")[-1].split()[0]), signal.SIGKILL)
    voice.say(event(), shown(event()))
    until(lambda: told.words[-1] == "Lò Thị Mây, vào, 6 giờ 58")
    os.kill(int(told.lines("began")[-1].split()[0]), signal.SIGKILL)


def test_a_sound_card_that_takes_nothing(
    players: Callable[[str], Players], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "_LONGEST_S", 0.1)
    told = players("exec sleep 600")
    Voice("espeak-ng", "vi").say(event(), shown(event()))
    until(lambda: told.lines("began"))
    player = Path("/proc", told.lines("began")[0].split()[0])
    until(lambda: not player.exists())


def test_silence_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # No espeak-ng.
    voice = Voice("espeak-ng", "vi")
    for _ in range(3):
        voice.say(event(), shown(event()))
        time.sleep(0.05)

    def told() -> list[str]:
        """A voice that was killed by a test before may have its say meanwhile."""
        return [record.levelname for record in caplog.records if "espeak-ng" in record.message]

    until(told)
    assert told() == ["WARNING"]
    assert "Mây" not in caplog.text


def test_recordings_that_are_there_are_played(
    players: Callable[[str], Players], tmp_path: Path
) -> None:
    told = players("true")
    folder = tmp_path / "sounds"
    folder.mkdir()
    for name in ("NV7", "in", "minute-58"):
        (folder / f"{name}.wav").touch()
    voice = Voice(str(folder), "vi")
    nobody = event("unknown", worker=None)
    voice.say(nobody, shown(nobody))  # Nothing is there for it.
    time.sleep(0.2)
    voice.say(event(), shown(event()))
    until(lambda: told.lines("ended"))
    [played] = told.lines("began")
    assert [Path(file).name for file in played.split()[3:]] == [
        "NV7.wav",
        "in.wav",
        "minute-58.wav",
    ]
