"""Say aloud what the screen shows: by espeak-ng, or by recordings that aplay plays.

Each is a process of its own that may hang or be killed. The last press is what is said: whoever
presses meanwhile is not told of the one before.
"""

import logging
import queue
import re
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from msgspec import Struct

from .cards import LATE_MS, Card
from .words import Language, words

log = logging.getLogger(__name__)

_SYNTHESIZER = "espeak-ng"

_LONGEST_S = 10.0
"""A sound card that takes nothing must not keep the next one silent."""

_LOOK_S = 0.2

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
"""A code that may be the name of a file."""


class _Said(Struct):
    """What is to be said: the words, and the recordings in their place."""

    text: str
    files: list[str]
    since: float


class Voice:
    """One thread that starts and ends the player. Never blocks whoever calls ``say``."""

    def __init__(self, voice: str, language: Language) -> None:
        """``voice``: ``espeak-ng``, or a folder of recordings."""
        self._folder = None if voice == _SYNTHESIZER else Path(voice)
        self._language = language
        self._next: queue.SimpleQueue[_Said] = queue.SimpleQueue()
        self._works = True
        threading.Thread(target=self._speak_for_ever, daemon=True).start()

    def say(self, event: dict[str, Any], card: Card) -> None:
        """Say what ``card`` shows of ``event``, unless something newer comes."""
        text = spoken(card, self._language)
        self._next.put(_Said(text, recordings(event, card), time.monotonic()))

    def _speak_for_ever(self) -> None:
        player: subprocess.Popen[bytes] | None = None
        began = 0.0
        while True:
            try:
                said = self._next.get(timeout=None if player is None else _LOOK_S)
            except queue.Empty:
                assert player is not None
                if player.poll() is not None:
                    self._note(player.returncode)
                    player = None
                elif time.monotonic() - began > _LONGEST_S:
                    player.kill()
                continue
            while not self._next.empty():
                said = self._next.get()
            if player is not None:
                player.kill()
                player.wait()
            began = time.monotonic()
            late = began - said.since > LATE_MS / 1000
            player = None if late else self._start(said)

    def _start(self, said: _Said) -> subprocess.Popen[bytes] | None:
        command = [_SYNTHESIZER, "-v", self._language, "--stdin"]
        if self._folder is not None:
            files = [self._folder / f"{name}.wav" for name in said.files]
            command = ["aplay", "-q", "--", *(str(file) for file in files if file.is_file())]
            if command[-1] == "--":
                return None
        try:
            player = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            assert player.stdin is not None
            # Not as an argument: all users of the machine may read those, and it is a name.
            with player.stdin as words_in:
                words_in.write(said.text.encode())
        except OSError as error:
            self._note(error)
            return None
        return player

    def _note(self, ended: int | OSError) -> None:
        """Silence is told once, in the log; a sound card may come back."""
        works = ended == 0
        if self._works and not works:
            log.warning("nothing is said aloud: %s", ended)
        self._works = works


def spoken(card: Card, language: Language) -> str:
    """In the order in which people say it: who, which way, when; or what to do."""
    if card.tone != "good":
        return ". ".join([card.title, *card.lines])
    time_of_day = ""
    if card.time:
        hour, minute = card.time.split(":")
        exact = "spoken-hour" if minute == "00" else "spoken-time"
        fields = {"hour": int(hour)} | ({} if minute == "00" else {"minute": minute})
        time_of_day = words(exact, language, **fields)
    # Capitals would be spelled by some voices.
    parts = [card.name, card.word.lower() or card.title, time_of_day, *card.lines]
    return ", ".join(part for part in parts if part)


def recordings(event: dict[str, Any], card: Card) -> list[str]:
    """The files, without their ending, that say the same; those that are not there are left out."""
    code, outcome = event.get("worker") or "", event["outcome"]
    if outcome != "recorded":
        return [outcome, *([card.picture] if card.picture else [])]
    whose = [code] if card.name and _PLAIN.fullmatch(code) else []
    when = [f"hour-{card.time[:2]}", f"minute-{card.time[3:]}"] if card.time else []
    return [*whose, event.get("direction") or "recorded", *when]
