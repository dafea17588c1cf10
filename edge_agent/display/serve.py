"""Run the screen's web server in this process, until SIGTERM."""

import asyncio
import logging
import os
import signal
import socket
import sys
from ipaddress import ip_address
from typing import NoReturn
from zoneinfo import ZoneInfo

import uvicorn
from msgspec import Struct
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from ..contract.errors import BadRequest
from ..contract.language import because
from ..gate.settings.schema import Settings
from .app import application
from .feed import Feed
from .screens import Screens
from .standing import Standing
from .voice import Voice

log = logging.getLogger(__name__)

_QUESTION_S = 10.0
"""How long a browser may take to ask."""

_MOST_CONNECTIONS = 64
"""More are turned away: each of eight screens may have a handful while it loads."""


def serve(settings: Settings, listen: str) -> NoReturn:
    """Serve the page at ``listen`` (ADDRESS:PORT) until SIGTERM or SIGINT, then exit with 0.

    Raises BadRequest where that is no address, or it cannot be listened at.
    """
    channel = _listening(listen)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    screens = Screens(Standing().told(settings.display))

    def start() -> None:
        loop = asyncio.get_running_loop()

        def publish(message: Struct) -> None:
            loop.call_soon_threadsafe(screens.publish, message)

        voice = settings.panel.voice
        if voice:
            Feed(settings, publish, Voice(voice, settings.display.language).say).start()
        else:
            Feed(settings, publish).start()

    zone = ZoneInfo(settings.gate.timezone)
    server = bounded(application(screens, settings.display.language, zone, start), screens)
    # uvicorn raises the signal again that has ended it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    host, port = channel.getsockname()[:2]
    log.info("the screen is at http://%s:%d/", f"[{host}]" if ":" in host else host, port)
    if not ip_address(host).is_loopback:
        log.warning("whoever reaches %s reads what is shown there, names too", host)
    server.run(sockets=[channel])
    sys.exit(0)


def bounded(app: Starlette, screens: Screens) -> uvicorn.Server:
    """The server of an application, with an end to all that somebody may send or hold."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=_Impatient,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        h11_max_incomplete_event_size=8192,
        timeout_graceful_shutdown=1,
    )
    return _Server(config, screens)


class _Server(uvicorn.Server):
    """Streams have no end of their own: it ends them before it waits for them."""

    def __init__(self, config: uvicorn.Config, screens: Screens) -> None:
        super().__init__(config)
        self._screens = screens

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._screens.close()
        await super().shutdown(sockets)


class _Impatient(H11Protocol):
    """Hangs up on whoever has connected and asks for nothing, or never ends asking."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected."""
        super().connection_made(transport)
        self._before: RequestResponseCycle | None = None
        self._looking = self.loop.call_later(_QUESTION_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone."""
        self._looking.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        waits = self.cycle is None or self.cycle.response_complete
        if waits and self.cycle is self._before:
            self.transport.close()
            return
        self._before = self.cycle
        self._looking = self.loop.call_later(_QUESTION_S, self._look)


def _listening(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
        number = int(port) if port.isdecimal() and port.isascii() else -1
    except ValueError:
        number = -1
    if not 0 <= number < 65536:
        raise BadRequest("screen.listen-where", listen=listen)
    try:
        return socket.create_server((host, number), family=family)
    except OSError as error:
        # Python adds the address to the system's words.
        plain = OSError(error.errno, os.strerror(error.errno or 0))
        raise BadRequest("screen.listen-taken", listen=listen, why=because(plain)) from error
