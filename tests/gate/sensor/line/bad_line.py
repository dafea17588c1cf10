"""A line that spoils a share of all replies, and people who hold a finger at a gate behind it.

All of it on the line's own clock: a hundred presses of a quarter of a minute take two seconds.
"""

import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from edge_agent.contract.people import Print, Worker
from edge_agent.gate.daemon.loop import GateLoop
from edge_agent.gate.events import Event, Outcome, PanelShown
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.people.roster import RosterInbox
from edge_agent.gate.people.templates.sealing import AgeSealing
from edge_agent.gate.sensor import fingerprint_sensor, link
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.sensor.pairing import digest
from edge_agent.gate.settings.schema import SensorSettings
from tests.gate.fakes import HandClock, Site

from .line import ENROLLED, Line, template

SHARE = 0.15
HELD_S = 15.0
STRANGERS = range(90, 99)


def spoil(reply: bytes, rng: random.Random) -> bytes:
    """A reply with a bit that fell over, bytes lost, its end lost, all of it lost, or twice."""
    at = rng.randrange(len(reply))
    match rng.randrange(5):
        case 0:
            return reply[:at] + bytes([reply[at] ^ 1 << rng.randrange(8)]) + reply[at + 1 :]
        case 1:
            return reply[:at] + reply[at + rng.randrange(1, 4) :]
        case 2:
            return reply[:at]
        case 3:
            return b""
        case _:
            return reply + reply


class BadLine(Line):
    """Spoils ``share`` of all replies, and lets people do things at their time."""

    def __init__(self, seed: int) -> None:
        self.share = 0.0
        self._rng = random.Random(seed)
        self._plan: list[tuple[float, Callable[[], None]]] = []
        super().__init__()

    def plan(self, seconds: float, do: Callable[[], None]) -> None:
        """Have something done so many seconds from now."""
        self._plan.append((self._now + seconds, do))
        self._plan.sort(key=lambda planned: planned[0])

    def go_on(self) -> None:
        """Do what is due."""
        while self._plan and self._plan[0][0] <= self._now:
            self._plan.pop(0)[1]()

    def write(self, data: bytes) -> None:
        self.go_on()
        super().write(data)

    def _send(
        self, sent: list, delay: float = 0.0, mangle: Callable[[bytes], bytes] = bytes
    ) -> None:
        if self._rng.random() < self.share:
            super()._send(sent, delay, lambda reply: spoil(reply, self._rng))
        else:
            super()._send(sent, delay, mangle)


@dataclass
class Held:
    """One press: whose finger, when it came and went, and what it was told after how long."""

    finger: int
    at: float
    lifted: float | None = None
    seen_gone: bool = False
    sign_began: float | None = None
    """After how long the standing sign began, while it was held, that the sensor cannot be used;
    one that stood before it came is no answer to it."""
    told: list[tuple[float, Outcome, str | None]] = field(default_factory=list)

    @property
    def is_true(self) -> bool:
        """Whether nothing that it was told is another's."""
        own = f"{self.finger:03}" if self.finger in ENROLLED else None
        return all(worker in (None, own) for _, _, worker in self.told)


class HeldPresses:
    """Workers and strangers, one after the other, at a gate behind a bad line.

    Each comes between one and three seconds after the one before has gone, and not before the gate
    has seen that: else nobody could tell two strangers apart.
    """

    def __init__(self, count: int, seed: int, share: float = SHARE) -> None:
        self.presses: list[Held] = []
        self.longest_beat = 0.0
        """Seconds between two signs of life of the gate's thread."""
        self._left = count
        self._stands = False
        self._share = share
        self._line = BadLine(seed)
        self._random = random.Random(seed)
        self._stop = threading.Event()

    def run(self) -> "HeldPresses":
        line = self._line
        site = Site(repeat_window_s=0)
        site.panel.fault = self._stand  # type: ignore[method-assign]
        site.store.sql("DELETE FROM prints")
        for finger in ENROLLED:
            code = f"{finger:03}"
            site.store.put_worker(Worker(code=code, name=code))
            print_ = Print(worker=code, finger="right-index", slot=finger, generation=1)
            with site.store.changing() as change:
                change.put_print(print_, digest(template(finger)))
        clock = HandClock()
        clock.monotonic = line.monotonic  # type: ignore[method-assign]
        gate = Recorder(site.store, clock, self._tell, site.gate.policy)
        with (
            patch.object(fingerprint_sensor, "Port", lambda *_: line),
            patch.object(link, "time", line),
        ):
            sensor: Any = FingerprintSensor(SensorSettings(port="/dev/line"))
            loop = GateLoop(
                make_gate=lambda: gate,
                sensor=sensor,
                first=sensor.connect(),
                panel=site.panel,
                captures=3,
                offline=lambda: False,
                sealing=AgeSealing(),
                roster=RosterInbox(),
            )
            capture = sensor.capture
            sensor.capture = lambda: self._note(capture())
            loop.requests._coming = _Rests(line)  # type: ignore[assignment]
            line.plan(2.0, self._come)
            self._beaten_at = line.monotonic()
            loop.run(self._stop, self._beat)
        return self

    def _come(self) -> None:
        if self.presses and not self.presses[-1].seen_gone:
            self._line.plan(0.2, self._come)
            return
        self._line.share = self._share
        known = self._random.random() < 0.5
        finger = self._random.choice(ENROLLED if known else STRANGERS)
        self._line.press(finger)
        self.presses.append(Held(finger, self._line.monotonic()))
        self._line.plan(HELD_S, self._go)

    def _go(self) -> None:
        self._line.lift()
        self.presses[-1].lifted = self._line.monotonic()
        self._left -= 1
        if self._left:
            self._line.plan(self._random.uniform(1.0, 3.0), self._come)
        else:
            self._line.plan(5.0, self._stop.set)

    def _note(self, present: bool | None) -> bool | None:
        if self.presses and self.presses[-1].lifted:
            self.presses[-1].seen_gone |= present is False
        return present

    def _beat(self) -> None:
        now = self._line.monotonic()
        self.longest_beat = max(self.longest_beat, now - self._beaten_at)
        self._beaten_at = now
        self._line.go_on()

    def _tell(self, event: Event) -> None:
        if isinstance(event, PanelShown):
            held = self.presses[-1]
            held.told.append((self._line.monotonic() - held.at, event.outcome, event.worker))

    def _stand(self, present: bool) -> None:
        """The standing sign that the sensor cannot be used."""
        began = present and not self._stands
        self._stands = present
        if began and self.presses and self.presses[-1].lifted is None:
            held = self.presses[-1]
            held.sign_began = held.sign_began or self._line.monotonic() - held.at


class _Rests:
    """A queue in which nothing ever comes, at the line's pace."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def get(self, timeout: float) -> None:
        self._line.sleep(max(timeout, 0.001))
        raise queue.Empty

    def empty(self) -> bool:
        return True
