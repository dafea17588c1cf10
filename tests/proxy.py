"""A TCP proxy: a line that is slow, counted, or cut in the middle of a packet.

    python -m tests.proxy TARGET_PORT ROUND_TRIP_SECONDS

does the same as a process of its own, and prints its port.
"""

import asyncio
import sys
import threading
from contextlib import suppress
from types import TracebackType

from tests.patience import PATIENCE_S

_CHUNK = 65536


class Proxy:
    """Listens on ``port`` of 127.0.0.1 and passes everything on to ``target`` and back.

    ``sent`` and ``received`` count the bytes of the side that connects, ``packets`` the pieces in
    which they came. A context manager.
    """

    host = "127.0.0.1"

    def __init__(self, target: int, round_trip_s: float = 0.0) -> None:
        self._target = target
        self._delay_s = round_trip_s / 2
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._cut_after: int | None = None
        self._cutting = False
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0
        self.sent = self.received = 0
        self.packets = 0
        self.connections = 0

    def cut(self, after: int = 0) -> None:
        """Cut every connection once ``after`` more bytes have been sent, wherever that is."""
        self._loop.call_soon_threadsafe(self._begin_cut, after)

    def _begin_cut(self, after: int) -> None:
        self._cut_after = after
        if not after:
            self._cut()

    def _cut(self) -> None:
        self._cut_after = None
        self._cutting = False
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            there, back = await asyncio.open_connection(self.host, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pass(reader, back, True), self._pass(there, writer, False))
        except asyncio.CancelledError:  # The test is over; nobody waits for this task.
            return
        finally:
            for end in (writer, back):
                self._writers.discard(end)
                end.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: bool
    ) -> None:
        now = asyncio.get_running_loop().time
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, data = await waiting.get()
                if (pause := due - now()) > 0:
                    await asyncio.sleep(pause)
                with suppress(ConnectionError):
                    writer.write(data)
                    if not data:
                        writer.transport.close()
                        return
                    await writer.drain()

        delivery = asyncio.ensure_future(deliver())
        try:
            while True:
                with suppress(ConnectionError):
                    data = await reader.read(_CHUNK)
                    self.packets += 1
                    if up and data and self._cutting:
                        continue  # A hole in the stream is what TCP never lets through.
                    if up:
                        data = self._count(data)
                    else:
                        self.received += len(data)
                    waiting.put_nowait((now() + self._delay_s, data))
                    if data:
                        continue
                break
            await delivery
        finally:
            delivery.cancel()

    def _count(self, data: bytes) -> bytes:
        self.sent += len(data)
        if self._cut_after is None:
            return data
        if len(data) < self._cut_after:
            self._cut_after -= len(data)
            return data
        data = data[: self._cut_after]
        # What is left of the packet still goes out: a broker sees it begin and not end.
        self._loop.call_later(0.02 + self._delay_s, self._cut)
        self._cut_after = None
        self._cutting = True
        return data

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._loop.run_forever()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.run_until_complete(self._server.wait_closed())
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._meet, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self._listening.set()

    def __enter__(self) -> "Proxy":
        self._thread.start()
        assert self._listening.wait(PATIENCE_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._cut)
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)


if __name__ == "__main__":
    with Proxy(int(sys.argv[1]), float(sys.argv[2])) as proxy:
        print(proxy.port, flush=True)
        sys.stdin.read()
