"""A host that talks to the sensor's state machine directly, without a pty."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from edge_agent.simulator.flash import Flash
from edge_agent.simulator.glass import Glass, Press
from edge_agent.simulator.module import MODELS
from edge_agent.simulator.sensor import SimulatedSensor
from edge_agent.simulator.wire import Packet, Parser, Pid, Transmission

BROADCAST = 0xFFFFFFFF
OK = 0x00


class Bench:
    """A sensor without a pty, with a clock that only the test moves."""

    def __init__(
        self,
        model: str = "zfm20",
        *,
        flash: Flash | None = None,
        paced: bool = False,
        seed: int = 0,
        compare: Any = None,
        **differences: Any,
    ) -> None:
        kind = replace(MODELS[model], **differences)
        self.flash = flash or Flash(kind.name)
        self.glass = Glass()
        scores = {} if compare is None else {"compare_templates": compare}
        self.sensor = SimulatedSensor(
            kind, self.flash, self.glass, paced=paced, seed=seed, **scores
        )
        self.now = 100.0
        self.address = BROADCAST
        self.greeting = self.data(self.sensor.power_on(self.now))
        self.now += 1.0

    @staticmethod
    def data(transmissions: list[Transmission]) -> bytes:
        return b"".join(part.data for part in transmissions)

    def send(self, data: bytes) -> bytes:
        return self.data(self.sensor.receive(data, self.now))

    def exchange(self, *content: int) -> list[Packet]:
        """Send one command; the packets of the reply."""
        reply = self.send(Packet(self.address, Pid.COMMAND, bytes(content)).encode())
        packets = Parser().feed(reply)
        assert all(isinstance(packet, Packet) for packet in packets)
        return packets  # type: ignore[return-value]

    def ask(self, *content: int) -> bytes:
        """Send one command that has one acknowledgement; its code and data."""
        [packet] = self.exchange(*content)
        assert packet.pid is Pid.ACK
        return packet.data

    def verify(self) -> None:
        assert self.ask(0x13, 0, 0, 0, 0) == b"\x00"

    def press(self, name: str, **details: Any) -> None:
        self.glass.press(Press(name, **details), self.now)

    def capture(self, name: str, buffer: int = 1, **details: Any) -> int:
        """Press, expose, convert and lift; the code of the conversion."""
        self.glass.lift(self.now)
        self.press(name, **details)
        assert self.ask(0x01) == b"\x00"
        code = self.ask(0x02, buffer)
        self.glass.lift(self.now)
        return code[0]

    def enrol(self, name: str, slot: int) -> None:
        assert self.capture(name, 1) == OK
        assert self.capture(name, 2) == OK
        assert self.ask(0x05) == b"\x00"
        assert self.ask(0x06, 1, slot >> 8, slot & 0xFF) == b"\x00"

    def search(self) -> tuple[int, int, int]:
        """Code, slot and score of a search of everything for buffer 1."""
        reply = self.ask(0x04, 1, 0, 0, 0x03, 0xE8)
        return reply[0], int.from_bytes(reply[1:3], "big"), int.from_bytes(reply[3:5], "big")

    def up_char(self, buffer: int = 1) -> bytes:
        ack, *packets = self.exchange(0x08, buffer)
        assert ack.data == b"\x00"
        return b"".join(packet.data for packet in packets)

    def down(self, content: bytes, *command: int, size: int = 128) -> None:
        """Announce a transfer with `command`, then send the content in packets."""
        assert self.ask(*command) == b"\x00"
        for at in range(0, len(content), size):
            last = at + size >= len(content)
            pid = Pid.END_DATA if last else Pid.DATA
            packet = Packet(self.address, pid, content[at : at + size])
            assert self.send(packet.encode()) == b"", "data packets are never acknowledged"


def names(prefix: str = "worker") -> Any:
    """Ever new finger names."""
    return (f"{prefix}-{number}" for number in count())
