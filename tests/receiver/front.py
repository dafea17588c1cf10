"""A stand-in for brokers that cannot speak MQTT 5, and for the network before any broker."""

import socket
import threading
from contextlib import suppress

ANSWERS = {
    "refuses as 3.1.1 does": b"\x20\x02\x00\x01",
    "refuses as 5 does": b"\x20\x03\x00\x84\x00",
    "talks nonsense": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "hangs up": None,
    "stays silent": b"",
}
"""What a broker that cannot speak 5 does when it is spoken to in it."""

DENIES = "lets nobody read"
_ANSWERS = ANSWERS | {DENIES: b"\x20\x03\x00\x00\x00" + b"\x90\x07\x00\x01\x00\x01\x87\x01\x01"}


class Front:
    """Stands before a broker and treats a client that speaks MQTT 5 as ``answer`` says.

    With ``answer`` "lets pass" nobody is held up.
    """

    def __init__(self, broker_port: int, answer: str) -> None:
        self.answer = answer
        self.connects: list[bytes] = []
        self._broker_port = broker_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._open: list[socket.socket] = []
        self._passed: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def versions(self) -> list[int]:
        """The versions of MQTT that clients have asked for."""
        return [_version(connect) for connect in self.connects]

    def say(self, packet: bytes) -> None:
        """Send bytes of one's own to the clients that were let pass."""
        for end in self._passed:
            end.sendall(packet)

    def hang_up(self) -> None:
        """Cut the connections there are."""
        for end in self._open:
            _close(end)
        self._open.clear()
        self._passed.clear()

    def close(self) -> None:
        """Stop listening, and hang up."""
        _close(self._server)
        self.hang_up()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._treat, args=(client,), daemon=True).start()

    def _treat(self, client: socket.socket) -> None:
        connect = client.recv(4096)
        self.connects.append(connect)
        if _version(connect) == 5 and self.answer != "lets pass":
            answer = _ANSWERS[self.answer]
            if answer is None:
                _close(client)
            else:
                client.sendall(answer)
            return
        broker = socket.create_connection(("127.0.0.1", self._broker_port))
        self._open.append(broker)
        self._passed.append(client)
        broker.sendall(connect)
        threading.Thread(target=_pipe, args=(broker, client), daemon=True).start()
        _pipe(client, broker)


def _version(connect: bytes) -> int:
    return connect[8]  # After the packet's type and length, and "MQTT" with its own length.


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _close(target)


def _close(end: socket.socket) -> None:
    """Close a socket that another thread may be blocked on."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
