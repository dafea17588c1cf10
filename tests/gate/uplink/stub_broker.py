"""A TCP server that answers each connection as it is told to, byte by byte."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

ACCEPTED_5 = bytes.fromhex("2003000000")
ACCEPTED_3 = bytes.fromhex("20020000")

Answer = Callable[[socket.socket, int], None]
"""Gets the connection and the protocol level of its CONNECT: 5, or 4 for MQTT 3.1.1."""


class StubBroker:
    """Calls ``answer`` for each CONNECT, then hangs up. ``levels``: what it has been asked for."""

    host = "127.0.0.1"

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._server = socket.create_server((self.host, 0))
        self.port: int = self._server.getsockname()[1]
        self.levels: list[int] = []
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._connection: socket.socket | None = None

    def _serve(self) -> None:
        while True:
            connection, _ = self._server.accept()
            with connection:
                if self.closing.is_set():
                    return
                self._connection = connection
                level = _read_connect(connection)
                self.levels.append(level)
                self._answer(connection, level)

    def __enter__(self) -> "StubBroker":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        if self._connection is not None:
            with suppress(OSError):  # It may have been closed long ago.
                self._connection.shutdown(socket.SHUT_RDWR)
        socket.create_connection((self.host, self.port)).close()
        self._thread.join()
        self._server.close()


def until_hung_up(connection: socket.socket) -> bytes:
    """Everything the other side says before it hangs up."""
    said = b""
    while True:
        try:
            more = connection.recv(4096)
        except ConnectionResetError:
            return said
        if not more:
            return said
        said += more


def _read_connect(connection: socket.socket) -> int:
    """Read one CONNECT and no byte more; the protocol level stands after "MQTT"."""
    with connection.makefile("rb", buffering=0) as packet:
        assert packet.read(1) == b"\x10"
        length, shift, more = 0, 0, True
        while more:
            (byte,) = packet.read(1)
            length |= (byte & 0x7F) << shift
            shift += 7
            more = byte >= 0x80
        body = b""
        while len(body) < length:
            body += packet.read(length - len(body))
    return body[6]
