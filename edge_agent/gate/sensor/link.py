"""pyfingerprint with another packet layer: one that can tell an answer from a coincidence.

Replies carry no sequence number, so a reply that comes late looks like the answer to whatever was
asked next. Two rules keep the link honest. An exchange is believed only if its reply came in time,
whole, in the shape that belongs to the instruction, and alone. After any other, nothing is asked
until ``recover`` has proved that no older reply is still on its way.

pyfingerprint 1.5 is pinned, for this module knows its insides: every method of it calls
``__writePacket`` and ``__readPacket`` on itself.
"""

import time
from collections.abc import Sequence
from typing import Any

from ...contract.language import Message
from ..errors import (
    SPOILED,
    SensorDisturbed,
    SensorFault,
    SensorGarbled,
    SensorRefused,
    SensorSilent,
    SensorUnplugged,
)
from ..host.memory import wipe
from .driver import PyFingerprint
from .frames import Frame, FrameParser, Kind, Stream, encode
from .instructions import (
    INSTRUCTIONS,
    NOT_VERIFIED,
    OK,
    PACKET_ERROR,
    SLEEP,
    TEMPLATE_COUNT,
    VFY_PWD,
    WRONG_PASSWORD,
    Instruction,
    advice,
    is_reason,
    says,
)
from .port import Port

_ADDRESS = 0xFFFFFFFF  # as every module leaves its maker; a sensor ignores packets for any other
_RECOVERY = 2.0  # seconds: four times what the slowest module takes to boot
_MOST_FENCES = 8  # a line that was bad for an hour must be trusted again within a second
_BITS_PER_BYTE = 10  # 8N1
_SETTLED = 0.0025  # seconds: an ack of 12 bytes takes 2.1 ms at 57600 baud
_WITHIN_A_REPLY = 0.3  # seconds: what has begun and does not go on has lost its end
_BETWEEN_PACKETS = 1.0  # seconds: three times the largest packet at the lowest baud
_ASKED_IN_VAIN = 3  # times, on a sound link: then a module does not have the instruction
# After code 01 there is noise on the line, after 21 the sensor has restarted.
_OF_THE_LINE = frozenset({PACKET_ERROR, NOT_VERIFIED})


class InstructionMissing(SensorRefused):
    """The module does not have an instruction that a gate can do without."""


class OddSize(SensorGarbled):
    """All that came of a template or an image fits together, but is of no size that is known."""

    def __init__(self, doubt: SensorGarbled, size: int) -> None:
        self.size = size
        super().__init__(doubt.message)


class _Repeated(SensorGarbled):
    """It is the command itself that came."""


class _Empty(SensorGarbled):
    """It is a whole OK, without what belongs to it."""


class Link(PyFingerprint):  # type: ignore[misc]  # It ships no types.
    """One sensor on one open port.

    Every instruction either returns what can be relied on or raises a SensorFault. A new link
    trusts nothing: ``recover`` comes first.
    """

    _asked: Instruction
    _deadline: float

    def __init__(self, port: Port, password: int = 0) -> None:
        # Not super().__init__(): it would open a port of its own, without a lock.
        self.password = password
        """What the sensor is asked to verify."""
        self.capacity = 0
        """How many slots it has, as far as they are used."""
        self.packet_size = 128
        """Bytes of data in a packet, as every module leaves its maker."""
        self._port = port
        self._trusted = False
        self._fences = 0
        self._sent_at = 0.0
        self._stream: Stream | None = None
        self._stream_ends = 0.0
        self._asleep = False
        self._has: dict[int, bool] = {}
        """Of instructions that a module may lack: whether this one has them, where it has shown."""

    @property
    def port_name(self) -> str:
        """Where the sensor is, for messages."""
        return self._port.name

    def getStorageCapacity(self) -> int:
        """For pyfingerprint, which would ask again before every search."""
        return self.capacity

    def exchange(self, instruction: Instruction, **arguments: int | bytes) -> Any:
        """Ask once. Returns what pyfingerprint's method does, or else what the row says."""
        if instruction.driver:
            method, *names = instruction.driver
            return getattr(self, method)(*(arguments[name] for name in names))
        self._PyFingerprint__writePacket(Kind.COMMAND, instruction.command(arguments))
        _, ack = self._PyFingerprint__readPacket()
        return instruction.value(ack)

    def ask(self, instruction: Instruction, **arguments: int | bytes) -> Any:
        """The same; InstructionMissing, on a sound link, where a module may lack it and does.

        Such a module says nothing to it, says it again, says OK and nothing more, or has a code for
        it: that the packet was damaged, or one that no manual lists. A bad line does most of that
        too. So it is asked again on a link that was proved in between; a lack is believed until the
        next doubt, that it has an instruction for as long as it is connected. Bytes that make no
        sense are no sign of it.
        """
        code = instruction.code
        if not instruction.without or self._has.get(code):
            return self.exchange(instruction, **arguments)
        in_vain = garbled = 0
        while code not in self._has and in_vain < _ASKED_IN_VAIN:
            try:
                value = self.exchange(instruction, **arguments)
            except (SensorSilent, SensorGarbled, SensorRefused) as fault:
                garble = isinstance(fault, SensorGarbled)
                is_sign = isinstance(fault, _Repeated | _Empty) or not garble
                in_vain, garbled = in_vain + is_sign, garbled + (not is_sign)
                told_why = isinstance(fault, SensorRefused) and is_reason(fault.code)
                if told_why or garbled == _ASKED_IN_VAIN:
                    raise
                self._regain_trust()
            else:
                self._has[code] = True
                return value
        self._has[code] = False
        raise InstructionMissing(
            "sensor.no-instruction",
            PACKET_ERROR,
            port=self._port.name,
            instruction=instruction.name,
            otherwise=Message(f"without.{instruction.without}"),
        )

    def read(self, instruction: Instruction, **arguments: int | bytes) -> Any:
        """``ask``, and again where the line has spoiled the answer: for what changes nothing."""
        for _ in range(_ASKED_IN_VAIN - 1):
            try:
                return self.ask(instruction, **arguments)
            except SPOILED:
                self._regain_trust()
        return self.ask(instruction, **arguments)

    def receive(self, instruction: Instruction, **arguments: int | bytes) -> bytes:
        """Ask for data packets, once, for they may take seconds; returns what they hold."""
        self.exchange(instruction, **arguments)
        parts = []
        while self._stream:
            _, data = self._PyFingerprint__readPacket()
            parts.append(data)
        content = b"".join(parts)
        if len(parts) > 1:  # Otherwise it is the one part.
            wipe(*parts)
        return content

    def send(self, instruction: Instruction, content: bytes, **arguments: int | bytes) -> None:
        """Announce data packets and send them; nobody acknowledges these."""
        self.exchange(instruction, **arguments)
        last = len(content) - self.packet_size
        for at in range(0, len(content), self.packet_size):
            kind = Kind.DATA if at < last else Kind.END_DATA
            part = content[at : at + self.packet_size]
            self._PyFingerprint__writePacket(kind, part)
            if part is not content:
                wipe(part)

    def sleep(self) -> None:
        """Let the sensor sleep; a byte that it says when it wakes, as at its start, is no fault."""
        self.ask(SLEEP)
        self._asleep = True

    def check(self) -> None:
        """The shortest exchange; SensorRefused where the password is wrong."""
        # Always: a sensor that restarted, by a dip of its supply or a spark, has forgotten it.
        if not self.ask(VFY_PWD, password=self.password):
            raise self._refused(WRONG_PASSWORD)

    def recover(self) -> None:
        """Make the link trustworthy again; raises after about 2.4 seconds of trying.

        SensorSilent or SensorGarbled tells how the last attempt went, SensorRefused that the
        password is wrong.
        """
        # What seemed to be missing may have been the line's doing.
        self._has = {code: has for code, has in self._has.items() if has}
        self._regain_trust()

    def prove(self, give_up: float = 0.0) -> None:
        """One attempt at it, for whoever relies on what the sensor has in its memory.

        ``give_up``: until when the line may still be noisy (monotonic seconds). Raises SensorFault.
        """
        try:
            # A sensor that is sending an image goes on for seconds.
            self._drain(max(give_up, self._stream_ends))
            self.check()
            self._fence()
        except SensorFault:
            self._trusted = False
            raise

    def is_there(self) -> bool:
        """Whether there is a sensor at all that answers VfyPwd, whatever it answers."""
        try:
            self._drain(time.monotonic())
            self.ask(VFY_PWD, password=self.password)
        except (SensorSilent, SensorGarbled):
            return False
        finally:
            self._trusted = False
        return True

    def doubt(self, why: str) -> SensorGarbled:
        """To be raised; whatever the sensor says is not believed until ``recover``.

        ``why``: the name of a message.
        """
        self._trusted = False
        return SensorGarbled(
            "sensor.not-trusted",
            instruction=self._asked.name,
            port=self._port.name,
            why=Message(why),
        )

    def _regain_trust(self) -> None:
        give_up = time.monotonic() + _RECOVERY
        while True:
            try:
                self.prove(give_up)
                return
            except SensorUnplugged:
                raise
            except SensorFault as fault:
                wrong_password = isinstance(fault, SensorRefused) and fault.code == WRONG_PASSWORD
                if wrong_password or time.monotonic() >= give_up:
                    raise

    def _drain(self, give_up: float) -> None:
        """Wait until the line is quiet, and allow to ask again."""
        while self._port.drain():
            if time.monotonic() >= give_up:
                raise SensorGarbled("sensor.babbles", port=self._port.name)
        self._trusted = True
        self._stream = None

    def _fence(self) -> None:
        """Ask what no other reply looks like; a sensor answers in order, so it is the last one.

        Each attempt asks once more than the one before, so that a row of late replies to the
        attempt before cannot pass for the answers to this one. The quiet after it catches what is
        left over where a reply was lost as well; without sequence numbers there is no proof of it.
        """
        self._fences = min(self._fences + 1, _MOST_FENCES)
        for _ in range(self._fences):
            self.ask(TEMPLATE_COUNT)
        if self._port.drain():
            raise self.doubt("sensor.more-bytes")
        self._fences = 0

    def _PyFingerprint__writePacket(self, kind: int, payload: Sequence[int]) -> None:
        if kind == Kind.COMMAND:
            self._begin(INSTRUCTIONS[payload[0]])
        packet = encode(_ADDRESS, kind, bytes(payload))
        size = len(packet)
        self._port.write(packet)
        wipe(packet)
        # The kernel takes more at once than the wire does.
        self._sent_at = max(self._sent_at, time.monotonic()) + self._on_the_wire(size)
        self._deadline = self._sent_at + self._asked.deadline
        # Twice the data: small packets are a third more bytes than they hold.
        longest = 2 * max(self._asked.sends, default=0)
        self._stream_ends = self._deadline + self._on_the_wire(longest)
        if kind == Kind.END_DATA:
            self._trusted = True

    def _begin(self, instruction: Instruction) -> None:
        if not self._trusted:
            raise SensorGarbled("sensor.link-in-doubt", port=self._port.name)
        # In doubt until the reply has proved otherwise, whatever may be raised on the way.
        self._trusted = False
        self._asked = instruction
        woken, self._asleep = self._asleep, False
        if self._port.unread() and not (woken and self._port.drain()):
            raise self.doubt("sensor.bytes-before")

    def _PyFingerprint__readPacket(self) -> tuple[int, bytes]:
        packet = self._receive()
        if self._stream:
            self._take_data(self._stream, packet)
        else:
            self._take_ack(packet)
        return packet.kind, packet.data

    def _take_ack(self, ack: Frame) -> None:
        if ack.kind is Kind.COMMAND:
            raise _Repeated(self.doubt("sensor.own-command").message)
        if ack.kind is not Kind.ACK or ack.address != _ADDRESS or not self._asked.fits(ack.data):
            doubt = self.doubt("sensor.other-answer")
            is_empty = (ack.kind, ack.address, ack.data) == (Kind.ACK, _ADDRESS, bytes([OK]))
            raise _Empty(doubt.message) if is_empty else doubt
        code = ack.data[0]
        if code == OK and self._asked.sends:
            self._stream = Stream(self._asked.sends)
            self._deadline = time.monotonic() + _BETWEEN_PACKETS
            return
        if code == OK and self._asked.settles:
            time.sleep(_SETTLED)
        self._expect_nothing_behind()
        if code == OK and self._asked.takes:
            return  # In doubt until all is sent: it may take a command for data.
        self._trusted = code not in _OF_THE_LINE
        if code != OK and code not in self._asked.answers:
            raise self._refused(code)

    def _take_data(self, stream: Stream, packet: Frame) -> None:
        if packet.address != _ADDRESS or not stream.takes(packet):
            doubt = self.doubt("sensor.data-unfit")
            raise OddSize(doubt, stream.odd_size) if stream.odd_size else doubt
        self._deadline = min(time.monotonic() + _BETWEEN_PACKETS, self._stream_ends)
        if stream.complete:
            self._expect_nothing_behind()
            self._stream = None
            self._trusted = True

    def _receive(self) -> Frame:
        """The next packet, if nothing but it has come."""
        parser = FrameParser()
        frames: list[Frame] = []
        # Bytes before the packet spoil it, but what comes behind them shows that the sensor is
        # done. No read goes beyond the packet, as long as nothing was skipped.
        heard_at = time.monotonic()
        while not frames and not parser.damaged:
            if data := self._port.read(parser.missing):
                heard_at = time.monotonic()
                frames = parser.feed(data)
                wipe(data)
            begun = parser.skipped or parser.pending
            give_up = min(self._deadline, heard_at + _WITHIN_A_REPLY) if begun else self._deadline
            if not frames and time.monotonic() >= give_up:
                raise self.doubt("sensor.no-whole-packet") if begun else self._silent()
        if parser.damaged:
            raise self.doubt("sensor.wrong-checksum")
        if parser.skipped:
            raise self.doubt("sensor.other-bytes")
        return frames[0]

    def _expect_nothing_behind(self) -> None:
        if self._port.unread():
            raise self.doubt("sensor.more-bytes")

    def _on_the_wire(self, count: int) -> float:
        """How many seconds so many bytes take."""
        return count * _BITS_PER_BYTE / self._port.baud

    def _silent(self) -> SensorSilent:
        return SensorSilent(
            "sensor.silent",
            port=self._port.name,
            instruction=self._asked.name,
            seconds=self._asked.deadline,
            means=self._asked.means,
        )

    def _refused(self, code: int) -> SensorRefused:
        kind = SensorDisturbed if code in _OF_THE_LINE else SensorRefused
        return kind(
            "sensor.refused",
            code,
            port=self._port.name,
            instruction=self._asked.name,
            code=f"{code:02X}",
            says=says(code),
            means=self._asked.means,
            advice=advice(code),
        )
