"""Tell whose finger wears and whether the glass is dirty, as the ledger grows."""

import logging
from collections.abc import Callable
from math import inf

from ...contract.errors import StoreFault
from ..events import Event, GlassChanged, LedgerGrew, PrintWorn
from ..ledger.print_watch import PrintStanding, PrintWatch
from ..ledger.store.sqlite_store import SqliteStore
from ..print_health import ScoredPress
from ..settings.schema import SensorSettings

log = logging.getLogger(__name__)

_A_TURN = 50
"""Entries: a few milliseconds, so that a start with a long ledger makes no press wait."""

_TOLD = "worn-told"
"""What is remembered: the lives of prints whose workers have been told."""

_LOOK_AGAIN_S = 60.0
"""After a fault of the database; and prints are enrolled and removed without a press."""


class PrintKeeper:
    """Lives on the main thread, with its store; ``heard`` is for any thread."""

    def __init__(
        self,
        store: SqliteStore,
        settings: SensorSettings,
        emit: Callable[[Event], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._watch = PrintWatch(store, settings)
        self._emit = emit
        self._monotonic = monotonic
        self._began_at = store.tail().seq
        """Who pressed before has gone."""
        self._told = set((store.remembered(_TOLD) or "").split())
        self._pressed: list[ScoredPress] = []
        """Since then, with a finger that wears."""
        self._grew = True
        self._due = -inf
        self.standing = PrintStanding()

    def heard(self, event: Event) -> None:
        """Note that there is something to be read."""
        if isinstance(event, LedgerGrew):
            self._grew = True

    def turn(self) -> bool:
        """Read on, and tell what is new; whether that changes what the status says."""
        now = self._monotonic()
        if not self._grew and now < self._due:
            return False
        try:
            self._grew = False
            for press, worn in self._watch.read(_A_TURN):
                if worn and press.seq > self._began_at:
                    self._pressed.append(press)
            if self._watch.behind:
                self._grew = True
                return False
            return self._tell()
        except StoreFault as fault:
            # Whatever is the matter is told by who records into it.
            log.info("the scores could not be read: %s", fault)
            return False
        finally:
            self._due = now + _LOOK_AGAIN_S

    def _tell(self) -> bool:
        before, self.standing = self.standing, self._watch.standing()
        pressed, self._pressed = self._pressed, []
        self._tell_workers(pressed)
        if self.standing.dirty is not before.dirty:
            self._emit(GlassChanged(dirty=self.standing.dirty))
        return self.standing.told != before.told

    def _tell_workers(self, pressed: list[ScoredPress]) -> None:
        """Each once, and remember it: the next start knows nothing else of that."""
        worn = {_key(one.slot, one.generation): one for one in self.standing.worn}
        before = set(self._told)
        for press in pressed:
            key = _key(press.slot, press.generation)
            if key in worn and key not in self._told:
                self._told.add(key)
                one = worn[key]
                self._emit(PrintWorn(worker=one.worker, finger=one.finger, seq=press.seq))
        if self._told != before:
            self._told &= {_key(one.slot, one.generation) for one, _ in self.standing.prints}
            self._store.remember(_TOLD, " ".join(sorted(self._told)))


def _key(slot: int | None, generation: int) -> str:
    return f"{slot}:{generation}"
