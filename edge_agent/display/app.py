"""The web application: a page with its parts, and a stream of what to show. Nothing is taken in."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from .feed import boottime_ms
from .guard import Guard
from .screens import Screen, Screens
from .words import Language, words

_PAGE = Path(__file__).with_name("page")

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
}

_UNSENT_S = 10.0
"""How long a browser may take for one message, as one does that was unplugged."""


class Tick(Struct, tag="tick", tag_field="kind", frozen=True, kw_only=True):
    """The time, once a second: by it the page also knows that it is still told, and how late."""

    t: int
    clock: str
    date: str


def application(
    screens: Screens, language: Language, zone: ZoneInfo, start: Callable[[], None]
) -> Starlette:
    """The application; ``start`` is called once its event loop runs."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        start()
        ticking = asyncio.create_task(_tick(screens, language, zone))
        yield
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking

    async def events(request: Request) -> Response:
        screen = screens.join()
        if screen is None:
            return Response(status_code=503)
        return _Stream(screens, screen)

    async def now(request: Request) -> Response:
        return PlainTextResponse(str(boottime_ms()), headers={"cache-control": "no-store"})

    routes = [Route("/events", events), Route("/now", now)]
    routes += [Route(path, _answering(part)) for path, part in _parts(language)]
    app = Starlette(routes=routes, middleware=[Middleware(Guard)], lifespan=lifespan)
    app.router.redirect_slashes = False  # What is not there is not elsewhere.
    return app


def _parts(language: Language) -> list[tuple[str, Response]]:
    """The page and what belongs to it, read once."""
    html = (_PAGE / "index.html").read_text(encoding="utf-8").replace("{language}", language)
    for name in ("title", "idle", "connecting", "reconnecting", "look-at-lamps", "no-script"):
        html = html.replace(f"{{{name}}}", words(name, language))
    parts = [("/", Response(html, media_type="text/html"))]
    for file in sorted(_PAGE.iterdir()):
        if (kind := _KINDS.get(file.suffix)) is not None:
            parts.append((f"/{file.name}", Response(file.read_bytes(), media_type=kind)))
    for _, part in parts:
        part.headers["cache-control"] = "no-cache"
    return parts


def _answering(part: Response) -> Callable[[Request], Response]:
    async def answer(request: Request) -> Response:
        return part

    return answer  # type: ignore[return-value]


async def _tick(screens: Screens, language: Language, zone: ZoneInfo) -> None:
    while True:
        screens.publish(_now(language, zone))
        await asyncio.sleep(1 - time.time() % 1)


def _now(language: Language, zone: ZoneInfo) -> Tick:
    now = datetime.now(zone)
    day = words(f"weekday-{now.weekday()}", language)
    return Tick(
        t=boottime_ms(), clock=f"{now:%H:%M}", date=f"{day}, {now.day}/{now.month}/{now.year}"
    )


class _Stream(Response):
    """Server-sent events to one browser, until it goes or falls too far behind."""

    def __init__(self, screens: Screens, screen: Screen) -> None:
        super().__init__(media_type="text/event-stream")
        self._screens = screens
        self._screen = screen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
        ]
        going = asyncio.create_task(self._end_when_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            while (line := await self._screen.next()) is not None:
                async with asyncio.timeout(_UNSENT_S):
                    await send({"type": "http.response.body", "body": line, "more_body": True})
            async with asyncio.timeout(_UNSENT_S):
                await send({"type": "http.response.body", "body": b""})
        except (TimeoutError, OSError):
            pass  # It has gone, or as good as.
        finally:
            self._screens.leave(self._screen)
            going.cancel()

    async def _end_when_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._screen.end()
