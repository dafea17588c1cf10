"""What a technician may ask about sealed files of templates: made, made anew, kept, restored."""

from typing import Annotated

from msgspec import Meta, Struct, field

from ....contract.bounds import Count, Line, Number, Word
from ..requests import Request
from .backup_file import Record


class BeginBackup(Request, tag="begin-backup", frozen=True, kw_only=True):
    """Begin to seal all templates to these keys (``age1…``). ``file``: where they are written."""

    command = "templates backup"

    recipients: Annotated[list[Line], Meta(max_length=100)]
    held_by: Line | None = None
    file: Line | None = None


class SealPrints(Request, tag="seal-prints", frozen=True, kw_only=True):
    """The next sealed records of a backup, from place ``first`` on (1 is the first)."""

    command = "templates backup"

    backup: Word
    first: Number


class KeepBackup(Request, tag="keep-backup", frozen=True, kw_only=True):
    """The backup that was sealed is safely on its medium."""

    command = "templates backup"

    backup: Word


BackupId = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
"""As a gate has drawn it. It goes to payroll, so nothing else may be called one: a name, say."""


class BeginReseal(Request, tag="begin-reseal", frozen=True, kw_only=True):
    """Make the next file of backup ``backup``, without some: what is its header, and who is out.

    ``workers`` are those of all its records, ``gate`` and ``system_id`` what its header says.
    ``without``: beside whoever was erased here.
    """

    command = "templates reseal"

    backup: BackupId
    gate: Word
    system_id: Count
    workers: list[Word]
    without: list[Word] = field(default_factory=list)
    recipients: Annotated[list[Line], Meta(max_length=100)]
    held_by: Line | None = None
    file: Line | None = None


class KeepReseal(Request, tag="keep-reseal", frozen=True, kw_only=True):
    """The new file is safely on its medium; ``made`` is what the old one's header says."""

    command = "templates reseal"

    backup: BackupId
    replaces: BackupId
    made: Word | None = None


class DestroyBackup(Request, tag="destroy-backup", frozen=True, kw_only=True):
    """A backup was destroyed, with all its copies. Its first digits suffice."""

    command = "templates destroyed"

    backup: Word


class LoseBackup(Request, tag="lose-backup", frozen=True, kw_only=True):
    """A backup is lost, and may be in anybody's hands. Its first digits suffice."""

    command = "templates lost"

    backup: Word


class AskCourier(Request, tag="ask-courier", frozen=True, kw_only=True):
    """A public key to which templates are sealed on their way to the gate."""

    command = "templates restore"


class BeginRestore(Request, tag="begin-restore", frozen=True, kw_only=True):
    """Whether templates of such a sensor can be taken. ``any_model``: by their size alone.

    ``digests`` are those of all the templates that are going to be restored.
    """

    command = "templates restore"

    system_id: Count
    any_model: bool = False
    digests: list[bytes] = field(default_factory=list)
    backup: Word | None = None


class ListedPrint(Struct, frozen=True, kw_only=True):
    """A record of a backup without its template; not ``whole``: the backup has none of it."""

    worker: Word
    name: Line
    finger: Word
    digest: bytes
    whole: bool = True

    @classmethod
    def of(cls, record: Record) -> "ListedPrint":
        """What is asked about a record: its template stays where it is."""
        return cls(
            worker=record.worker,
            name=record.name,
            finger=record.finger,
            digest=record.digest,
            whole=record.whole,
        )


class PreviewRestore(Request, tag="preview-restore", frozen=True, kw_only=True):
    """What would become of these records; nothing is changed.

    No field of RestorePrints: a daemon that does not know it would restore them.
    """

    command = "templates restore"

    records: Annotated[list[ListedPrint], Meta(max_length=100)]


class RestorePrints(Request, tag="restore-prints", frozen=True, kw_only=True):
    """Store these records of a backup, each sealed to the courier's key."""

    command = "templates restore"

    gate: Word
    backup: Word
    sealed: list[bytes]
