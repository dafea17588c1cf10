"""A control server on a thread of its own, and clients that say what they like."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_agent.gate.control.server import ControlServer, Conversation
from edge_agent.gate.host.who_may import WhoMay
from edge_agent.gate.people.requests import Request
from tests.patience import PATIENCE_S

STATUS = {"daemon": "running", "gate": "main-gate"}

Work = Callable[[Any, Conversation], None]


def carry_out_at_once(request: Request, conversation: Conversation) -> None:
    conversation.done({"did": type(request).__name__, "actor": conversation.actor})


@contextmanager
def serving(
    path: Path,
    work: Work = carry_out_at_once,
    status: Callable[[], dict[str, Any]] = lambda: STATUS,
    who_may: WhoMay | None = None,
    names: Callable[[], dict[str, Any]] = dict,
) -> Iterator[ControlServer]:
    """A server that serves; ``work`` is called on its thread."""
    server = ControlServer(path, work, status, names, who_may=who_may)
    stop = threading.Event()
    ended: list[BaseException] = []

    def serve() -> None:
        try:
            while not stop.is_set():
                server.serve_for(0.05)
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        server.close()
        assert not ended, ended


class Talker:
    """A client that speaks in bytes."""

    def __init__(self, path: Path) -> None:
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.channel.settimeout(PATIENCE_S)
        self.channel.connect(str(path))
        self._lines = self.channel.makefile("rb")

    def __enter__(self) -> "Talker":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        self.channel.sendall(data)

    def line(self) -> bytes:
        return self._lines.readline()

    def answer(self) -> Any:
        return json.loads(self.line())

    def rest(self) -> list[bytes]:
        """Every line until the server hangs up."""
        return list(self._lines)

    def close(self) -> None:
        self._lines.close()
        self.channel.close()
