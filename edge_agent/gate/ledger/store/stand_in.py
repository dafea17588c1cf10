"""A copy that takes the database's place again where a newer program has to give way.

Unlike a backup it is no copy for rescue but the ledger itself, to be continued by whoever owned it.
So it may take the place of what a newer program has made of it only as long as that has written
nothing but its own signs of life: what people did is in no other place.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from ....contract.atomic_file import replacing
from ....contract.errors import StoreFault
from ....contract.kinds import RECORDING
from ....contract.language import Message
from ....contract.planted_links import refuse_planted_links
from .backup import copy_database
from .database import database_fault
from .metadata import IN_USE

_MODE = 0o640


def make_stand_in(database: Path, target: Path) -> None:
    """Copy a database that no daemon has in use to ``target``; one that is there goes.

    Raises StoreFault.
    """
    target.unlink(missing_ok=True)
    # Its log does not come along: it must not be missed.
    copy_database(database, target, IN_USE, "no")


def nothing_is_lost(stand_in: Path, database: Path) -> bool:
    """Whether all that the database holds beyond the stand-in are signs of life.

    Nobody may have the database in use; its log is taken home. Raises StoreFault.
    """
    try:
        with closing(_connected(stand_in, "ro")) as before:
            [(seq, digest)] = before.execute(
                "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1"
            )
        with closing(_connected(database, "rw")) as now:
            [(busy, *_)] = now.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if busy:
                raise StoreFault(
                    "store.unusable", path=database, error="busy", advice=Message("store.busy")
                )
            same = now.execute("SELECT hash FROM ledger WHERE seq = ?", (seq,)).fetchone()
            since = now.execute("SELECT DISTINCT kind FROM ledger WHERE seq > ?", (seq,))
            return same == (digest,) and all(kind in RECORDING for (kind,) in since)
    except sqlite3.Error as error:
        raise database_fault(database, error) from error


def put_back(stand_in: Path, database: Path) -> None:
    """Put the stand-in into the database's place, where nothing is lost by it. Raises OSError."""
    refuse_planted_links(database)
    folder = database.parent.stat()
    with replacing(database, _MODE) as file, stand_in.open("rb") as copy:
        shutil.copyfileobj(copy, file)
        if os.geteuid() == 0:
            os.fchown(file.fileno(), folder.st_uid, folder.st_gid)


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)
