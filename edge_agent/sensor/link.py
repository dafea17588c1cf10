"""pyfingerprint with another packet layer: one that can tell an answer from a coincidence.

Replies carry no sequence number, so a reply that comes late looks like the answer to whatever was
asked next. Two rules keep the link honest. An exchange is believed only if its reply came in time,
whole, in the shape that belongs to the instruction, and alone. After any other, nothing is asked
until ``recover`` has proved that no older reply is still on its way.

pyfingerprint 1.5 is pinned, for this module knows its insides: every method of it calls
``__writePacket`` and ``__readPacket`` on itself and finds address and password in private names.
"""

import time
from collections.abc import Sequence

from pyfingerprint.pyfingerprint import PyFingerprint

from ..domain.errors import (
    SensorFault,
    SensorGarbled,
    SensorRefused,
    SensorSilent,
    SensorUnplugged,
)
from .frames import Frame, FrameParser, Kind, encode
from .instructions import (
    INSTRUCTIONS,
    MEANINGS,
    NOT_VERIFIED,
    OK,
    PACKET_ERROR,
    UNLISTED,
    WRONG_PASSWORD,
    Instruction,
)
from .port import Port

_ADDRESS = 0xFFFFFFFF  # as every module leaves its maker; a sensor ignores packets for any other
_PASSWORD = 0
_RECOVERY = 3.0  # seconds: longer than any module takes to boot
_DRAIN = 4096  # bytes


class Link(PyFingerprint):  # type: ignore[misc]  # It ships no types.
    """One sensor on one open port.

    Every instruction either returns what can be relied on or raises a SensorFault. A new link
    trusts nothing: ``recover`` comes first.
    """

    _asked: Instruction
    _deadline: float

    def __init__(self, port: Port) -> None:
        # Not super().__init__(): it would open a port of its own, without a lock.
        self._PyFingerprint__address = _ADDRESS
        self._PyFingerprint__password = _PASSWORD
        self.capacity = 0
        """How many slots a search covers."""
        self._port = port
        self._trusted = False
        self._fences = 0

    def getStorageCapacity(self) -> int:
        """The capacity as once read: asking again would double the time of every search."""
        return self.capacity

    def recover(self) -> None:
        """Make the link trustworthy again; raises after about 3 seconds of trying.

        SensorSilent or SensorGarbled tells how the last attempt went, SensorRefused that the
        password is wrong.
        """
        give_up = time.monotonic() + _RECOVERY
        while True:
            try:
                self._drain(give_up)
                self._verify()
                self._fence()
                return
            except SensorUnplugged:
                raise
            except SensorFault as fault:
                self._trusted = False
                wrong_password = isinstance(fault, SensorRefused) and fault.code == WRONG_PASSWORD
                if wrong_password or time.monotonic() >= give_up:
                    raise

    def answers(self) -> bool:
        """Whether there is a sensor at all that answers a handshake, whatever it answers."""
        try:
            self._drain(time.monotonic())
            self.verifyPassword()
        except (SensorSilent, SensorGarbled):
            return False
        finally:
            self._trusted = False
        return True

    def _drain(self, give_up: float) -> None:
        """Wait until the line is quiet, and allow to ask again."""
        while self._port.read(_DRAIN):
            if time.monotonic() >= give_up:
                raise SensorGarbled(
                    f"Bytes come from {self._port.name} that nobody asked for: check [sensor] "
                    "baud, the wires and that nothing else writes to this port."
                )
        self._trusted = True

    def _verify(self) -> None:
        # Always: a sensor that restarted, by a dip of its supply or a spark, has forgotten it.
        if not self.verifyPassword():
            raise self._refused(WRONG_PASSWORD)

    def _fence(self) -> None:
        """Ask what no other reply looks like; a sensor answers in order, so it is the last one.

        Each attempt asks once more than the one before, so that a row of late replies to the
        attempt before cannot pass for the answers to this one. The quiet after it catches what is
        left over where a reply was lost as well; without sequence numbers there is no proof of it.
        """
        self._fences += 1
        for _ in range(self._fences):
            self.getTemplateCount()
        if self._port.read(1):
            raise self._garbled("more bytes came behind the reply")
        self._fences = 0

    def _PyFingerprint__writePacket(self, kind: int, payload: Sequence[int]) -> None:
        if not self._trusted:
            raise SensorGarbled(
                f"The link to the sensor at {self._port.name} is in doubt: recover it first."
            )
        # In doubt until the reply has proved otherwise, whatever may be raised on the way.
        self._trusted = False
        self._asked = INSTRUCTIONS[payload[0]]
        if self._port.unread():
            raise self._garbled("bytes came before it was asked")
        self._port.write(encode(_ADDRESS, kind, bytes(payload)))
        self._deadline = time.monotonic() + self._asked.deadline

    def _PyFingerprint__readPacket(self) -> tuple[int, bytes]:
        ack = self._receive()
        code = ack.data[0]
        # After code 01 there is noise on the line, after 21 the sensor has restarted.
        self._trusted = code not in (PACKET_ERROR, NOT_VERIFIED)
        if code != OK and code not in self._asked.answers:
            raise self._refused(code)
        return ack.kind, ack.data

    def _receive(self) -> Frame:
        """The ack, if there is nothing wrong with it."""
        parser = FrameParser()
        frames: list[Frame] = []
        # Bytes before the ack spoil it, but what comes behind them shows that the sensor is done.
        while not frames and not parser.damaged:
            frames = parser.feed(self._port.read(parser.missing))
            if not frames and time.monotonic() >= self._deadline:
                if parser.skipped or parser.pending:
                    raise self._garbled("no whole packet came in time")
                raise self._silent()
        if parser.damaged:
            raise self._garbled("the checksum is wrong")
        if parser.skipped:
            raise self._garbled("other bytes came before the reply")
        if parser.pending or self._port.unread():
            raise self._garbled("more bytes came behind the reply")
        [ack] = frames
        if ack.kind is not Kind.ACK or ack.address != _ADDRESS or not self._fits(ack.data):
            raise self._garbled("it is the answer to something else")
        return ack

    def _fits(self, data: bytes) -> bool:
        """Whether the ack has the length of its instruction; some modules shorten a failure."""
        full = 1 + self._asked.ack_data
        return len(data) == full or (data[0] != OK and len(data) == 1)

    def _silent(self) -> SensorSilent:
        return SensorSilent(
            f"The sensor at {self._port.name} did not answer {self._asked.name} within "
            f"{self._asked.deadline} s: check its supply, whether RX and TX are swapped, and that "
            "no serial console uses this port."
        )

    def _garbled(self, why: str) -> SensorGarbled:
        return SensorGarbled(
            f"The answer to {self._asked.name} from {self._port.name} cannot be trusted ({why}): "
            "if this repeats, check GND, the length of the wires and [sensor] baud."
        )

    def _refused(self, code: int) -> SensorRefused:
        says, advice = MEANINGS.get(code, UNLISTED)
        return SensorRefused(
            f"The sensor at {self._port.name} refused {self._asked.name} with code {code:02X}, "
            f"{says}: {advice}.",
            code,
        )
