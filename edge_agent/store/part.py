"""What every part of the store is made of; each part knows its own tables only."""

from sqlite_utils import Database

from ..domain.chain import Scribe
from .connection import Connection


class Part:
    """Reads its tables, and writes what needs no entry beside it."""

    def __init__(self, connection: Connection, scribe: Scribe) -> None:
        self._connection = connection
        self._scribe = scribe


class ChangePart:
    """Writes its tables inside a transaction that has already begun with BEGIN IMMEDIATE."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        self._database = database
        self._scribe = scribe
