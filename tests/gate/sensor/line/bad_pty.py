"""A proxy between a simulated sensor's pty and one that a gate opens: it spoils replies."""

import os
import random
import select
import threading
from pathlib import Path
from types import TracebackType

from edge_agent.simulator.pty_port import PtyPort
from tests.patience import PATIENCE_S

from .bad_line import spoil

_BAUD = 57600
_HEADER = 9  # bytes; the last two are the length of what follows
_START = b"\xef\x01"


class SpoilingProxy:
    """Passes on what goes from ``there`` to a link ``here`` and back; a context manager.

    ``share`` of the packets that come from the sensor are spoiled.
    """

    def __init__(self, there: Path, here: Path, seed: int) -> None:
        self.share = 0.0
        self.packets = self.spoiled = 0
        """Since a share of them is spoiled."""
        self._there, self._here = there, here
        self._random = random.Random(seed)
        self._held = b""
        self._stop, self._stopping = os.pipe()
        self._thread = threading.Thread(target=self._run, name="proxy")

    def __enter__(self) -> "SpoilingProxy":
        self._port = PtyPort(self._here, _BAUD)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.write(self._stopping, b".")
        self._thread.join(PATIENCE_S)
        self._port.close()
        os.close(self._stop)
        os.close(self._stopping)

    def _run(self) -> None:
        sensor = -1
        while True:
            if sensor < 0 and self._there.exists():
                sensor = os.open(self._there, os.O_RDWR | os.O_NOCTTY)
            watched = [self._stop, self._port.fd, *([sensor] if sensor >= 0 else [])]
            ready, _, _ = select.select(watched, [], [], 0.1 if sensor < 0 else None)
            if self._stop in ready:
                break
            if self._port.fd in ready and (asked := self._port.read()) and sensor >= 0:
                os.write(sensor, asked)
            if sensor in ready:
                self._pass_on(os.read(sensor, 4096))
        if sensor >= 0:
            os.close(sensor)

    def _pass_on(self, data: bytes) -> None:
        """Packet by packet, so that each is spoiled by itself; what is none as it comes."""
        self._held += data
        while self._held:
            size = self._size()
            if size is None:
                return
            packet, self._held = self._held[:size], self._held[size:]
            if self.share and packet.startswith(_START):
                self.packets += 1
                if self._random.random() < self.share:
                    self.spoiled += 1
                    packet = spoil(packet, self._random)
            self._port.write(packet)

    def _size(self) -> int | None:
        """Of what is at the beginning of the held bytes; None where it has not come whole."""
        if not self._held.startswith(_START):
            at = self._held.find(_START[:1], 1)
            if self._held[:1] == _START[:1] and len(self._held) == 1:
                return None
            return at if at > 0 else len(self._held)
        if len(self._held) < _HEADER:
            return None
        size = _HEADER + int.from_bytes(self._held[_HEADER - 2 : _HEADER], "big")
        return size if len(self._held) >= size else None
