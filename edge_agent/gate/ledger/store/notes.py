"""Notes beside the database, in room that they have already: what it does not take itself.

Every entry needs room, and a database that is damaged takes none; but a file of one sector can be
written over in its place, on a full disk too. The next start finds there since when nobody could be
recorded (``gap``), and why the ledger is to be left for a new one (``leave``). Whoever only reads
the database notes the last backup there (``backup``).
"""

import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from ....contract.atomic_file import overwrite, replacing
from ....contract.facts import RecordingStopped, WhyOpened
from ....contract.stamps import Stamp
from ...host.lock import give_to_folder_owner

_SECTOR = 512
"""Bytes: what a card writes whole or not at all, if it keeps its word; the checksum tells."""

What = TypeVar("What", bound=Struct)


class Gap(Struct, frozen=True):
    """Since when, and why, no entry could be written."""

    stopped: RecordingStopped
    since: Stamp


class Leaving(Struct, frozen=True, kw_only=True):
    """Why a ledger is to be left.

    ``through``: the entry of which payroll has shown another hash, or which this ledger does not
    have; 0 where it is no receipt that says so. ``detail`` is for the log.
    """

    why: WhyOpened
    through: int = 0
    detail: str = ""

    def confirmed(self, watermark: int) -> int:
        """Up to where payroll has this very ledger, of whose entries it has confirmed some."""
        return min(watermark, max(0, self.through - 1)) if self.why == "forked" else watermark


class LastBackup(Struct, frozen=True, kw_only=True):
    """When the last one of a ledger had proved itself. ``same_card``: it lies where the database
    does, so that a card that dies takes both along."""

    at: Stamp
    entries: int
    same_card: bool


class Note(Generic[What]):
    """One kind of note: the file ``{database}.{name}``, and what is written in it."""

    def __init__(self, name: str, what: type[What]) -> None:
        self._name = name
        self._what = what

    def prepare(self, database: Path) -> None:
        """Make the note's room where it is missing, as long as there is room."""
        path = self.of(database)
        with suppress(OSError):
            if not path.exists() or path.stat().st_size != _SECTOR:
                with replacing(path) as file:
                    file.write(b"\n" * _SECTOR)
                give_to_folder_owner(path)

    def put(self, database: Path, ledger: str, what: What) -> bool:
        """Write it of ``ledger``, whether or not there is one; whether the card has taken it."""
        line = msgspec.json.encode({"ledger": ledger, self._name: what})
        self.prepare(database)
        return self._write(database, b"%08x %s" % (zlib.crc32(line), line))

    def stands(self, database: Path) -> bool:
        """Whether there may be one, of whatever ledger."""
        try:
            return bool(self.of(database).read_bytes().strip())
        except OSError:
            return False

    def take_back(self, database: Path) -> None:
        """It is settled."""
        if self.stands(database):
            self._write(database, b"")

    def read(self, database: Path, ledger: str) -> What | None:
        """The note on this ledger: another ledger's says nothing of this one."""
        whose, what = self.find(database) or (None, None)
        return what if whose == ledger else None

    def find(self, database: Path) -> tuple[str, What] | None:
        """The note, and on which ledger it is; None where its bytes are not what was written."""
        try:
            found = self.of(database).read_bytes()[:_SECTOR].strip()
        except OSError:
            return None
        stated, _, line = found.partition(b" ")
        if stated != b"%08x" % zlib.crc32(line):
            return None
        try:
            said = msgspec.json.decode(line, type=dict[str, Any])
            return str(said["ledger"]), msgspec.convert(said[self._name], self._what)
        except (msgspec.MsgspecError, KeyError):
            return None

    def of(self, database: Path) -> Path:
        """Where the note of a database is."""
        return database.with_name(f"{database.name}.{self._name}")

    def _write(self, database: Path, content: bytes) -> bool:
        try:
            overwrite(self.of(database), content[:_SECTOR].ljust(_SECTOR, b"\n"))
        except OSError:
            return False
        return True


def leaving(why: WhyOpened, through: int = 0, detail: str = "") -> Leaving:
    """What fits into a note, whatever a fault is called."""
    plain = detail.encode("ascii", "replace")[:_LONGEST_DETAIL].decode()
    return Leaving(why=why, through=through, detail=plain.translate(_PLAIN))


_LONGEST_DETAIL = 240

_PLAIN = {ord('"'): "'", ord("\\"): "/"} | dict.fromkeys((*range(32), 127), " ")
"""What JSON would make longer."""

gap_note = Note("gap", Gap)
leaving_note = Note("leave", Leaving)
backup_note = Note("backup", LastBackup)
