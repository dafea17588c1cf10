"""The control socket, and its words: one line in, one line back.

    press NAME [SECONDS] [QUALITY[:COUNT]]    lift    unplug    plug    power on|off    slots
    fault KIND [COUNT]    touch    sunlight on|off    wear SLOT    exchange SLOT SLOT    impostor
    quit

A reply is `ok`, `ok ...` or `error ...`, and an error says what was expected.
"""

from __future__ import annotations

import math
import os
import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .faults import FAULTS
from .fingers import Quality
from .glass import Press
from .paths import SimulatorError, free_socket

_MAX_COUNT = 10_000
_MAX_LINE = 1000  # bytes


class ControlSocket:
    """Listens at a path and hands each line to `answer`; the caller's selector drives it.

    Several clients at once, a line each way at a time, never blocking.
    """

    def __init__(
        self, path: Path, selector: selectors.BaseSelector, answer: Callable[[str], str]
    ) -> None:
        free_socket(path)
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


class Bench(Protocol):
    """What a tester can do to a simulated sensor; each takes effect at once."""

    def press(self, press: Press) -> None: ...
    def lift(self) -> None: ...
    def sunlight(self, on: bool) -> None: ...
    def touch_level(self) -> bool | None: ...
    def wear(self, slot: int) -> bool: ...
    def exchange(self, one: int, other: int) -> bool: ...
    def impostor(self) -> None: ...
    def unplug(self) -> bool: ...
    def plug(self) -> bool: ...
    def power(self, on: bool) -> bool: ...
    def slots(self) -> tuple[list[int], int]: ...
    def fault(self, kind: str, count: int) -> None: ...
    def quit(self) -> None: ...


class _Malformed(Exception):
    """What was expected instead."""


def answer(line: str, bench: Bench) -> str:
    """Carry out one line and return the reply, without its end of line."""
    verb, *words = line.split() or [""]
    try:
        if verb not in _COMMANDS:
            raise _Malformed("one of " + ", ".join(_COMMANDS))
        return _COMMANDS[verb](bench, words)
    except _Malformed as expected:
        return f"error expected {expected}"


def _press(bench: Bench, words: list[str]) -> str:
    usage = "press NAME [SECONDS] [QUALITY[:COUNT]]"
    if not words or len(words) > 3:
        raise _Malformed(usage)
    press = Press(words[0])
    details = words[1:]
    if details and (seconds := _seconds(details[0])) is not None:
        press.seconds = seconds
        del details[0]
    if details:
        quality, colon, count = details.pop(0).partition(":")
        press.quality = _quality(quality)
        press.captures = _count(count) if colon else None
    if details:
        raise _Malformed(usage)
    bench.press(press)
    return "ok"


def _lift(bench: Bench, words: list[str]) -> str:
    _no_more(words, "lift")
    bench.lift()
    return "ok"


def _touch(bench: Bench, words: list[str]) -> str:
    _no_more(words, "touch")
    level = bench.touch_level()
    if level is None:
        return "error this model has no touch output"
    return f"ok {'high' if level else 'low'}"


def _sunlight(bench: Bench, words: list[str]) -> str:
    if words not in (["on"], ["off"]):
        raise _Malformed("sunlight on|off")
    bench.sunlight(words == ["on"])
    return "ok"


def _wear(bench: Bench, words: list[str]) -> str:
    [slot] = _slot_numbers(words, 1, "wear SLOT")
    return "ok" if bench.wear(slot) else f"error slot {words[0]} holds no template"


def _exchange(bench: Bench, words: list[str]) -> str:
    one, other = _slot_numbers(words, 2, "exchange SLOT SLOT")
    return "ok" if bench.exchange(one, other) else "error both slots have to hold a template"


def _impostor(bench: Bench, words: list[str]) -> str:
    _no_more(words, "impostor")
    bench.impostor()
    return "ok"


def _unplug(bench: Bench, words: list[str]) -> str:
    _no_more(words, "unplug")
    return "ok" if bench.unplug() else "error the sensor is unplugged already"


def _plug(bench: Bench, words: list[str]) -> str:
    _no_more(words, "plug")
    return "ok" if bench.plug() else "error the sensor is plugged in already"


def _power(bench: Bench, words: list[str]) -> str:
    if words not in (["on"], ["off"]):
        raise _Malformed("power on|off")
    on = words == ["on"]
    return "ok" if bench.power(on) else f"error the sensor's power is {words[0]} already"


def _slots(bench: Bench, words: list[str]) -> str:
    _no_more(words, "slots")
    slots, capacity = bench.slots()
    return f"ok count={len(slots)} capacity={capacity} slots={','.join(map(str, slots))}"


def _fault(bench: Bench, words: list[str]) -> str:
    if not 1 <= len(words) <= 2:
        raise _Malformed("fault KIND [COUNT]")
    if words[0] not in FAULTS:
        raise _Malformed("a fault: " + ", ".join(FAULTS))
    bench.fault(words[0], _count(words[1]) if len(words) == 2 else 1)
    return "ok"


def _quit(bench: Bench, words: list[str]) -> str:
    _no_more(words, "quit")
    bench.quit()
    return "ok"


_COMMANDS: dict[str, Callable[[Bench, list[str]], str]] = {
    "press": _press,
    "lift": _lift,
    "touch": _touch,
    "sunlight": _sunlight,
    "wear": _wear,
    "exchange": _exchange,
    "impostor": _impostor,
    "unplug": _unplug,
    "plug": _plug,
    "power": _power,
    "slots": _slots,
    "fault": _fault,
    "quit": _quit,
}


def _no_more(words: list[str], usage: str) -> None:
    if words:
        raise _Malformed(f"{usage} alone")


def _slot_numbers(words: list[str], count: int, usage: str) -> list[int]:
    if len(words) != count or not all(word.isascii() and word.isdigit() for word in words):
        raise _Malformed(usage)
    return [int(word[:9]) for word in words]


def _seconds(word: str) -> float | None:
    """The seconds, or None where the word is not a number at all."""
    try:
        seconds = float(word)
    except ValueError:
        return None
    if not 0 < seconds < math.inf:
        raise _Malformed("SECONDS above 0, such as 0.8")
    return seconds


def _count(word: str) -> int:
    if not (word.isascii() and word.isdigit() and 1 <= int(word[:9]) <= _MAX_COUNT):
        raise _Malformed(f"COUNT from 1 to {_MAX_COUNT}")
    return int(word)


def _quality(word: str) -> Quality:
    try:
        return Quality(word)
    except ValueError:
        raise _Malformed("QUALITY " + "|".join(quality.value for quality in Quality)) from None
