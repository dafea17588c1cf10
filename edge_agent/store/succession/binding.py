"""What a database remembers of itself: where it is, whether in use, how its tables look."""

import zlib

import msgspec
from msgspec import Struct
from sqlite_utils import Database

from ...domain.facts import WhyOpened
from ...domain.succession import COPY, Bound, Whereabouts
from ..schema import migrations
from .carry_over import TABLES

_PARTS = ("board", "card")
_IN_USE = "in-use"
_DISOWNED = "disowned"


class Disowned(Struct, frozen=True, kw_only=True):
    """A receipt that speaks of another history of this ledger."""

    ledger: str
    why: WhyOpened
    through: int


def read_bound(database: Database, gate: str) -> Bound:
    """Whose the ledger is, whose identity says ``gate``."""
    known = {
        part: {
            key.partition(".")[2]: value
            for key, value in database.conn.execute("SELECT key, value FROM remembered")
            if key.startswith(f"{part}.")
        }
        for part in _PARTS
    }
    return Bound(gate=gate, copy=recall(database, COPY), whereabouts=Whereabouts(**known))


def bind(database: Database, here: Whereabouts) -> None:
    """Remember where the ledger is, as far as it was not known before."""
    for part, known in zip(_PARTS, (here.board, here.card), strict=True):
        for way, value in known.items():
            database.conn.execute(
                "INSERT OR IGNORE INTO remembered VALUES (?, ?)", (f"{part}.{way}", value)
            )


def in_use(database: Database) -> bool:
    """Whether whoever used it last has never said that it was done."""
    return recall(database, _IN_USE) == "yes"


def use(database: Database, *, begins: bool) -> None:
    """Say that it is in use from now on, or no longer."""
    remember(database, _IN_USE, "yes" if begins else "no")


def seal_description(database: Database, ledger: str) -> None:
    """Remember the checksum of the tables' descriptions, once for each version of them."""
    key, checksum = _description(database, ledger)
    if recall(database, key) is None:
        remember(database, key, checksum)


def description_altered(database: Database, ledger: str) -> bool:
    """Whether a byte of the tables' descriptions has changed since.

    SQLite itself notices some of them only when it is to write, and others not at all.
    """
    key, checksum = _description(database, ledger)
    return recall(database, key) not in (None, checksum)


def _description(database: Database, ledger: str) -> tuple[str, str]:
    """Of the gate's own tables: what another tool has added to the file is nobody's damage.

    Only a migration alters them, and each has a key of its own, as has each ledger: a release that
    knows nothing of this one would carry it over.
    """
    key = f"tables.{len(migrations.applied(database))}.{ledger}"
    rows = database.conn.execute(
        "SELECT name, CAST(name || coalesce(sql, '') AS BLOB) FROM sqlite_master"
        " WHERE type = 'table'"
    )
    own = sorted(text for name, text in rows if name in TABLES)
    return key, str(zlib.crc32(b"\0".join(own)))


def disowned(database: Database) -> Disowned | None:
    """The receipt that made the gate leave this ledger."""
    said = recall(database, _DISOWNED)
    return msgspec.json.decode(said, type=Disowned) if said else None


def put_disowned(database: Database, receipt: Disowned) -> None:
    """Remember it until the next start, whenever that is."""
    remember(database, _DISOWNED, msgspec.json.encode(receipt).decode())


def recall(database: Database, key: str) -> str | None:
    """A remembered fact."""
    row = database.conn.execute("SELECT value FROM remembered WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def remember(database: Database, key: str, value: str) -> None:
    """Keep one."""
    if recall(database, key) != value:
        database.table("remembered").upsert({"key": key, "value": value}, pk="key")
