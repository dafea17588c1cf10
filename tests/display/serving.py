"""The screen's server in this process, with no gate: what it is to show is published by hand."""

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from msgspec import Struct

from edge_agent.display.app import application
from edge_agent.display.screens import Screens
from edge_agent.display.serve import bounded
from edge_agent.display.standing import Standing
from edge_agent.display.words import Language
from edge_agent.gate.settings.schema import DisplaySettings
from tests.patience import PATIENCE_S


class Server:
    """The server at ``port``; ``publish`` is for any thread."""

    def __init__(self, port: int, screens: Screens) -> None:
        self.port = port
        self.screens = screens
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def publish(self, message: Struct) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self.screens.publish, message)

    def get(
        self, path: str = "/", method: str = "GET", **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """An answer and its body; of a stream what has come with its head."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        # Then the socket is the answer's, and closed with it.
        named = {"Connection": "close"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        stream = "event-stream" in (answer.headers["content-type"] or "")
        return answer, b"" if stream else answer.read()


@contextmanager
def serving(language: Language = "vi") -> Iterator[Server]:
    channel = socket.create_server(("127.0.0.1", 0))
    screens = Screens(Standing(answers=True, sensor="ready").told(DisplaySettings()))
    server = Server(channel.getsockname()[1], screens)
    begun = threading.Event()

    def start() -> None:
        server.loop = asyncio.get_running_loop()
        begun.set()

    app = application(screens, language, ZoneInfo("Asia/Ho_Chi_Minh"), start)
    runs = bounded(app, screens)
    thread = threading.Thread(target=runs.run, kwargs={"sockets": [channel]})
    thread.start()
    assert begun.wait(PATIENCE_S)
    try:
        yield server
    finally:
        runs.should_exit = True
        thread.join(PATIENCE_S)
        channel.close()
