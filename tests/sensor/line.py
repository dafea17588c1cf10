"""A port and a sensor on it without any waiting: the clock moves when somebody reads.

The sensor answers in order, as real ones do, and remembers what it should not be credited with:
the features in its buffer stay there until new ones replace them.
"""

from dataclasses import dataclass, field
from enum import Enum

from edge_agent.sensor.port import QUIET
from edge_agent.simulator.wire import Packet, Parser

from .peer import COUNT, GEN_IMG, IMG_2_TZ, SEARCH, VFY_PWD, ack

_TAKES = {GEN_IMG: 0.19, IMG_2_TZ: 0.3, SEARCH: 0.05}  # seconds


class Mishap(Enum):
    """What goes wrong with one exchange."""

    NONE = "nothing"
    SLOW = "the reply takes 0.2 s more"
    SLOWER = "the reply takes 0.4 s more"
    LATE = "the reply takes 1.8 s more"
    VERY_LATE = "the reply takes 5 s more"
    REPLY_LOST = "the instruction is carried out in silence"
    COMMAND_LOST = "the instruction does not arrive"
    TWICE = "the reply comes twice"
    STRAY_BEFORE = "a byte comes before the reply"
    STRAY_BEHIND = "a byte comes behind the reply"
    NOISE = "something like a packet's beginning comes before the reply"
    FLIPPED = "a bit of the reply falls over"
    CUT = "the middle of the reply is lost"
    RESTART = "the sensor restarts"


_DELAYS = {Mishap.SLOW: 0.2, Mishap.SLOWER: 0.4, Mishap.LATE: 1.8, Mishap.VERY_LATE: 5.0}


def _flip(reply: bytes) -> bytes:
    damaged = bytearray(reply)
    damaged[-3] ^= 0x10  # the last byte of the data: a code, a count or half a score
    damaged[-5] ^= 0x01  # half a slot
    return bytes(damaged)


_MANGLED = {
    Mishap.REPLY_LOST: lambda reply: b"",
    Mishap.TWICE: lambda reply: reply + reply,
    Mishap.STRAY_BEFORE: lambda reply: b"\x00" + reply,
    Mishap.STRAY_BEHIND: lambda reply: reply + b"\x00",
    Mishap.NOISE: lambda reply: bytes.fromhex("00EF01FFFFFFFF0700") + reply,
    Mishap.FLIPPED: _flip,
    Mishap.CUT: lambda reply: reply[:4] + reply[7:],
}


@dataclass
class Line:
    """Stands in for Port and for the module `time`. A finger's number is its slot."""

    mishaps: list[Mishap] = field(default_factory=list)
    """One for each exchange, until they are used up."""
    glass: int = 0
    name: str = "line"
    baud: int = 57600

    def __post_init__(self) -> None:
        self._now = 0.0
        self._free_at = 0.0
        self._due: list[tuple[float, bytes]] = []
        self._arrived = bytearray()
        self._image = self._features = 0
        self._verified = False

    def monotonic(self) -> float:
        return self._now

    def unread(self) -> bool:
        self._now += 0.001  # Whoever only looks, for ever, must come to an end too.
        self._arrive()
        return bool(self._arrived)

    def read(self, size: int) -> bytes:
        give_up = self._now + QUIET
        self._arrive()
        while len(self._arrived) < size and self._now < give_up:
            self._now = min(give_up, self._due[0][0] if self._due else give_up)
            self._arrive()
        data = bytes(self._arrived[:size])
        del self._arrived[:size]
        return data

    def write(self, data: bytes) -> None:
        [command] = Parser().feed(data)
        assert isinstance(command, Packet)
        mishap = self.mishaps.pop(0) if self.mishaps else Mishap.NONE
        if mishap is Mishap.COMMAND_LOST:
            return
        if mishap is Mishap.RESTART:
            self._image = self._features = 0
            self._verified = False
            return
        instruction = command.data[0]
        reply = self._carry_out(instruction)
        takes = _TAKES.get(instruction, 0.012) + _DELAYS.get(mishap, 0.0)
        self._free_at = max(self._free_at, self._now) + takes
        mangled = _MANGLED.get(mishap, bytes)(reply)
        self._due.append((self._free_at, mangled))

    def owes(self) -> bool:
        """Whether anything is still on its way, or has come and was not read."""
        return bool(self._due or self._arrived)

    def settle(self) -> None:
        """Let everything that is on its way arrive."""
        self._now = max(self._now, self._free_at)

    def _carry_out(self, instruction: int) -> bytes:
        if instruction == VFY_PWD:
            self._verified = True
            return ack()
        if not self._verified:
            return ack(0x21)
        if instruction == COUNT:
            return ack(0, (7).to_bytes(2, "big"))
        if instruction == GEN_IMG:
            self._image = self.glass
            return ack()
        if instruction == IMG_2_TZ:
            self._features = self._image
            return ack(0 if self._image else 0x15)
        assert instruction == SEARCH
        found = self._features.to_bytes(2, "big") + (100).to_bytes(2, "big")
        return ack(0, found) if self._features else ack(0x09, bytes(4))

    def _arrive(self) -> None:
        while self._due and self._due[0][0] <= self._now:
            self._arrived += self._due.pop(0)[1]
