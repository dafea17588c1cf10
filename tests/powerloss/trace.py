"""What strace saw, as events on files: in the order in which the kernel had finished them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = (
    "openat,close,dup,dup2,dup3,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,"
    "sync_file_range,ftruncate,truncate,fallocate,unlink,unlinkat,rename,renameat,renameat2,link,linkat"
)
"""All that can change a file but memory mappings: SQLite maps only its scratch index (-shm)."""

STRACE = ("strace", "-f", "-qq", "-xx", "-s", "200000", "-e", f"trace={CALLS}", "-e", "signal=none")


@dataclass(frozen=True)
class Opened:
    """``name`` was opened as ``fd``; made where it was not there yet."""

    name: str
    fd: int
    makes: bool
    truncates: bool


@dataclass(frozen=True)
class Written:
    fd: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Truncated:
    fd: int
    size: int


@dataclass(frozen=True)
class SyncBegun:
    """Only what was written before this is covered."""

    fd: int


@dataclass(frozen=True)
class Synced:
    fd: int


@dataclass(frozen=True)
class Unlinked:
    name: str


@dataclass(frozen=True)
class Renamed:
    old: str
    new: str


@dataclass(frozen=True)
class Promised:
    """A line that the daemon wrote to its promises."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Started:
    """Another process: descriptors of the one before mean nothing any more."""


Event = Opened | Written | Truncated | SyncBegun | Synced | Unlinked | Renamed | Promised | Started

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)[^)]*$")
_UNFINISHED = re.compile(r"^(\d+) +(\w+)\((.*?),? <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>,? ?(.*)$")


def events(traces: Iterable[Path], folder: Path, promises: Path) -> Iterator[Event]:
    """Everything that happened to the files directly in ``folder``, and what was promised."""
    for trace in traces:
        yield Started()
        yield from _Process(folder, promises).events(trace)


_OF_NO_ACCOUNT = ("-shm", ".lock", ".reserve", ".reserve.half", ".gap", ".gap.part")
"""What the ledger does not need after a power cut, and its file may lack."""


class _Process:
    def __init__(self, folder: Path, promises: Path) -> None:
        self._folder = str(folder)
        self._promises = str(promises)
        self._fds: dict[int, str] = {}
        """Descriptor → name in the folder; "" is the folder itself."""
        self._written: dict[int, int] = {}
        """Descriptor → bytes that it has written from the file's beginning."""
        self._promise_fd: int | None = None

    def events(self, trace: Path) -> Iterator[Event]:
        begun: dict[str, str] = {}
        with trace.open() as lines:
            for line in lines:
                line = line.rstrip("\n")
                if found := _UNFINISHED.match(line):
                    pid, call, arguments = found.groups()
                    begun[pid] = arguments
                    if call in ("fsync", "fdatasync") and int(arguments) in self._fds:
                        yield SyncBegun(int(arguments))
                    elif call == "write":  # A promise counts from the moment it is begun.
                        yield from self._event(call, arguments, 0, False)
                        del begun[pid]
                    continue
                if found := _RESUMED.match(line):
                    pid, call, rest = found.groups()
                    if pid not in begun:
                        continue
                    line = f"{pid} {call}({begun.pop(pid)}{', ' if rest[:1] != ')' else ''}{rest}"
                    resumed = True
                else:
                    resumed = False
                if found := _CALL.match(line):
                    _, call, arguments, result = found.groups()
                    if int(result) >= 0:
                        yield from self._event(call, arguments, int(result), resumed)

    def _event(self, call: str, arguments: str, result: int, resumed: bool) -> Iterator[Event]:
        if call == "openat":
            yield from self._opened(arguments, result)
            return
        if call in ("unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat"):
            yield from self._named(call, arguments)
            return
        fd = int(arguments.split(",", 1)[0])
        if call == "write" and fd == self._promise_fd:
            for line in _bytes(arguments).decode().splitlines():
                yield Promised(tuple(line.split()))
        if call == "close":
            self._fds.pop(fd, None)
        if fd not in self._fds:
            return
        match call:
            case "write":
                data = _bytes(arguments)[:result]
                yield Written(fd, self._written[fd], data)
                self._written[fd] += len(data)
            case "pwrite64":
                data = _bytes(arguments)[:result]
                yield Written(fd, int(arguments.rsplit(",", 1)[1]), data)
            case "ftruncate":
                yield Truncated(fd, int(arguments.rsplit(",", 1)[1]))
            case "fsync" | "fdatasync":
                if not resumed:
                    yield SyncBegun(fd)
                yield Synced(fd)
            case _:
                raise AssertionError(f"the replay does not know {call} on {self._fds[fd]!r}")

    def _opened(self, arguments: str, fd: int) -> Iterator[Event]:
        path = _bytes(arguments).decode()
        self._fds.pop(fd, None)
        if path == self._promises:
            self._promise_fd = fd
        elif path == self._folder:
            self._fds[fd] = ""
            yield Opened("", fd, makes=False, truncates=False)
        elif (name := self._name(path)) is not None:
            self._fds[fd] = name
            self._written[fd] = 0
            yield Opened(name, fd, "O_CREAT" in arguments, "O_TRUNC" in arguments)

    def _named(self, call: str, arguments: str) -> Iterator[Event]:
        names = [self._name(_decoded(text).decode()) for text in re.findall(r'"(.*?)"', arguments)]
        match call, names:
            case ("unlink" | "unlinkat", [str(name)]):
                yield Unlinked(name)
            case ("rename" | "renameat" | "renameat2", [str(old), str(new)]):
                yield Renamed(old, new)
            case _:
                assert not any(names), f"the replay does not know {call}({arguments})"

    def _name(self, path: str) -> str | None:
        """The name of a file of the database's; None for any other."""
        folder, _, name = path.rpartition("/")
        if folder != self._folder or not name.startswith("gate.db"):
            return None
        return None if name.endswith(_OF_NO_ACCOUNT) else name


def _bytes(arguments: str) -> bytes:
    found = re.search(r'"(.*?)"(\.\.\.)?', arguments)
    assert found, arguments[:200]
    assert not found[2], "strace has cut a string: raise -s"
    return _decoded(found[1])


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
