"""Follow the daemon over its control socket, and tell what the screens have to show.

Two threads, so that a day that is asked for never holds up the next press.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ..contract.errors import EdgeAgentError
from ..gate.control.client import ask, ask_status, watch
from ..gate.directions import DirectionRule
from ..gate.people.requests import AskDay, AskNames
from ..gate.settings.schema import Settings
from .cards import LATE_MS, Card, card, day, directed, wants_day, worn
from .standing import Standing

log = logging.getLogger(__name__)

_AGAIN_S = 0.5
"""Between two looks for a daemon that does not answer."""

_PATIENCE_S = 10.0
"""How long a daemon may be away before it is told: a restart takes a Pi some seconds."""

_OTHER_WORDS = (KeyError, TypeError, ValueError)
"""What a daemon of another version makes of its lines."""

_KEY_MS = 5000
"""How long after a punch a key may still say which way it led."""

Publish = Callable[[Struct], None]
Say = Callable[[dict[str, Any], Card], None]


def boottime_ms() -> int:
    """CLOCK_BOOTTIME, which the daemon's events name too: both run on one machine."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class _Names(Struct):
    """Ask for the names anew."""


class _Pressed(Struct):
    card: Card
    event: dict[str, Any]


class Feed:
    """The daemon as the screens see it. ``publish`` is called on threads of its own."""

    def __init__(
        self, settings: Settings, publish: Publish, say: Say = lambda event, card: None
    ) -> None:
        """``say`` has each card said aloud, and is called with its event."""
        self._socket = Path(settings.control.socket)
        self._settings = settings.display
        self._keys = settings.punch.direction is DirectionRule.KEYS
        self._publish = publish
        self._say = say
        self._names: dict[str, str] = {}
        self._standing = Standing()
        self._cards = 0
        self._punch: tuple[int, Card] | None = None
        """The last one that was recorded, and how it was shown."""
        self._last: tuple[int | None, Card] | None = None
        """The entry of the last touch, and its card."""
        self._worn: dict[str, Any] | None = None
        """Whose finger wears, until they have read it: it may be told before their touch is."""
        self._asked: queue.SimpleQueue[_Names | _Pressed] = queue.SimpleQueue()

    def start(self) -> None:
        """Follow until the process ends; nothing is kept that would have to be put away."""
        for body in (self._follow_for_ever, self._answer_for_ever):
            threading.Thread(target=body, daemon=True).start()

    def _follow_for_ever(self) -> None:
        away_since = time.monotonic()
        while True:
            why: Exception | None = None
            try:
                self._follow()
            except (EdgeAgentError, *_OTHER_WORDS) as error:
                why = error
            if self._standing.answers:
                away_since = time.monotonic()
                log.warning("the gate does not answer any more: %s", why or "it has stopped")
                self._say_how_it_is(Standing())
            elif self._standing.answers is None and time.monotonic() - away_since > _PATIENCE_S:
                log.warning("the gate still does not answer: %s", why)
                self._say_how_it_is(Standing(answers=False))
            time.sleep(_AGAIN_S)

    def _follow(self) -> None:
        for line in watch(self._socket):
            event = msgspec.json.decode(line)
            match event["event"]:
                case "watching":
                    # What changes from here on is on its way, so nothing falls in between.
                    standing = Standing()
                    standing.learn(ask_status(self._socket))
                    self._ask_names()
                    log.info("the gate answers")
                    self._say_how_it_is(standing)
                case "panel":
                    self._show(event)
                case "print-worn":
                    self._worn = event
                    self._show_worn()
                case "directed":
                    self._show_way(event)
                case "ledger":
                    if event["kind"].startswith(("worker.", "roster.")):
                        self._asked.put(_Names())
                case _:
                    if self._standing.heed(event):
                        self._say_how_it_is(self._standing)

    def _say_how_it_is(self, standing: Standing) -> None:
        self._standing = standing
        self._publish(standing.told(self._settings))

    def _show(self, event: dict[str, Any]) -> None:
        if boottime_ms() - event["boottime_ms"] > LATE_MS:
            return  # This process was held up; whoever pressed has gone.
        code = event["worker"]
        if code is not None and code not in self._names:
            self._ask_names()
        self._cards += 1
        name = self._names.get(code)
        shown = card(event, self._cards, name, self._settings, keys=self._keys)
        self._last = event["seq"], shown
        self._publish(shown)
        self._say(event, shown)
        self._show_worn()
        if event["outcome"] == "recorded":
            self._punch = event["seq"], shown
        if wants_day(event) and self._settings.show != "nothing":
            self._asked.put(_Pressed(shown, event))

    def _show_worn(self) -> None:
        """Whoever has pressed is told that the finger wears, while they still stand there."""
        if self._worn is None or self._last is None or self._last[0] != self._worn["seq"]:
            return
        finger, self._worn = self._worn["finger"], None
        if boottime_ms() - self._last[1].t <= LATE_MS:
            self._cards += 1
            self._publish(worn(self._last[1], finger, self._cards, self._settings))

    def _show_way(self, event: dict[str, Any]) -> None:
        """A key was pressed after the finger: within seconds, or it is not for this screen."""
        now = boottime_ms()
        if self._punch is None or self._punch[0] != event["of"]:
            return
        if now - self._punch[1].t < _KEY_MS + LATE_MS:
            self._cards += 1
            before = self._punch[1]
            shown = directed(before, event["direction"], now, self._cards, self._settings)
            self._publish(shown)
            self._say({**event, "outcome": "recorded"}, shown)

    def _answer_for_ever(self) -> None:
        while True:
            asked = self._asked.get()
            try:
                if isinstance(asked, _Names):
                    self._drain_names()
                    self._ask_names()
                else:
                    self._tell_day(asked)
            except (EdgeAgentError, *_OTHER_WORDS) as error:
                log.info("the gate did not answer: %s", error)

    def _drain_names(self) -> None:
        """A roster changes hundreds of workers at once: their names are asked for once."""
        time.sleep(_AGAIN_S)
        while not self._asked.empty():
            again = self._asked.get()
            if isinstance(again, _Pressed):
                self._tell_day(again)

    def _tell_day(self, asked: _Pressed) -> None:
        told = ask(self._socket, AskDay(code=asked.event["worker"]), lambda step: None)
        seen = day(asked.card, asked.event, told, self._settings)
        if seen.lines or seen.presses:
            self._publish(seen)

    def _ask_names(self) -> None:
        self._names = ask(self._socket, AskNames(), lambda step: None)
