"""Backups in a folder, such as a USB stick's: each read back, and the oldest thrown away."""

from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from ....contract.errors import EdgeAgentError
from ....contract.stamps import Stamp
from .backup import backup
from .notes import LastBackup, backup_note
from .sqlite_store import SqliteStore
from .verify import verify_ledger

KEPT = 7
"""Backups of one ledger; one that a fault has spoilt unseen is followed by six that came before."""


class KeptBackup(Struct, frozen=True):
    """``entries``: how many the copy was found to hold, each of them proved."""

    file: Path
    bytes: int
    entries: int


def back_up_into(folder: Path, database: Path, zone: ZoneInfo, now: Stamp) -> KeptBackup:
    """Make a backup in ``folder``, unless nothing has happened since the last one; read it back.

    Its name tells gate, ledger and last entry, and no time: a gate need not know one. Older ones
    of this ledger go, all but KEPT, once the new one has proved itself; beside the database stands
    then when that was, as far as whoever asks may write there. Raises StoreFault or DamagedLedger;
    what could not be proved is not left behind, and what was there stays.
    """
    with closing(SqliteStore.read_only(database, zone)) as store:
        ledger, last = store.ledger, store.tail().seq
        begins = f"{store.gate}.{ledger[:8]}."
    file = folder / f"{begins}{last:09}.db"
    if not file.exists():
        backup(database, file)
    try:
        with closing(SqliteStore.read_only(file, zone)) as copy:
            entries = verify_ledger(copy).seq
    except EdgeAgentError:
        file.unlink(missing_ok=True)
        raise
    for old in sorted(folder.glob(f"{begins}*.db"))[:-KEPT]:
        old.unlink()
    same_card = folder.stat().st_dev == database.stat().st_dev
    made = LastBackup(at=now, entries=entries, same_card=same_card)
    backup_note.put(database, ledger, made)
    return KeptBackup(file, file.stat().st_size, entries)
