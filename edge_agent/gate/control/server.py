"""The daemon's end of the control socket, on one thread, never waiting for a client."""

import logging
import os
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Union

import msgspec

from ...contract.atomic_file import set_mode
from ...contract.errors import BadRequest, EdgeAgentError
from ...contract.told import rule
from ..errors import GateBusy, NotPermitted, SocketFault
from ..events import Event, Watching
from ..host.lock import give_to_folder_owner
from ..host.rights import unmakeable_socket
from ..host.who_may import WhoMay
from ..people.answers import Done, Failed, Step, StepKind
from ..people.handlers import HANDLERS
from ..people.requests import SECOND_NS, AskDay, AskNames, AskStatus, Request, Watch

log = logging.getLogger(__name__)

_LONGEST_REQUEST = 64 * 1024
"""Bytes, and of all that a client may ask before it has its first answer."""

_LONGEST_BACKLOG = 256 * 1024
"""Bytes a client may leave unread before it is dropped: it can come back, a punch cannot."""

_MOST_CLIENTS = 64
_MOST_OF_A_USER = 16
"""A technician or two, what watches, and some to spare; each takes a file descriptor."""

_IDLE_S = 60.0
"""How long a client may say nothing that waits for no answer."""

_SIGN_EVERY_S = 5.0

_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(
    Union[(AskStatus, AskNames, AskDay, Watch, *HANDLERS)]
)


class Client:
    """One connection. Its user id comes from the kernel, so it cannot be forged."""

    def __init__(self, channel: socket.socket) -> None:
        credentials = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self.uid: int = struct.unpack("3i", credentials)[1]
        self.channel = channel
        self.received = b""
        self.unsent = b""
        self.watching = False
        self.asking = False
        """Whether it waits for an answer: its next request waits for that too."""
        self.idle_since = time.monotonic()
        self.gone = False

    @property
    def next_waits(self) -> bool:
        """Whether a request of it may be answered now."""
        return not (self.asking or self.gone) and b"\n" in self.received


class Conversation:
    """A request under way for a client. Its methods are called on the gate's thread."""

    def __init__(self, client: Client, post: Callable[[Client, msgspec.Struct], None]) -> None:
        self._client = client
        self._post = post
        self.actor = f"uid:{client.uid}"

    def step(
        self,
        what: StepKind,
        hint: str | None = None,
        score: int | None = None,
        worker: str | None = None,
    ) -> None:
        """Tell the person at the sensor what to do."""
        self.beat()
        self._post(self._client, Step(what=what, hint=hint, score=score, worker=worker))

    @property
    def given_up(self) -> bool:
        """Whether the command at the other end has gone."""
        return self._client.gone

    def beat(self) -> None:
        """Raise BadRequest once it has."""
        if self.given_up:
            raise BadRequest("control.command-gone")

    def done(self, result: dict[str, Any]) -> None:
        """The request was carried out."""
        self._post(self._client, Done(result=result))

    def failed(self, error: EdgeAgentError) -> None:
        """The request was not carried out."""
        self._post(self._client, Failed.of(error))


Submit = Callable[[Request, Conversation], None]


class ControlServer:
    """Accepts clients, hands their requests on, and writes answers and events to them."""

    def __init__(
        self,
        path: Path,
        submit: Submit,
        status: Callable[[], dict[str, Any]],
        names: Callable[[], dict[str, Any]] = dict,
        day: Callable[[str], dict[str, Any]] = lambda code: {},
        who_may: WhoMay | None = None,
    ) -> None:
        """Listen at ``path``. Raises GateBusy where another daemon answers there already."""
        self._path = path
        self._submit = submit
        self._status = status
        self._names = names
        self._day = day
        self._next_sign_at = 0.0
        self.who_may = who_may or WhoMay()
        """May be exchanged between two calls of ``serve_for``."""
        self._selector = selectors.DefaultSelector()
        self._posts: deque[tuple[Client | None, bytes, bool]] = deque()
        self._clients: set[Client] = set()
        self._unanswered: set[Client] = set()
        """Who has gone with a request under way: until that is answered it takes a place, or each
        new connection would be one more request that waits for the gate."""
        self._listener = _listen(path)
        self._woken, self._waker = socket.socketpair()
        for channel in (self._listener, self._woken, self._waker):
            channel.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    @property
    def wake_fd(self) -> int:
        """Writing a byte here ends ``serve_for`` early (for signal.set_wakeup_fd)."""
        return self._waker.fileno()

    def emit(self, event: Event) -> None:
        """Tell every watcher. Safe from any thread; never blocks."""
        self._post(None, event)

    def serve_for(self, seconds: float) -> None:
        """Serve until something has happened or the time is over."""
        self._drop_idle()
        self._give_sign()
        waiting = [client for client in self._clients if client.next_waits]
        for key, _ in self._selector.select(0 if waiting else seconds):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._woken:
                with suppress(BlockingIOError):
                    self._woken.recv(4096)
            else:
                self._serve(key.data)
        for client in waiting:
            self._handle_next(client)
        self._deliver()

    def close(self) -> None:
        """Say goodbye by closing, and remove the socket."""
        self._deliver()
        for client in list(self._clients):
            self._drop(client)
        self._path.unlink(missing_ok=True)
        self._selector.close()
        for channel in (self._listener, self._woken, self._waker):
            channel.close()

    def _post(self, client: Client | None, message: msgspec.Struct) -> None:
        answers = isinstance(message, (Done, Failed))
        self._posts.append((client, msgspec.json.encode(message) + b"\n", answers))
        with suppress(OSError):  # Full: the server is awake already. Closed: nobody is served.
            self._waker.send(b"!")

    def _give_sign(self) -> None:
        """Whoever finds that nothing is answered sees since when."""
        now = time.monotonic()
        if now >= self._next_sign_at:
            self._next_sign_at = now + _SIGN_EVERY_S
            second = int(time.time()) * SECOND_NS
            with suppress(OSError):
                os.utime(self._path, ns=(second, second), follow_symlinks=False)

    def _accept(self) -> None:
        with suppress(OSError):
            channel, _ = self._listener.accept()
            channel.setblocking(False)
            client = Client(channel)
            taken = self._clients | self._unanswered
            own = sum(other.uid == client.uid for other in taken)
            if own >= _MOST_OF_A_USER or len(taken) >= _MOST_CLIENTS:
                self._turn_away(client)
                return
            self._clients.add(client)
            self._selector.register(channel, selectors.EVENT_READ, client)

    def _turn_away(self, client: Client) -> None:
        log.warning("too many readers of the control socket: one more was turned away")
        busy = GateBusy("control.too-many")
        answer = msgspec.json.encode(Failed.of(busy)) + b"\n"
        with suppress(OSError):
            client.channel.send(answer)
        client.channel.close()

    def _drop_idle(self) -> None:
        now = time.monotonic()
        for client in list(self._clients):
            if client.watching or client.asking or client.next_waits:
                client.idle_since = now
            elif now - client.idle_since > _IDLE_S:
                self._drop(client)

    def _serve(self, client: Client) -> None:
        """Read and answer one request; the others wait, for each turn of this thread is short."""
        try:
            data = client.channel.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data == b"":
            self._drop(client)
            return
        client.received += data
        if client.next_waits:
            self._handle_next(client)
        if len(client.received) > _LONGEST_REQUEST:
            self._drop(client)
        self._flush(client)

    def _handle_next(self, client: Client) -> None:
        if client.next_waits:
            line, client.received = client.received.split(b"\n", 1)
            client.asking = True
            self._handle(client, line)

    def _handle(self, client: Client, line: bytes) -> None:
        conversation = Conversation(client, self._post)
        try:
            request = _requests.decode(line)
        except (ValueError, RecursionError) as error:  # Whatever bytes may do to a decoder.
            conversation.failed(BadRequest("control.no-request", error=rule(error)))
            return
        try:
            self.who_may.refuse_unless(client.uid, request.command)
            if self.who_may.owns(client.uid) and isinstance(request.by, int):
                conversation.actor = f"uid:{request.by}"
            match request:  # What is answered on this thread; the rest is the gate's.
                case Watch():
                    client.watching, client.asking = True, False
                    client.unsent += msgspec.json.encode(Watching()) + b"\n"
                case AskStatus():
                    conversation.done(self._status())
                case AskNames():
                    conversation.done(self._names())
                case AskDay():
                    conversation.done(self._day(request.code))
                case _:
                    self._submit(request, conversation)
        except NotPermitted as error:
            log.warning("uid %d may not use '%s'", client.uid, request.command)
            conversation.failed(error)
        except EdgeAgentError as error:
            conversation.failed(error)
        except Exception as error:
            # Whoever may speak to the socket must not end the gate by what they say.
            log.error("a question could not be answered: %s", type(error).__name__)
            conversation.failed(BadRequest("control.not-answered", error=type(error).__name__))

    def _deliver(self) -> None:
        while self._posts:
            client, line, answers = self._posts.popleft()
            if client is not None and answers:
                client.asking = False
                self._unanswered.discard(client)
            targets = [c for c in self._clients if c.watching] if client is None else [client]
            for target in targets:
                target.unsent += line
        for client in list(self._clients):
            self._flush(client)

    def _flush(self, client: Client) -> None:
        if client.gone:
            return
        try:
            while client.unsent:
                sent = client.channel.send(client.unsent)
                client.unsent = client.unsent[sent:]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        if len(client.unsent) > _LONGEST_BACKLOG:
            log.warning("a reader of the control socket is too slow and was dropped")
            self._drop(client)
            return
        writing = selectors.EVENT_WRITE if client.unsent else 0
        self._selector.modify(client.channel, selectors.EVENT_READ | writing, client)

    def _drop(self, client: Client) -> None:
        if not client.gone:
            client.gone = True
            self._clients.discard(client)
            if client.asking:
                self._unanswered.add(client)
            self._selector.unregister(client.channel)
            client.channel.close()


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket():
            if _somebody_answers(path):
                raise GateBusy("control.another-daemon", path=path)
            path.unlink()  # Left behind by a crash.
        listener.bind(os.fspath(path))
        set_mode(path, 0o660)  # The socket's group may ask; who may what, roles.py.
        give_to_folder_owner(path)
        listener.listen()
    except OSError as error:
        listener.close()
        why = unmakeable_socket(path, error)
        raise SocketFault("control.unmakeable", path=path, why=why) from error
    except GateBusy:
        listener.close()
        raise
    return listener


def _somebody_answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except OSError:
            return False
    return True
