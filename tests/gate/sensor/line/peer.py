"""A scripted sensor at the far end of a real pty.

Packets are built by the simulator's codec, so that the code under test meets a second opinion.
"""

import os
import selectors
import threading
import tty
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from edge_agent.simulator.wire import Packet, Parser, Pid

ADDRESS = 0xFFFFFFFF
GEN_IMG, IMG_2_TZ, SEARCH, REG_MODEL, STORE = 0x01, 0x02, 0x04, 0x05, 0x06
LOAD, UP_CHAR, DOWN_CHAR, UP_IMAGE, DELETE = 0x07, 0x08, 0x09, 0x0A, 0x0C
READ_SYS_PARA, VFY_PWD, COUNT, INDEX = 0x0F, 0x13, 0x1D, 0x1F
WRITE_NOTE, NOTE, FAST_SEARCH = 0x18, 0x19, 0x1B

VALUES: dict[str, int | bytes] = {
    **{"buffer": 1, "slot": 3, "first": 3, "count": 1, "page": 0, "data": bytes(range(32))},
    **{"password": 0xC0FFEE, "number": 4, "value": 6, "on": 1},
    **{"control": 1, "speed": 128, "colour": 2, "times": 3},
}
"""For whichever arguments a row names."""

# What a real AS608-family module with 100 slots said of itself.
PARAMETERS = bytes.fromhex("000C 2EC8 0064 0003 FFFFFFFF 0002 0006")


def ack(code: int = 0, data: bytes = b"") -> bytes:
    """An ack on the wire."""
    return Packet(ADDRESS, Pid.ACK, bytes([code]) + data).encode()


POLITE: Mapping[int, bytes] = {
    GEN_IMG: ack(),
    IMG_2_TZ: ack(),
    SEARCH: ack(0, bytes.fromhex("00010050")),
    FAST_SEARCH: ack(0, bytes.fromhex("00010050")),
    REG_MODEL: ack(),
    STORE: ack(),
    LOAD: ack(),
    DOWN_CHAR: ack(),
    DELETE: ack(),
    READ_SYS_PARA: ack(0, PARAMETERS),
    VFY_PWD: ack(),
    COUNT: ack(0, bytes(2)),
    INDEX: ack(0, bytes(32)),
}


@dataclass
class Peer:
    """A scripted sensor on a pty.

    `replies` are the raw bytes for each instruction: a list is used up first, then POLITE's.
    """

    replies: dict[int, list[bytes]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    """Every instruction that came, in order."""
    commands: list[bytes] = field(default_factory=list)
    """The same with their arguments."""
    buffers: list[int] = field(default_factory=list)
    """The first byte behind each instruction that has any: most often a buffer."""
    data: list[bytes] = field(default_factory=list)
    """What each data packet that came held."""
    portion: int | None = None
    """Bytes in one write; None writes a reply at once."""

    def __post_init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.name = os.ttyname(self._slave)
        self._stop, self._stopping = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="peer")
        self._thread.start()

    def say(self, data: bytes) -> None:
        """Send bytes unasked."""
        os.write(self._master, data)

    def unplug(self) -> None:
        """Take the port away."""
        if self._thread.is_alive():
            os.write(self._stopping, b".")
            self._thread.join()
            for fd in (self._master, self._slave, self._stop, self._stopping):
                os.close(fd)

    def _serve(self) -> None:
        parser = Parser()
        with selectors.DefaultSelector() as selector:
            for fd in (self._master, self._stop):
                selector.register(fd, selectors.EVENT_READ)
            while self._stop not in [key.fd for key, _ in selector.select()]:
                for frame in parser.feed(os.read(self._master, 4096)):
                    assert isinstance(frame, Packet)
                    if frame.pid is Pid.COMMAND:
                        self.buffers += frame.data[1:2]
                        self.commands.append(frame.data)
                        self._answer(frame.data[0])
                    else:
                        self.data.append(frame.data)

    def _answer(self, instruction: int) -> None:
        self.asked.append(instruction)
        script = self.replies.get(instruction)
        reply = script.pop(0) if script else POLITE[instruction]
        step = self.portion or max(1, len(reply))
        for at in range(0, len(reply), step):
            os.write(self._master, reply[at : at + step])


@contextmanager
def scripted(replies: Mapping[int, Sequence[bytes]] | None = None) -> Iterator[Peer]:
    """A peer until the end of the block."""
    peer = Peer({code: list(script) for code, script in (replies or {}).items()})
    try:
        yield peer
    finally:
        peer.unplug()
