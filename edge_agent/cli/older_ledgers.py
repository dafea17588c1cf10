"""The ledgers before the one in use, read along: what they tell, and which of it is not here."""

import os
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from ..contract.errors import EdgeAgentError
from ..contract.language import say
from ..contract.stamps import true_time
from ..gate.daemon.assembly import Assembly
from ..gate.ledger.damage.readable import readable_copy
from ..gate.ledger.glance import Beginning, beginning
from ..gate.ledger.store.sqlite_store import SqliteStore
from .tell import tell


class OlderLedgers:
    """Those that lie beside the database. ``changes``: of all of them, each once: a copy that was
    put back has what its original has."""

    def __init__(
        self, assembly: Assembly, changes_of: Callable[[SqliteStore], Iterable[dict[str, Any]]]
    ) -> None:
        self._zone = assembly.zone
        self._begun: list[Beginning] = []
        self._unread: list[Path] = []
        found = dict[tuple[str, int], dict[str, Any]]()
        for file in assembly.set_aside():
            try:
                with closing(SqliteStore.read_only(file, assembly.zone)) as old:
                    found |= {(one["ledger"], one["seq"]): one for one in changes_of(old)}
                    self._begun.append(beginning(old))
            except EdgeAgentError:
                self._unread.append(file)
        self.changes = list(found.values())

    def tell_what_lacks(self, current: SqliteStore, first_ms: int | None) -> None:
        """Which of them told nothing, and since when all is told: "nobody has changed anything"
        must not be said of a ledger that was carried away. ``first_ms``: what was asked for."""
        if self._unread:
            # Root may read them all: what is not read then cannot be.
            told = "audit.unread" if os.geteuid() else "audit.unreadable"
            tell(say(told, files=[*map(str, self._unread)]), err=True)
            copies = [str(one) for one in map(readable_copy, self._unread) if one.exists()]
            if copies:
                tell(say("audit.read-in-text", files=copies), err=True)
            return
        begun = [*self._begun, beginning(current)]
        here = {one.ledger for one in begun}
        lacking = [one.at for one in begun if one.lacks_some(here)]
        if not lacking:
            return
        last = max(lacking, key=lambda at: at.wall_ms)
        if first_ms is None or not last.trusted or last.wall_ms >= first_ms:
            at = true_time(last, self._zone)
            shown = say("words.moment", at=at) if at else say("backup.day-unknown")
            tell(say("audit.lacks-before", at=shown), err=True)
