"""Follow the presses of the ledger, to tell whose finger wears and whether the glass is dirty."""

from msgspec import Struct

from ...contract.people import Print
from ..print_health import Health, HealthBook, PrintState, ScoredPress
from ..settings.schema import SensorSettings
from .store.sqlite_store import SqliteStore

LOOKS_BACK = 20_000
"""Entries before the last one: two months of eighty workers. Older presses tell nothing new."""

_ORDER = (PrintState.BAD, PrintState.WORN, PrintState.NEW, PrintState.WELL)


class PrintStanding(Struct, frozen=True):
    """All prints and how they are read, the worst first; ``dirty``: whether it is the glass."""

    prints: tuple[tuple[Print, Health], ...] = ()
    dirty: bool = False

    @property
    def told(self) -> tuple[object, ...]:
        """What of it others are told."""
        return self.dirty, *self.worn

    @property
    def worn(self) -> list[Print]:
        """Those that are to be enrolled anew, the worst first."""
        return [
            one for one, health in self.prints if health.state in (PrintState.BAD, PrintState.WORN)
        ]


class PrintWatch:
    """The ledger's presses up to a place, which moves on. For one thread, and its store."""

    def __init__(self, store: SqliteStore, settings: SensorSettings) -> None:
        self._store = store
        self._book = HealthBook(settings.captures, settings.min_score)
        self._next = max(1, store.tail().seq + 1 - LOOKS_BACK)

    def read(self, most: int = LOOKS_BACK) -> list[tuple[ScoredPress, bool]]:
        """The presses among the next ``most`` entries, each with whether its print counts as worn.

        Raises StoreFault.
        """
        last = min(self._next + most - 1, self._store.tail().seq)
        found = [(one, self._book.add(one)) for one in self._store.scores_of(self._next, last)]
        self._next = last + 1
        return found

    @property
    def behind(self) -> int:
        """How many entries have not been read yet. Raises StoreFault."""
        return self._store.tail().seq + 1 - self._next

    def standing(self) -> PrintStanding:
        """How it is by now. Raises StoreFault."""
        prints = self._store.prints()
        self._book.forget((one.slot, one.generation) for one in prints)
        found = [(one, self._book.of(one.slot, one.generation)) for one in prints]
        found.sort(key=_badness)
        return PrintStanding(tuple(found), self._book.dirty)


def _badness(found: tuple[Print, Health]) -> tuple[int, float, str]:
    one, health = found
    return _ORDER.index(health.state), -(health.risk or 0.0), one.worker
