"""A command's end of the control socket."""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec

from ...contract.errors import BadRequest, EdgeAgentError
from ...contract.language import because, received
from ..errors import DaemonUnreachable
from ..host.rights import unusable_socket
from ..people.requests import AnyResponse, AskStatus, Done, Failed, Request, Step, Watch

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


def ask(path: Path, request: Request, on_step: Callable[[Step], None]) -> dict[str, Any]:
    """Have the daemon carry out ``request``; ``on_step`` is called for each step on the way.

    Raises Refusal with the daemon's reason, DaemonUnreachable where it went away meanwhile.
    """
    for line in _lines(path, request):
        try:
            answer = _answers.decode(line)
        except msgspec.MsgspecError as error:
            raise DaemonUnreachable("control.other-words", error=error) from error
        match answer:
            case Step():
                on_step(answer)
            case Done():
                return answer.result
            case Failed():
                raise Refusal(answer)
    raise DaemonUnreachable("control.stopped-meanwhile")


class StatusFields(dict[str, Any]):
    """What the daemon says of itself. A field that one of another version lacks is told as that."""

    def __missing__(self, key: str) -> Any:
        raise DaemonUnreachable("control.not-told", key=key)


def ask_status(path: Path) -> StatusFields:
    """How the gate is, from the daemon that runs. Raises as ``ask`` does."""
    return _status_fields(ask(path, AskStatus(), lambda step: None))


def _status_fields(fields: dict[str, Any]) -> StatusFields:
    nested = {
        key: _status_fields(value) for key, value in fields.items() if isinstance(value, dict)
    }
    return StatusFields(fields | nested)


def watch(path: Path) -> Iterator[bytes]:
    """The event stream, line by line as it stands on the socket, until the daemon stops."""
    return _lines(path, Watch())


def _lines(path: Path, request: Request) -> Iterator[bytes]:
    try:
        line = msgspec.json.encode(request) + b"\n"
    except UnicodeEncodeError as error:
        raise BadRequest("control.no-text") from error
    try:
        channel = _connect(path)
    except FileNotFoundError:
        raise DaemonUnreachable("control.no-daemon", path=path, command=_starting()) from None
    except ConnectionRefusedError:
        raise DaemonUnreachable("control.no-daemon-left", path=path, command=_starting()) from None
    # A daemon that goes ends the stream; what came before still counts.
    with closing(channel), channel.makefile("rb") as stream, suppress(ConnectionError):
        channel.sendall(line)
        for answer in stream:
            if answer.endswith(b"\n"):
                yield answer[:-1]


def _starting() -> str:
    """The command that starts a daemon on this machine."""
    if any(Path(folder, _UNIT).exists() for folder in _UNITS):
        return "sudo systemctl start edge-agent"
    return "edge-agent run"


_UNIT = "edge-agent.service"
_UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system")


def _connect(path: Path) -> socket.socket:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        channel.connect(os.fspath(path))
    except PermissionError as error:
        channel.close()
        raise DaemonUnreachable(
            "control.forbidden", path=path, why=unusable_socket(path)
        ) from error
    except (FileNotFoundError, ConnectionRefusedError):
        channel.close()
        raise
    except OSError as error:
        channel.close()
        raise DaemonUnreachable("control.unusable", path=path, why=because(error)) from error
    return channel
