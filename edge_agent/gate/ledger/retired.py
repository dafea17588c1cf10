"""A ledger that ends because its gate was taken out of service: nothing is written after that."""

from ...contract.facts import GateRetired
from ...contract.kinds import kind_of
from .store.sqlite_store import SqliteStore

_KIND = kind_of(GateRetired)


def is_retired(store: SqliteStore) -> bool:
    """Whether the last entry says so. Raises StoreFault."""
    return [entry.kind for entry in store.entries(store.tail().seq, 1)] == [_KIND]
