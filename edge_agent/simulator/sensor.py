"""The sensor on the wire, as a pure state machine: bytes and the time in, timed bytes out.

It does no I/O, reads no clock and draws no number that its seed does not decide, so the same input
gives the same output to the byte and to the microsecond. Times are seconds of any one clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .faults import FAULTS, NO_FAULT, Fault, Mishap
from .fingers import compare
from .flash import Flash, PowerCut
from .glass import Glass
from .module import NOT_VERIFIED, PACKET_ERROR, Answer, Model, SimulatedModule, Steps
from .table import INSTRUCTIONS, execute
from .wire import BadFrame, Line, Packet, Parser, Pid, Transmission, line_seconds

_BAUD_UNIT = 9600
_MEASURED_BAUD = 57600  # the speed at which the instructions' times were measured
_BOOT_BYTE = b"\x55"
_QUIET = 0.5  # seconds after which half a packet is given up (assumption)


class SimulatedSensor:
    """One sensor, from power-on to power-off and on again.

    Args:
        model: what it is.
        flash: what it remembers.
        glass: what lies on it.
        paced: whether bytes, instructions and the boot take the time they take on a real module.
        seed: decides its random numbers and the scores of its captures.
        compare_templates: gives the score of two templates.
    """

    def __init__(
        self,
        model: Model,
        flash: Flash,
        glass: Glass,
        *,
        paced: bool = True,
        seed: int = 0,
        compare_templates: Callable[[bytes, bytes], int] = compare,
    ) -> None:
        self._model = model
        self._module = SimulatedModule(model, flash, glass, seed, compare_templates)
        self._paced = paced
        self._line = Line(paced)
        self._parser = Parser()
        self._faults: deque[Fault] = deque()
        self._last_heard = 0.0
        self._free_at = 0.0  # when the instruction in hand is done and answered
        self._awake_at = 0.0
        self._steps: Steps | None = None

    @property
    def watches(self) -> bool:
        """Whether it says something by itself, when something happens on the glass: `tick`."""
        return self._steps is not None

    @property
    def baud(self) -> int:
        """The speed at which it listens."""
        return self._module.flash.parameters.baud_multiplier * _BAUD_UNIT

    @property
    def slots(self) -> list[int]:
        """The slots that hold a template, in order."""
        return sorted(self._module.flash.templates)

    @property
    def capacity(self) -> int:
        """How many slots there are."""
        return self._model.capacity

    def touch_level(self, now: float, *, powered: bool = True) -> bool | None:
        """Whether the touch output is high; None for a model without one.

        Without power it feels nothing: the host's own resistor pulls it to that level.
        """
        active_low = self._model.touch_active_low
        active = powered and self._module.touch_active(now)
        return None if active_low is None else active is not active_low

    def wear(self, slot: int) -> bool:
        """Wear out the template in a slot; False where there is none."""
        return self._module.flash.wear_out(slot)

    def exchange(self, one: int, other: int) -> bool:
        """Have two templates change places; False where one of the slots is empty."""
        return self._module.flash.exchange(one, other)

    def impostor(self) -> None:
        """Be another module, with a copy of the notepad and strangers' templates in its slots."""
        self._module.lie()

    def inject(self, fault: str, count: int) -> None:
        """Stage one of `FAULTS` for the next `count` exchanges, after those staged before."""
        if FAULTS[fault].mishap is Mishap.POWER_CUT:
            self._module.flash.cut_power(count)
        else:
            self._faults.extend([FAULTS[fault]] * count)

    def power_on(self, now: float) -> list[Transmission]:
        """Start with empty memories but the flash; deaf until the boot is over."""
        self._module.restart()
        self._parser = Parser()
        self._steps = None
        self._line = Line(self._paced)
        self._free_at = self._awake_at = now + (self._model.boot_seconds if self._paced else 0.0)
        greeting = _BOOT_BYTE if self._model.boot_byte else b""
        return self._line.send(greeting, self._awake_at, self.baud)

    def receive(self, data: bytes, now: float) -> list[Transmission]:
        """What the host wrote by `now`, and what goes back; due times never decrease."""
        heard = self._line.heard(len(data), now, self.baud)
        if heard - self._last_heard > _QUIET:
            self._parser = Parser()
        self._last_heard = heard
        transmissions: list[Transmission] = []
        for frame in self._parser.feed(data):
            transmissions += self._handle(frame, heard, now)
        return transmissions

    def tick(self, now: float) -> list[Transmission]:
        """What it says by `now` without having been asked again."""
        transmissions: list[Transmission] = []
        while self._steps is not None and now >= self._free_at:
            self._module.now = now
            try:
                answer = next(self._steps)
            except StopIteration:
                self._steps = None
            except PowerCut:
                return transmissions + self.power_on(now)
            else:
                if answer is None:
                    break
                at = now + (answer.takes or 0.0 if self._paced else 0.0)
                [packet] = self._packets(answer)
                transmissions += self._line.send(packet, at, self.baud)
                self._free_at = transmissions[-1].due
        return transmissions

    def _handle(self, frame: Packet | BadFrame, heard: float, now: float) -> list[Transmission]:
        if frame.address != self._module.flash.parameters.address or heard < self._awake_at:
            return []
        if isinstance(frame, BadFrame):
            return self._refuse(heard) if frame.pid is Pid.COMMAND else []
        if frame.pid is Pid.COMMAND:
            self._module.now = now
            return self._exchange(frame, heard)
        if frame.pid is not Pid.ACK:
            self._module.take_data(frame.data, last=frame.pid is Pid.END_DATA)
        return []

    def _refuse(self, heard: float) -> list[Transmission]:
        [packet] = self._packets(PACKET_ERROR)
        return self._line.send(packet, max(heard, self._free_at), self.baud)

    def _exchange(self, command: Packet, heard: float) -> list[Transmission]:
        self._steps = None  # as Cancel, whatever it is (assumption)
        fault = self._faults.popleft() if self._faults else NO_FAULT
        start = max(heard, self._free_at)
        if fault.mishap is Mishap.SWAP:
            self._module.swap()
        if fault.mishap in (Mishap.SWAP, Mishap.REBOOT):
            return self.power_on(start)
        baud = self.baud  # SetSysPara answers at the old speed
        if fault.mishap is Mishap.UNVERIFIED:
            answer = NOT_VERIFIED
        else:
            try:
                answer = execute(self._module, command.data)
            except PowerCut:
                return self.power_on(start)
        if answer.steps is not None:
            self._steps = answer.steps
            self._free_at = start
            return self.tick(start)
        packets = self._packets(answer)
        at = start + (self._work_seconds(command, answer, packets[0]) if self._paced else 0.0)
        transmissions: list[Transmission] = []
        for delay, packet in fault.mangle(packets):
            at += delay
            transmissions += self._line.send(packet, at, baud)
        self._free_at = transmissions[-1].due if transmissions else at
        if answer.restart:
            transmissions += self.power_on(self._free_at)
        return transmissions

    def _packets(self, answer: Answer) -> list[bytes]:
        address = self._module.flash.parameters.address
        size = 32 << self._module.flash.parameters.packet_size_code
        stream = answer.stream
        packets = [Packet(address, Pid.ACK, bytes([answer.code]) + answer.data)]
        for at in range(0, len(stream), size):
            pid = Pid.DATA if at + size < len(stream) else Pid.END_DATA
            packets.append(Packet(address, pid, stream[at : at + size]))
        return [packet.encode() for packet in packets]

    def _work_seconds(self, command: Packet, answer: Answer, reply: bytes) -> float:
        """The module's own part of the measured time from command sent to reply received."""
        instruction = INSTRUCTIONS.get(command.data[0])
        if answer.takes is not None:
            takes = answer.takes
        elif instruction is None or answer.code in (PACKET_ERROR.code, NOT_VERIFIED.code):
            takes = INSTRUCTIONS[0x1D].takes  # nothing to do but to answer
        else:
            takes = instruction.takes
        return max(0.0, takes - line_seconds(len(command.encode()) + len(reply), _MEASURED_BAUD))
