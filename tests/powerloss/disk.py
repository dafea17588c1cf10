"""What a disk holds for certain, and what it only may hold: between two syncs nothing is sure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .trace import (
    Event,
    Opened,
    Promised,
    Renamed,
    Started,
    SyncBegun,
    Synced,
    Truncated,
    Unlinked,
    Written,
)


@dataclass(eq=False)
class File:
    """One file, whatever it is called: a file made anew under an old name is another one."""

    durable: bytes = b""
    pending: list[Written | Truncated] = field(default_factory=list)
    covered: int = 0
    """How many of the pending changes the sync under way covers."""


@dataclass(frozen=True)
class Linked:
    """``name`` means ``file`` from now on; None: nothing any more."""

    name: str
    file: File | None


class Disk:
    """Follows the events of a trace."""

    def __init__(self, before: Mapping[str, bytes] | None = None) -> None:
        """``before``: files that had long been there when the trace began."""
        self.durable = {name: File(content) for name, content in (before or {}).items()}
        """The folder, as it is after a power cut at the worst."""
        self.pending: list[tuple[Linked, ...]] = []
        """Changes of the folder that were not synced; each tuple is one call's."""
        self.promised = 0
        """The last entry that was said to be durable."""
        self.noted = False
        """Whether the ledger was said to be left."""
        self.greens = 0
        self.repeats = 0
        self._covered = 0
        self._now = dict(self.durable)
        self._fds: dict[int, File | None] = {}

    @property
    def settled(self) -> bool:
        """Nothing is pending: a power cut has only one outcome."""
        return not self.pending and not any(file.pending for file in self.files())

    def files(self) -> Iterator[File]:
        """Every file that some outcome of a power cut may show."""
        seen = set(self.durable.values())
        seen.update(link.file for links in self.pending for link in links if link.file is not None)
        yield from seen

    def follow(self, event: Event) -> bool:
        """Take one event in. Returns whether it changed what a power cut may leave behind."""
        match event:
            case Started():
                self._fds.clear()
                return False
            case Promised():
                self._promise(event.words)
            case Opened():
                return self._open(event)
            case Written() | Truncated():
                self._file(event.fd).pending.append(event)
            case SyncBegun():
                self._sync_begins(event.fd)
                return False
            case Synced():
                self._synced(event.fd)
            case Unlinked():
                self._link(Linked(event.name, None))
            case Renamed():
                self._link(Linked(event.new, self._now[event.old]), Linked(event.old, None))
        return True

    def _promise(self, words: tuple[str, ...]) -> None:
        if words[0] == "entry":
            self.promised = int(words[1])
        self.noted = self.noted or words == ("noted",)
        self.greens += words == ("lamp", "recorded")
        self.repeats += words == ("lamp", "repeated")

    def _open(self, event: Opened) -> bool:
        if event.name == "":
            self._fds[event.fd] = None
            return False
        file = self._now.get(event.name)
        is_new = file is None
        if file is None:
            assert event.makes, f"{event.name} was opened, but the trace does not show it made"
            file = File()
            self._link(Linked(event.name, file))
        elif event.truncates:
            file.pending.append(Truncated(event.fd, 0))
        self._fds[event.fd] = file
        return is_new or event.truncates

    def _link(self, *links: Linked) -> None:
        self.pending.append(links)
        for link in links:
            if link.file is None:
                del self._now[link.name]
            else:
                self._now[link.name] = link.file

    def _file(self, fd: int) -> File:
        file = self._fds[fd]
        assert file is not None
        return file

    def _sync_begins(self, fd: int) -> None:
        file = self._fds[fd]
        if file is None:
            self._covered = len(self.pending)
        else:
            file.covered = len(file.pending)

    def _synced(self, fd: int) -> None:
        file = self._fds[fd]
        if file is None:
            for links in self.pending[: self._covered]:
                put(self.durable, links)
            del self.pending[: self._covered]
            self._covered = 0
        else:
            file.durable = applied(file.durable, file.pending[: file.covered])
            del file.pending[: file.covered]
            file.covered = 0


def put(folder: dict[str, File], links: tuple[Linked, ...]) -> None:
    """Carry out one call's changes of a folder."""
    for link in links:
        if link.file is None:
            folder.pop(link.name, None)
        else:
            folder[link.name] = link.file


def applied(content: bytes, changes: list[Written | Truncated]) -> bytes:
    """A file's content after changes; what was never written is zero."""
    after = bytearray(content)
    for change in changes:
        if isinstance(change, Truncated):
            del after[change.size :]
            after.extend(bytes(max(0, change.size - len(after))))
        else:
            after.extend(bytes(max(0, change.offset - len(after))))
            after[change.offset : change.offset + len(change.data)] = change.data
    return bytes(after)
