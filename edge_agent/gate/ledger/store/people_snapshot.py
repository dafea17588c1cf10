"""Workers and prints once more, beside the database: for the day on which its tables are lost.

Entries prove themselves wherever they stand in a damaged file. Whose finger a slot holds stands in
small tables alone, and one page that dies may take everybody along. So ``gate.db.people`` says it
again: whole or not there, with a checksum over all of it, of which ledger it is, and up to which
entry. It is taken away before a change of people is committed and made anew after it. What a power
cut leaves between the two is none at all, and the next start makes it of the tables; never one that
says less, or more, than they do.

There are names in it, and no templates: who may not read the database may not read it either.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from ....contract.atomic_file import replacing, sync
from ....contract.messages import ErasedWorker
from ...host.lock import give_to_folder_owner
from .carry_over import Rows, rows_of
from .metadata import ERASURES_UNKNOWN, PEOPLE_LOST, recall
from .people_rows import SUMMED, row_sum

if TYPE_CHECKING:
    from sqlite_utils import Database

log = logging.getLogger(__name__)

_COLUMNS = {
    **{table: SUMMED[table] for table in ("employments", "credentials", "consents")},
    "prints": (*SUMMED["prints"], "backed_up"),
    "workers": (*SUMMED["workers"], "vouched_name"),
}


_BYTES = (
    *(("prints", "digest"), ("credentials", "salt"), ("credentials", "hash")),
    ("consents", "text_hash"),
)


class PeopleSnapshot(Struct, frozen=True, kw_only=True):
    """The rows of the tables in ``_COLUMNS``, as they were after entry ``seq`` of ``ledger``.

    Bytes are hexadecimal digits. ``lost``: what the database remembers of those who were lost
    before, as it stands there. ``erased``: whose erasures it knows; None: of an older version.
    ``owed``: those of them that are to be done again. ``asks``: why it may not know all of them.
    """

    gate: str
    ledger: str
    seq: int
    rows: Rows
    lost: str | None = None
    erased: list[ErasedWorker] | None = None
    owed: list[ErasedWorker] = []
    asks: str | None = None

    def sealed(self) -> Rows:
        """The rows as they stand in the tables, with their checksums; of erasures too, by which
        nobody is erased again who was not to be."""
        sealed = {table: [dict(row) for row in rows] for table, rows in self.rows.items()}
        if self.erased is not None:
            sealed["erased"] = [
                {**msgspec.structs.asdict(one), "owed": int(one in self.owed)}
                for one in self.erased
            ]
        for table, name in _BYTES:
            for row in sealed.get(table, ()):
                row[name] = None if row[name] is None else bytes.fromhex(row[name])
        for table, rows in sealed.items():
            for row in rows:
                row["sum"] = row_sum(table, row)
        return sealed


def outdate(path: Path) -> None:
    """The tables of the database at ``path`` are about to change."""
    with suppress(FileNotFoundError):
        snapshot_of(path).unlink()
        sync(path.absolute().parent)


def keep(path: Path, database: Database, gate: str, ledger: str) -> None:
    """Write what the tables say, unless that is there already.

    A card that takes no more is no reason to stop: only logs.
    """
    try:
        kept, now = read(path), _taken(database, gate, ledger)
        if kept is None or msgspec.structs.replace(kept, seq=now.seq) != now:
            _write(path, now)
    except (OSError, sqlite3.Error) as error:
        log.warning("workers and prints cannot be kept beside the database: %s", error)


def read(path: Path) -> PeopleSnapshot | None:
    """What is kept beside the database at ``path``; None where there is none that is whole."""
    try:
        digest, _, body = snapshot_of(path).read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest != _digest(body):
        return None
    try:
        return msgspec.json.decode(body, type=PeopleSnapshot)
    except msgspec.MsgspecError:
        return None


def snapshot_of(path: Path) -> Path:
    """Where the snapshot of a database is."""
    return path.with_name(f"{path.name}.people")


def _taken(database: Database, gate: str, ledger: str) -> PeopleSnapshot:
    rows: Rows = {
        table: [
            {name: _plain(row.get(name)) for name in columns} for row in rows_of(database, table)
        ]
        for table, columns in _COLUMNS.items()
    }
    [[seq]] = database.conn.execute("SELECT coalesce(max(seq), 0) FROM ledger")
    lost = recall(database, PEOPLE_LOST)
    known = [*rows_of(database, "erased")]
    return PeopleSnapshot(
        gate=gate,
        ledger=ledger,
        seq=seq,
        rows=rows,
        lost=lost,
        erased=[_erased(row) for row in known],
        owed=[_erased(row) for row in known if row["owed"]],
        asks=recall(database, ERASURES_UNKNOWN),
    )


def _erased(row: dict[str, Any]) -> ErasedWorker:
    said = {name: row[name] for name in ErasedWorker.__struct_fields__}
    return msgspec.convert(said, ErasedWorker)


def _write(path: Path, snapshot: PeopleSnapshot) -> None:
    body = msgspec.json.encode(snapshot)
    with replacing(
        snapshot_of(path), mode=stat.S_IMODE(path.stat().st_mode) & ~stat.S_IRWXO
    ) as file:
        file.write(_digest(body) + b"\n" + body)
    give_to_folder_owner(snapshot_of(path))


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
