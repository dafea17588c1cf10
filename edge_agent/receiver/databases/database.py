"""What the receiver needs of a database, whichever of the two it is.

SQL is written once, for both: with ``?`` where a parameter stands, and only what SQLite and
PostgreSQL understand alike. The little in which they differ is here: many rows at once, and the
words for a type.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Protocol

import msgspec
from msgspec import Struct

from ...contract.errors import StoreFault

SCHEMES = ("postgresql://", "postgres://")

Row = Sequence[Any]


class DatabaseAway(StoreFault):
    """The database server cannot be used at present: to try again later may help."""


READERS_END_S = 5
"""Within which whoever reads what was before has ended, or is told of (StillThere)."""


class StillThere(StoreFault):
    """What was deleted is out of the tables, and not yet out of the files."""


class Unfit(ValueError):
    """A value that the database does not take. It is no fault of the database, and one entry's."""


class Guard(Struct, frozen=True):
    """A table whose rows, known by ``key``, are added and never changed or removed.

    But for a row that stands in the table ``moved_to``, the same ``same`` columns in both.
    """

    table: str
    key: tuple[str, ...]
    moved_to: str = ""
    same: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """What whoever tries is told."""
        return f"{self.table} is append-only: add a row beside it instead"

    @property
    def elsewhere(self) -> str:
        """SQL: whether the old row stands where it was moved to."""
        alike = " AND ".join(f"o.{name} = OLD.{name}" for name in self.same)
        return f"EXISTS (SELECT 1 FROM {self.moved_to} o WHERE {alike})" if alike else "FALSE"


class Database(Protocol):
    """One connection, for use on one thread.

    Every method raises StoreFault where the database fails, and DatabaseAway where it may come
    back; the connection is not used again after that. Unfit is raised for a value that it does not
    take: the transaction has failed then, and nothing else. No error quotes a value.
    """

    name: str
    """For messages: what and where it is, without a password."""

    types: ClassVar[dict[str, str]]
    """For the schema: ``bytes``, ``id`` (a number that counts by itself) and ``moment`` here."""

    def adopt(self) -> None:
        """Make ready what is known to be ours, or to be empty."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, and on disk once it is left without an error.

        Within another one it is a part of that, which may fail alone.
        """
        ...

    def query(self, sql: str, parameters: Row = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer that is known to be short."""
        ...

    def execute(self, sql: str, parameters: Row = ()) -> int:
        """Run one statement; returns how many rows it changed."""
        ...

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Add many rows; none of them may be there yet."""
        ...

    def rows(self, **columns: str) -> str:
        """A subquery in place of a table: the rows that one parameter holds (see ``packed``)."""
        ...

    def tables(self) -> set[str]:
        """The names of the tables that are there."""
        ...

    def guard(self, guard: Guard) -> None:
        """From now on refuse what would change or remove a row, whichever program asks."""
        ...

    def uncheck(self, table: str, column: str) -> None:
        """Take away the list of values that a column was made with; within a transaction."""
        ...

    def grants(self, views: Iterable[str]) -> list[str]:
        """What others may do with these views, as statements that say so again."""
        ...

    def scrub(self, columns: Mapping[str, str]) -> None:
        """Have no file hold what was ever deleted or overwritten in these columns, by their table.

        Not within a transaction. What does not belong to the database's own files, such as a
        server's write-ahead log, is not reached. Raises StillThere, and may be called again then.
        """
        ...

    def wait_for_turn(self) -> None:
        """Within a transaction: whoever else asks for it waits until this one has ended."""
        ...

    def beside(self, suffix: str) -> Path:
        """Where a file of the database's own name and this suffix belongs.

        Beside it, or in this user's state folder where the database is on a server.
        """
        ...

    def close(self) -> None:
        """Hang up, and let another receiver have the database."""
        ...


def packed(rows: Iterable[Row]) -> str:
    """Text and numbers as the parameter that ``Database.rows`` reads."""
    return msgspec.json.encode(list(rows)).decode()
