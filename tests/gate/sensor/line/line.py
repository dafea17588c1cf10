"""A simulated sensor at a port without any waiting: the clock moves when somebody reads or sleeps.

The sensor is the simulator's state machine at a real module's pace. What goes wrong here goes wrong
on the wire; the features in the sensor's buffer stay there until new ones replace them.
"""

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple

from edge_agent.gate.sensor.port import PATIENCE, QUIET
from edge_agent.simulator import fingers
from edge_agent.simulator.fingers import Quality
from edge_agent.simulator.flash import Flash
from edge_agent.simulator.glass import Glass, Press
from edge_agent.simulator.module import MODELS
from edge_agent.simulator.sensor import SimulatedSensor
from edge_agent.simulator.wire import Pid

_PORTION = 4  # bytes that arrive together; every ack is a multiple
_KIND_AT, _INSTRUCTION_AT = 6, 9  # in a packet
_WHOLE_PACKET = 9 + 128 + 2
ENROLLED = range(1, 9)
"""Slots that hold a template from the start; a finger's number is its slot."""


class Mishap(Enum):
    """What goes wrong with one exchange, or with one of our data packets where that can be."""

    NONE = "nothing"
    SLOW = "the reply takes 0.2 s more"
    SLOWER = "the reply takes 0.4 s more"
    LATE = "the reply takes 1.8 s more"
    VERY_LATE = "the reply takes 5 s more"
    REPLY_LOST = "the instruction is carried out in silence"
    NOT_HEARD = "the instruction or our data do not arrive"
    MISHEARD = "a bit of the instruction or of our data falls over"
    TWICE = "the reply comes twice"
    STRAY_BEFORE = "a byte comes before the reply"
    STRAY_BEHIND = "a byte comes behind the reply"
    NOISE = "something like a packet's beginning comes before the reply"
    FLIPPED = "a bit of the reply falls over"
    CUT = "the beginning of the reply is lost"
    PACKET_LOST = "a packet of 128 bytes is lost, or else the last byte"
    RESTART = "the sensor restarts"
    UNVERIFIED = "the sensor has forgotten the password"
    POWER_CUT = "the power fails in the middle of the next change of the flash"


DELAYS = {Mishap.SLOW: 0.2, Mishap.SLOWER: 0.4, Mishap.LATE: 1.8, Mishap.VERY_LATE: 5.0}
_INSIDE = {Mishap.RESTART: "reboot", Mishap.UNVERIFIED: "busy-21", Mishap.POWER_CUT: "power-cut"}


def _flip(reply: bytes) -> bytes:
    if len(reply) < 5:
        return b"\x00"  # of a boot byte
    damaged = bytearray(reply)
    damaged[-3] ^= 0x10  # the last byte of the data: a code, a count or half a score
    damaged[-5] ^= 0x01  # half a slot
    return bytes(damaged)


def _lose_packet(reply: bytes) -> bytes:
    return reply[:12] + reply[12 + _WHOLE_PACKET :] if len(reply) > 200 else reply[:-1]


_MANGLED: dict[Mishap, Callable[[bytes], bytes]] = {
    Mishap.REPLY_LOST: lambda reply: b"",
    Mishap.TWICE: lambda reply: reply + reply,
    Mishap.STRAY_BEFORE: lambda reply: b"\x00" + reply,
    Mishap.STRAY_BEHIND: lambda reply: reply + b"\x00",
    Mishap.NOISE: lambda reply: bytes.fromhex("00EF01FFFFFFFF0700") + reply,
    Mishap.FLIPPED: _flip,
    Mishap.CUT: lambda reply: reply[:4] + reply[7:],
    Mishap.PACKET_LOST: _lose_packet,
}


class Part(NamedTuple):
    """What is on the wire from a moment on."""

    due: float
    data: bytes


class Line:
    """Stands in for Port and for the module `time`."""

    name = "line"
    baud = 57600

    def __init__(self, mishaps: Iterable[Mishap] = (), model: str = "r307") -> None:
        self.mishaps = iter(mishaps)
        """One for each packet that is written, until they are used up."""
        self.unknown: dict[int, Callable[[bytes], bytes]] = {}
        """Instructions that the module does not have; what it says to a command of them."""
        self.asked: list[int] = []
        """Every instruction, in order."""
        self.flash = Flash(model)
        for finger in ENROLLED:
            self.flash.store(finger, template(finger, model))
        self._glass = Glass()
        self._sensor = SimulatedSensor(MODELS[model], self.flash, self._glass)
        self._now = 1000.0
        self._due: deque[tuple[float, bytes]] = deque()
        self._last_due = 0.0
        self._arrived = bytearray()
        self._send(self._sensor.power_on(self._now - 10.0))

    def press(self, finger: int) -> None:
        """Put a finger down, in the place of the one before."""
        self.lift()
        self._glass.press(Press(str(finger)), self._now)

    def lift(self) -> None:
        """Take the finger away."""
        self._glass.lift(self._now)

    def close(self) -> None:
        """There is nothing to let go of."""

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds

    def unread(self) -> bool:
        self._now += 0.0001  # Whoever only looks, for ever, must come to an end too.
        self._arrive()
        return bool(self._arrived)

    def read(self, size: int) -> bytes:
        give_up = self._now + PATIENCE
        self._arrive()
        while len(self._arrived) < size and self._now < give_up:
            self._now = min(give_up, self._due[0][0] if self._due else give_up)
            self._arrive()
        data = bytes(self._arrived[:size])
        del self._arrived[:size]
        return data

    def drain(self) -> bool:
        self._now += QUIET
        self._arrive()
        heard = bool(self._arrived)
        self._arrived.clear()
        return heard

    def write(self, data: bytes) -> None:
        mishap = next(self.mishaps, Mishap.NONE)
        if mishap is Mishap.NOT_HEARD:
            return
        if mishap is Mishap.MISHEARD:
            data = data[:-3] + bytes([data[-3] ^ 0x01]) + data[-2:]
        if mishap in _INSIDE and data[_KIND_AT] == Pid.COMMAND:
            self._sensor.inject(_INSIDE[mishap], 1)
        if data[_KIND_AT] == Pid.COMMAND:
            self.asked.append(data[_INSTRUCTION_AT])
            if answer := self.unknown.get(self.asked[-1]):
                self._send([Part(self._now, answer(data))])
                return
        sent = self._sensor.receive(data, self._now)
        self._send(sent, DELAYS.get(mishap, 0.0), _MANGLED.get(mishap, bytes))

    def owes(self) -> bool:
        """Whether anything is still on its way, or has come and was not read."""
        return bool(self._due or self._arrived)

    def settle(self) -> None:
        """Let everything that is on its way arrive."""
        self._now = max(self._now, self._last_due)

    def _send(
        self, sent: list, delay: float = 0.0, mangle: Callable[[bytes], bytes] = bytes
    ) -> None:
        """Put a reply on the wire, behind all that is on it already."""
        if not sent:
            return
        reply = mangle(b"".join(part.data for part in sent))
        # A slow sensor is late with what it is asked next as well.
        at = max(self._last_due, self._now) + (sent[0].due - self._now) + delay
        for start in range(0, len(reply), _PORTION):
            portion = reply[start : start + _PORTION]
            self._due.append((at, portion))
            self._last_due = at
            at += len(portion) * 10 / self.baud

    def _arrive(self) -> None:
        while self._due and self._due[0][0] <= self._now:
            self._arrived += self._due.popleft()[1]


def template(finger: int, model: str = "r307", copy: int = 0) -> bytes:
    """A template of a finger; each copy is of another capture."""
    features = fingers.capture(str(finger), Quality.GOOD, 10**6 + finger * 100 + copy, 0)
    return fingers.to_template(features, MODELS[model].template_size)
