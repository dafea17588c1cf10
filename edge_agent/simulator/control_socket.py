"""The control socket: several clients at once, a line each way at a time, never blocking."""

from __future__ import annotations

import os
import selectors
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from edge_agent.simulator.errors import SimulatorError

_MAX_LINE = 1000  # bytes


class ControlSocket:
    """Listens at a path and hands each line to `answer`; the caller's selector drives it."""

    def __init__(
        self, path: Path, selector: selectors.BaseSelector, answer: Callable[[str], str]
    ) -> None:
        _free(path)
        self._path = path
        self._selector = selector
        self._answer = answer
        self._clients: dict[socket.socket, bytearray] = {}
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._listener.bind(os.fspath(path))
        except OSError as error:
            self._listener.close()
            raise SimulatorError(
                f"cannot make the control socket {path} ({error}); choose another path"
            ) from error
        path.chmod(0o600)
        self._listener.setblocking(False)
        self._listener.listen()
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        """Hang up on everybody and remove the socket."""
        self._path.unlink(missing_ok=True)
        for client in list(self._clients):
            self._hang_up(client)
        self._selector.unregister(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return
        client.setblocking(False)
        self._clients[client] = bytearray()
        self._selector.register(client, selectors.EVENT_READ, lambda: self._serve(client))

    def _serve(self, client: socket.socket) -> None:
        pending = self._clients[client]
        try:
            data = client.recv(_MAX_LINE)
            pending += data
            while b"\n" in pending:
                line, _, rest = pending.partition(b"\n")
                pending[:] = rest
                client.sendall(self._reply(bytes(line)).encode() + b"\n")
            if len(pending) > _MAX_LINE:
                client.sendall(b"error expected a line of at most %d bytes\n" % _MAX_LINE)
                data = b""
        except OSError:  # gone, or does not read its replies
            data = b""
        if not data:
            self._hang_up(client)

    def _reply(self, line: bytes) -> str:
        try:
            return self._answer(line.decode())
        except UnicodeDecodeError:
            return "error expected UTF-8"

    def _hang_up(self, client: socket.socket) -> None:
        del self._clients[client]
        self._selector.unregister(client)
        client.close()


def _free(path: Path) -> None:
    """Remove a socket that nobody listens on."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SimulatorError(
            f"{path} is already there and is no socket; remove it or choose another path"
        )
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise SimulatorError(
                f"cannot use the control socket {path} ({error.strerror}); choose another path"
            ) from error
    raise SimulatorError(f"somebody is listening at {path}; stop them or choose another path")
