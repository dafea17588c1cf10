"""The lines of a backup: a header, and one sealed record for each print (docs/templates.md).

The header is bound to each record by its hash. So a record is good only in its own backup, at its
own place, for its own worker and finger, and with the template whose digest it names. Pure: what
seals and opens is passed in.
"""

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable

import msgspec
from msgspec import Struct

from ....contract.bounds import Count, Line, Number, Word
from ....contract.errors import BadRequest
from ....contract.people import FINGERS, checked_code, checked_name
from ...sensor.pairing import digest

FORMAT = "edge-agent-templates"
VERSION = 1

LONGEST_FILE = 16 * 1024 * 1024
"""Bytes: three times what 1,000 templates of the largest size come to."""

_LONGEST_LINE = 64 * 1024
_DIGEST_BYTES = 32


class Header(Struct, frozen=True, kw_only=True):
    """The first line, in the clear: which backup this is, of which gate and kind of sensor.

    ``backup`` is a random id, ``at`` the time in UTC, for people (null where it was not known).
    """

    format: Word
    version: Number
    backup: Word
    gate: Word
    system_id: Count
    prints: Count
    recipients: list[Line]
    at: Word | None

    def line(self) -> bytes:
        """As it stands in the file, without its newline."""
        return msgspec.json.encode(self)


class Record(Struct, frozen=True, kw_only=True):
    """What is sealed: one print. ``place`` counts from 1, ``header`` is the header line's hash.

    ``template`` is null for a print whose template could not be read, so that it is missed.
    """

    header: Word
    place: Number
    worker: str
    name: str
    finger: str
    digest: bytes
    template: bytes | None

    @property
    def whole(self) -> bool:
        """Whether its template could be had."""
        return self.template is not None

    def line(self) -> bytes:
        """What is sealed."""
        return msgspec.json.encode(self)

    def __repr__(self) -> str:
        return f"<Record {self.place}: {self.finger} of {self.worker}>"  # never the template


class Backup(Struct, frozen=True):
    """An opened file, checked whole."""

    header: Header
    records: list[Record]

    def __repr__(self) -> str:
        return f"<Backup {self.header.backup} of {self.header.gate}>"


class BadBackup(BadRequest):
    """A backup that cannot be used as it is; nothing was done with it."""


def line_hash(line: bytes) -> str:
    """What binds a record to its header."""
    return hashlib.sha256(line).hexdigest()


def sealed_line(sealed: bytes) -> bytes:
    """A sealed record as it stands in the file, without its newline."""
    return b64encode(sealed)


def read_header(line: bytes) -> Header:
    """The header in the first line. Raises BadBackup."""
    try:
        header = msgspec.json.decode(line, type=Header)
    except (ValueError, RecursionError) as error:
        raise BadBackup("backup.no-backup") from error
    if header.format != FORMAT:
        raise BadBackup("backup.no-backup")
    if header.version != VERSION:
        raise BadBackup("backup.other-version", version=header.version, ours=VERSION)
    return header


def read_record(header_hash: str | None, opened: bytes) -> Record:
    """One record that was opened, checked against itself and the header it must be bound to.

    None: whichever, for the gate sees records alone. Raises BadBackup.
    """
    try:
        record = msgspec.json.decode(opened, type=Record)
        well_formed = (
            checked_code(record.worker) == record.worker
            and checked_name(record.name) == record.name
            and record.finger in FINGERS
            and len(record.digest) == _DIGEST_BYTES
        )
    except (ValueError, RecursionError, BadRequest) as error:
        raise BadBackup("backup.no-print") from error
    if not well_formed:
        raise BadBackup("backup.no-print")
    if header_hash is not None and record.header != header_hash:
        raise BadBackup("backup.of-another")
    if record.template is not None and digest(record.template) != record.digest:
        raise BadBackup("backup.wrong-digest")
    return record


def read_backup(content: bytes, open_: Callable[[bytes], bytes]) -> Backup:
    """All of a file, or nothing. Raises BadBackup with the line that is wrong.

    ``open_`` opens what was sealed, and raises BadRequest where it cannot.
    """
    header = outside_of(content)
    first, *lines = content[:-1].split(b"\n")
    bound = line_hash(first)
    records = [_read_line(place, line, bound, open_) for place, line in enumerate(lines, 1)]
    _check_together(records)
    return Backup(header, records)


def outside_of(content: bytes) -> Header:
    """The header of a file that is whole, as far as is seen without a key. Raises BadBackup."""
    if not content.endswith(b"\n"):
        raise BadBackup("backup.cut")
    first, *lines = content[:-1].split(b"\n")
    header = read_header(first)
    if len(lines) != header.prints:
        raise BadBackup("backup.records-missing", found=len(lines), prints=header.prints)
    return header


def _read_line(place: int, line: bytes, bound: str, open_: Callable[[bytes], bytes]) -> Record:
    try:
        record = read_record(bound, open_(unsealed_line(line)))
    except BadRequest as error:
        raise BadBackup("backup.record", place=place, why=error) from error
    if record.place != place:
        raise BadBackup("backup.moved", place=place, origin=record.place)
    return record


def unsealed_line(line: bytes) -> bytes:
    """The sealed bytes in a line. Raises BadBackup."""
    try:
        if len(line) > _LONGEST_LINE:
            raise ValueError("too long")
        sealed = b64decode(line, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadBackup("backup.damaged") from error
    if sealed_line(sealed) != line:  # Base64 has more than one way to write some bytes.
        raise BadBackup("backup.damaged")
    return sealed


def _check_together(records: Iterable[Record]) -> None:
    seen: set[tuple[str, str]] = set()
    sizes: set[int] = set()
    for record in records:
        if (record.worker, record.finger) in seen:
            raise BadBackup("backup.twice", finger=record.finger, code=record.worker)
        seen.add((record.worker, record.finger))
        if record.template is not None:
            sizes.add(len(record.template))
    if len(sizes) > 1:
        raise BadBackup("backup.sizes-differ")
