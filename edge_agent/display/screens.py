"""The browsers that follow: each has a short queue, and nobody waits for a slow one."""

import asyncio
from contextlib import suppress

import msgspec
from msgspec import Struct

from .standing import Gate

MOST_SCREENS = 8
"""One at the gate, a tablet or two, a technician who looks."""

_MOST_UNREAD = 50
"""Messages: a browser that is further behind has been away, and comes back by itself."""


class Screen:
    """One browser's messages."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_UNREAD)

    def put(self, message: bytes) -> bool:
        """Whether it still follows."""
        with suppress(asyncio.QueueFull):
            self._messages.put_nowait(message)
            return True
        self.end()
        return False

    def end(self) -> None:
        """What it has not read is lost."""
        while not self._messages.empty():
            self._messages.get_nowait()
        self._messages.put_nowait(None)

    async def next(self) -> bytes | None:
        """The next message; None: it was dropped."""
        return await self._messages.get()


class Screens:
    """All of them. Belongs to the event loop."""

    def __init__(self, first: Gate) -> None:
        self._screens: set[Screen] = set()
        self._gate = _as_line(first)

    def __len__(self) -> int:
        return len(self._screens)

    def publish(self, message: Struct) -> None:
        """Tell all. How the gate is, is told to whoever comes later too; a press never is."""
        line = _as_line(message)
        if isinstance(message, Gate):
            self._gate = line
        self._screens = {screen for screen in self._screens if screen.put(line)}

    def join(self) -> Screen | None:
        """A new one, told how the gate is; None: there are too many."""
        if len(self._screens) >= MOST_SCREENS:
            return None
        screen = Screen()
        screen.put(self._gate)
        self._screens.add(screen)
        return screen

    def close(self) -> None:
        """End them all."""
        for screen in self._screens:
            screen.end()

    def leave(self, screen: Screen) -> None:
        """It has gone."""
        self._screens.discard(screen)


def _as_line(message: Struct) -> bytes:
    """As server-sent events carry it: JSON has no line breaks of its own."""
    return b"data: " + msgspec.json.encode(message) + b"\n\n"
