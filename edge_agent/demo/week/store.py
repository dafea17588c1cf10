"""The week in a real ledger, of which the uplink sees as much as has gone by."""

from collections.abc import Callable
from pathlib import Path

from msgspec import structs

from ...ports import Tail
from ...store import SqliteStore
from .ledger import Written, stamp_at, write_week
from .plan import BOOTS, ZONE, Press


class WeekStore(SqliteStore):
    """The ledger of a week that is still going on. ``shown``: how many entries there are by now."""

    shown: Callable[[], int]

    def tail(self) -> Tail:
        """The last entry by now: its place and hash."""
        whole = super().tail()
        seq = min(self.shown(), whole.seq)
        return Tail(seq, self.hash_of(seq) or whole.hash)


def open_in(folder: Path, gate: str) -> WeekStore:
    """The ledger of a gate in ``folder``; all of it is shown at first."""
    first = stamp_at(gate, BOOTS[gate][0].began)
    store = WeekStore.open(folder / f"{gate}.db", gate, ZONE, first)
    assert isinstance(store, WeekStore)
    store.shown = lambda: 2**53
    return store


def write_in(folder: Path, gate: str, pressed: list[Press]) -> Written:
    """Write the week into a new ledger, and return it as it stands there."""
    store = open_in(folder, gate)
    week = write_week(gate, pressed, store.ledger)
    with store.changing() as change:
        for fact, stamp in week.facts[1:]:  # The first one was written when it was opened.
            change.append(fact, stamp)
    entries = store.entries(1, len(week.facts))
    store.close()
    return structs.replace(week, entries=entries)
