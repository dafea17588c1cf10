"""Tell whose finger wears and whether the glass is dirty, as the ledger grows."""

import logging
from collections.abc import Callable
from math import inf

from ...contract.errors import StoreFault
from ...contract.people import Print
from ..events import Event, GlassChanged, LedgerGrew, PrintWorn
from ..ledger.print_watch import PrintStanding, PrintWatch
from ..ledger.store.sqlite_store import SqliteStore
from ..print_health import Press
from ..settings.schema import SensorSettings

log = logging.getLogger(__name__)

_A_TURN = 50
"""Entries: a few milliseconds, so that a start with a long ledger makes no press wait."""

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
        self._watch = PrintWatch(store, settings)
        self._emit = emit
        self._monotonic = monotonic
        self._began_at = store.tail().seq
        """Who pressed before has gone."""
        self._news: list[Press] = []
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
            for press, news in self._watch.read(_A_TURN):
                if news and press.seq > self._began_at:
                    self._news.append(press)
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
        whose: dict[tuple[int | None, int], Print] = {
            (one.slot, one.generation): one for one in self.standing.worn
        }
        news, self._news = self._news, []
        for press in news:
            one = whose.get((press.slot, press.generation))
            if one is not None:
                self._emit(PrintWorn(worker=one.worker, finger=one.finger, seq=press.seq))
        if self.standing.dirty is not before.dirty:
            self._emit(GlassChanged(dirty=self.standing.dirty))
        return self.standing.told != before.told
