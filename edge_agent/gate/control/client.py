"""A command's end of the control socket."""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec

from ...contract.errors import BadRequest, EdgeAgentError
from ...contract.language import Message, because, received
from ..errors import DaemonHangs, DaemonUnreachable
from ..host.rights import unusable_socket
from ..host.service import restarting, starting
from ..people.answers import AnyResponse, Done, Failed, Step
from ..people.requests import SECOND_NS, AskStatus, Request, Watch

PATIENCE_S = 2.0
"""How long a person waits for a daemon that owes an answer at once, before it is said to hang."""

_PROGRAMS_WAIT_S = 20.0
"""How long a program does: one that is taken for hanging on a busy machine is a false alarm."""

_QUIET_S = 10.0
"""How long an answer that may take its time stays out before somebody asks whether it will come."""

_BETWEEN_TRIES_S = 0.05

_answers = msgspec.json.Decoder(AnyResponse)


class Refusal(EdgeAgentError):
    """The daemon's own error, with its own exit code."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(received(failed.error, failed.name, failed.fields))
        self.exit_code = failed.exit_code


def daemon_runs(path: Path) -> bool:
    """Whether a daemon answers at ``path``. Raises DaemonUnreachable where we may not ask."""
    try:
        _connect(path).close()
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    return True


def daemon_process(path: Path) -> int | None:
    """The process number of the daemon at ``path``, also of one that hangs; None: there is none.

    The kernel tells who listens (SO_PEERCRED), and nobody has to answer.
    """
    try:
        with closing(_connect(path)) as channel:
            told = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    except (FileNotFoundError, ConnectionRefusedError, DaemonUnreachable):
        return None
    process, _, _ = _PEER.unpack(told)
    return int(process)


_PEER = struct.Struct("3i")
"""Of ucred (unix(7)): process, user and group."""


def ask(
    path: Path, request: Request, on_step: Callable[[Step], None], within_s: float | None = None
) -> dict[str, Any]:
    """Have the daemon carry out ``request``; ``on_step`` is called for each step on the way.

    ``within_s``: at once, or it is said to hang; None: however long, while it lives.

    Raises Refusal with the daemon's reason, DaemonUnreachable where it went away meanwhile, and
    DaemonHangs where it neither answers nor goes.
    """
    return _asked(_lines(path, request, within_s), on_step)


def _asked(lines: Iterator[bytes], on_step: Callable[[Step], None]) -> "ToldFields":
    for line in lines:
        try:
            answer = _answers.decode(line)
        except msgspec.MsgspecError as error:
            raise DaemonUnreachable("control.other-words") from error
        match answer:
            case Step():
                on_step(answer)
            case Done():
                return _told_fields(answer.result)
            case Failed():
                raise Refusal(answer)
    raise DaemonUnreachable("control.stopped-meanwhile")


class ToldFields(dict[str, Any]):
    """What the daemon answers. A field that one of another version lacks is told as that."""

    def __missing__(self, key: str) -> Any:
        raise DaemonUnreachable("control.not-told", key=key, restart=restarting())


def ask_status(path: Path, within_s: float = _PROGRAMS_WAIT_S) -> ToldFields:
    """How the gate is, from the daemon that runs. Raises as ``ask`` does."""
    return _asked(_lines(path, AskStatus(), within_s), lambda step: None)


def _told_fields(fields: dict[str, Any]) -> ToldFields:
    nested = {key: _told_fields(value) for key, value in fields.items() if isinstance(value, dict)}
    return ToldFields(fields | nested)


def watch(path: Path) -> Iterator[bytes]:
    """The event stream, line by line as it stands on the socket, until the daemon stops."""
    return _lines(path, Watch())


def events(path: Path) -> Iterator[dict[str, Any]]:
    """The same, read. Raises Refusal with the daemon's reason, DaemonUnreachable where it speaks
    otherwise."""
    for line in watch(path):
        try:
            event = msgspec.json.decode(line, type=dict[str, Any])
            if "event" not in event and event.get("answer") == "failed":
                raise Refusal(msgspec.json.decode(line, type=Failed))
        except msgspec.MsgspecError as error:
            raise DaemonUnreachable("control.other-words") from error
        if "event" not in event:
            raise DaemonUnreachable("control.other-words")
        yield event


def _lines(path: Path, request: Request, within_s: float | None = None) -> Iterator[bytes]:
    """What is answered. ``within_s``: all of it; None: however long, while the daemon lives."""
    try:
        line = msgspec.json.encode(request) + b"\n"
    except UnicodeEncodeError as error:
        raise BadRequest("control.no-text") from error
    try:
        channel = _connect(path)
    except FileNotFoundError:
        raise DaemonUnreachable("control.no-daemon", path=path, command=starting()) from None
    except ConnectionRefusedError:
        raise DaemonUnreachable("control.no-daemon-left", path=path, command=starting()) from None
    # A daemon that goes ends the stream; what came before still counts.
    with closing(channel), suppress(ConnectionError):
        channel.settimeout(within_s or _QUIET_S)
        try:
            with suppress(
                BrokenPipeError
            ):  # Turned away before it could ask: the reason came first.
                channel.sendall(line)
        except TimeoutError:
            raise _hangs(path) from None
        received = b""
        while True:
            try:
                data = channel.recv(_CHUNK)
            except TimeoutError:
                if within_s is None and _lives(path):
                    continue
                raise _hangs(path) from None
            if not data:
                return
            *answers, received = (received + data).split(b"\n")
            yield from answers


_CHUNK = 1024 * 1024


def _lives(path: Path) -> bool:
    """Whether the daemon takes a call and says something."""
    with suppress(OSError, DaemonUnreachable), closing(_connect(path)) as channel:
        channel.settimeout(_QUIET_S)
        channel.sendall(msgspec.json.encode(Watch()) + b"\n")
        channel.recv(1)
        return True
    return False


def _hangs(path: Path) -> DaemonHangs:
    last = last_sign_of_life(path)
    if last is None:
        return DaemonHangs(Message("control.hangs", restart=restarting()), None)
    seconds = max(0.0, time.time() - last)
    return DaemonHangs(Message("control.hangs-for", seconds=seconds, restart=restarting()), last)


def last_sign_of_life(path: Path) -> float | None:
    """When the daemon at ``path`` last went round, in seconds since 1970.

    None where it does not tell: one of an older version leaves the time of its socket alone.
    """
    try:
        at_ns = path.stat().st_mtime_ns
    except OSError:
        return None
    return None if at_ns % SECOND_NS else at_ns / SECOND_NS


def _connect(path: Path) -> socket.socket:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _call(channel, path)
    except PermissionError as error:
        channel.close()
        raise DaemonUnreachable(
            "control.forbidden", path=path, why=unusable_socket(path)
        ) from error
    except (FileNotFoundError, ConnectionRefusedError):
        channel.close()
        raise
    except BlockingIOError:
        channel.close()
        raise _hangs(path) from None
    except OSError as error:
        channel.close()
        raise DaemonUnreachable("control.unusable", path=path, why=because(error)) from error
    return channel


def _call(channel: socket.socket, path: Path) -> None:
    """Connect. Raises BlockingIOError where nobody takes calls, and many wait already."""
    give_up = time.monotonic() + PATIENCE_S
    channel.setblocking(False)
    while True:
        try:
            channel.connect(os.fspath(path))
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise
            time.sleep(_BETWEEN_TRIES_S)
        else:
            channel.setblocking(True)
            return
